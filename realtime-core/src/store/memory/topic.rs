//! One topic in memory: a commit is judged as a whole first, and only then kept (C1).

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use realtime_protocol::{LaneId, Position};

use crate::store::{
    rules::{self, Budget, MISSED_BYTES, Place, SWEEP, UpTo},
    types::{
        Change, Commit, CommitError, Effect, EffectId, Head, Key, Lane, Page, Read, Record, Replay, Row,
        StoreError,
    },
};

/// An effect within its topic: offset and epoch of its commit, and its index.
pub(super) type EffectKey = (u64, u32, u16);

pub(super) fn effect_key(id: &EffectId) -> EffectKey {
    (id.at.offset, id.at.epoch, id.index)
}

/// A row without its key.
#[derive(Clone, Default)]
struct Entity {
    version: u64,
    columns: Vec<(u16, Bytes)>,
}

/// What a topic holds.
pub(super) struct TopicRows {
    pub(super) head: Head,
    pub(super) written_ms: u64,
    rows: BTreeMap<Key, Entity>,
    lanes: BTreeMap<LaneId, (Lane, u64)>,
    log: VecDeque<(Record, u64)>,
    log_bytes: u64,
    /// With the end of the lease.
    effects: BTreeMap<EffectKey, (Effect, u64)>,
}

/// A commit that fits: everything that will change.
pub(super) struct Next {
    head: Head,
    cleared: bool,
    trims: bool,
    rows: BTreeMap<Key, Option<Entity>>,
    record: Option<Record>,
    pub(super) lanes: Vec<(LaneId, Lane)>,
    pub(super) gone: Vec<(EffectKey, u64)>,
    pub(super) put: Vec<(EffectKey, Effect)>,
}

impl TopicRows {
    /// Returns a topic that was never written, in a store of this form.
    pub(super) fn unwritten(form: u32) -> Self {
        Self {
            head: rules::unwritten(form),
            written_ms: 0,
            rows: BTreeMap::new(),
            lanes: BTreeMap::new(),
            log: VecDeque::new(),
            log_bytes: 0,
            effects: BTreeMap::new(),
        }
    }

    /// Compares (C2), and works out what the commit changes; `self` stays as it is.
    pub(super) fn judge(&self, commit: Commit, now_ms: u64) -> Result<Next, CommitError> {
        rules::check_form(&commit, &self.head)?;
        if commit.expected != self.head.at {
            return Err(rules::lost_race(commit.expected, self.replay(commit.expected, MISSED_BYTES)));
        }
        let head = rules::next_head(&self.head, &commit);
        let gone = self.taken(&commit)?;
        let trims = rules::trims(&commit.changes);
        let (cleared, rows) = self.changed(commit.changes, head.at.offset)?;
        let mut lanes = Vec::with_capacity(commit.lanes.len());
        for by in commit.lanes {
            let row = self.lane(by.lane, now_ms).cloned();
            if row.as_ref().map_or(0, |row| row.last) != by.from {
                return Err(CommitError::LaneMoved { lane: by.lane, now: row });
            }
            lanes.push((by.lane, rules::moved(row, by)?));
        }
        let key = |effect: &Effect| (head.at.offset, head.at.epoch, effect.index);
        let put = commit.put.into_iter().map(|effect| (key(&effect), effect)).collect();
        let record = (head.at != self.head.at).then(|| Record {
            at: head.at,
            prev_epoch: self.head.at.epoch,
            bytes: commit.record,
        });
        Ok(Next { head, cleared, trims, rows, record, lanes, gone, put })
    }

    /// Returns the effects that go: those taken, and those whose name is put anew.
    fn taken(&self, commit: &Commit) -> Result<Vec<(EffectKey, u64)>, CommitError> {
        let missing: Vec<_> =
            commit.take.iter().filter(|id| !self.effects.contains_key(&effect_key(id))).cloned().collect();
        if !missing.is_empty() {
            return Err(CommitError::Taken { ids: missing });
        }
        let named =
            |effect: &Effect| effect.name.is_some() && commit.put.iter().any(|put| put.name == effect.name);
        let goes = |key: &EffectKey, effect: &Effect| {
            commit.take.iter().any(|id| effect_key(id) == *key) || named(effect)
        };
        if commit.take.is_empty() && commit.put.is_empty() {
            return Ok(Vec::new());
        }
        let gone = self.effects.iter().filter(|(key, (effect, _))| goes(key, effect));
        Ok(gone.map(|(key, (effect, _))| (*key, effect.due_ms)).collect())
    }

    fn changed(
        &self,
        changes: Vec<Change>,
        version: u64,
    ) -> Result<(bool, BTreeMap<Key, Option<Entity>>), StoreError> {
        let mut cleared = false;
        let mut rows: BTreeMap<Key, Option<Entity>> = BTreeMap::new();
        for change in changes {
            let now = |rows: &BTreeMap<Key, Option<Entity>>, key: &Key| match rows.get(key) {
                Some(row) => row.clone(),
                None if cleared => None,
                None => self.rows.get(key).cloned(),
            };
            match change {
                Change::Create { key, .. } if now(&rows, &key).is_some() => return Err(rules::exists(&key)),
                Change::Create { key, columns } => {
                    rows.insert(key, Some(Entity { version, columns: rules::created(columns) }));
                }
                Change::Update { key, columns } => {
                    let Some(mut row) = now(&rows, &key) else { return Err(rules::missing(&key)) };
                    row.version = version;
                    rules::update(&mut row.columns, columns);
                    rows.insert(key, Some(row));
                }
                Change::Delete { key } => {
                    rows.insert(key, None);
                }
                Change::Clear => {
                    cleared = true;
                    rows.clear();
                }
                Change::Trim => {}
            }
        }
        Ok((cleared, rows))
    }

