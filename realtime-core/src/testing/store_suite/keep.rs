//! C1, C3, C4, C8: what a commit keeps.

use std::time::Duration;

use super::make::*;
use crate::{
    store::{Change, ColumnOp, Commit, CommitError, LaneMove, Position, Store, StoreError},
    testing::fresh_topic,
};

/// Changes, record, lanes and effects are there after a commit.
pub async fn c1_a_commit_is_kept_in_all_its_parts<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c1a"));
    let before = head(&store, &topic).await;
    assert_eq!((before.at, before.floor, before.cleared), (Position::default(), 0, false));
    let put = if store.outbox().is_some() { vec![effect(4, 10)] } else { Vec::new() };
    let commit =
        Commit { changes: vec![create("a", "one")], lanes: vec![step(1, 0, None)], put, ..on(&before) };
    let after = keep(&store, &topic, commit.clone()).await;
    assert_eq!(after.at, Position { offset: 1, epoch: EPOCH });
    let found = row(&store, &topic, "a").await.expect("the row");
    assert_eq!((found.version, found.columns), (1, vec![(1, bytes("one"))]));
    let log = records(&store, &topic, Position::default()).await;
    assert_eq!((log.len(), log[0].at, log[0].prev_epoch), (1, after.at, 0));
    assert_eq!(log[0].bytes, commit.record);
    let lane = lane(&store, &topic, 1).await.expect("the lane");
    assert_eq!((lane.last, lane.kept), (1, vec![kept(1, None)]));
    if let Some(outbox) = store.outbox() {
        let due = outbox.due(10, 1000, Duration::ZERO).await.expect("due effects");
        assert!(due.contains(&(id_of(&topic, after.at, 4), effect(4, 10))), "{due:?}");
    }
}

/// Whatever a commit is refused for, no part of it stays.
pub async fn c1_a_refused_commit_leaves_nothing<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c1b"));
    let first = Commit {
        changes: vec![create("a", "one")],
        lanes: vec![step(1, 0, None)],
        ..on(&head(&store, &topic).await)
    };
    let at = keep(&store, &topic, first).await;
    let lanes = [lane_id(1), lane_id(2)];
    let before = all(&store, &topic, &lanes).await;
    let good = vec![create("b", "two"), set("a", 1, "changed"), Change::Delete { key: key("a") }];
    let with = |change: Change| [good.clone(), vec![change]].concat();
    let refused = [
        Commit { changes: with(set("gone", 1, "x")), lanes: vec![step(1, 1, None)], ..on(&at) },
        Commit { changes: with(create("b", "again")), lanes: vec![step(2, 0, None)], ..on(&at) },
        Commit {
            changes: [vec![Change::Clear], with(set("b", 9, "x")), vec![set("a", 1, "x")]].concat(),
            ..on(&at)
        },
        Commit { changes: good.clone(), lanes: vec![step(2, 0, None), step(1, 5, None)], ..on(&at) },
        Commit { changes: good.clone(), lanes: vec![step(2, 0, None)], form: at.form + 1, ..on(&at) },
        Commit { changes: good.clone(), lanes: vec![LaneMove { to: 0, ..step(2, 0, None) }], ..on(&at) },
        Commit { changes: good.clone(), lanes: vec![step(2, 0, None), step(2, 0, None)], ..on(&at) },
        Commit {
            changes: good.clone(),
            lanes: vec![step(1, 1, None)],
            epoch: 9,
            expected: Position::default(),
            ..on(&at)
        },
    ];
    for commit in refused {
        let error = refuse(&store, &topic, commit.clone()).await;
        assert!(!matches!(error, CommitError::Store(StoreError::Unknown(_))), "{error:?}");
        assert_eq!(all(&store, &topic, &lanes).await, before, "{error:?} of {commit:?}");
    }
    let whole = Commit { changes: good, lanes: vec![step(1, 1, None), step(2, 0, None)], ..on(&at) };
    assert_eq!(keep(&store, &topic, whole).await.at.offset, 2);
}

