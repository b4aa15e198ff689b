//! The broker that comes with the crate, held to every clause of its contract.

use futures_util::{FutureExt as _, StreamExt as _};
use realtime_core::{
    broker::{Broker as _, Incoming, MemoryBroker},
    broker_suite,
    testing::{fresh_topic, run},
};

broker_suite!(
    {
        let hub = MemoryBroker::hub();
        async move |_node| hub.node()
    },
    cut = async |node: &MemoryBroker| node.cut()
);

#[test]
fn b6_a_buffer_does_not_grow_and_losses_are_told_by_name() {
    run(async {
        let hub = MemoryBroker::hub();
        let (a, b) = (hub.node(), hub.node());
        let topics: Vec<_> = (0..100).map(|_| fresh_topic("b6m")).collect();
        b.join(&topics).await.unwrap();
        let mut incoming = b.incoming();
        for _ in 0..5_000 {
            a.publish(&topics[0], "x".into()).await.unwrap();
        }
        let news: Vec<_> = std::iter::from_fn(|| incoming.next().now_or_never().flatten()).collect();
        assert_eq!(news[0], Incoming::Doubt { topics: Some(vec![topics[0].clone()]) });
        assert_eq!(news.len(), 1 + 5_000 % 1_024, "four times full, and what came after the last time");
        for topic in topics.iter().cycle().take(1_024 + 100) {
            a.publish(topic, "x".into()).await.unwrap();
        }
        assert_eq!(incoming.next().await, Some(Incoming::Doubt { topics: None }), "too many to be named");
    });
}

#[test]
fn b6_with_one_publish_for_each_read_a_full_buffer_brings_messages_too() {
    run(async {
        let hub = MemoryBroker::hub();
        let (a, b) = (hub.node(), hub.node());
        let topic = fresh_topic("b6s");
        b.join(std::slice::from_ref(&topic)).await.unwrap();
        let mut incoming = b.incoming();
        for _ in 0..1_024 {
            a.publish(&topic, "old".into()).await.unwrap();
        }
        let (mut doubts, mut heard) = (0, 0);
        for n in 0..3_000 {
            a.publish(&topic, n.to_string().into()).await.unwrap();
            match incoming.next().await.unwrap() {
                Incoming::Doubt { .. } => doubts += 1,
                Incoming::Message { bytes, .. } if bytes == "old" => panic!("what came before the doubt"),
                Incoming::Message { .. } => heard += 1,
            }
        }
        assert_eq!((doubts, heard), (1, 2_999), "once, and then it keeps up");
    });
}

#[test]
fn a_second_stream_of_a_node_has_ended() {
    run(async {
        let node = MemoryBroker::hub().node();
        let mut first = node.incoming();
        assert_eq!(node.incoming().next().await, None);
        assert_eq!(first.next().now_or_never(), None, "the first goes on");
        drop(node);
        assert_eq!(first.next().await, None, "and ends with its node");
    });
}
