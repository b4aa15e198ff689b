//! One commit within the writer's transaction: compared first (C2), then kept whole or not at all (C1).

use realtime_protocol::{LaneId, Topic};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    codec::{self, Link, NO_LINK},
    outbox,
    read::{self, Failure, TopicRow, signed},
    sql,
};
use crate::store::{
    rules::{self, MISSED_BYTES, SWEEP},
    types::{Change, Commit, CommitError, Head, Lane, LaneMove, Record},
};

/// Why a commit was not kept.
pub(super) enum NotKept {
    /// It was refused: what it wrote is undone, the others of the transaction stay.
    Refused(CommitError),
    /// The file failed: the whole transaction is off.
    Failed(Failure),
}

impl From<Failure> for NotKept {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => Self::Refused(error.into()),
            failure => Self::Failed(failure),
        }
    }
}

impl From<rusqlite::Error> for NotKept {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<CommitError> for NotKept {
    fn from(error: CommitError) -> Self {
        Self::Refused(error)
    }
}

/// Compares and keeps one commit; where it fails the caller undoes what was written.
pub(super) fn commit(
    db: &Connection,
    form: u32,
    topic: &Topic,
    commit: Commit,
    now_ms: u64,
) -> Result<Head, NotKept> {
    let row = read::topic_row(db, form, topic)?;
    rules::check_form(&commit, &row.head)?;
    if commit.expected != row.head.at {
        let replay = read::replay(db, &row, topic, commit.expected, MISSED_BYTES)?;
        return Err(rules::lost_race(commit.expected, replay).into());
    }
    let head = rules::next_head(&row.head, &commit);
    outbox::check_taken(db, row.id, &commit.take)?;
    let id = match row.id {
        Some(id) => id,
        None => db.prepare_cached(sql::ADD_TOPIC)?.insert((topic.as_str(), NO_LINK))?,
    };
    let trims = rules::trims(&commit.changes);
    change_rows(db, id, commit.changes, head.at.offset)?;
    for by in commit.lanes {
        move_lane(db, id, &row, by, now_ms)?;
    }
    outbox::take(db, id, &commit.take)?;
    outbox::put(db, id, head.at, &commit.put)?;
    let mut next = TopicRow { id: Some(id), head, ..row };
    if head.at != row.head.at {
        let record = Record { at: head.at, prev_epoch: row.head.at.epoch, bytes: commit.record };
        if trims {
            drop_log(db, id, &mut next)?;
        }
        append(db, id, topic, &record, now_ms, &mut next)?;
        trim(db, id, now_ms, &mut next)?;
    }
    save_topic(db, id, topic, &next, now_ms)?;
    Ok(next.head)
}

fn save_topic(db: &Connection, id: i64, topic: &Topic, row: &TopicRow, now_ms: u64) -> rusqlite::Result<()> {
    let Head { at, floor, cleared, .. } = row.head;
    let sum = row.sum(id, topic, now_ms);
    let (offset, floor, bytes) = (signed(at.offset), signed(floor), signed(row.log_bytes));
    let values = (id, offset, at.epoch, floor, cleared, signed(now_ms), bytes, row.tail, row.base, sum);
    db.prepare_cached(sql::SET_TOPIC)?.execute(values).map(drop)
}

fn change_rows(db: &Connection, topic: i64, changes: Vec<Change>, version: u64) -> Result<(), NotKept> {
    for change in changes {
        match change {
            Change::Create { key, columns } => {
                let columns = codec::columns(&rules::created(columns));
                let sum = read::row_sum(topic, &key, version, &columns);
                let values = (topic, key.model, key.id.as_ref(), signed(version), columns, sum);
                if db.prepare_cached(sql::ADD_ROW)?.execute(values)? == 0 {
                    return Err(CommitError::from(rules::exists(&key)).into());
                }
            }
            Change::Update { key, columns } => {
                let Some(mut row) = read::entity(db, topic, key.clone())? else {
                    return Err(CommitError::from(rules::missing(&key)).into());
                };
                rules::update(&mut row.columns, columns);
                let columns = codec::columns(&row.columns);
                let sum = read::row_sum(topic, &key, version, &columns);
                let values = (topic, key.model, key.id.as_ref(), signed(version), columns, sum);
                db.prepare_cached(sql::SET_ROW)?.execute(values)?;
            }
            Change::Delete { key } => {
                db.prepare_cached(sql::DROP_ROW)?.execute((topic, key.model, key.id.as_ref()))?;
            }
            Change::Clear => {
                db.prepare_cached(sql::DROP_ROWS)?.execute([topic])?;
            }
            Change::Trim => {}
        }
    }
    Ok(())
}

fn move_lane(db: &Connection, id: i64, row: &TopicRow, by: LaneMove, now_ms: u64) -> Result<(), NotKept> {
    let lane: LaneId = by.lane;
    let now = read::lane(db, row, lane, now_ms)?;
    if now.as_ref().map_or(0, |now| now.last) != by.from {
        return Err(CommitError::LaneMoved { lane, now }.into());
    }
    let Lane { last, got, kept } = rules::moved(now, by).map_err(CommitError::from)?;
    let kept = codec::kept(&kept);
    let sum = codec::sum(id, [last, got, now_ms], &lane.0, &kept);
    let values = (id, lane.0, signed(last), signed(got), kept, signed(now_ms), sum);
    db.prepare_cached(sql::SET_LANE)?.execute(values)?;
    Ok(())
}

fn append(
    db: &Connection,
    id: i64,
    topic: &Topic,
    record: &Record,
    now_ms: u64,
    row: &mut TopicRow,
) -> rusqlite::Result<()> {
    row.tail = codec::link(&row.tail, topic, record, now_ms);
    row.log_bytes += record.bytes.len() as u64;
    let (offset, epoch) = (signed(record.at.offset), record.at.epoch);
    let values = (id, offset, epoch, record.prev_epoch, signed(now_ms), record.bytes.as_ref(), row.tail);
    db.prepare_cached(sql::ADD_RECORD)?.execute(values).map(drop)
}

/// Removes all records: the next one begins the log.
fn drop_log(db: &Connection, id: i64, row: &mut TopicRow) -> rusqlite::Result<()> {
    db.prepare_cached(sql::DROP_LOG)?.execute([id])?;
    row.head.floor = row.head.at.offset - 1;
    (row.log_bytes, row.base) = (0, row.tail);
    Ok(())
}

/// Removes the oldest records where the log is too long, too large or too old (S26).
fn trim(db: &Connection, id: i64, now_ms: u64, row: &mut TopicRow) -> Result<(), Failure> {
    for _ in 0..SWEEP {
        let oldest = signed(row.head.floor + 1);
        let found = db
            .prepare_cached(sql::OLDEST)?
            .query_row((id, oldest), |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Link>(2)?))
            })
            .optional()?;
        let Some((time, bytes, hash)) = found else {
            return Err(Failure::Damaged(format!("a log has no record {oldest}")));
        };
        let commits = row.head.at.offset.saturating_sub(row.head.floor);
        if !rules::must_trim(commits, row.log_bytes, u64::try_from(time).unwrap_or(0), now_ms) {
            return Ok(());
        }
        db.prepare_cached(sql::DROP_RECORD)?.execute((id, oldest))?;
        row.head.floor += 1;
        row.log_bytes = row.log_bytes.saturating_sub(u64::try_from(bytes).unwrap_or(0));
        row.base = hash;
    }
    Ok(())
}
