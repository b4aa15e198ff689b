//! A shard without tasks: messages in, what its workers and connections are left with.

use super::*;
use crate::{
    describe::Described,
    handler::typed,
    principal::{Anyone, Guest},
    store::Memory,
    topic::tests::{Poll, planted},
};
use realtime_protocol::frame::{Codec, v1::view};

fn shard() -> Shard {
    let registry = Registry::new(vec![typed::<Poll>()], Guest::describe).ok().unwrap();
    let (registry, store) = (Arc::new(registry), Arc::new(Memory::new()));
    let numbers = Arc::new(Numbers::new(1));
    Shard::new(registry, store, None, numbers, Arc::default(), Arc::default())
}

fn subscribe(shard: &mut Shard, n: u32, root: usize) -> (Topic, SubKey, Arc<Outbound>) {
    let topic = Topic::new(format!("poll/{n}")).unwrap();
    let (key, out) = (SubKey { conn: ConnId(u64::from(n)), sub: n }, Arc::new(Outbound::default()));
    let ann = Arc::new(Anyone { id: "ann".into() });
    let subscriber = Subscriber::new(Codec::Json, view::ALL, ann, 1, Arc::default());
    let (subscribed, told) = (topic.clone(), Arc::clone(&out));
    shard.take(Message::Subscribe { topic: subscribed, root, key, subscriber, out: told });
    (topic, key, out)
}

async fn settle(shard: &mut Shard) {
    while let Some(done) = shard.io.next().await {
        shard.done(done);
    }
}

#[tokio::test]
async fn l11_a_topic_that_was_never_written_goes_with_its_last_subscriber() {
    let mut shard = shard();
    for n in 1..=100 {
        let (topic, key, _) = subscribe(&mut shard, n, 0);
        if n % 2 == 0 {
            settle(&mut shard).await;
        }
        shard.take(Message::Unsubscribe { topic, key });
    }
    settle(&mut shard).await;
    assert!(shard.topics.is_empty() && shard.conns.is_empty());
}

#[tokio::test]
async fn s25_l11_topics_without_readers_make_room_and_where_there_is_none_a_client_is_told_to_come_back() {
    let mut shard = shard();
    shard.room = Arc::new(Room::of(1));
    for n in 1..=2 {
        let topic = Topic::new(format!("poll/{n}")).unwrap();
        shard.store.commit(&topic, planted(&shard.registry, &n.to_string())).await.unwrap();
    }
    let (first, key, _) = subscribe(&mut shard, 1, 0);
    settle(&mut shard).await;
    let (second, gone, turned_away) = subscribe(&mut shard, 2, 0);
    let (_, closing) = turned_away.next().await;
    assert!(closing.is_some_and(|closing| closing.code == code::CROWDED));
    shard.take(Message::Unsubscribe { topic: second, key: gone });
    shard.take(Message::Unsubscribe { topic: first, key });
    let (_, _, out) = subscribe(&mut shard, 2, 0);
    settle(&mut shard).await;
    assert_eq!(out.next().await.0.len(), 2, "subscribed, page");
    assert_eq!(shard.topics.len(), 1);
}

#[tokio::test]
async fn a_worker_that_panics_takes_no_other_topic_with_it() {
    let mut shard = shard();
    let no_such_model = 99;
    let (topic, key, out) = subscribe(&mut shard, 1, no_such_model);
    settle(&mut shard).await;
    let (_, closing) = out.next().await;
    assert!(closing.is_some_and(|closing| closing.code == code::FAULT));
    assert!(shard.topics.is_empty());
    shard.take(Message::Unsubscribe { topic, key });
    assert!(shard.conns.is_empty());
    let (_, _, out) = subscribe(&mut shard, 2, 0);
    settle(&mut shard).await;
    assert_eq!(out.next().await.0.len(), 2, "subscribed, page");
}
