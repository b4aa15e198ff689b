//! Nodes over one store, between which a broker loses what the test says: real hubs, in simulated time.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_core::{future::BoxFuture, stream::BoxStream};
use realtime_protocol::{
    Day, LaneId, Position, Topic,
    frame::{
        Codec, ServerFrame,
        v1::{self, view},
    },
    schema::mutator_number,
};
use tokio::time::Duration;

use super::super::{Hub, Outbound, shard::Message};
use crate::{
    broker::{Broker, BrokerError, Incoming, MemoryBroker, MemoryHub},
    describe::Described,
    field::{Seed, Timestamp},
    handler::{Call, Registry, typed},
    principal::{Anyone, Guest},
    store::{Memory, Store},
    topic::{
        batch::Waiting,
        event::{ConnId, Event, HeldLane, SubKey, Subscriber},
        tests::{Poll, planted},
    },
    tx::Context,
};

/// What a broker loses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Loses {
    Nothing,
    /// Every record, but no heads.
    Records,
    /// All that is published, in silence.
    All,
    /// It answers nothing but errors.
    Link,
}

/// A memory broker that loses, and carries small messages only where `max` says so.
#[derive(Debug)]
struct Lossy {
    inner: MemoryBroker,
    loses: Arc<Mutex<Loses>>,
    max: usize,
}

impl Broker for Lossy {
    fn max_message(&self) -> usize {
        self.max
    }

    fn publish<'a>(&'a self, topic: &'a Topic, bytes: Bytes) -> BoxFuture<'a, Result<(), BrokerError>> {
        assert!(bytes.len() <= self.max, "a message of {} bytes", bytes.len());
        let loses = *self.loses.lock().unwrap();
        match loses {
            Loses::Records if !topic.is_reserved() => Box::pin(async { Ok(()) }),
            Loses::All => Box::pin(async { Ok(()) }),
            Loses::Link => Box::pin(async { Err(BrokerError::retry("the link is cut")) }),
            Loses::Records | Loses::Nothing => self.inner.publish(topic, bytes),
        }
    }

    fn join<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<(), BrokerError>> {
        let loses = *self.loses.lock().unwrap();
        match loses {
            Loses::Link => Box::pin(async { Err(BrokerError::retry("the link is cut")) }),
            _ => self.inner.join(topics),
        }
    }

    fn leave<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<(), BrokerError>> {
        self.inner.leave(topics)
    }

    fn incoming(&self) -> BoxStream<'static, Incoming> {
        self.inner.incoming()
    }
}

/// Two nodes with one reader each; the first node's also votes.
struct Scene {
    hubs: Vec<Arc<Hub>>,
    outs: Vec<Arc<Outbound>>,
    loses: Arc<Mutex<Loses>>,
    topic: Topic,
    seq: u64,
}

impl Scene {
    async fn new(loses: Loses, max: usize) -> Self {
        let registry = Arc::new(Registry::new(vec![typed::<Poll>()], Guest::describe).ok().unwrap());
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        let topic = Topic::new("poll/lunch").unwrap();
        store.commit(&topic, planted(&registry, "lunch")).await.unwrap();
        let (memory, loses) = (MemoryHub::default(), Arc::new(Mutex::new(loses)));
        let hub = |_| {
            let lossy = Lossy { inner: memory.node(), loses: Arc::clone(&loses), max };
            Hub::start(&registry, &store, Some(Arc::new(lossy)))
        };
        let hubs: Vec<_> = (0..2).map(hub).collect();
        let outs = (0..2).map(|_| Arc::new(Outbound::default())).collect();
        let scene = Self { hubs, outs, loses, topic, seq: 0 };
        for node in 0..2 {
            scene.subscribe(node).await;
        }
        scene
    }

    async fn subscribe(&self, node: usize) {
        let ann = Arc::new(Anyone { id: "ann".into() });
        let subscriber = Subscriber::new(Codec::Json, view::ALL, ann, 1, Arc::default());
        let (topic, out) = (self.topic.clone(), Arc::clone(&self.outs[node]));
        let message = Message::Subscribe { topic, root: 0, key: key(), subscriber, out };
        self.hubs[node].send(&self.topic, message).await;
        assert_eq!(self.votes(node).await, Some(0));
    }

