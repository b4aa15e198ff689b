//! What every store of ours decides in the same way: pure, without a lock, a file or a clock.

use std::{collections::HashSet, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};
use realtime_protocol::{Position, Topic, lane};

use super::types::{
    Change, ColumnOp, Commit, CommitError, Head, Kept, Key, Lane, LaneMove, Record, Replay, StoreError,
};

/// The form of a new store (S32).
pub(super) const FIRST_FORM: u32 = 1;
/// The limits of a topic's log (S26).
pub(super) const LOG_COMMITS: u64 = 1000;
pub(super) const LOG_BYTES: u64 = 1024 * 1024;
pub(super) const LOG_MS: u64 = 24 * 60 * 60 * 1000;
/// How many records a commit removes at most (S26), and how many expired lanes, and how many cleared topics.
pub(super) const SWEEP: usize = 4;
/// How long a lane's row, and a cleared topic's, stays after its last move (S2, S44).
pub(super) const TTL_MS: u64 = lane::LANE_TTL_DAYS as u64 * 24 * 60 * 60 * 1000;
/// The most bytes of missed records in the answer to a lost race (S12).
pub(super) const MISSED_BYTES: usize = 64 * 1024;
/// The most topics in one call of `heads`.
pub(super) const MAX_HEADS: usize = 1000;
/// The most effects that a commit puts, and the bound of their indexes (S41).
const MAX_PUT: usize = 64;
const MAX_INDEX: u16 = 1024;
/// The largest commit, in bytes: far above what a batch may hold (S8), far below what a file can.
const MAX_COMMIT_BYTES: usize = 16 * 1024 * 1024;
/// The bound of offsets (L1).
const MAX_OFFSET: u64 = 1 << 53;

pub(super) fn invalid(why: impl Into<String>) -> StoreError {
    StoreError::Invalid(why.into().into())
}

/// The head of a topic that has no row.
pub(super) fn unwritten(form: u32) -> Head {
    Head { at: Position::default(), floor: 0, form, cleared: false }
}

/// Returns the size of a commit in bytes.
pub(super) fn size(commit: &Commit) -> usize {
    let kept = |k: &Kept| k.outcome.len() + 32;
    let changes = commit.changes.iter().map(change_size);
    let lanes = commit.lanes.iter().map(|m| 48 + m.kept.iter().map(kept).sum::<usize>());
    let put = commit.put.iter().map(|e| 32 + e.body.len() + e.name.as_ref().map_or(0, Bytes::len));
    commit.record.len() + changes.chain(lanes).chain(put).sum::<usize>() + 64
}

fn change_size(change: &Change) -> usize {
    match change {
        Change::Create { key, columns } => {
            key.id.len() + columns.iter().map(|(_, b)| b.len() + 6).sum::<usize>()
        }
        Change::Update { key, columns } => {
            let op = |op: &ColumnOp| match op {
                ColumnOp::Set(bytes) | ColumnOp::Append(bytes) => bytes.len() + 6,
                ColumnOp::Unset => 6,
            };
            key.id.len() + columns.iter().map(|(_, o)| op(o)).sum::<usize>()
        }
        Change::Delete { key } => key.id.len(),
        Change::Clear | Change::Trim => 0,
    }
}

/// Refuses a commit that makes no sense wherever the topic stands.
pub(super) fn check_shape(topic: &Topic, commit: &Commit) -> Result<(), StoreError> {
    if size(commit) > MAX_COMMIT_BYTES {
        return Err(invalid(format!("a commit has more than {MAX_COMMIT_BYTES} bytes: split it")));
    }
    check_offset(commit)?;
    let mut seen = HashSet::new();
    for moved in &commit.lanes {
        if !seen.insert(moved.lane) {
            return Err(invalid(format!("lane {:?} moves twice in one commit", moved.lane)));
        }
        check_move(moved)?;
    }
    commit.changes.iter().try_for_each(check_change)?;
    check_effects(topic, commit)
}

fn check_offset(commit: &Commit) -> Result<(), StoreError> {
    match commit.expected.offset {
        MAX_OFFSET.. => Err(invalid(format!("{} is no position: offsets are below 2^53", commit.expected))),
        offset if commit.moves_head() && offset + 1 == MAX_OFFSET => {
            Err(invalid("the topic's offsets are used up: go on in another topic"))
        }
        _ => Ok(()),
    }
}

fn check_move(moved: &LaneMove) -> Result<(), StoreError> {
    let lane = moved.lane;
    if moved.to <= moved.from || i64::try_from(moved.to).is_err() {
        return Err(invalid(format!("lane {lane:?} cannot move from {} to {}", moved.from, moved.to)));
    }
    let mut last = moved.from;
    for kept in &moved.kept {
        if kept.seq <= last || kept.seq > moved.to {
            return Err(invalid(format!("lane {lane:?} keeps {} out of order or range", kept.seq)));
        }
        last = kept.seq;
    }
    Ok(())
}

