//! The store in memory: asked for by name, never a default. A restart forgets it.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt,
    future::ready,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::{Bytes, BytesMut};
use futures_core::future::BoxFuture;

use super::{
    Change, ColumnOp, Commit, CommitError, Durability, Head, Key, LANE_TTL_MS, LOG_AGE_MS, LOG_BYTES,
    LOG_RECORDS, Lane, LaneId, LaneMove, MISSED_BYTES, Page, Position, Read, Record, Replay, Row, Store,
    StoreError, TRIM_PER_COMMIT, Topic,
    history::{History, Standing},
};

/// The form of rows that this store writes.
const FORM: u32 = 1;

/// Keeps everything in this process.
pub struct Memory {
    topics: Mutex<HashMap<Topic, Kept>>,
    clock: Arc<dyn Fn() -> u64 + Send + Sync>,
}

/// A topic.
#[derive(Debug, Default)]
struct Kept {
    head: Position,
    floor: Position,
    cleared: bool,
    rows: BTreeMap<Key, Columns>,
    log: VecDeque<(Record, u64)>,
    log_bytes: u64,
    lanes: HashMap<LaneId, (Lane, u64)>,
}

#[derive(Debug, Default)]
struct Columns {
    version: u64,
    values: BTreeMap<u16, Bytes>,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Arc::new(crate::runtime::clock::now_ms))
    }

    /// An empty store whose time, in milliseconds since 1970, is what `clock` says.
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Fn() -> u64 + Send + Sync>) -> Self {
        Self { topics: Mutex::default(), clock }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Topic, Kept>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, topic: &Topic, act: impl FnOnce(&Kept) -> T) -> T {
        match self.lock().get(topic) {
            Some(kept) => act(kept),
            None => act(&Kept::default()),
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

impl Store for Memory {
    fn describe(&self) -> String {
        "memory".to_owned()
    }

    fn durability(&self) -> Durability {
        Durability::Memory
    }

    fn commit<'a>(&'a self, topic: &'a Topic, commit: Commit) -> BoxFuture<'a, Result<Head, CommitError>> {
        Box::pin(async move {
            let now = (self.clock)();
            let mut topics = self.lock();
            let fresh = Kept::default();
            topics.get(topic).unwrap_or(&fresh).check(&commit, now)?;
            let kept = topics.entry(topic.clone()).or_default();
            kept.keep(commit, now);
            Ok(kept.head())
        })
    }

    fn replay<'a>(
        &'a self,
        topic: &'a Topic,
        after: Position,
        max_bytes: usize,
    ) -> BoxFuture<'a, Result<Replay, StoreError>> {
        Box::pin(async move { Ok(self.with(topic, |kept| kept.replay(after, max_bytes))) })
    }

    fn read<'a>(&'a self, topic: &'a Topic, what: Read) -> BoxFuture<'a, Result<Page, StoreError>> {
        Box::pin(ready(self.with(topic, |kept| kept.read(what))))
    }

    fn lanes<'a>(
        &'a self,
        topic: &'a Topic,
        lanes: &'a [LaneId],
    ) -> BoxFuture<'a, Result<(Head, Vec<Option<Lane>>), StoreError>> {
        let now = (self.clock)();
        Box::pin(ready(Ok(self.with(topic, |kept| {
            (kept.head(), lanes.iter().map(|lane| kept.lane(*lane, now).cloned()).collect())
        }))))
    }

    fn heads<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<Vec<Head>, StoreError>> {
        Box::pin(ready(Ok(topics.iter().map(|topic| self.with(topic, Kept::head)).collect())))
    }
}

impl Kept {
    fn head(&self) -> Head {
        Head { at: self.head, floor: self.floor.offset, form: FORM, cleared: self.cleared }
    }

    fn standing(&self, at: Position) -> Standing {
        let epoch_at = |offset: u64| {
            let index = usize::try_from(offset.checked_sub(self.floor.offset + 1)?).ok()?;
            self.log.get(index).map(|(record, _)| record.at.epoch)
        };
        History { head: self.head(), floor_epoch: self.floor.epoch, epoch_at }.standing(at)
    }

    fn lane(&self, lane: LaneId, now: u64) -> Option<&Lane> {
        self.lanes.get(&lane).filter(|(_, moved)| now < moved + LANE_TTL_MS).map(|(lane, _)| lane)
    }

    /// C2: nothing is kept unless everything stands where the commit expects it.
    fn check(&self, commit: &Commit, now: u64) -> Result<(), CommitError> {
        if !commit.put.is_empty() || !commit.take.is_empty() {
            return Err(StoreError::Unusable("the memory store has no outbox".into()).into());
        }
        if commit.form != FORM {
            return Err(CommitError::Form { now: FORM });
        }
        let head = self.head();
        match self.standing(commit.expected) {
            Standing::Head => {}
            Standing::Known => {
                let missed = match self.replay(commit.expected, MISSED_BYTES) {
                    Replay::Records { records, more: false, .. } => Some(records),
                    _ => None,
                };
                return Err(CommitError::Behind { head, missed });
            }
            Standing::Trimmed => return Err(CommitError::Behind { head, missed: None }),
            Standing::Foreign => return Err(CommitError::Forked { head }),
        }
        let moved =
            commit.lanes.iter().find(|m| self.lane(m.lane, now).map_or(0, |lane| lane.last) != m.from);
        match moved {
            Some(m) => Err(CommitError::LaneMoved { lane: m.lane, now: self.lane(m.lane, now).cloned() }),
            None => Ok(()),
        }
    }

