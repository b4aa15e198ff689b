//! Reading: each answer is one read transaction, so it is wholly of one position (C6) and fresh (C7).

use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use bytes::Bytes;
use realtime_protocol::{LaneId, Position, Topic};
use rusqlite::{Connection, OptionalExtension as _};
use tokio::sync::oneshot;

use super::{
    codec::{self, Damaged, Link, NO_LINK},
    open,
    queue::Jobs,
    sql,
};
use crate::store::{
    rules::{self, Budget, Place, UpTo},
    types::{Clock, Head, Key, Lane, LaneRows, Page, Read, Record, Replay, Row, StoreError},
};

/// Where an answer goes.
type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the reader is asked.
pub(super) enum ReadJob {
    Replay { topic: Topic, after: Position, max_bytes: usize, reply: Reply<Replay> },
    Read { topic: Topic, what: Read, reply: Reply<Page> },
    Lanes { topic: Topic, lanes: Vec<LaneId>, reply: Reply<LaneRows> },
    Quiet { before_ms: u64, after: Option<Topic>, max: u32, reply: Reply<Vec<(Topic, Position)>> },
    Heads { topics: Vec<Topic>, reply: Reply<Vec<Head>> },
}

/// Why something could not be read.
#[derive(Debug)]
pub(super) enum Failure {
    Sql(rusqlite::Error),
    /// What is in the file is not what was written.
    Damaged(String),
    Refused(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<Damaged> for Failure {
    fn from(_: Damaged) -> Self {
        Self::Damaged("a row is cut short".into())
    }
}

impl Failure {
    pub(super) fn explain(self, path: &Path) -> StoreError {
        match self {
            Self::Sql(error) => open::at_work(path, &error),
            Self::Damaged(what) => StoreError::Unusable(open::damaged(path, &what).into()),
            Self::Refused(error) => error,
        }
    }
}

/// Answers until nobody can ask any more.
pub(super) fn run(path: &Path, mut db: Connection, form: &AtomicU32, clock: &Clock, mut jobs: Jobs<ReadJob>) {
    while let Some(job) = jobs.next() {
        let form = form.load(Ordering::Relaxed);
        // Nobody waits for an answer that is not taken (C11).
        match job {
            ReadJob::Replay { topic, after, max_bytes, reply } => {
                let answer = one(path, &mut db, |db| {
                    replay(db, &topic_row(db, form, &topic)?, &topic, after, max_bytes)
                });
                let _ = reply.send(answer);
            }
            ReadJob::Read { topic, what, reply } => {
                let answer = one(path, &mut db, |db| page(db, &topic_row(db, form, &topic)?, what));
                let _ = reply.send(answer);
            }
            ReadJob::Lanes { topic, lanes, reply } => {
                let now_ms = clock();
                let answer = one(path, &mut db, |db| {
                    let row = topic_row(db, form, &topic)?;
                    let rows = lanes.iter().map(|lane| self::lane(db, &row, *lane, now_ms));
                    Ok((row.head, rows.collect::<Result<_, _>>()?))
                });
                let _ = reply.send(answer);
            }
            ReadJob::Quiet { before_ms, after, max, reply } => {
                let answer = one(path, &mut db, |db| quiet(db, before_ms, after.as_ref(), max));
                let _ = reply.send(answer);
            }
            ReadJob::Heads { topics, reply } => {
                let head = |db: &Connection, topic| topic_row(db, form, topic).map(|row| row.head);
                let answer = one(path, &mut db, |db| topics.iter().map(|topic| head(db, topic)).collect());
                let _ = reply.send(answer);
            }
        }
    }
}

/// Reads in one transaction.
fn one<T>(
    path: &Path,
    db: &mut Connection,
    read: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, StoreError> {
    let tx = db.transaction().map_err(|e| open::at_work(path, &e))?;
    read(&tx).map_err(|failure| failure.explain(path))
}

/// A topic's row.
#[derive(Clone, Debug)]
pub(super) struct TopicRow {
    /// `None`: it has none yet.
    pub(super) id: Option<i64>,
    pub(super) head: Head,
    pub(super) log_bytes: u64,
    /// The chain's link of the last record, and of the last one that was trimmed.
    pub(super) tail: Link,
    pub(super) base: Link,
}

impl TopicRow {
    /// Returns the sum of all that the row says.
    pub(super) fn sum(&self, id: i64, topic: &Topic, written_ms: u64) -> i64 {
        let Head { at, floor, cleared, .. } = self.head;
        let rest = [written_ms.to_be_bytes(), self.log_bytes.to_be_bytes(), u64::from(cleared).to_be_bytes()];
        let content = [rest.as_flattened(), &self.tail, &self.base].concat();
        codec::sum(id, [at.offset, at.epoch.into(), floor], topic.as_str().as_bytes(), &content)
    }
}

pub(super) fn topic_row(db: &Connection, form: u32, topic: &Topic) -> Result<TopicRow, Failure> {
    let mut statement = db.prepare_cached(sql::TOPIC)?;
    let mut found = statement.query([topic.as_str()])?;
    match found.next()? {
        Some(found) => read_topic(found, form, topic),
        None => {
            let head = rules::unwritten(form);
            Ok(TopicRow { id: None, head, log_bytes: 0, tail: NO_LINK, base: NO_LINK })
        }
    }
}

/// Returns a topic's row, if it is as it was written.
pub(super) fn read_topic(found: &rusqlite::Row<'_>, form: u32, topic: &Topic) -> Result<TopicRow, Failure> {
    let id: i64 = found.get(0)?;
    let at = Position { offset: unsigned(found, 1)?, epoch: found.get(2)? };
    let head = Head { at, floor: unsigned(found, 3)?, form, cleared: found.get(4)? };
    let (log_bytes, tail, base) = (unsigned(found, 5)?, found.get(6)?, found.get(7)?);
    let row = TopicRow { id: Some(id), head, log_bytes, tail, base };
    if row.sum(id, topic, unsigned(found, 8)?) != found.get::<_, i64>(9)? {
        return Err(Failure::Damaged(format!("the row of {topic} is not as it was written")));
    }
    Ok(row)
}

/// Numbers in the file are never negative; one that is was not written by us.
pub(super) fn unsigned(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// Returns the number as SQLite takes it: all that get here were checked to be below 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns a lane's row; one whose time is over counts as gone, also before it is swept (C10).
pub(super) fn lane(
    db: &Connection,
    row: &TopicRow,
    lane: LaneId,
    now_ms: u64,
) -> Result<Option<Lane>, Failure> {
    let Some(id) = row.id else { return Ok(None) };
    let mut statement = db.prepare_cached(sql::LANE)?;
    let mut found = statement.query((id, lane.0))?;
    let Some(found) = found.next()? else { return Ok(None) };
    let (lane, moved_ms) = read_lane(found, id)?;
    Ok((!rules::is_over(moved_ms, now_ms)).then_some(lane))
}

/// Returns a lane, and when it was moved.
pub(super) fn read_lane(found: &rusqlite::Row<'_>, topic: i64) -> Result<(Lane, u64), Failure> {
    let (last, got, moved_ms) = (unsigned(found, 1)?, unsigned(found, 2)?, unsigned(found, 4)?);
    let kept: Vec<u8> = found.get(3)?;
    if codec::sum(topic, [last, got, moved_ms], &found.get::<_, Vec<u8>>(0)?, &kept)
        != found.get::<_, i64>(5)?
    {
        return Err(Failure::Damaged("a lane is not as it was written".into()));
    }
    Ok((Lane { last, got, kept: codec::read_kept(kept)? }, moved_ms))
}

pub(super) fn replay(
    db: &Connection,
    row: &TopicRow,
    topic: &Topic,
    after: Position,
    max_bytes: usize,
) -> Result<Replay, Failure> {
    let head = row.head;
    let id = match (rules::place(after, &head), row.id) {
        (Place::AtHead, _) => return Ok(Replay::Records { records: Vec::new(), head, more: false }),
        (Place::Within, Some(id)) => id,
        (Place::Within | Place::Gone, _) => return Ok(Replay::Gap { head }),
    };
    let mut taken = UpTo::bytes(max_bytes);
    let mut more = false;
    walk(db, id, row, topic, after.offset, |record| {
        if record.at.offset == after.offset + 1 && record.prev_epoch != after.epoch {
            return false;
        }
        more = !taken.take(record);
        !more
    })?;
    if taken.records.is_empty() {
        return Ok(Replay::Gap { head });
    }
    Ok(Replay::Records { records: taken.records, head, more })
}

/// Hands the records after an offset to `each` until it returns false; checks that none is missing or changed.
pub(super) fn walk(
    db: &Connection,
    id: i64,
    row: &TopicRow,
    topic: &Topic,
    after: u64,
    mut each: impl FnMut(Record) -> bool,
) -> Result<(), Failure> {
    let breaks = |at: u64| Failure::Damaged(format!("the log of {topic} breaks at {at}"));
    let mut link =
        if after == row.head.floor { row.base } else { hash(db, id, after)?.ok_or_else(|| breaks(after))? };
    let mut offset = after;
    let mut statement = db.prepare_cached(sql::RECORDS)?;
    let mut rows = statement.query((id, signed(after)))?;
    while let Some(found) = rows.next()? {
        let at = Position { offset: unsigned(found, 0)?, epoch: found.get(1)? };
        let record = Record { at, prev_epoch: found.get(2)?, bytes: found.get::<_, Vec<u8>>(4)?.into() };
        link = codec::link(&link, topic, &record, unsigned(found, 3)?);
        if at.offset != offset + 1 || found.get::<_, Link>(5)? != link {
            return Err(breaks(offset + 1));
        }
        offset = at.offset;
        if !each(record) {
            return Ok(());
        }
    }
    if offset != row.head.at.offset || link != row.tail { Err(breaks(offset)) } else { Ok(()) }
}

fn hash(db: &Connection, id: i64, offset: u64) -> Result<Option<Link>, Failure> {
    Ok(db.prepare_cached(sql::HASH)?.query_row((id, signed(offset)), |row| row.get(0)).optional()?)
}

fn page(db: &Connection, row: &TopicRow, what: Read) -> Result<Page, Failure> {
    let (head, id) = (row.head, row.id.unwrap_or(-1));
    let (model, index, after, mut budget) = match what {
        Read::Keys(keys) => {
            let found = keys.into_iter().map(|key| entity(db, id, key)).collect::<Result<Vec<_>, _>>()?;
            return Ok(Page { rows: found.into_iter().flatten().collect(), next: None, head });
        }
        Read::Scan { model, index, after, max_rows, max_bytes } => {
            (model, index, after, Budget::new(max_rows, max_bytes))
        }
    };
    rules::check_index(index)?;
    let after = after.as_ref().map(rules::read_cursor).transpose()?;
    let first = Key { model: model.unwrap_or(0), id: Bytes::new() };
    let from = after.clone().map_or(first.clone(), |after| after.max(first));
    if model.is_some_and(|model| from.model != model) {
        return Ok(Page { rows: Vec::new(), next: None, head });
    }
    let mut statement = db.prepare_cached(if model.is_some() { sql::SCAN_MODEL } else { sql::SCAN })?;
    let mut found = statement.query((id, from.model, from.id.as_ref()))?;
    let mut rows: Vec<Row> = Vec::new();
    while let Some(found) = found.next()? {
        let row = read_row(found, id)?;
        if after.as_ref() == Some(&row.key) {
            continue;
        }
        if !budget.fits(&row.key, &row.columns) {
            let next = rows.last().map(|row| rules::cursor(&row.key));
            return Ok(Page { rows, next, head });
        }
        rows.push(row);
    }
    Ok(Page { rows, next: None, head })
}

/// Returns topics that were last written before a time, after one of them.
fn quiet(
    db: &Connection,
    before_ms: u64,
    after: Option<&Topic>,
    max: u32,
) -> Result<Vec<(Topic, Position)>, Failure> {
    let mut statement = db.prepare_cached(sql::QUIET)?;
    let mut found = statement.query((after.map_or("", Topic::as_str), signed(before_ms), max))?;
    let mut topics = Vec::new();
    while let Some(found) = found.next()? {
        let name: String = found.get(0)?;
        let name = Topic::new(name).map_err(|e| Failure::Damaged(format!("a topic's name: {e}")))?;
        topics.push((name, Position { offset: unsigned(found, 1)?, epoch: found.get(2)? }));
    }
    Ok(topics)
}

/// Returns the row of a scan.
pub(super) fn read_row(found: &rusqlite::Row<'_>, topic: i64) -> Result<Row, Failure> {
    let key = Key { model: found.get(0)?, id: found.get::<_, Vec<u8>>(1)?.into() };
    checked(found, topic, key, 2)
}

/// Returns one entity.
pub(super) fn entity(db: &Connection, topic: i64, key: Key) -> Result<Option<Row>, Failure> {
    let mut statement = db.prepare_cached(sql::ROW)?;
    let mut found = statement.query((topic, key.model, key.id.as_ref()))?;
    found.next()?.map(|found| checked(found, topic, key, 0)).transpose()
}

/// Returns a row whose version, columns and sum begin at a column, if it is as it was written.
fn checked(found: &rusqlite::Row<'_>, topic: i64, key: Key, at: usize) -> Result<Row, Failure> {
    let (version, columns) = (unsigned(found, at)?, found.get::<_, Vec<u8>>(at + 1)?);
    if row_sum(topic, &key, version, &columns) != found.get::<_, i64>(at + 2)? {
        return Err(Failure::Damaged(format!("{key:?} is not as it was written")));
    }
    Ok(Row { key, version, columns: codec::read_columns(columns)? })
}

pub(super) fn row_sum(topic: i64, key: &Key, version: u64, columns: &[u8]) -> i64 {
    codec::sum(topic, [key.model.into(), version, 0], &key.id, columns)
}
