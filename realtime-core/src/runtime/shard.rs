//! A shard: one task that owns the workers of its topics, and carries out what they decide.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use realtime_protocol::{Day, Position, Topic};
use tokio::sync::mpsc;

use super::{
    clock,
    outbound::{Closing, Outbound},
    random, store_io,
};
use crate::{
    broker::Broker,
    handler::Registry,
    store::{Record, Store},
    topic::{
        event::{ConnId, Effect, Event, Now, SubKey, Subscriber},
        worker::Worker,
    },
};

/// What a shard is told.
#[derive(Debug)]
pub(crate) enum Message {
    Subscribe { topic: Topic, root: usize, key: SubKey, subscriber: Subscriber, out: Arc<Outbound> },
    Unsubscribe { topic: Topic, key: SubKey },
    Event { topic: Topic, event: Event },
    Published { topic: Topic, record: Record },
    Doubt { topic: Option<Topic> },
}

/// How long a topic without subscribers stays in memory.
const IDLE: Duration = Duration::from_secs(60);

struct Shard {
    registry: Arc<Registry>,
    store: Arc<dyn Store>,
    broker: Option<Arc<dyn Broker>>,
    topics: HashMap<Topic, Held>,
    /// The connections that subscribe here, and how often.
    conns: HashMap<ConnId, (Arc<Outbound>, usize)>,
    io: FuturesUnordered<BoxFuture<'static, Option<(Topic, Event)>>>,
}

struct Held {
    worker: Worker,
    /// Idle at the last look: it goes at the next.
    idle: bool,
}

/// Runs a shard until its hub is gone.
pub(super) async fn run(
    registry: Arc<Registry>,
    store: Arc<dyn Store>,
    broker: Option<Arc<dyn Broker>>,
    mut messages: mpsc::Receiver<Message>,
) {
    let (topics, conns, io) = (HashMap::new(), HashMap::new(), FuturesUnordered::new());
    let mut shard = Shard { registry, store, broker, topics, conns, io };
    let mut look = tokio::time::interval(IDLE);
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Some(message) => shard.take(message),
                None => return,
            },
            Some(done) = shard.io.next() => if let Some((topic, event)) = done {
                shard.step(&topic, event);
            },
            _ = look.tick() => shard.evict(),
        }
    }
}

impl Shard {
    fn take(&mut self, message: Message) {
        match message {
            Message::Subscribe { topic, root, key, subscriber, out } => {
                self.conns.entry(key.conn).or_insert((out, 0)).1 += 1;
                self.hold(&topic, root);
                self.step(&topic, Event::Subscribe { key, subscriber });
            }
            Message::Unsubscribe { topic, key } => {
                self.step(&topic, Event::Unsubscribe { key });
                self.let_go(key.conn);
            }
            Message::Event { topic, event } => self.step(&topic, event),
            Message::Published { topic, record } => self.step(&topic, Event::Published(record)),
            Message::Doubt { topic: Some(topic) } => self.step(&topic, Event::Doubt),
            Message::Doubt { topic: None } => {
                let topics: Vec<Topic> = self.topics.keys().cloned().collect();
                topics.iter().for_each(|topic| self.step(topic, Event::Doubt));
            }
        }
    }

    fn hold(&mut self, topic: &Topic, root: usize) {
        let registry = &self.registry;
        if !self.topics.contains_key(topic) {
            // Random starts, so that a number of before is not taken for one of now (S16).
            let numbers = [
                u32::from(u16::from_be_bytes(random::bytes())),
                u32::from(u16::from_be_bytes(random::bytes())),
            ];
            let worker = Worker::new(Arc::clone(registry), topic.clone(), root, unlike(numbers));
            self.topics.insert(topic.clone(), Held { worker, idle: false });
            self.join_broker(topic, true);
        }
    }

    fn let_go(&mut self, conn: ConnId) {
        if let Some((_, count)) = self.conns.get_mut(&conn) {
            *count -= 1;
            if *count == 0 {
                self.conns.remove(&conn);
            }
        }
    }

