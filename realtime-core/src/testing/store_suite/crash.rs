//! C4, C5: what is there after the store was closed, or died, and was opened anew.

use super::make::*;
use crate::{
    store::{Change, Commit, Head, Position, Store},
    testing::fresh_topic,
};

/// All that was acked is there: rows, lanes, log, heads.
pub async fn c4_what_was_acked_is_there_after_a_reopening<S: Store>(
    make: impl AsyncFn() -> S,
    reopen: impl AsyncFn(S) -> S,
) {
    let (mut store, topic) = (make().await, fresh_topic("c4r"));
    let lanes = [lane_id(1), lane_id(2)];
    for round in 0..3 {
        let at = grow(&store, &topic, 10).await;
        let refusal = Commit { lanes: vec![step(2, round, None)], ..on(&at) };
        keep(&store, &topic, refusal).await;
        let before = all(&store, &topic, &lanes).await;
        store = reopen(store).await;
        assert_eq!(all(&store, &topic, &lanes).await, before);
        assert_eq!(head(&store, &topic).await, at);
    }
}

/// Commits of which nobody waited for the answer are there up to one of them, and each with its lane.
pub async fn c5_what_survives_is_a_prefix_with_its_lanes<S: Store>(
    make: impl AsyncFn() -> S,
    reopen: impl AsyncFn(S) -> S,
) {
    let (mut store, topic) = (make().await, fresh_topic("c5"));
    for _ in 0..3 {
        let acked = grow(&store, &topic, 5).await;
        {
            let mut unheard = std::pin::pin!(store.commit(&topic, next(&acked)));
            let once = |cx: &mut std::task::Context<'_>| {
                std::task::Poll::Ready(unheard.as_mut().poll(cx).is_ready())
            };
            let _ = std::future::poll_fn(once).await;
        }
        store = reopen(store).await;
        let at = head(&store, &topic).await.at;
        assert!(at == acked.at || at.offset == acked.at.offset + 1, "{at} after {}", acked.at);
        let log = records(&store, &topic, Position::default()).await;
        assert_eq!(log.len() as u64, at.offset);
        assert_eq!(lane(&store, &topic, 1).await.expect("the lane").last, at.offset);
        assert_eq!(
            row(&store, &topic, "n").await.expect("the row").columns[0].1,
            bytes(at.offset.to_string())
        );
    }
}

/// What was trimmed stays trimmed, and a raised form raised.
pub async fn c12_a_raised_form_is_there_after_a_reopening<S: Store>(
    make: impl AsyncFn() -> S,
    reopen: impl AsyncFn(S) -> S,
) {
    let (store, topic) = (make().await, fresh_topic("c12"));
    let grown = grow(&store, &topic, 5).await;
    let trimmed = keep(&store, &topic, Commit { changes: vec![Change::Trim], ..on(&grown) }).await;
    let form = store.promote(trimmed.form + 1).await.expect("the form is raised");
    let store = reopen(store).await;
    let now = head(&store, &topic).await;
    assert_eq!(now, Head { form, ..trimmed });
    let after = Commit { changes: vec![set("n", 1, "x")], ..on(&now) };
    assert_eq!(keep(&store, &topic, after).await.floor, 5);
}
