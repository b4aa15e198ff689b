//! The suite of a broker: one test and more for each clause of [`Broker`](crate::broker::Broker).
//!
//! Each function here is a test; [`broker_suite!`](crate::broker_suite) makes a `#[test]` of each. No test waits
//! for a time to pass: what must arrive is waited for, at most as long as a dead link may go unnoticed (B4).

use std::{
    collections::BTreeMap,
    future::Future,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use bytes::Bytes;
use futures_core::stream::BoxStream;
use futures_util::StreamExt as _;
use realtime_protocol::Topic;

use super::fresh_topic;
use crate::broker::{Broker, Incoming};

/// Makes a test of each clause of a [`Broker`](crate::broker::Broker).
///
/// ```
/// # fn main() {}
/// # use realtime_core::broker::MemoryBroker;
/// // Returns the n-th node; the nodes of one test hear each other.
/// realtime_core::broker_suite!({
///     let hub = MemoryBroker::hub();
///     async move |_node| hub.node()
/// });
/// ```
///
/// Where the link of a node can be broken, `cut` breaks it without telling the node:
///
/// ```
/// # fn main() {}
/// # use realtime_core::broker::MemoryBroker;
/// realtime_core::broker_suite!(
///     {
///         let hub = MemoryBroker::hub();
///         async move |_node| hub.node()
///     },
///     cut = async |node: &MemoryBroker| node.cut()
/// );
/// ```
#[macro_export]
macro_rules! broker_suite {
    ($make:expr, cut = $cut:expr) => {
        $crate::broker_suite!($make);
        $crate::__suite_tests! { broker_suite, $make, $cut;
            b4_a_cut_link_is_a_doubt_and_is_mended
        }
    };
    ($make:expr) => {
        $crate::__suite_tests! { broker_suite, $make;
            b1_what_arrives_was_published_to_that_topic
            b2_what_is_published_after_a_join_arrives
            b2_who_joined_not_or_left_need_not_be_asked_again
            b3_what_a_full_buffer_lost_is_told
            b4_a_node_that_died_holds_up_nobody
            b5_who_does_not_read_delays_nobody
            b6_a_message_above_the_limit_is_refused
            b7_dropped_futures_harm_nobody
        }
    };
}

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(15);
/// More than a node may buffer: messages, and bytes of each.
const FLOOD: usize = 20_000;
const FLOOD_BYTES: usize = 1024;

/// What a node heard: how often each message.
type Heard = BTreeMap<(Topic, Bytes), usize>;

fn message(text: &str, n: usize) -> Bytes {
    format!("{text} {n}").into()
}

async fn publish(node: &impl Broker, topic: &Topic, bytes: Bytes) {
    node.publish(topic, bytes).await.expect("a broker that runs takes a message");
}

async fn join(node: &impl Broker, topics: &[Topic]) {
    node.join(topics).await.expect("a broker that runs takes a subscription");
}

async fn next(stream: &mut BoxStream<'static, Incoming>) -> Incoming {
    let next = tokio::time::timeout(PATIENCE, stream.next()).await;
    next.expect("something arrives in time").expect("the stream goes on while its node lives")
}

/// Reads until `count` different messages were heard; a doubt is none.
async fn hear(stream: &mut BoxStream<'static, Incoming>, count: usize) -> Heard {
    let mut heard = Heard::new();
    while heard.len() < count {
        if let Incoming::Message { topic, bytes } = next(stream).await {
            *heard.entry((topic, bytes)).or_default() += 1;
        }
    }
    heard
}

/// Nothing arrives that was not published, nor under another topic, nor changed.
pub async fn b1_what_arrives_was_published_to_that_topic<B: Broker>(make: impl AsyncFn(usize) -> B) {
    let (a, b, c) = (make(0).await, make(1).await, make(2).await);
    let topics = [fresh_topic("b1x"), fresh_topic("b1y")];
    let mut incoming = c.incoming();
    join(&c, &topics).await;
    let mut want = Vec::new();
    for n in 0..50 {
        for (node, topic, name) in [(&a, &topics[0], "a"), (&b, &topics[1], "b"), (&b, &topics[0], "c")] {
            publish(node, topic, message(name, n)).await;
            want.push((topic.clone(), message(name, n)));
        }
    }
    publish(&a, &topics[0], Bytes::new()).await;
    want.push((topics[0].clone(), Bytes::new()));
    want.sort();
    let heard = hear(&mut incoming, want.len()).await;
    assert_eq!(heard.into_keys().collect::<Vec<_>>(), want);
}

/// All that is published once `join` has resolved arrives, at every node that joined.
pub async fn b2_what_is_published_after_a_join_arrives<B: Broker>(make: impl AsyncFn(usize) -> B) {
    let (a, b, c) = (make(0).await, make(1).await, make(2).await);
    let topic = fresh_topic("b2a");
    for round in 0..3 {
        // Joining again is joining once.
        join(&b, std::slice::from_ref(&topic)).await;
        join(&c, std::slice::from_ref(&topic)).await;
        publish(&a, &topic, message("round", round)).await;
    }
    for node in [&b, &c] {
        let heard = hear(&mut node.incoming(), 3).await;
        let want: Vec<_> = (0..3).map(|round| (topic.clone(), message("round", round))).collect();
        assert_eq!(heard.into_keys().collect::<Vec<_>>(), want);
    }
}

/// Joining another topic, leaving one, and joining it again each does what it says.
pub async fn b2_who_joined_not_or_left_need_not_be_asked_again<B: Broker>(make: impl AsyncFn(usize) -> B) {
    let (a, b) = (make(0).await, make(1).await);
    let (mine, other) = (fresh_topic("b2m"), fresh_topic("b2o"));
    let mut incoming = b.incoming();
    join(&b, &[mine.clone(), other.clone()]).await;
    b.leave(std::slice::from_ref(&other)).await.expect("a broker that runs lets go of a topic");
    publish(&a, &mine, message("mine", 0)).await;
    assert_eq!(hear(&mut incoming, 1).await.into_keys().collect::<Vec<_>>(), [(mine, message("mine", 0))]);
    join(&b, std::slice::from_ref(&other)).await;
    publish(&a, &other, message("again", 1)).await;
    assert_eq!(hear(&mut incoming, 1).await.into_keys().collect::<Vec<_>>(), [(other, message("again", 1))]);
}

/// A node that does not read loses messages at some time: then it is told, and hears what comes later.
pub async fn b3_what_a_full_buffer_lost_is_told<B: Broker>(make: impl AsyncFn(usize) -> B) {
    let (a, b) = (make(0).await, make(1).await);
    let topic = fresh_topic("b3");
    let mut incoming = b.incoming();
    join(&b, std::slice::from_ref(&topic)).await;
    flood(&a, &topic).await;
    let (mut messages, mut doubted) = (0, false);
    while messages < FLOOD && !doubted {
        match next(&mut incoming).await {
            Incoming::Message { .. } => messages += 1,
            Incoming::Doubt { topics } => doubted = topics.is_none_or(|topics| topics.contains(&topic)),
        }
    }
    assert!(doubted || messages == FLOOD, "only {messages} of {FLOOD} arrived, and no doubt was told");
    let last = message("last", FLOOD);
    for _ in 0..FLOOD {
        publish(&a, &topic, last.clone()).await;
        if drained(&mut incoming, &last).await {
            return;
        }
    }
    panic!("after a doubt, a node that reads hears what is published");
}

/// Reads what waits; tells whether `last` was among it.
async fn drained(incoming: &mut BoxStream<'static, Incoming>, last: &Bytes) -> bool {
    loop {
        match next(incoming).await {
            Incoming::Message { bytes, .. } if bytes == last => return true,
            Incoming::Message { .. } => {}
            // Full again: what was published last may be what was lost.
            Incoming::Doubt { .. } => return false,
        }
    }
}

async fn flood(node: &impl Broker, topic: &Topic) {
    let bytes = Bytes::from(vec![7; FLOOD_BYTES.min(node.max_message())]);
    for _ in 0..FLOOD {
        publish(node, topic, bytes.clone()).await;
    }
}

/// A node that is gone delays no publisher, and the one that takes its place hears.
pub async fn b4_a_node_that_died_holds_up_nobody<B: Broker>(make: impl AsyncFn(usize) -> B) {
    let (a, b) = (make(0).await, make(1).await);
    let topic = fresh_topic("b4a");
    join(&b, std::slice::from_ref(&topic)).await;
    publish(&a, &topic, message("before", 0)).await;
    drop(b);
    let published = tokio::time::timeout(PATIENCE, publish(&a, &topic, message("between", 1))).await;
    published.expect("a dead node delays nobody");
    let b = make(1).await;
    join(&b, std::slice::from_ref(&topic)).await;
    publish(&a, &topic, message("after", 2)).await;
    let heard = hear(&mut b.incoming(), 1).await;
    assert_eq!(heard.into_keys().collect::<Vec<_>>(), [(topic, message("after", 2))]);
}

/// A link that is cut is found in 15 s, is a doubt of all topics, and what was joined is heard again.
pub async fn b4_a_cut_link_is_a_doubt_and_is_mended<B: Broker>(
    make: impl AsyncFn(usize) -> B,
    cut: impl AsyncFn(&B),
) {
    let (a, b) = (make(0).await, make(1).await);
    let topic = fresh_topic("b4b");
    let mut incoming = b.incoming();
    join(&b, std::slice::from_ref(&topic)).await;
    publish(&a, &topic, message("lost, or not", 0)).await;
    cut(&b).await;
    let told = async { while !matches!(next(&mut incoming).await, Incoming::Doubt { topics: None }) {} };
    tokio::time::timeout(PATIENCE, told).await.expect("a cut link is a doubt within 15 s");
    let mended = async {
        loop {
            publish(&a, &topic, message("mended", 1)).await;
            let next = tokio::time::timeout(Duration::from_millis(200), incoming.next()).await;
            if matches!(next, Ok(Some(Incoming::Message { bytes, .. })) if bytes == message("mended", 1)) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, mended).await.expect("a cut link is mended");
}

/// A node that never reads, and a topic that is flooded, delay neither publishers nor other nodes.
pub async fn b5_who_does_not_read_delays_nobody<B: Broker>(make: impl AsyncFn(usize) -> B) {
    let (a, slow, quick) = (make(0).await, make(1).await, make(2).await);
    let (flooded, calm) = (fresh_topic("b5f"), fresh_topic("b5c"));
    let _never_read = slow.incoming();
    join(&slow, &[flooded.clone(), calm.clone()]).await;
    let mut incoming = quick.incoming();
    join(&quick, std::slice::from_ref(&calm)).await;
    tokio::time::timeout(PATIENCE, flood(&a, &flooded)).await.expect("publishing waits for no reader");
    for n in 0..20 {
        publish(&a, &calm, message("calm", n)).await;
    }
    let want: Vec<_> = (0..20).map(|n| (calm.clone(), message("calm", n))).collect();
    let mut heard: Vec<_> = hear(&mut incoming, 20).await.into_keys().collect();
    heard.sort_by_key(|(_, bytes)| (bytes.len(), bytes.clone()));
    assert_eq!(heard, want);
}

/// A message of the largest size arrives; a larger one is an error that no repeat helps, and nobody hears it.
pub async fn b6_a_message_above_the_limit_is_refused<B: Broker>(make: impl AsyncFn(usize) -> B) {
    let (a, b) = (make(0).await, make(1).await);
    let topic = fresh_topic("b6");
    let mut incoming = b.incoming();
    join(&b, std::slice::from_ref(&topic)).await;
    let largest = Bytes::from(vec![1; a.max_message()]);
    let larger = Bytes::from(vec![2; a.max_message() + 1]);
    let error = a.publish(&topic, larger).await.expect_err("a message above the limit");
    assert!(!error.retry, "{error}");
    publish(&a, &topic, largest.clone()).await;
    let heard = hear(&mut incoming, 1).await;
    assert!(heard.keys().eq([&(topic, largest)]), "the largest message, and nothing else");
}

/// Futures that are dropped after any number of polls leave a broker that works.
pub async fn b7_dropped_futures_harm_nobody<B: Broker>(make: impl AsyncFn(usize) -> B) {
    let (a, b) = (make(0).await, make(1).await);
    let topic = fresh_topic("b7");
    let topics = std::slice::from_ref(&topic);
    let mut incoming = b.incoming();
    for polls in (0..3).cycle().take(30) {
        polled(polls, b.join(topics)).await;
        polled(polls, a.publish(&topic, message("perhaps", 0))).await;
        polled(polls, incoming.next()).await;
        polled(polls, b.leave(topics)).await;
    }
    join(&b, topics).await;
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut published = false;
    loop {
        match incoming.poll_next_unpin(&mut Context::from_waker(&waker)) {
            Poll::Ready(Some(Incoming::Message { bytes, .. })) if bytes == message("surely", 1) => return,
            Poll::Ready(news) => assert!(news.is_some(), "the stream goes on while its node lives"),
            Poll::Pending => {
                if !std::mem::replace(&mut published, true) {
                    publish(&a, &topic, message("surely", 1)).await;
                }
                let rung = tokio::time::timeout(PATIENCE, bell.0.notified()).await;
                rung.expect("a reader that waits is woken, whoever waited before");
            }
        }
    }
}

/// Notes that a reader was woken.
#[derive(Default)]
struct Bell(tokio::sync::Notify);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// Polls a future at most so many times, then drops it.
async fn polled<T>(times: usize, future: impl Future<Output = T>) {
    let mut future = std::pin::pin!(future);
    for _ in 0..times {
        let once =
            |cx: &mut std::task::Context<'_>| std::task::Poll::Ready(future.as_mut().poll(cx).is_ready());
        if std::future::poll_fn(once).await {
            return;
        }
        tokio::task::yield_now().await;
    }
}
