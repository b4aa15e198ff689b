//! Short names for what the suite's tests build and ask.

use bytes::Bytes;
use realtime_protocol::{LaneId, Position, Topic};

use crate::store::{
    Change, ColumnOp, Commit, CommitError, Effect, EffectId, Head, Kept, Key, Lane, LaneMove, Page, Read,
    Record, Replay, Row, Store,
};

/// The model of the suite's rows, and the epoch of its writer where a test needs only one.
pub(super) const MODEL: u16 = 3;
pub(super) const EPOCH: u32 = 0xe10c;

pub(super) fn bytes(text: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(text.as_ref())
}

pub(super) fn key(id: &str) -> Key {
    Key { model: MODEL, id: bytes(id) }
}

pub(super) fn lane_id(number: u8) -> LaneId {
    LaneId([number; 16])
}

/// An empty commit on top of `head`, whose record names the offset that it may get.
pub(super) fn on(head: &Head) -> Commit {
    Commit {
        expected: head.at,
        epoch: EPOCH,
        form: head.form,
        changes: Vec::new(),
        lanes: Vec::new(),
        put: Vec::new(),
        take: Vec::new(),
        record: bytes(format!("record {}", head.at.offset + 1)),
    }
}

pub(super) fn create(id: &str, value: impl AsRef<[u8]>) -> Change {
    Change::Create { key: key(id), columns: vec![(1, bytes(value))] }
}

pub(super) fn set(id: &str, column: u16, value: impl AsRef<[u8]>) -> Change {
    Change::Update { key: key(id), columns: vec![(column, ColumnOp::Set(bytes(value)))] }
}

/// A lane's move by one, from `from`.
pub(super) fn step(lane: u8, from: u64, at: Option<Position>) -> LaneMove {
    LaneMove { lane: lane_id(lane), from, to: from + 1, got: 0, kept: vec![kept(from + 1, at)] }
}

pub(super) fn kept(seq: u64, at: Option<Position>) -> Kept {
    Kept { seq, hash: 7, at, outcome: bytes(format!("outcome {seq}")) }
}

pub(super) fn effect(index: u16, due_ms: u64) -> Effect {
    Effect { index, due_ms, name: None, body: bytes(format!("effect {index}")) }
}

pub(super) fn id_of(topic: &Topic, at: Position, index: u16) -> EffectId {
    EffectId { topic: topic.clone(), at, index }
}

/// Commits that must be kept.
pub(super) async fn keep(store: &dyn Store, topic: &Topic, commit: Commit) -> Head {
    store.commit(topic, commit).await.expect("a commit that fits is kept")
}

/// Commits that must be refused.
pub(super) async fn refuse(store: &dyn Store, topic: &Topic, commit: Commit) -> CommitError {
    store.commit(topic, commit).await.expect_err("a commit that does not fit is refused")
}

pub(super) async fn head(store: &dyn Store, topic: &Topic) -> Head {
    store.heads(std::slice::from_ref(topic)).await.expect("heads")[0]
}

pub(super) async fn lane(store: &dyn Store, topic: &Topic, number: u8) -> Option<Lane> {
    let (_, mut rows) = store.lanes(topic, &[lane_id(number)]).await.expect("lanes");
    rows.remove(0)
}

pub(super) async fn page(store: &dyn Store, topic: &Topic) -> Page {
    let what = Read::Scan { model: None, index: 0, after: None, max_rows: u32::MAX, max_bytes: u32::MAX };
    store.read(topic, what).await.expect("a scan")
}

pub(super) async fn row(store: &dyn Store, topic: &Topic, id: &str) -> Option<Row> {
    store.read(topic, Read::Keys(vec![key(id)])).await.expect("a read by key").rows.pop()
}

/// Replays without a limit what must be there.
pub(super) async fn records(store: &dyn Store, topic: &Topic, after: Position) -> Vec<Record> {
    match store.replay(topic, after, usize::MAX).await.expect("a replay") {
        Replay::Records { records, more: false, .. } => records,
        other => panic!("{after} is kept, but the replay was {other:?}"),
    }
}

/// All that a store says of a topic and a lane, to be compared with what it says later.
pub(super) async fn all(
    store: &dyn Store,
    topic: &Topic,
    lanes: &[LaneId],
) -> (Page, Vec<Option<Lane>>, Replay) {
    let page = page(store, topic).await;
    let (_, rows) = store.lanes(topic, lanes).await.expect("lanes");
    let floor = store.replay(topic, Position::default(), usize::MAX).await.expect("a replay");
    (page, rows, floor)
}

/// Makes `count` commits, each of which changes row `n` and moves lane 1; returns the head.
pub(super) async fn grow(store: &dyn Store, topic: &Topic, count: u64) -> Head {
    let mut at = head(store, topic).await;
    for _ in 0..count {
        at = keep(store, topic, next(&at)).await;
    }
    at
}

/// The next of the commits of [`grow`].
pub(super) fn next(at: &Head) -> Commit {
    let offset = at.at.offset + 1;
    let mark = Some(Position { offset, epoch: EPOCH });
    let value = offset.to_string();
    let change = if offset == 1 { create("n", value) } else { set("n", 1, value) };
    let moved = LaneMove { got: offset.saturating_sub(8), ..step(1, at.at.offset, mark) };
    Commit { changes: vec![change], lanes: vec![moved], ..on(at) }
}