    fn keep(&mut self, commit: Commit, now: u64) {
        if commit.takes_offset() {
            let at = Position { offset: self.head.offset + 1, epoch: commit.epoch };
            self.cleared = false;
            commit.changes.into_iter().for_each(|change| self.change(at.offset, change));
            let record = Record { at, prev_epoch: self.head.epoch, bytes: commit.record };
            self.log_bytes += record.bytes.len() as u64;
            self.log.push_back((record, now));
            self.head = at;
            self.trim(now);
        }
        self.lanes.retain(|_, (_, moved)| now < *moved + LANE_TTL_MS);
        commit.lanes.into_iter().for_each(|moved| self.advance(moved, now));
    }

    fn change(&mut self, version: u64, change: Change) {
        match change {
            Change::Clear => {
                self.rows.clear();
                self.cleared = true;
            }
            Change::Delete { key } => {
                self.rows.remove(&key);
            }
            Change::Create { key, columns } => {
                self.cleared = false;
                self.rows.insert(key, Columns { version, values: columns.into_iter().collect() });
            }
            Change::Update { key, columns } => {
                let row = self.rows.entry(key).or_default();
                row.version = version;
                columns.into_iter().for_each(|(number, op)| row.apply(number, op));
            }
        }
    }

    fn advance(&mut self, moved: LaneMove, now: u64) {
        let (lane, last_move) = self.lanes.entry(moved.lane).or_default();
        *last_move = now;
        lane.last = moved.to;
        lane.got = lane.got.max(moved.got);
        lane.kept.extend(moved.kept);
        lane.kept.retain(|kept| kept.seq > lane.got);
    }

    /// S26: the log keeps so many records, so many bytes, so long, and the last record always.
    fn trim(&mut self, now: u64) {
        for _ in 0..TRIM_PER_COMMIT {
            let Some((oldest, at)) = self.log.front() else { return };
            let over =
                self.log.len() as u64 > LOG_RECORDS || self.log_bytes > LOG_BYTES || now > at + LOG_AGE_MS;
            if self.log.len() == 1 || !over {
                return;
            }
            self.log_bytes -= oldest.bytes.len() as u64;
            self.floor = oldest.at;
            self.log.pop_front();
        }
    }

    fn replay(&self, after: Position, max_bytes: usize) -> Replay {
        let head = self.head();
        match self.standing(after) {
            Standing::Head => return Replay::Records { records: Vec::new(), head, more: false },
            Standing::Known => {}
            Standing::Trimmed | Standing::Foreign => return Replay::Gap { head },
        }
        let later =
            self.log.iter().map(|(record, _)| record).filter(|record| record.at.offset > after.offset);
        let (mut records, mut bytes) = (Vec::new(), 0);
        for record in later {
            bytes += record.bytes.len();
            if !records.is_empty() && bytes > max_bytes {
                return Replay::Records { records, head, more: true };
            }
            records.push(record.clone());
        }
        Replay::Records { records, head, more: false }
    }

    fn read(&self, what: Read) -> Result<Page, StoreError> {
        let head = self.head();
        match what {
            Read::Keys(keys) => {
                let found =
                    keys.into_iter().filter_map(|key| self.rows.get(&key).map(|row| row.read(key.clone())));
                Ok(Page { rows: found.collect(), next: None, head })
            }
            Read::Scan { index, .. } if index != 0 => {
                Err(StoreError::Unusable("the memory store has no index but the key".into()))
            }
            Read::Scan { model, after, max_rows, max_bytes, .. } => {
                Ok(self.scan(model, after.as_deref(), max_rows, max_bytes))
            }
        }
    }

    /// The cursor is the model's number and the key of the last row.
    fn scan(&self, model: Option<u16>, after: Option<&[u8]>, max_rows: u32, max_bytes: u32) -> Page {
        let cursor = |key: &Key| [&key.model.to_be_bytes()[..], key.id.as_ref()].concat();
        let wanted = |key: &&Key| {
            model.is_none_or(|model| key.model == model)
                && after.is_none_or(|after| cursor(key).as_slice() > after)
        };
        let mut page = Page { rows: Vec::new(), next: None, head: self.head() };
        let mut bytes = 0;
        for (key, row) in self.rows.iter().filter(|(key, _)| wanted(key)) {
            bytes += row.values.values().map(Bytes::len).sum::<usize>();
            let full = page.rows.len() as u32 >= max_rows || bytes > max_bytes as usize;
            if full && let Some(last) = page.rows.last() {
                page.next = Some(cursor(&last.key).into());
                return page;
            }
            page.rows.push(row.read(key.clone()));
        }
        page
    }
}

impl Columns {
    fn apply(&mut self, number: u16, op: ColumnOp) {
        match op {
            ColumnOp::Set(value) => {
                self.values.insert(number, value);
            }
            ColumnOp::Unset => {
                self.values.remove(&number);
            }
            ColumnOp::Append(more) => {
                let value = self.values.entry(number).or_default();
                let mut joined = BytesMut::from(value.as_ref());
                joined.extend_from_slice(&more);
                *value = joined.freeze();
            }
        }
    }

    fn read(&self, key: Key) -> Row {
        let columns = self.values.iter().map(|(number, value)| (*number, value.clone())).collect();
        Row { key, version: self.version, columns }
    }
}
