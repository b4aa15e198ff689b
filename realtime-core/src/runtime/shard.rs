//! A shard: one task that owns the workers of its topics, and carries out what they decide.

mod nodes;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use realtime_protocol::{Day, Position, Topic, code};
use tokio::{sync::mpsc, time::Instant};

use super::{
    outbound::{Closing, Outbound},
    peers::Peers,
    retired::Retired,
    room::Room,
    store_io,
};
use crate::{
    handler::Registry,
    host::{clock, random},
    store::{Record, Store},
    topic::{
        channel::Numbers,
        event::{ConnId, Effect, Event, Kind, Now, SubKey, Subscriber},
        own::{Own, OwnError},
        worker::Worker,
    },
};

/// What a shard is told.
#[derive(Debug)]
pub(crate) enum Message {
    Subscribe {
        topic: Topic,
        root: usize,
        key: SubKey,
        subscriber: Subscriber,
        out: Arc<Outbound>,
    },
    Unsubscribe {
        topic: Topic,
        key: SubKey,
    },
    Event {
        topic: Topic,
        event: Event,
    },
    /// What the program itself asks for.
    Own {
        topic: Topic,
        root: usize,
        own: Own,
    },
    Published {
        topic: Topic,
        record: Record,
    },
    /// A topic's head, as another node told it, or, for `sure`, the store.
    Head {
        topic: Topic,
        at: Position,
        sure: bool,
    },
}

/// How long a topic without subscribers stays in memory; one that was never written goes at once.
const IDLE: Duration = Duration::from_secs(60);
/// How many operations on store and broker may be under way; then messages wait (L11).
const MAX_UNDER_WAY: usize = 4096;

/// How many messages a shard takes before it writes what came of them; as a rule it writes when none is ready.
const TURN: usize = 256;
/// How many sockets it writes to before other tasks have their turn.
const SOCKETS_AT_ONCE: usize = 256;

/// What became of an operation: whom to tell it, unless he is gone.
type Done = Option<(Topic, u64, Event)>;

struct Shard {
    registry: Arc<Registry>,
    store: Arc<dyn Store>,
    peers: Option<Arc<Peers>>,
    /// The numbers of channels, of the whole node.
    numbers: Arc<Numbers>,
    /// What the node's topics may take.
    room: Arc<Room>,
    topics: BTreeMap<Topic, Held>,
    /// The connections that subscribe here, and how often.
    conns: BTreeMap<ConnId, (Arc<Outbound>, usize)>,
    io: FuturesUnordered<BoxFuture<'static, Done>>,
    /// Connections that were handed frames in this turn: each is written to once, at its end.
    dirty: Vec<Arc<Outbound>>,
    retired: Arc<Retired>,
    /// Numbers workers, so that no answer reaches another than who asked.
    born: u64,
}

struct Held {
    worker: Worker,
    born: u64,
    /// Idle at the last look: it goes at the next.
    idle: bool,
    /// What it takes of the node's room.
    size: usize,
}

/// Runs a shard until its hub is gone.
pub(super) async fn run(
    registry: Arc<Registry>,
    store: Arc<dyn Store>,
    peers: Option<Arc<Peers>>,
    numbers: Arc<Numbers>,
    room: Arc<Room>,
    retired: Arc<Retired>,
    mut messages: mpsc::Receiver<Message>,
) {
    let mut shard = Shard::new(registry, store, peers, numbers, room, retired);
    let mut look = tokio::time::interval(IDLE);
    let mut taken = 0;
    loop {
        // In this order, always: what a seed did, it does again (L13). Messages make operations, so they wait for them.
        tokio::select! {
            biased;
            _ = look.tick() => shard.look(),
            Some(done) = shard.io.next() => shard.done(done),
            message = messages.recv(), if shard.io.len() < MAX_UNDER_WAY => match message {
                Some(message) => shard.take(message),
                None => return,
            },
            // Nothing more is ready: the turn is over.
            () = std::future::ready(()), if !shard.dirty.is_empty() => taken = TURN,
        }
        taken += 1;
        if taken >= TURN {
            shard.flush().await;
            taken = 0;
        }
    }
}

