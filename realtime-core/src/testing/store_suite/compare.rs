//! C2: a commit is kept only where the topic, its lanes, its effects and the form are as it expects.

use std::time::Duration;

use realtime_protocol::Topic;

use super::make::*;
use crate::{
    store::{Commit, CommitError, Head, Position, Replay, Store, StoreError},
    testing::{fresh_topic, run},
};

/// Who comes from an older position gets the head and the records in between.
pub async fn c2_a_commit_from_an_older_position_is_told_what_it_missed<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c2a"));
    let old = grow(&store, &topic, 3).await;
    let now = grow(&store, &topic, 4).await;
    match refuse(&store, &topic, Commit { changes: vec![create("x", "x")], ..on(&old) }).await {
        CommitError::Behind { head, missed: Some(missed) } => {
            assert_eq!(head, now);
            assert_eq!(missed, records(&store, &topic, old.at).await);
            assert_eq!(missed.len(), 4);
        }
        other => panic!("{other:?}"),
    }
    let lanes_only = Commit { lanes: vec![step(2, 0, None)], ..on(&old) };
    assert!(
        matches!(refuse(&store, &topic, lanes_only).await, CommitError::Behind { .. }),
        "lanes compare too"
    );
    let large = Commit { changes: vec![set("n", 2, "x")], record: bytes(vec![0; 70_000]), ..on(&now) };
    let at = keep(&store, &topic, large).await;
    let at = keep(&store, &topic, Commit { changes: vec![set("n", 2, "y")], ..on(&at) }).await;
    match refuse(&store, &topic, Commit { changes: vec![create("x", "x")], ..on(&old) }).await {
        CommitError::Behind { head, missed: None } => assert_eq!(head, at),
        other => panic!("more than 64 KiB are not carried: {other:?}"),
    }
}

/// A position that is no point of this history is told apart from an older one: offset alone proves nothing.
pub async fn c2_a_commit_from_another_history_is_forked<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c2b"));
    let at = grow(&store, &topic, 3).await;
    let strangers = [
        Position { offset: 3, epoch: EPOCH + 1 },
        Position { offset: 2, epoch: EPOCH + 1 },
        Position { offset: 4, epoch: EPOCH },
        Position { offset: 0, epoch: EPOCH },
    ];
    for expected in strangers {
        let commit = Commit { changes: vec![create("x", "x")], expected, ..on(&at) };
        let error = refuse(&store, &topic, commit).await;
        assert!(matches!(error, CommitError::Forked { head } if head == at), "{expected}: {error:?}");
    }
}

/// Offsets are below 2^53 (L1): what expects a larger one, or would take one, is refused and not reckoned with.
pub async fn c2_an_offset_that_no_topic_has_is_refused<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c2h"));
    let at = grow(&store, &topic, 2).await;
    for offset in [(1 << 53) - 2, (1 << 53) - 1, 1 << 53, i64::MAX as u64, u64::MAX - 1, u64::MAX] {
        let expected = Position { offset, epoch: EPOCH };
        let changes = vec![create("x", "x")];
        for commit in [Commit { changes, expected, ..on(&at) }, Commit { expected, ..on(&at) }] {
            let error = refuse(&store, &topic, commit).await;
            let told =
                matches!(error, CommitError::Forked { .. } | CommitError::Store(StoreError::Invalid(_)));
            assert!(told, "{expected}: {error:?}");
        }
        let replay = store.replay(&topic, expected, usize::MAX).await.expect("a replay");
        assert_eq!(replay, Replay::Gap { head: at });
    }
    assert_eq!(grow(&store, &topic, 1).await.at.offset, 3);
}

/// A lane that does not stand where the commit expects it is told, with its row.
pub async fn c2_a_lane_that_moved_is_told<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c2c"));
    let at = grow(&store, &topic, 2).await;
    let row = lane(&store, &topic, 1).await;
    for from in [0, 1, 3] {
        match refuse(&store, &topic, Commit { lanes: vec![step(1, from, None)], ..on(&at) }).await {
            CommitError::LaneMoved { lane, now } => assert_eq!((lane, now), (lane_id(1), row.clone())),
            other => panic!("from {from}: {other:?}"),
        }
    }
    match refuse(&store, &topic, Commit { lanes: vec![step(9, 4, None)], ..on(&at) }).await {
        CommitError::LaneMoved { lane, now: None } => assert_eq!(lane, lane_id(9)),
        other => panic!("a lane without a row stands at 0: {other:?}"),
    }
}

/// A writer of another form is told the store's.
pub async fn c2_another_form_is_refused<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c2d"));
    let at = head(&store, &topic).await;
    let commit = Commit { changes: vec![create("a", "x")], form: at.form + 1, ..on(&at) };
    let error = refuse(&store, &topic, commit).await;
    assert!(matches!(error, CommitError::Form { now } if now == at.form), "{error:?}");
}

