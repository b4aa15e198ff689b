//! C6, C7, C9: what a store answers.

use std::sync::atomic::{AtomicBool, Ordering};

use realtime_protocol::Topic;

use super::make::*;
use crate::{
    store::{Change, Commit, Key, Position, Read, Record, Replay, Store, StoreError},
    testing::{fresh_topic, run},
};

/// How many commits a writer makes while readers look.
const WRITES: u64 = 60;

/// Two rows that every commit makes equal are equal in every page, and of the position that it names.
pub async fn c6_a_page_is_of_one_position<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c6a"));
    let both = |n: u64| vec![set("a", 1, n.to_string()), set("z", 1, n.to_string())];
    let first =
        Commit { changes: vec![create("a", "1"), create("z", "1")], ..on(&head(&store, &topic).await) };
    let start = keep(&store, &topic, first).await;
    let write = async || {
        let mut at = start;
        for _ in 0..WRITES {
            at = keep(&store, &topic, Commit { changes: both(at.at.offset + 1), ..on(&at) }).await;
        }
    };
    let keys = || Read::Keys(vec![key("z"), key("a")]);
    let scan = || Read::Scan { model: Some(MODEL), index: 0, after: None, max_rows: 10, max_bytes: u32::MAX };
    meanwhile(write, async || {
        for what in [keys(), scan()] {
            let page = store.read(&topic, what).await.expect("a read");
            assert_eq!(page.rows.len(), 2);
            for row in page.rows {
                assert_eq!(row.columns[0].1, bytes(page.head.at.offset.to_string()));
                assert_eq!(row.version, page.head.at.offset);
            }
        }
    });
}

/// A lane that every commit moves stands, in every answer, where the position says.
pub async fn c6_lanes_are_of_the_position_that_is_named<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c6b"));
    let write = async || {
        grow(&store, &topic, WRITES).await;
    };
    meanwhile(write, async || {
        let (head, rows) = store.lanes(&topic, &[lane_id(1), lane_id(2)]).await.expect("lanes");
        assert_eq!(rows[0].as_ref().map_or(0, |row| row.last), head.at.offset);
        assert_eq!(rows[1], None);
    });
}

/// Reads on another thread, again and again, until the writes are done, and once more.
fn meanwhile(write: impl AsyncFnOnce() + Send, read: impl AsyncFn() + Sync) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                run(read());
            }
            run(read());
        });
        let writer = scope.spawn(|| run(write()));
        let written = writer.join();
        done.store(true, Ordering::Release);
        written.expect("the writer");
    });
}

/// However small its pages, a scan brings each row once, in the order of the keys; a page has a row at least.
pub async fn c6_a_scan_brings_each_row_once<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c6c"));
    let new = |model: u16, id: &str| Change::Create {
        key: Key { model, id: bytes(id) },
        columns: vec![(1, bytes("value"))],
    };
    let ids = ["", "a", "ab", "b", "\u{e9}", "long long long long"];
    let mut want: Vec<_> =
        [1, MODEL, 0x0102].iter().flat_map(|model| ids.map(|id| (*model, bytes(id)))).collect();
    let changes =
        want.iter().rev().map(|(model, id)| new(*model, std::str::from_utf8(id).expect("text"))).collect();
    keep(&store, &topic, Commit { changes, ..on(&head(&store, &topic).await) }).await;
    want.sort();
    for (max_rows, max_bytes) in [(0, 0), (1, u32::MAX), (5, u32::MAX), (u32::MAX, 20), (u32::MAX, u32::MAX)]
    {
        for model in [None, Some(1), Some(MODEL), Some(9)] {
            let found = scan(&store, &topic, model, max_rows, max_bytes).await;
            let want: Vec<_> =
                want.iter().filter(|(m, _)| model.is_none_or(|model| model == *m)).cloned().collect();
            assert_eq!(found, want, "{model:?}, at most {max_rows} rows and {max_bytes} bytes");
        }
    }
    let what = Read::Scan { model: None, index: 1, after: None, max_rows: 1, max_bytes: 1 };
    let error = store.read(&topic, what).await.expect_err("an index that nobody declared");
    assert!(matches!(error, StoreError::Invalid(_)), "{error:?}");
}