impl Shard {
    fn new(
        registry: Arc<Registry>,
        store: Arc<dyn Store>,
        peers: Option<Arc<Peers>>,
        numbers: Arc<Numbers>,
        room: Arc<Room>,
        retired: Arc<Retired>,
    ) -> Self {
        let (topics, conns, io) = (BTreeMap::new(), BTreeMap::new(), FuturesUnordered::new());
        let dirty = Vec::new();
        Self { registry, store, peers, numbers, room, topics, conns, io, dirty, retired, born: 0 }
    }

    /// Writes what the turn made, one joined write for each connection.
    async fn flush(&mut self) {
        let now = Instant::now();
        for (at, out) in self.dirty.drain(..).enumerate() {
            out.flush(now);
            if at % SOCKETS_AT_ONCE == SOCKETS_AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
        }
    }

    fn done(&mut self, done: Done) {
        if let Some((topic, born, event)) = done
            && self.topics.get(&topic).is_some_and(|held| held.born == born)
        {
            self.step(&topic, event);
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Subscribe { topic, root, key, subscriber, out } => {
                let fits = self.hold(&topic, root);
                self.conns.entry(key.conn).or_insert((out, 0)).1 += 1;
                if !fits {
                    return self.turn_away(key.conn);
                }
                self.step(&topic, Event::Subscribe { key, subscriber });
            }
            Message::Unsubscribe { topic, key } => {
                self.step(&topic, Event::Unsubscribe { key });
                if let Some((out, _)) = self.conns.get(&key.conn) {
                    out.forget(key.sub);
                }
                self.let_go(key.conn);
            }
            Message::Event { topic, event } => self.step(&topic, event),
            Message::Own { topic, root, own } => {
                if self.hold(&topic, root) {
                    self.step(&topic, Event::Own(own));
                } else {
                    (own.reply.0)(Err(OwnError::Busy));
                }
            }
            Message::Published { topic, record } => self.step(&topic, Event::Published(record)),
            Message::Head { topic, at, sure } => self.compare(&topic, at, sure),
        }
    }

    /// Makes sure that a topic has a worker. Tells whether there is room for it.
    fn hold(&mut self, topic: &Topic, root: usize) -> bool {
        if !self.topics.contains_key(topic) {
            if self.room.is_full() {
                self.evict(|held| held.worker.is_idle());
            }
            if self.room.is_full() {
                return false;
            }
            // Random starts, so that a number of before is not taken for one of now (S16).
            let numbers = Arc::clone(&self.numbers);
            let worker = Worker::new(Arc::clone(&self.registry), topic.clone(), root, numbers);
            self.born += 1;
            self.topics.insert(topic.clone(), Held { worker, born: self.born, idle: false, size: 0 });
            self.join_broker(topic, Some(self.born));
        }
        true
    }