fn check_change(change: &Change) -> Result<(), StoreError> {
    let Change::Create { columns, .. } = change else { return Ok(()) };
    let mut seen = HashSet::new();
    match columns.iter().find(|(number, _)| !seen.insert(*number)) {
        Some((number, _)) => Err(invalid(format!("column {number} stands twice in a new row"))),
        None => Ok(()),
    }
}

fn check_effects(topic: &Topic, commit: &Commit) -> Result<(), StoreError> {
    if commit.put.len() > MAX_PUT {
        return Err(invalid(format!("a commit puts {} effects, the limit is {MAX_PUT}", commit.put.len())));
    }
    let (mut indexes, mut names) = (HashSet::new(), HashSet::new());
    for effect in &commit.put {
        if effect.index >= MAX_INDEX || !indexes.insert(effect.index) || i64::try_from(effect.due_ms).is_err()
        {
            return Err(invalid(format!("effect {} is out of range, or stands twice", effect.index)));
        }
        if effect.name.as_ref().is_some_and(|name| !names.insert(name)) {
            return Err(invalid("two effects of one commit have the same name"));
        }
    }
    let mut taken = HashSet::new();
    match commit.take.iter().find(|id| id.topic != *topic || !taken.insert(*id)) {
        Some(id) => Err(invalid(format!("an effect of {} is taken by {topic}, or twice", id.topic))),
        None => Ok(()),
    }
}

/// Refuses what was written in another form (C2).
pub(super) fn check_form(commit: &Commit, head: &Head) -> Result<(), CommitError> {
    if commit.form == head.form { Ok(()) } else { Err(CommitError::Form { now: head.form }) }
}

/// Says how a race was lost, from what a replay from `expected` gave.
pub(super) fn lost_race(expected: Position, replay: Replay) -> CommitError {
    match replay {
        Replay::Records { records, head, more: false } => CommitError::Behind { head, missed: Some(records) },
        Replay::Records { head, more: true, .. } => CommitError::Behind { head, missed: None },
        Replay::Gap { head } if expected.offset < head.floor => CommitError::Behind { head, missed: None },
        Replay::Gap { head } => CommitError::Forked { head },
    }
}

/// Returns where the topic stands after a commit that was compared with `head`.
pub(super) fn next_head(head: &Head, commit: &Commit) -> Head {
    if !commit.moves_head() {
        return *head;
    }
    let at = Position { offset: head.at.offset + 1, epoch: commit.epoch };
    let mut cleared = head.cleared;
    for change in &commit.changes {
        match change {
            Change::Clear => cleared = true,
            Change::Create { .. } => cleared = false,
            Change::Update { .. } | Change::Delete { .. } | Change::Trim => {}
        }
    }
    Head { at, cleared, ..*head }
}

/// Tells whether all records before the commit's own go.
pub(super) fn trims(changes: &[Change]) -> bool {
    changes.iter().any(|change| matches!(change, Change::Trim))
}

/// Tells whether the oldest record must go: its age and the log's size are those with the new record (S26).
pub(super) fn must_trim(commits: u64, bytes: u64, oldest_ms: u64, now_ms: u64) -> bool {
    let too_old = now_ms.saturating_sub(oldest_ms) > LOG_MS;
    commits > 1 && (commits > LOG_COMMITS || bytes > LOG_BYTES || too_old)
}

/// Tells whether a lane's row, or a cleared topic's, has had its time since its last move (S2, S44).
pub(super) fn is_over(since_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(since_ms) > TTL_MS
}

/// Returns the row of a lane that stood at `from` after its move.
pub(super) fn moved(row: Option<Lane>, by: LaneMove) -> Result<Lane, StoreError> {
    let row = row.unwrap_or(Lane { last: 0, got: 0, kept: Vec::new() });
    let got = by.got.min(by.to).max(row.got);
    let kept: Vec<_> = row.kept.into_iter().chain(by.kept).filter(|kept| kept.seq > got).collect();
    if kept.len() as u64 > lane::WINDOW {
        return Err(invalid(format!(
            "lane {:?} keeps {} outcomes, the limit is {}",
            by.lane,
            kept.len(),
            lane::WINDOW
        )));
    }
    Ok(Lane { last: by.to, got, kept })
}

/// Returns the columns of a new row, by rising number.
pub(super) fn created(mut columns: Vec<(u16, Bytes)>) -> Vec<(u16, Bytes)> {
    columns.sort_by_key(|(number, _)| *number);
    columns
}

