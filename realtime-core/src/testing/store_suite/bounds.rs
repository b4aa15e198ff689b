//! C10, C11: what stays bounded, and what a dropped future leaves behind.

use std::{future::Future, pin::pin, task::Poll};

use super::make::*;
use crate::{
    store::{Change, Commit, CommitError, Lane, LaneMove, Position, Replay, Store, StoreError},
    testing::{Random, fresh_topic},
};

/// More than the limit of commits: the oldest go, one by one, and the floor says so.
pub async fn c10_the_log_keeps_a_bounded_number_of_commits<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c10a"));
    let at = grow(&store, &topic, 1_000).await;
    assert_eq!(at.floor, 0, "1,000 commits are kept");
    let at = grow(&store, &topic, 150).await;
    assert_eq!(at.floor, 150);
    let old = store.replay(&topic, Position { offset: 149, epoch: EPOCH }, 1).await.expect("a replay");
    assert_eq!(old, Replay::Gap { head: at });
    let kept = records(&store, &topic, Position { offset: 150, epoch: EPOCH }).await;
    assert_eq!((kept.len(), kept[0].at.offset), (1_000, 151));
    let stranger = Position { offset: 150, epoch: EPOCH + 1 };
    assert_eq!(store.replay(&topic, stranger, 1).await.expect("a replay"), Replay::Gap { head: at });
    let late =
        Commit { expected: Position { offset: 3, epoch: EPOCH }, changes: vec![create("x", "")], ..on(&at) };
    assert!(matches!(refuse(&store, &topic, late).await, CommitError::Behind { missed: None, .. }));
}

/// Large records push out more than one, at most four a commit, but never the last.
pub async fn c10_the_log_keeps_a_bounded_number_of_bytes<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c10b"));
    let large = |at: &crate::store::Head, len| Commit { record: bytes(vec![7; len]), ..next(at) };
    let mut at = grow(&store, &topic, 10).await;
    at = keep(&store, &topic, large(&at, 1024 * 1024)).await;
    assert_eq!(at.floor, 4, "at most four go with a commit");
    at = keep(&store, &topic, large(&at, 1024 * 1024 + 1)).await;
    assert_eq!(at.floor, 8);
    at = keep(&store, &topic, next(&at)).await;
    assert_eq!(at.floor, 12);
    let kept = records(&store, &topic, Position { offset: 12, epoch: EPOCH }).await;
    assert_eq!(kept.iter().map(|r| r.at.offset).collect::<Vec<_>>(), [13]);
    at = keep(&store, &topic, large(&at, 2 * 1024 * 1024)).await;
    assert_eq!((at.floor, at.at.offset), (13, 14), "the last record stays, however large");
}

/// A lane keeps outcomes above `got`, which never goes back; above 64 the commit is refused.
pub async fn c10_a_lane_keeps_what_its_client_has_not_got<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c10c"));
    let at = head(&store, &topic).await;
    let moved = |from, to: u64, got| {
        let kept = (from + 1..=to).map(|seq| kept(seq, None)).collect();
        Commit { lanes: vec![LaneMove { lane: lane_id(1), from, to, got, kept }], ..on(&at) }
    };
    let row = async || {
        lane(&store, &topic, 1)
            .await
            .map(|Lane { last, got, kept }| (last, got, kept.iter().map(|kept| kept.seq).collect::<Vec<_>>()))
    };
    keep(&store, &topic, moved(0, 64, 0)).await;
    let error = refuse(&store, &topic, moved(64, 65, 0)).await;
    assert!(matches!(error, CommitError::Store(StoreError::Invalid(_))), "{error:?}");
    keep(&store, &topic, moved(64, 65, 62)).await;
    assert_eq!(row().await, Some((65, 62, vec![63, 64, 65])));
    keep(&store, &topic, moved(65, 66, 5)).await;
    assert_eq!(row().await, Some((66, 62, vec![63, 64, 65, 66])));
    keep(&store, &topic, moved(66, 67, u64::MAX)).await;
    assert_eq!(row().await, Some((67, 67, Vec::new())), "a client that claims too much hurts itself alone");
    let jump = LaneMove { lane: lane_id(1), from: 67, to: 1 << 60, got: 67, kept: vec![kept(1 << 60, None)] };
    keep(&store, &topic, Commit { lanes: vec![jump], ..on(&at) }).await;
    assert_eq!(row().await, Some((1 << 60, 67, vec![1 << 60])), "numbers may be jumped");
}