/// An effect is on lease to one, taken by one commit, and gone then; a name replaces. Without an outbox all of it
/// is refused, never forgotten.
pub async fn c2_an_effect_is_taken_once<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c2e"));
    let mut at = grow(&store, &topic, 1).await;
    let named = |due_ms| crate::store::Effect { name: Some(bytes("close")), ..effect(0, due_ms) };
    let put = Commit { put: vec![named(5_000), effect(1, 6_000)], ..on(&at) };
    let Some(outbox) = store.outbox() else {
        assert!(matches!(refuse(&store, &topic, put).await, CommitError::Store(_)));
        let take = Commit { take: vec![id_of(&topic, at.at, 0)], ..on(&at) };
        assert!(matches!(
            refuse(&store, &topic, take).await,
            CommitError::Store(_) | CommitError::Taken { .. }
        ));
        return;
    };
    let ours = async |now_ms, lease| -> Vec<_> {
        let due = outbox.due(now_ms, 10_000, Duration::from_millis(lease)).await.expect("due effects");
        due.into_iter().filter(|(id, _)| id.topic == topic).map(|(id, _)| (id.at.offset, id.index)).collect()
    };
    at = keep(&store, &topic, put).await;
    at = keep(&store, &topic, Commit { put: vec![named(7_000)], ..on(&at) }).await;
    assert_eq!(ours(5_999, 0).await, [], "the first of the name was replaced");
    assert_eq!(ours(7_000, 100).await, [(2, 1), (3, 0)], "the longest due first");
    assert_eq!(ours(7_099, 100).await, [], "on lease");
    assert_eq!(ours(7_100, 0).await.len(), 2, "the lease is over");
    let take = vec![id_of(&topic, at.at, 0)];
    keep(&store, &topic, Commit { take: take.clone(), ..on(&at) }).await;
    let again = Commit { take: take.clone(), lanes: vec![step(2, 0, None)], ..on(&at) };
    assert!(matches!(refuse(&store, &topic, again).await, CommitError::Taken { ids } if ids == take));
    assert_eq!(lane(&store, &topic, 2).await, None);
    outbox.done(&[id_of(&topic, Position { offset: 2, epoch: EPOCH }, 1)]).await.expect("done");
    outbox.done(&take).await.expect("what is gone already is no error");
    assert_eq!(ours(u64::MAX >> 2, 0).await, []);
}

/// Many writers race on one topic: every commit gets an offset of its own, and none is lost.
pub async fn c2_of_racing_writers_each_commit_has_one_place<S: Store>(make: impl AsyncFn() -> S) {
    const WRITERS: u8 = 4;
    const EACH: u64 = 25;
    let (store, topic) = (make().await, fresh_topic("c2f"));
    let first = Commit { changes: vec![create("n", "")], ..on(&head(&store, &topic).await) };
    keep(&store, &topic, first).await;
    race(WRITERS, async |writer| win(&store, &topic, writer, EACH).await);
    let log = records(&store, &topic, Position::default()).await;
    assert_eq!(log.len() as u64, 1 + EACH * u64::from(WRITERS));
    for (before, after) in log.iter().zip(&log[1..]) {
        assert_eq!((after.at.offset, after.prev_epoch), (before.at.offset + 1, before.at.epoch));
    }
    for writer in 0..WRITERS {
        let of_writer = log.iter().filter(|r| r.at.epoch == u32::from(writer) + 1).map(|r| r.bytes.clone());
        let want = (1..=EACH).map(|n| bytes(format!("{writer} {n}")));
        assert_eq!(of_writer.collect::<Vec<_>>(), want.collect::<Vec<_>>());
        assert_eq!(lane(&store, &topic, writer).await.map(|lane| lane.last), Some(EACH));
    }
    let appended = row(&store, &topic, "n").await.expect("the row").columns[0].1.len() as u64;
    assert_eq!(appended, EACH * u64::from(WRITERS), "each ran once");
}

/// Commits until each of `count` mutations is kept.
async fn win(store: &dyn Store, topic: &Topic, writer: u8, count: u64) {
    let mut at = head(store, topic).await;
    let mut n = 0;
    while n < count {
        let append = crate::store::ColumnOp::Append(bytes("x"));
        let change = crate::store::Change::Update { key: key("n"), columns: vec![(1, append)] };
        let mut moved = step(writer, n, None);
        moved.got = n;
        let record = bytes(format!("{writer} {}", n + 1));
        let commit = Commit {
            epoch: u32::from(writer) + 1,
            changes: vec![change],
            lanes: vec![moved],
            record,
            ..on(&at)
        };
        match store.commit(topic, commit).await {
            Ok(head) => (at, n) = (head, n + 1),
            Err(CommitError::Behind { head, missed }) => {
                let missed = missed.expect("a few small records");
                assert_eq!((missed[0].prev_epoch, missed[0].at.offset), (at.at.epoch, at.at.offset + 1));
                assert_eq!(missed[missed.len() - 1].at, head.at);
                at = head;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Two nodes refuse the same seq: no offset moves, so the lane alone decides who was first.
pub async fn c2_of_racing_refusals_one_wins<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c2g"));
    let at: Head = grow(&store, &topic, 1).await;
    let won = race(2, async |node| {
        let mut won = Vec::new();
        for seq in 0..25 {
            let kept = vec![crate::store::Kept { hash: u32::from(node), ..kept(seq + 1, None) }];
            let moved = crate::store::LaneMove { got: seq, kept, ..step(7, seq, None) };
            match store.commit(&topic, Commit { lanes: vec![moved], ..on(&at) }).await {
                Ok(_) => won.push(seq),
                Err(CommitError::LaneMoved { now, .. }) => assert!(now.is_some_and(|now| now.last > seq)),
                Err(other) => panic!("{other:?}"),
            }
        }
        won
    });
    let mut won = won.concat();
    won.sort_unstable();
    assert_eq!(won, (0..25).collect::<Vec<_>>());
}

/// Runs a future on each of `count` threads.
fn race<T: Send>(count: u8, each: impl AsyncFn(u8) -> T + Sync) -> Vec<T> {
    let each = &each;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|n| scope.spawn(move || run(each(n)))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a writer")).collect()
    })
}