/// Applies an update to a row's columns (C8).
pub(super) fn update(columns: &mut Vec<(u16, Bytes)>, ops: Vec<(u16, ColumnOp)>) {
    for (number, op) in ops {
        let place = columns.binary_search_by_key(&number, |(number, _)| *number);
        match (op, place) {
            (ColumnOp::Set(bytes), Ok(at)) => columns[at].1 = bytes,
            (ColumnOp::Set(bytes) | ColumnOp::Append(bytes), Err(at)) => columns.insert(at, (number, bytes)),
            (ColumnOp::Append(bytes), Ok(at)) => columns[at].1 = joined(&columns[at].1, &bytes),
            (ColumnOp::Unset, Ok(at)) => drop(columns.remove(at)),
            (ColumnOp::Unset, Err(_)) => {}
        }
    }
}

fn joined(a: &Bytes, b: &Bytes) -> Bytes {
    let mut both = BytesMut::with_capacity(a.len() + b.len());
    both.extend_from_slice(a);
    both.extend_from_slice(b);
    both.freeze()
}

pub(super) fn exists(key: &Key) -> StoreError {
    invalid(format!("a row {key:?} is to be created, and is there already"))
}

pub(super) fn missing(key: &Key) -> StoreError {
    invalid(format!("a row {key:?} is to be updated, and is not there"))
}

/// Takes records up to a limit, but at least one; says whether it cut them.
#[derive(Debug)]
pub(super) struct UpTo {
    max_bytes: usize,
    bytes: usize,
    pub(super) records: Vec<Record>,
}

impl UpTo {
    pub(super) fn bytes(max_bytes: usize) -> Self {
        Self { max_bytes, bytes: 0, records: Vec::new() }
    }

    /// Takes `record`, or returns false where it does not fit.
    pub(super) fn take(&mut self, record: Record) -> bool {
        self.bytes = self.bytes.saturating_add(record.bytes.len());
        let fits = self.records.is_empty() || self.bytes <= self.max_bytes;
        if fits {
            self.records.push(record);
        }
        fits
    }
}

/// Tells whether `after` is where the topic stands, may lead to it, or can be neither.
pub(super) fn place(after: Position, head: &Head) -> Place {
    if after == head.at {
        Place::AtHead
    } else if after.offset < head.floor || after.offset >= head.at.offset {
        Place::Gone
    } else {
        Place::Within
    }
}

/// See [`place`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    AtHead,
    /// It is of this history where the record after it names its epoch.
    Within,
    Gone,
}

/// A scan's cursor: the last key of the page before.
pub(super) fn cursor(key: &Key) -> Bytes {
    let mut bytes = BytesMut::with_capacity(2 + key.id.len());
    bytes.put_u16(key.model);
    bytes.extend_from_slice(&key.id);
    bytes.freeze()
}

/// Returns the key of a cursor.
pub(super) fn read_cursor(cursor: &Bytes) -> Result<Key, StoreError> {
    match cursor.first_chunk::<2>() {
        Some(model) => Ok(Key { model: u16::from_be_bytes(*model), id: cursor.slice(2..) }),
        None => Err(invalid("a scan goes on after a cursor that no scan returned")),
    }
}

/// Refuses an index that nobody declared to this store.
pub(super) fn check_index(index: u16) -> Result<(), StoreError> {
    match index {
        0 => Ok(()),
        _ => Err(invalid(format!("this store keeps no index {index}: scan by key (0) and sort, or filter"))),
    }
}

/// Refuses more topics than a call may ask for.
pub(super) fn check_heads(topics: &[Topic]) -> Result<(), StoreError> {
    match topics.len() {
        n if n > MAX_HEADS => Err(invalid(format!("{n} heads are asked for, the limit is {MAX_HEADS}"))),
        _ => Ok(()),
    }
}

/// Returns a lease's end.
pub(super) fn lease_end(now_ms: u64, lease: Duration) -> u64 {
    let lease = u64::try_from(lease.as_millis()).unwrap_or(u64::MAX);
    now_ms.saturating_add(lease).min(i64::MAX as u64)
}

/// Collects a page's rows: whether one more fits, as the limits count it.
#[derive(Debug)]
pub(super) struct Budget {
    rows: u32,
    bytes: usize,
    first: bool,
}

impl Budget {
    pub(super) fn new(max_rows: u32, max_bytes: u32) -> Self {
        Self { rows: max_rows.max(1), bytes: max_bytes as usize, first: true }
    }

    pub(super) fn fits(&mut self, key: &Key, columns: &[(u16, Bytes)]) -> bool {
        let size = key.id.len() + columns.iter().map(|(_, b)| b.len() + 2).sum::<usize>();
        let fits = self.rows > 0 && (self.first || size <= self.bytes);
        self.first = false;
        self.rows = self.rows.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(size);
        fits
    }
}