async fn scan(
    store: &dyn Store,
    topic: &Topic,
    model: Option<u16>,
    max_rows: u32,
    max_bytes: u32,
) -> Vec<(u16, bytes::Bytes)> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let what = Read::Scan { model, index: 0, after, max_rows, max_bytes };
        let page = store.read(topic, what).await.expect("a scan");
        assert!(page.rows.len() <= max_rows.max(1) as usize);
        assert!(page.next.is_none() || !page.rows.is_empty(), "an empty page leads nowhere");
        found.extend(page.rows.into_iter().map(|row| (row.key.model, row.key.id)));
        assert!(found.len() <= 100, "a scan goes on for ever");
        match page.next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
}

/// Whatever is asked after a commit resolved knows of it, on whichever thread.
pub async fn c7_an_answer_is_not_older_than_a_resolved_commit<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c7"));
    for _ in 0..30 {
        let before = head(&store, &topic).await;
        let at = grow(&store, &topic, 1).await;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                run(async {
                    assert_eq!(head(&store, &topic).await, at);
                    assert_eq!(page(&store, &topic).await.head, at);
                    assert_eq!(row(&store, &topic, "n").await.expect("the row").version, at.at.offset);
                    assert_eq!(lane(&store, &topic, 1).await.expect("the lane").last, at.at.offset);
                    assert_eq!(records(&store, &topic, before.at).await.len(), 1);
                });
            });
        });
    }
}

/// Pages of any size lead from any kept position to the head, without a hole and without a repeat.
pub async fn c9_replay_has_no_hole_however_small_its_pages<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c9a"));
    let at = grow(&store, &topic, 20).await;
    let all = records(&store, &topic, Position::default()).await;
    assert_eq!(all.len(), 20);
    for max_bytes in [0, 1, 25, 60, usize::MAX] {
        for from in 0..all.len() {
            let after = if from == 0 { Position::default() } else { all[from - 1].at };
            assert_eq!(
                paged(&store, &topic, after, max_bytes).await,
                all[from..],
                "{after}, {max_bytes} bytes"
            );
        }
    }
    match store.replay(&topic, at.at, 0).await.expect("a replay") {
        Replay::Records { records, head, more: false } => assert_eq!((records, head), (Vec::new(), at)),
        other => panic!("nothing follows the head: {other:?}"),
    }
}

async fn paged(store: &dyn Store, topic: &Topic, mut after: Position, max_bytes: usize) -> Vec<Record> {
    let mut all = Vec::new();
    loop {
        let replay = store.replay(topic, after, max_bytes).await.expect("a replay");
        let Replay::Records { records, more, .. } = replay else { panic!("{after} is kept: {replay:?}") };
        let bytes: usize = records.iter().map(|record| record.bytes.len()).sum();
        assert!(records.len() == 1 || bytes <= max_bytes, "{bytes} bytes are more than {max_bytes}");
        after = records.last().expect("a page has a record at least").at;
        all.extend(records);
        if !more {
            return all;
        }
    }
}

/// A position that this history never had is a gap, even where its offset would fit.
pub async fn c9_a_position_of_no_history_is_a_gap<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c9b"));
    let empty = head(&store, &topic).await;
    let unknown = Position { offset: 1, epoch: EPOCH };
    assert_eq!(store.replay(&topic, unknown, 100).await.expect("a replay"), Replay::Gap { head: empty });
    let at = grow(&store, &topic, 4).await;
    let other = EPOCH + 1;
    for (offset, epoch) in [(4, other), (3, other), (1, 0), (0, EPOCH), (5, EPOCH), (u64::MAX, EPOCH)] {
        let replay = store.replay(&topic, Position { offset, epoch }, 100).await.expect("a replay");
        assert_eq!(replay, Replay::Gap { head: at }, "{offset}.{epoch:x}");
    }
}