    /// Takes over what was judged; nothing here can fail.
    pub(super) fn keep(&mut self, next: Next, now_ms: u64) -> Head {
        self.written_ms = now_ms;
        if next.cleared {
            self.rows.clear();
        }
        for (key, row) in next.rows {
            match row {
                Some(row) => drop(self.rows.insert(key, row)),
                None => drop(self.rows.remove(&key)),
            }
        }
        self.lanes.extend(next.lanes.into_iter().map(|(lane, row)| (lane, (row, now_ms))));
        next.gone.iter().for_each(|(key, _)| drop(self.effects.remove(key)));
        self.effects.extend(next.put.into_iter().map(|(key, effect)| (key, (effect, 0))));
        self.head = next.head;
        if let Some(record) = next.record {
            if next.trims {
                self.log.clear();
                (self.log_bytes, self.head.floor) = (0, record.at.offset - 1);
            }
            self.log_bytes += record.bytes.len() as u64;
            self.log.push_back((record, now_ms));
            self.trim(now_ms);
        }
        self.head
    }

    fn trim(&mut self, now_ms: u64) {
        for _ in 0..SWEEP {
            let Some((oldest, time)) = self.log.front() else { return };
            if !rules::must_trim(self.log.len() as u64, self.log_bytes, *time, now_ms) {
                return;
            }
            self.head.floor = oldest.at.offset;
            self.log_bytes -= oldest.bytes.len() as u64;
            self.log.pop_front();
        }
    }

    pub(super) fn replay(&self, after: Position, max_bytes: usize) -> Replay {
        let head = self.head;
        let from = match rules::place(after, &head) {
            Place::AtHead => return Replay::Records { records: Vec::new(), head, more: false },
            Place::Gone => return Replay::Gap { head },
            Place::Within => usize::try_from(after.offset - head.floor).unwrap_or(usize::MAX),
        };
        let mut records = self.log.iter().skip(from).map(|(record, _)| record);
        let mut taken = UpTo::bytes(max_bytes);
        match records.next() {
            Some(first) if first.prev_epoch == after.epoch => taken.take(first.clone()),
            _ => return Replay::Gap { head },
        };
        let more = !records.all(|record| taken.take(record.clone()));
        Replay::Records { records: taken.records, head, more }
    }

    pub(super) fn read(&self, what: Read) -> Result<Page, StoreError> {
        let row = |(key, entity): (&Key, &Entity)| Row {
            key: key.clone(),
            version: entity.version,
            columns: entity.columns.clone(),
        };
        let head = self.head;
        let (model, after, mut budget) = match what {
            Read::Keys(keys) => {
                let rows = keys.iter().filter_map(|key| self.rows.get_key_value(key)).map(row).collect();
                return Ok(Page { rows, next: None, head });
            }
            Read::Scan { model, index, after, max_rows, max_bytes } => {
                rules::check_index(index)?;
                (model, after.as_ref().map(rules::read_cursor).transpose()?, Budget::new(max_rows, max_bytes))
            }
        };
        let first = Key { model: model.unwrap_or(0), id: Bytes::new() };
        let rest = self.rows.range(after.clone().map_or(first.clone(), |after| after.max(first))..);
        let rest = rest.skip_while(|(key, _)| after.as_ref() == Some(key));
        let mut rows: Vec<Row> = Vec::new();
        for (key, entity) in rest.take_while(|(key, _)| model.is_none_or(|model| key.model == model)) {
            if !budget.fits(key, &entity.columns) {
                let next = rows.last().map(|row| rules::cursor(&row.key));
                return Ok(Page { rows, next, head });
            }
            rows.push(row((key, entity)));
        }
        Ok(Page { rows, next: None, head })
    }

    /// Returns a lane's row; one whose time is over counts as gone, also before it is swept (C10).
    pub(super) fn lane(&self, lane: LaneId, now_ms: u64) -> Option<&Lane> {
        self.lanes.get(&lane).filter(|(_, moved)| !rules::is_over(*moved, now_ms)).map(|(row, _)| row)
    }

    pub(super) fn lane_moved(&self, lane: LaneId) -> Option<u64> {
        self.lanes.get(&lane).map(|(_, moved)| *moved)
    }

    pub(super) fn forget_lane(&mut self, lane: LaneId) {
        self.lanes.remove(&lane);
    }

    /// Leases an effect that is not on lease.
    pub(super) fn lease(&mut self, key: EffectKey, now_ms: u64, until_ms: u64) -> Option<Effect> {
        let (effect, leased_until) = self.effects.get_mut(&key)?;
        if *leased_until > now_ms {
            return None;
        }
        *leased_until = until_ms;
        Some(effect.clone())
    }

    pub(super) fn drop_effect(&mut self, key: EffectKey) -> Option<Effect> {
        self.effects.remove(&key).map(|(effect, _)| effect)
    }

    /// Nothing but a row that waits for its lanes to go: cleared, or never written.
    pub(super) fn is_idle(&self) -> bool {
        self.head.cleared || self.head.at.offset == 0
    }

    /// Nothing depends on its row any more.
    pub(super) fn is_bare(&self) -> bool {
        self.lanes.is_empty() && self.effects.is_empty()
    }
}
