//! How a worker's rows move on: by its own commit, by another node's record, or by a load.

use std::{collections::BTreeMap, sync::Arc};

use realtime_protocol::raw::RawError;

use super::{
    batch::Batch,
    change,
    event::{Effect, Loaded, Now},
    record::RecordBody,
    rows::{Row, RowKey},
    step::Touch,
    versions::{Version, Versions},
    worker::{State, Worker},
};
use crate::store::{Head, Record, StoreError};

impl Worker {
    pub(super) fn kept(&mut self, batch: Batch, head: Head, fx: &mut Vec<Effect>) {
        self.race.won();
        self.floor = head.floor;
        let from = std::mem::replace(&mut self.head, head.at);
        let mut touched = Vec::new();
        if from != head.at {
            touched = self.take_written(batch.written);
            batch.versions.into_iter().for_each(|(key, version)| self.set_version(key, version));
        }
        self.note_ran(&batch.ran, &batch.record.lanes, fx);
        self.observe(&batch.ran, &batch.record.lanes, from != head.at, fx);
        self.lanes.advance(Some(head.at), &batch.record.lanes, &batch.got);
        if from != head.at {
            let bytes = batch.commit.record;
            fx.push(Effect::Publish(Record { at: head.at, prev_epoch: from.epoch, bytes }));
        }
        self.fan_out(batch.record, from, touched, fx);
        self.own_kept(batch.own, fx);
    }

    /// Takes over what a batch wrote.
    fn take_written(&mut self, written: BTreeMap<RowKey, Option<Arc<Row>>>) -> Vec<Touch> {
        let rows = Arc::make_mut(&mut self.rows);
        let mut touched = Vec::with_capacity(written.len());
        for (key, after) in written {
            let before = match &after {
                Some(row) => rows.insert(key.clone(), Arc::clone(row)),
                None => rows.remove(&key),
            };
            let size = |row: &Option<Arc<Row>>| row.as_ref().map_or(0, |row| row.size());
            self.size = (self.size + size(&after)).saturating_sub(size(&before));
            touched.push(Touch { key, before, after });
        }
        touched
    }

    fn set_version(&mut self, key: RowKey, version: Version) {
        if self.rows.contains_key(&key) {
            self.versions.insert(key, version);
        } else {
            self.versions.remove(&key);
        }
    }

    /// Takes the steps that other nodes committed.
    pub(super) fn take_records(&mut self, records: &[Record], fx: &mut Vec<Effect>) {
        for record in records {
            if record.at.offset <= self.head.offset {
                continue;
            }
            let (body, touched) = match self.take_record(record) {
                Ok(taken) => taken,
                Err(error) => {
                    tracing::error!(topic = %self.topic, %error, "a record cannot be applied; loading afresh");
                    return self.reload(fx);
                }
            };
            let from = std::mem::replace(&mut self.head, record.at);
            self.lanes.advance(Some(record.at), &body.lanes, &std::collections::HashMap::new());
            self.fan_out(body, from, touched, fx);
        }
    }

    /// Applies one record to the rows.
    fn take_record(&mut self, record: &Record) -> Result<(RecordBody, Vec<Touch>), RawError> {
        let body = RecordBody::decode(&record.bytes)?;
        let rows = Arc::make_mut(&mut self.rows);
        let mut touched = Vec::with_capacity(body.rows.len());
        for change in &body.rows {
            let (model, key) = change.id();
            let key = RowKey::new(model, key);
            let before = rows.get(&key).cloned();
            change::apply(&self.registry, rows, change)?;
            let after = rows.get(&key).cloned();
            let size = |row: &Option<Arc<Row>>| row.as_ref().map_or(0, |row| row.size());
            self.size = (self.size + size(&after)).saturating_sub(size(&before));
            touched.push(Touch { key, before, after });
        }
        // A record does not say which of its authors touched what: it counts as others' for each of them.
        let registry = Arc::clone(&self.registry);
        for touch in touched.iter().filter(|touch| registry.refuses_conflicts(touch.key.model)) {
            let version = Version::touched(self.versions.get(&touch.key).copied(), record.at.offset, None);
            self.set_version(touch.key.clone(), version);
        }
        Ok((body, touched))
    }

    pub(super) fn loaded(&mut self, loaded: Result<Loaded, StoreError>, now: Now, fx: &mut Vec<Effect>) {
        self.busy = false;
        let rows = loaded.and_then(|loaded| {
            let rows = loaded.rows.iter().map(|row| change::load(&self.registry, row));
            let rows: Result<Vec<_>, _> = rows.filter_map(Result::transpose).collect();
            let rows = rows.map_err(|e| StoreError::Unusable(e.into()))?;
            Ok((loaded.head, rows, self.stored_versions(&loaded.rows)))
        });
        match rows {
            Err(error) => self.fail(&error, fx),
            Ok((head, rows, versions)) => {
                self.state = State::Ready;
                if head.at != self.head {
                    self.begin_anew(head.at);
                }
                self.epoch = now.epoch;
                (self.head, self.floor) = (head.at, head.floor);
                // Of a newer form than this program writes the commit is refused, rather than kept (S32).
                self.form = head.form.min(self.registry.form);
                self.size = rows.iter().map(|(_, row)| row.size()).sum();
                self.rows = Arc::new(rows.into_iter().collect());
                self.versions = versions;
                self.sweep(true, now, fx);
            }
        }
    }

    /// It stands elsewhere than it stood: readers of before are answered again, each with a channel of now.
    fn begin_anew(&mut self, at: realtime_protocol::Position) {
        if self.subs.values().any(|sub| sub.count > 0) {
            self.join_all_again();
        }
        self.channels.clear();
        self.tail.clear();
        self.authors.clear();
        self.drained.clear();
        self.flushed = at;
    }

    fn stored_versions(&self, rows: &[crate::store::Row]) -> Versions {
        let asked = rows.iter().filter(|row| self.registry.refuses_conflicts(row.key.model));
        asked
            .filter_map(|row| {
                let key = std::str::from_utf8(&row.key.id).ok()?;
                Some((RowKey::new(row.key.model, key), Version::stored(row.version)))
            })
            .collect()
    }
}