/// A commit that puts more effects than one may is refused whole.
pub async fn c10_a_commit_puts_a_bounded_number_of_effects<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c10d"));
    let at = grow(&store, &topic, 1).await;
    let put = |count: u16| Commit { put: (0..count).map(|n| effect(n, u64::MAX >> 1)).collect(), ..on(&at) };
    let error = refuse(&store, &topic, put(65)).await;
    assert!(matches!(error, CommitError::Store(_)), "{error:?}");
    assert_eq!(head(&store, &topic).await, at);
    if store.outbox().is_some() {
        assert_eq!(keep(&store, &topic, put(64)).await.at.offset, 2);
    }
}

/// A cleared topic has no rows; its offsets and lanes go on, and the first new row ends that (S44).
pub async fn c10_a_cleared_topic_goes_on_where_it_stood<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c10e"));
    let at = grow(&store, &topic, 3).await;
    let cleared = keep(&store, &topic, Commit { changes: vec![Change::Clear], ..on(&at) }).await;
    assert_eq!((cleared.at.offset, cleared.cleared), (4, true));
    assert_eq!(page(&store, &topic).await.rows, []);
    assert_eq!(lane(&store, &topic, 1).await.expect("the lane").last, 3);
    let refusals = Commit { lanes: vec![step(1, 3, None)], ..on(&cleared) };
    assert!(keep(&store, &topic, refusals).await.cleared);
    let again = keep(&store, &topic, Commit { changes: vec![create("n", "again")], ..on(&cleared) }).await;
    assert_eq!((again.at.offset, again.cleared), (5, false));
    let both = Commit { changes: vec![Change::Clear, create("n", "anew")], ..on(&again) };
    assert!(!keep(&store, &topic, both).await.cleared);
    let found = row(&store, &topic, "n").await.expect("the row");
    assert_eq!((found.version, found.columns), (6, vec![(1, bytes("anew"))]));
}

/// A trim leaves its own record and nothing before it, changes no row, and the topic goes on after it (S26).
pub async fn c10_a_trim_leaves_no_record_but_its_own<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c10f"));
    let grown = grow(&store, &topic, 9).await;
    let before = page(&store, &topic).await.rows;
    let trimmed = keep(&store, &topic, Commit { changes: vec![Change::Trim], ..on(&grown) }).await;
    assert_eq!((trimmed.at.offset, trimmed.floor, trimmed.cleared), (10, 9, false));
    assert_eq!(page(&store, &topic).await.rows, before);
    assert_eq!(lane(&store, &topic, 1).await.expect("the lane").last, 9);
    let old = store.replay(&topic, Position { offset: 8, epoch: EPOCH }, 1).await.expect("a replay");
    assert_eq!(old, Replay::Gap { head: trimmed });
    let kept = records(&store, &topic, grown.at).await;
    assert_eq!(kept.iter().map(|record| record.at.offset).collect::<Vec<_>>(), [10]);
    let both = Commit { changes: vec![set("n", 1, "x"), Change::Trim], ..on(&trimmed) };
    let both = keep(&store, &topic, both).await;
    assert_eq!((both.at.offset, both.floor), (11, 10));
    assert_eq!(records(&store, &topic, both.at).await, []);
    assert_eq!(row(&store, &topic, "n").await.expect("the row").columns, [(1, bytes("x"))]);
    let again = Commit { changes: vec![set("n", 1, "y")], ..on(&both) };
    assert_eq!(keep(&store, &topic, again).await.floor, 10);
    assert_eq!(records(&store, &topic, trimmed.at).await.len(), 2);
    let first = fresh_topic("c10g");
    let at = head(&store, &first).await;
    let at = keep(&store, &first, Commit { changes: vec![Change::Trim], ..on(&at) }).await;
    assert_eq!((at.at.offset, at.floor), (1, 0), "of a topic that was never written, too");
}