    fn step(&mut self, topic: &Topic, event: Event) {
        let Some(held) = self.topics.get_mut(topic) else { return };
        held.idle = false;
        let now = Now { today: Day::of_ms(clock::now_ms()), epoch: random::epoch() };
        let effects = held.worker.step(event, now);
        effects.into_iter().for_each(|effect| self.carry_out(topic, effect));
    }

    fn carry_out(&mut self, topic: &Topic, effect: Effect) {
        let (store, topic) = (Arc::clone(&self.store), topic.clone());
        match effect {
            Effect::Send { conn, frame } => {
                if let Some((out, _)) = self.conns.get(&conn) {
                    out.push(frame);
                }
            }
            Effect::Close { conn, code, reason } => {
                if let Some((out, _)) = self.conns.get(&conn) {
                    out.close(Closing::new(code, reason));
                }
            }
            Effect::Load => self.io.push(
                async move { Some((topic.clone(), Event::Loaded(store_io::load(store, topic).await))) }
                    .boxed(),
            ),
            Effect::Read { lanes, replays } => self.io.push(
                async move {
                    let answer = store_io::read(store, topic.clone(), lanes, replays).await;
                    Some((topic, Event::Read(answer)))
                }
                .boxed(),
            ),
            Effect::Replay { after } => self.io.push(
                async move {
                    let answer = store_io::replay(store, topic.clone(), after).await;
                    Some((topic, Event::Replayed(answer)))
                }
                .boxed(),
            ),
            Effect::Commit(commit) => self.io.push(
                async move {
                    let result = store.commit(&topic, commit).await;
                    Some((topic, Event::Committed(result)))
                }
                .boxed(),
            ),
            Effect::Publish(record) => self.publish(topic, &record),
            Effect::RetryAfter { ms } => self.io.push(
                async move {
                    tokio::time::sleep(Duration::from_millis(u64::from(ms))).await;
                    Some((topic, Event::Retry))
                }
                .boxed(),
            ),
        }
    }

    /// Tells other nodes. It may fail: they find it in the offsets, or by the head (S27).
    fn publish(&mut self, topic: Topic, record: &Record) {
        let Some(broker) = self.broker.clone() else { return };
        let bytes = encode_record(record);
        self.io.push(
            async move {
                if let Err(error) = broker.publish(&topic, bytes).await {
                    tracing::warn!(%topic, ?error, "the broker did not take a commit");
                }
                None
            }
            .boxed(),
        );
    }

    fn join_broker(&mut self, topic: &Topic, join: bool) {
        let Some(broker) = self.broker.clone() else { return };
        let topic = topic.clone();
        self.io.push(
            async move {
                let topics = [topic];
                let done = if join { broker.join(&topics).await } else { broker.leave(&topics).await };
                if let Err(error) = done {
                    tracing::warn!(topic = %topics[0], ?error, "the broker did not change its subscriptions");
                }
                // What was published before the join resolved is found by the head.
                let [topic] = topics;
                join.then_some((topic, Event::Doubt))
            }
            .boxed(),
        );
    }

    /// Forgets topics that nobody needed since the last look.
    fn evict(&mut self) {
        let mut gone = Vec::new();
        self.topics.retain(|topic, held| {
            let go = held.idle && held.worker.is_idle();
            held.idle = held.worker.is_idle();
            if go {
                gone.push(topic.clone());
            }
            !go
        });
        gone.iter().for_each(|topic| self.join_broker(topic, false));
    }
}

fn unlike([a, b]: [u32; 2]) -> [u32; 2] {
    if a == b { [a, b + 1] } else { [a, b] }
}

/// A record, as it travels between nodes: its position, its predecessor's epoch, its bytes.
fn encode_record(record: &Record) -> Bytes {
    let head = (record.at.offset, record.at.epoch, record.prev_epoch, &record.bytes);
    rmp_serde::to_vec(&head).unwrap_or_default().into()
}

pub(super) fn decode_record(bytes: &[u8]) -> Option<Record> {
    let (offset, epoch, prev_epoch, bytes) = rmp_serde::from_slice(bytes).ok()?;
    Some(Record { at: Position { offset, epoch }, prev_epoch, bytes })
}