    /// The first node commits a vote, and its reader sees it.
    async fn vote(&mut self) {
        self.seq += 1;
        let lane = HeldLane { id: LaneId([1; 16]), index: 0, day: Day::of_ms(0), wanted: false };
        let call = Call {
            mutator: mutator_number("Poll", "vote"),
            key: Some("lunch".into()),
            args: vec![],
            seen: None,
        };
        let context = Context {
            principal: Arc::new(Anyone { id: "ann".into() }),
            now: Timestamp::from_ms(0),
            server_now: Timestamp::from_ms(0),
            seed: Seed::default(),
            ids: 0,
            random: None,
        };
        let waiting = Waiting {
            from: key(),
            lane: lane.id,
            index: 0,
            seq: self.seq,
            after: None,
            got: self.seq - 1,
            hash: 0,
            may_begin: true,
            who: Arc::default(),
            veto: None,
            ticket: None,
            call,
            context,
        };
        // A lane of 1970 without a row is expired; of today it is young.
        let lane = HeldLane { day: Day::of_ms(crate::host::clock::now_ms()), ..lane };
        let event = Event::Mutate { key: key(), count: 1, lane, entries: vec![waiting] };
        let message = Message::Event { topic: self.topic.clone(), event };
        self.hubs[0].send(&self.topic, message).await;
        assert_eq!(self.votes(0).await, Some(u32::try_from(self.seq).unwrap()));
    }

    /// Waits for the votes that the next delta or page brings to a node's reader; `None`: not within two minutes.
    async fn votes(&self, node: usize) -> Option<u32> {
        loop {
            let next = self.outs[node].next();
            let (frames, closing) = tokio::time::timeout(Duration::from_secs(120), next).await.ok()?;
            assert_eq!(closing, None);
            if let Some(votes) = frames.iter().filter_map(|frame| votes_in(frame)).next_back() {
                return Some(votes);
            }
        }
    }

    /// How long it takes until the other node's reader sees `votes`.
    async fn other_sees(&self, votes: u32) -> Duration {
        let began = tokio::time::Instant::now();
        assert_eq!(self.votes(1).await, Some(votes));
        began.elapsed()
    }
}

fn key() -> SubKey {
    SubKey { conn: ConnId(1), sub: 1 }
}

fn votes_in(frame: &[u8]) -> Option<u32> {
    let rows = match Codec::Json.decode(frame).unwrap() {
        ServerFrame::Page(page) => page.rows,
        ServerFrame::Delta(delta) => delta.rows,
        _ => return None,
    };
    match rows.first()? {
        v1::Row::Put(put) => put.values[1].decode().ok(),
        v1::Row::Columns(columns) => columns.cells.0[0].1.decode().ok(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn s27_where_every_record_is_lost_the_repeated_head_brings_it_within_a_second_each() {
    let mut scene = Scene::new(Loses::Records, 1 << 20).await;
    for votes in 1..=3 {
        scene.vote().await;
        let took = scene.other_sees(votes).await;
        assert!(took <= Duration::from_millis(1_010), "{took:?}");
    }
    let gaps: u64 = scene.hubs.iter().map(|hub| hub.peers().unwrap().heads.found_gap()).sum();
    assert_eq!(gaps, 3, "heads_found_gap");
}

#[tokio::test(start_paused = true)]
async fn s27_where_all_is_lost_in_silence_the_head_in_the_store_brings_it_within_a_minute() {
    let mut scene = Scene::new(Loses::All, 1 << 20).await;
    for votes in 1..=3 {
        scene.vote().await;
        let took = scene.other_sees(votes).await;
        assert!(took <= Duration::from_secs(60), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn s28_without_the_broker_commits_go_on_and_are_seen_within_two_seconds_then_it_mends() {
    let mut scene = Scene::new(Loses::Link, 1 << 20).await;
    for votes in 1..=3 {
        scene.vote().await;
        let took = scene.other_sees(votes).await;
        assert!(took <= Duration::from_millis(2_010), "{took:?}");
    }
    *scene.loses.lock().unwrap() = Loses::Nothing;
    assert_eq!(scene.votes(1).await, None, "two minutes go by, nothing happens");
    scene.vote().await;
    assert_eq!(scene.other_sees(4).await, Duration::ZERO, "joined again, and told by the record");
    *scene.loses.lock().unwrap() = Loses::Records;
    scene.vote().await;
    let took = scene.other_sees(5).await;
    assert!(took <= Duration::from_millis(1_010), "heads are heard again, too: {took:?}");
}

#[tokio::test(start_paused = true)]
async fn s28_a_record_over_the_brokers_limit_is_announced_by_its_head_alone() {
    let mut scene = Scene::new(Loses::Nothing, 60).await;
    scene.vote().await;
    assert!(scene.other_sees(1).await <= Duration::from_millis(10));
}

#[test]
fn s27_heads_travel_in_messages_that_the_broker_takes() {
    let head = |n: u64| (Topic::new(format!("poll/{n}")).unwrap(), Position { offset: n, epoch: u32::MAX });
    let heads: Vec<_> = (0..100).map(head).collect();
    let messages = super::messages(&heads, 200);
    assert!(messages.len() > 10 && messages.iter().all(|message| message.len() <= 200));
    let read: Vec<_> = messages.iter().flat_map(|message| super::decode(message)).collect();
    assert_eq!(read, heads);
    assert!(super::decode(b"no heads").is_empty() && super::decode(&super::encode(&[])).is_empty());
}