/// The form is one for all topics, goes up only, and a commit of another one is refused (S32).
pub async fn c12_a_raised_form_is_the_only_one_that_is_kept<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c12"));
    let at = grow(&store, &topic, 2).await;
    let raised = store.promote(at.form + 1).await.expect("the form is raised");
    assert_eq!(raised, at.form + 1);
    assert_eq!(store.promote(at.form).await.expect("a lower one is no error"), raised);
    let old = refuse(&store, &topic, next(&at)).await;
    assert!(matches!(old, CommitError::Form { now } if now == raised), "{old:?}");
    let now = head(&store, &topic).await;
    assert_eq!(now, crate::store::Head { form: raised, ..at });
    assert_eq!(keep(&store, &topic, next(&now)).await.at.offset, 3);
    assert_eq!(head(&store, &fresh_topic("c12")).await.form, raised, "of topics to come, too");
}

/// Topics that were last written before a time, each once, in pages; neither cleared ones nor unwritten ones (S44).
pub async fn c13_topics_that_were_written_before_are_named_page_by_page<S: Store>(make: impl AsyncFn() -> S) {
    let store = make().await;
    let topics: Vec<_> = (0..5).map(|n| fresh_topic(&format!("c13{n}"))).collect();
    let mut heads = Vec::new();
    for topic in &topics {
        heads.push(grow(&store, topic, 2).await);
    }
    keep(&store, &topics[1], Commit { changes: vec![Change::Clear], ..on(&heads[1]) }).await;
    let none = store.quiet(0, None, 9).await.expect("topics");
    assert!(none.iter().all(|(topic, _)| !topics.contains(topic)), "nothing is older than time");
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = store.quiet(u64::MAX >> 1, after.as_ref(), 2).await.expect("topics");
        assert!(page.len() <= 2);
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        found.extend(page.into_iter().filter(|(topic, _)| topics.contains(topic)));
    }
    let mut want: Vec<_> = topics.iter().cloned().zip(heads.iter().map(|head| head.at)).collect();
    want.remove(1);
    want.sort_by(|a, b| a.0.as_str().cmp(b.0.as_str()));
    assert_eq!(found, want);
}

/// A commit whose future is dropped after any number of polls happened whole, or not at all, and blocks nobody.
pub async fn c11_a_dropped_commit_happens_whole_or_not_at_all<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c11a"));
    let mut random = Random::seed(11);
    let mut at = grow(&store, &topic, 1).await;
    for _ in 0..60 {
        polled(random.below(3), store.commit(&topic, next(&at))).await;
        at = match store.commit(&topic, next(&at)).await {
            Ok(head) => head,
            Err(CommitError::Behind { head, missed: Some(missed) }) => {
                assert_eq!((missed.len(), missed[0].at.offset), (1, at.at.offset + 1), "it happened once");
                head
            }
            Err(other) => panic!("{other:?}"),
        };
        let found = row(&store, &topic, "n").await.expect("the row");
        assert_eq!(found.columns[0].1, bytes(at.at.offset.to_string()));
        assert_eq!(lane(&store, &topic, 1).await.expect("the lane").last, at.at.offset);
    }
}

/// Reads that nobody waits for any more harm nobody.
pub async fn c11_a_dropped_read_harms_nobody<S: Store>(make: impl AsyncFn() -> S) {
    let (store, topic) = (make().await, fresh_topic("c11b"));
    let at = grow(&store, &topic, 1).await;
    let scan = || crate::store::Read::Scan { model: None, index: 0, after: None, max_rows: 9, max_bytes: 9 };
    for polls in (0..3).cycle().take(30) {
        polled(polls, store.read(&topic, scan())).await;
        polled(polls, store.replay(&topic, Position::default(), 1)).await;
        polled(polls, store.lanes(&topic, &[lane_id(1)])).await;
        polled(polls, store.heads(std::slice::from_ref(&topic))).await;
        assert_eq!(head(&store, &topic).await, at);
    }
    assert_eq!(grow(&store, &topic, 1).await.at.offset, 2);
}

/// Polls a future at most so many times, then drops it.
async fn polled<T>(times: u64, future: impl Future<Output = T>) {
    let mut future = pin!(future);
    for _ in 0..times {
        let ready = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await;
        if ready {
            return;
        }
        tokio::task::yield_now().await;
    }
}