    /// There is no room for another topic: another node may have some, or this one later.
    fn turn_away(&self, conn: ConnId) {
        tracing::warn!("the topics in use fill the memory that they may take; a client is told to come back");
        if let Some((out, _)) = self.conns.get(&conn) {
            out.close(Closing::new(code::CROWDED, "this node has no room for another topic: come back"));
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
        let born = held.born;
        let ms = clock::now_ms();
        let now = Now { today: Day::of_ms(ms), ms, epoch: random::epoch() };
        let turn = AssertUnwindSafe(|| held.worker.step(event, now));
        let Ok(effects) = catch_unwind(turn) else { return self.bury(topic) };
        let size = held.worker.size();
        self.room.resize(std::mem::replace(&mut held.size, size), size);
        let is_needless = held.worker.is_idle() && held.worker.is_blank();
        effects.into_iter().for_each(|effect| self.carry_out(topic, born, effect));
        if is_needless {
            self.forget(topic);
            self.join_broker(topic, None);
        }
    }

    /// A worker that panicked is of no use, and ends no other: who was subscribed comes back to a new one.
    fn bury(&mut self, topic: &Topic) {
        tracing::error!(%topic, "a topic's worker panicked; its subscribers are told to come back");
        let Some(held) = self.forget(topic) else { return };
        for (out, _) in held.worker.conns().filter_map(|conn| self.conns.get(&conn)) {
            out.close(Closing::new(code::FAULT, "the server failed: come back, and report it"));
        }
        self.join_broker(topic, None);
    }

    fn carry_out(&mut self, topic: &Topic, born: u64, effect: Effect) {
        let (store, topic) = (Arc::clone(&self.store), topic.clone());
        match effect {
            Effect::Send { to, frame, kind } => self.send(&[to], &frame, &kind),
            Effect::SendAll { to, frame, kind } => self.send(&to, &frame, &kind),
            Effect::Skip { to, channel, head } => {
                for key in to {
                    if let Some((out, _)) = self.conns.get(&key.conn) {
                        out.skip(key.sub, (channel, head));
                    }
                }
            }
            Effect::Close { conn, code, reason } => {
                if let Some((out, _)) = self.conns.get(&conn) {
                    out.close(Closing::new(code, reason));
                }
            }
            Effect::Observe(what) => self.registry.hooks.tell(&what),
            Effect::Note { conn, conduct, note } => {
                if let Err(end) = conduct.note(note, clock::now_ms())
                    && let Some((out, _)) = self.conns.get(&conn)
                {
                    out.close(end.into());
                }
            }
            Effect::Load => self.io.push(
                async move {
                    let loaded = store_io::load(store, topic.clone()).await;
                    Some((topic, born, Event::Loaded(loaded)))
                }
                .boxed(),
            ),
            Effect::Read { lanes, replays } => self.io.push(
                async move {
                    let answer = store_io::read(store, topic.clone(), lanes, replays).await;
                    Some((topic, born, Event::Read(answer)))
                }
                .boxed(),
            ),
            Effect::Replay { after } => self.io.push(
                async move {
                    let answer = store_io::replay(store, topic.clone(), after).await;
                    Some((topic, born, Event::Replayed(answer)))
                }
                .boxed(),
            ),
            Effect::Commit(commit) => self.io.push(
                async move {
                    let result = store.commit(&topic, commit).await;
                    Some((topic, born, Event::Committed(result)))
                }
                .boxed(),
            ),
            Effect::Outdated { form } => self.retired.set(form),
            Effect::Reply { to, result } => (to.0)(result),
            Effect::Publish(record) => self.publish(topic, record),
            Effect::RetryAfter { ms } => self.later(topic, born, ms, Event::Retry),
            Effect::FlushAfter { ms } => self.later(topic, born, ms, Event::Flush),
        }
    }

    fn later(&mut self, topic: Topic, born: u64, ms: u32, event: Event) {
        let wait = tokio::time::sleep(Duration::from_millis(u64::from(ms)));
        let later = async move {
            wait.await;
            Some((topic, born, event))
        };
        self.io.push(later.boxed());
    }

    /// Queues one frame for all of `to`; it gets its header once.
    fn send(&mut self, to: &[SubKey], frame: &Bytes, kind: &Kind) {
        let (now, mut framed) = (Instant::now(), Default::default());
        for key in to {
            let Some((out, _)) = self.conns.get(&key.conn) else { continue };
            if out.queue(key.sub, out.frame(frame, &mut framed), kind, now) {
                self.dirty.push(Arc::clone(out));
            }
        }
    }

    /// Once in a while: entities that are too old go, and topics that nobody needs.
    fn look(&mut self) {
        // Topics that nobody needed since the last look.
        self.evict(|held| {
            let was_idle = std::mem::replace(&mut held.idle, held.worker.is_idle());
            was_idle && held.idle
        });
        let retain = self.topics.iter().filter(|(_, held)| !held.worker.is_idle() && held.worker.retains());
        for topic in retain.map(|(topic, _)| topic.clone()).collect::<Vec<_>>() {
            self.step(&topic, Event::Sweep);
        }
    }

    /// Forgets the topics for which `goes` says so.
    fn evict(&mut self, mut goes: impl FnMut(&mut Held) -> bool) {
        let gone = self.topics.iter_mut().filter_map(|(topic, held)| goes(held).then(|| topic.clone()));
        for topic in gone.collect::<Vec<_>>() {
            self.forget(&topic);
            self.join_broker(&topic, None);
        }
    }

    fn forget(&mut self, topic: &Topic) -> Option<Held> {
        let held = self.topics.remove(topic)?;
        self.room.resize(held.size, 0);
        Some(held)
    }
}

#[cfg(test)]
mod tests;