/// Offsets are dense; what changes no row and puts no effect takes none, and writes no record.
pub async fn c3_changes_take_the_next_offset_and_nothing_else_takes_one<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c3"));
    let unwritten = head(&store, &topic).await;
    let refusals = Commit { lanes: vec![step(1, 0, None)], ..on(&unwritten) };
    assert_eq!(keep(&store, &topic, refusals).await.at, Position::default());
    let mut at = grow_rows(&store, &topic, 5).await;
    for seq in 1..6 {
        at = keep(&store, &topic, Commit { lanes: vec![step(1, seq, None)], epoch: 77, ..on(&at) }).await;
        assert_eq!(
            at.at,
            Position { offset: 5, epoch: EPOCH },
            "a refusal moves no offset, whatever its epoch"
        );
    }
    assert_eq!(lane(&store, &topic, 1).await.expect("the lane").last, 6);
    let log = records(&store, &topic, Position::default()).await;
    assert_eq!(log.iter().map(|r| r.at.offset).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    if store.outbox().is_some() {
        at = keep(&store, &topic, Commit { put: vec![effect(0, u64::MAX >> 1)], ..on(&at) }).await;
        assert_eq!(at.at.offset, 6);
        let take = vec![id_of(&topic, at.at, 0)];
        assert_eq!(keep(&store, &topic, Commit { take, ..on(&at) }).await.at.offset, 6);
    }
}

async fn grow_rows(store: &dyn Store, topic: &realtime_protocol::Topic, count: u64) -> crate::store::Head {
    let mut at = head(store, topic).await;
    for n in 0..count {
        at = keep(store, topic, Commit { changes: vec![create(&n.to_string(), "x")], ..on(&at) }).await;
        assert_eq!(at.at.offset, n + 1);
    }
    at
}

/// What is acked is there at once, for whoever asks.
pub async fn c4_an_ack_means_kept<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c4"));
    for n in 1..=50 {
        let at = grow(&store, &topic, 1).await;
        assert_eq!(at.at.offset, n);
        assert_eq!(page(&store, &topic).await.head, at);
        assert_eq!(row(&store, &topic, "n").await.expect("the row").columns, [(1, bytes(n.to_string()))]);
    }
}

/// An update changes the columns that it names, and no other.
pub async fn c8_an_update_leaves_other_columns_alone<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c8a"));
    let columns = vec![(9, bytes("nine")), (1, bytes("one")), (5, bytes("five"))];
    let new = Change::Create { key: key("a"), columns };
    let other = create("b", "other");
    let at =
        keep(&store, &topic, Commit { changes: vec![new, other], ..on(&head(&store, &topic).await) }).await;
    let ops = vec![(5, ColumnOp::Set(bytes("FIVE"))), (700, ColumnOp::Set(bytes(""))), (9, ColumnOp::Unset)];
    let update = Change::Update { key: key("a"), columns: ops };
    keep(&store, &topic, Commit { changes: vec![update], ..on(&at) }).await;
    let found = row(&store, &topic, "a").await.expect("the row");
    assert_eq!(found.version, 2);
    assert_eq!(found.columns, [(1, bytes("one")), (5, bytes("FIVE")), (700, bytes(""))]);
    let other = row(&store, &topic, "b").await.expect("the other row");
    assert_eq!((other.version, other.columns), (1, vec![(1, bytes("other"))]));
}

/// Appended bytes are read in the order of the commits, and within one of its changes.
pub async fn c8_appends_keep_their_order<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c8b"));
    let mut at =
        keep(&store, &topic, Commit { changes: vec![create("a", "")], ..on(&head(&store, &topic).await) })
            .await;
    let mut want = String::new();
    for n in 0..40 {
        let append = |text: &str| (2, ColumnOp::Append(bytes(text)));
        let (first, second) = (format!("<{n}"), format!("{n}>"));
        want = want + &first + &second;
        let update = Change::Update { key: key("a"), columns: vec![append(&first), append(&second)] };
        at = keep(&store, &topic, Commit { changes: vec![update], ..on(&at) }).await;
    }
    assert_eq!(row(&store, &topic, "a").await.expect("the row").columns, [(1, bytes("")), (2, bytes(&want))]);
}
