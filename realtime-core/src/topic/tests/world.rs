//! Nodes, a store that they share, a broker between them that may lose, and clients; all in one thread.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::FutureExt;
use realtime_protocol::{
    Day, Position, Topic,
    frame::{Codec, v1::view},
    schema::mutator_number,
};

use super::{
    super::{
        batch::Waiting,
        channel::Numbers,
        event::{ConnId, Effect, Event, HeldLane, Loaded, Now, ReadAnswer, SubKey, Subscriber},
        worker::Worker,
    },
    Poll,
    client::Client,
    planted,
};
use crate::{
    describe::Described,
    field::{Seed, Timestamp},
    handler::{Call, Registry, typed},
    principal::{Anyone, Guest},
    store::{CommitError, Memory, Read, Record, Store, StoreError},
    topic::change,
    tx::Context,
};

/// When the simulation begins.
const NOW_MS: u64 = 1_800_000_000_000;

/// A seeded generator: splitmix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }
}

/// What a node has asked of the store, not yet carried out.
pub(super) struct Node {
    pub(super) worker: Worker,
    pub(super) io: VecDeque<Effect>,
    /// Records that the broker has for it.
    pub(super) inbox: VecDeque<Record>,
}

/// The simulation.
pub(super) struct World {
    pub(super) store: Arc<Memory>,
    pub(super) nodes: Vec<Node>,
    pub(super) clients: Vec<Client>,
    /// Frames on their way to clients, in order; by connection.
    pub(super) wires: BTreeMap<ConnId, (usize, VecDeque<bytes::Bytes>)>,
    registry: Arc<Registry>,
    pub(super) topic: Topic,
    /// The waits that workers asked for, by node, in milliseconds.
    pub(super) waits: Vec<(usize, u32)>,
    /// The clock of all nodes, and of the store.
    pub(super) now_ms: u64,
    clock: Arc<AtomicU64>,
    next_conn: u64,
    epoch: u32,
}

impl World {
    /// `nodes` nodes over one store, in which `poll/lunch` stands with no votes.
    pub(super) fn new(nodes: usize) -> Self {
        let registry = Arc::new(Registry::new(vec![typed::<Poll>()], Guest::describe).ok().unwrap());
        let topic = Topic::new("poll/lunch").unwrap();
        let clock = Arc::new(AtomicU64::new(NOW_MS));
        let told = Arc::clone(&clock);
        let store = Arc::new(Memory::new().clock(Arc::new(move || told.load(Ordering::Relaxed))));
        let mut world = Self {
            store,
            nodes: Vec::new(),
            clients: Vec::new(),
            wires: BTreeMap::new(),
            registry,
            topic,
            waits: Vec::new(),
            now_ms: NOW_MS,
            clock,
            next_conn: 1,
            epoch: 100,
        };
        world.plant();
        (0..nodes).for_each(|_| world.start_node());
        world
    }

    fn plant(&self) {
        now(self.store.commit(&self.topic, planted(&self.registry, "lunch"))).unwrap();
    }

    /// So many days go by.
    pub(super) fn pass(&mut self, days: u64) {
        self.now_ms += days * 86_400_000;
        self.clock.store(self.now_ms, Ordering::Relaxed);
    }

    pub(super) fn start_node(&mut self) {
        let worker = self.fresh_worker();
        self.nodes.push(Node { worker, io: VecDeque::new(), inbox: VecDeque::new() });
    }

    fn fresh_worker(&mut self) -> Worker {
        self.epoch += 2;
        let numbers = Arc::new(Numbers::new(self.epoch));
        Worker::new(Arc::clone(&self.registry), self.topic.clone(), 0, numbers)
    }

    /// A node dies: what it asked of the store may have happened; its connections are gone.
    pub(super) fn crash(&mut self, node: usize, commit_first: bool) {
        if commit_first && let Some(Effect::Commit(commit)) = self.nodes[node].io.pop_front() {
            let _ = self.store.commit(&self.topic, commit).now_or_never();
        }
        let worker = self.fresh_worker();
        self.nodes[node] = Node { worker, io: VecDeque::new(), inbox: VecDeque::new() };
        for client in 0..self.clients.len() {
            if self.clients[client].node == node {
                self.drop_connection(client);
            }
        }
    }

    pub(super) fn add_client(&mut self, node: usize) -> usize {
        let number = u8::try_from(self.clients.len() + 1).unwrap();
        self.clients.push(Client::new(number, node));
        self.clients.len() - 1
    }

    fn conn(&self, client: usize) -> Option<ConnId> {
        self.wires.iter().find(|(_, (of, _))| *of == client).map(|(conn, _)| *conn)
    }

    pub(super) fn connected(&self, client: usize) -> bool {
        self.conn(client).is_some()
    }

    pub(super) fn drop_connection(&mut self, client: usize) {
        let Some(conn) = self.conn(client) else { return };
        self.wires.remove(&conn);
        let (node, sub) = (self.clients[client].node, self.clients[client].sub);
        self.clients[client].count = 0;
        self.step(node, Event::Unsubscribe { key: SubKey { conn, sub } });
    }

    /// Connects to `node`, and subscribes from where the client stands.
    pub(super) fn connect(&mut self, client: usize, node: usize) {
        self.drop_connection(client);
        let conn = ConnId(self.next_conn);
        self.next_conn += 1;
        self.wires.insert(conn, (client, VecDeque::new()));
        let it = &mut self.clients[client];
        it.node = node;
        it.sub += 1;
        let key = SubKey { conn, sub: it.sub };
        let lane = HeldLane { id: it.lane, index: 0, day: today(), wanted: !it.pending.is_empty() };
        let ann = Arc::new(Anyone { id: "ann".into() });
        let mut subscriber = Subscriber::new(Codec::Json, view::ALL, ann, 1, Arc::default());
        subscriber.lanes.push(lane);
        subscriber.resume = it.at.map(|at| (at, it.class));
        self.step(node, Event::Subscribe { key, subscriber });
    }

    /// Sends what has no outcome, under the `subscribed` that was read last.
    pub(super) fn send(&mut self, client: usize) {
        let open: Vec<_> =
            self.clients[client].pending.iter().filter(|p| p.outcome.is_none()).cloned().collect();
        let calls: Vec<_> = open.iter().map(|pending| (pending.seq, pending.name)).collect();
        self.send_calls(client, &calls);
    }

    pub(super) fn send_calls(&mut self, client: usize, calls: &[(u64, &'static str)]) {
        let Some(conn) = self.conn(client) else { return };
        let it = &self.clients[client];
        let key = SubKey { conn, sub: it.sub };
        let (count, node) = (it.count, it.node);
        let lane = HeldLane { id: it.lane, index: 0, day: today(), wanted: true };
        let entries = calls.iter().map(|(seq, name)| self.waiting(key, client, *seq, name)).collect();
        self.step(node, Event::Mutate { key, count, lane, entries });
    }

    fn waiting(&self, from: SubKey, client: usize, seq: u64, name: &str) -> Waiting {
        let it = &self.clients[client];
        let before = it.pending.iter().map(|p| p.seq).filter(|s| *s < seq).max();
        Waiting {
            from,
            lane: it.lane,
            index: 0,
            seq,
            after: before.filter(|before| before + 1 != seq),
            got: it.got,
            hash: mutator_number("Poll", name),
            call: Call {
                mutator: mutator_number("Poll", name),
                key: Some("lunch".into()),
                args: Vec::new(),
                seen: it.at.map(|at| at.offset),
            },
            context: Context {
                principal: Arc::new(Anyone { id: "ann".into() }),
                now: Timestamp::from_ms(0),
                server_now: Timestamp::from_ms(0),
                seed: Seed::default(),
                ids: 0,
                random: None,
            },
            may_begin: true,
            who: Arc::default(),
            veto: None,
            ticket: None,
        }
    }

    pub(super) fn step(&mut self, node: usize, event: Event) {
        self.epoch += 2;
        let now = Now { today: Day::of_ms(self.now_ms), ms: self.now_ms, epoch: self.epoch };
        let effects = self.nodes[node].worker.step(event, now);
        for effect in effects {
            match effect {
                Effect::Send { to, frame, .. } => self.put_on_wire(to, frame),
                Effect::SendAll { to, frame, .. } => {
                    to.iter().for_each(|to| self.put_on_wire(*to, frame.clone()));
                }
                Effect::Publish(record) => {
                    let others = (0..self.nodes.len()).filter(|other| *other != node);
                    for other in others.collect::<Vec<_>>() {
                        self.nodes[other].inbox.push_back(record.clone());
                    }
                }
                Effect::Close { conn, .. } => {
                    self.wires.remove(&conn);
                }
                Effect::Reply { to, result } => (to.0)(result),
                Effect::RetryAfter { ms } => self.waits.push((node, ms)),
                Effect::Note { .. } | Effect::Observe(_) => {}
                other => self.nodes[node].io.push_back(other),
            }
        }
    }

    fn put_on_wire(&mut self, to: SubKey, frame: bytes::Bytes) {
        if let Some((_, wire)) = self.wires.get_mut(&to.conn) {
            wire.push_back(frame);
        }
    }

    /// Carries out the oldest thing that `node` asked of the store.
    pub(super) fn store_step(&mut self, node: usize) -> bool {
        if self.nodes[node].io.is_empty() {
            return false;
        }
        if let Some(event) = self.ask_store(node) {
            self.step(node, event);
        }
        true
    }

    /// Carries out what `node` asks of the store, up to a commit.
    pub(super) fn until_commit(&mut self, node: usize) {
        while !matches!(self.nodes[node].io.front(), Some(Effect::Commit(_))) {
            assert!(self.store_step(node), "no commit comes");
        }
    }

    /// The store is away: the oldest thing that `node` asked of it fails.
    pub(super) fn fail_store(&mut self, node: usize) -> bool {
        let Some(effect) = self.nodes[node].io.pop_front() else { return false };
        let away = || StoreError::Unavailable("cut".into());
        let event = match effect {
            Effect::Load => Event::Loaded(Err(away())),
            Effect::Read { .. } => Event::Read(Err(away())),
            Effect::Replay { .. } => Event::Replayed(Err(away())),
            Effect::Commit(_) => Event::Committed(Err(CommitError::Store(away()))),
            _ => return true,
        };
        self.step(node, event);
        true
    }

    /// Carries it out, and returns the answer, which has not arrived yet.
    pub(super) fn ask_store(&mut self, node: usize) -> Option<Event> {
        Some(match self.nodes[node].io.pop_front()? {
            Effect::Load => Event::Loaded(self.load()),
            Effect::Read { lanes, replays } => Event::Read(self.read(lanes, replays)),
            Effect::Replay { after } => Event::Replayed(now(self.store.replay(&self.topic, after, 1 << 20))),
            Effect::Commit(commit) => Event::Committed(now(self.store.commit(&self.topic, commit))),
            _ => return None,
        })
    }

    /// The commit of `node` happens or not, and its answer is lost.
    pub(super) fn lose_commit_answer(&mut self, node: usize, happens: bool) {
        if !matches!(self.nodes[node].io.front(), Some(Effect::Commit(_))) {
            return;
        }
        if let Some(Effect::Commit(commit)) = self.nodes[node].io.pop_front() {
            if happens {
                let _ = now(self.store.commit(&self.topic, commit));
            }
            let unknown = StoreError::Unknown("the answer was lost".into());
            self.step(node, Event::Committed(Err(CommitError::Store(unknown))));
        }
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        let what = Read::Scan { model: None, index: 0, after: None, max_rows: 1_000, max_bytes: 1 << 20 };
        let page = now(self.store.read(&self.topic, what))?;
        Ok(Loaded { head: page.head, rows: page.rows })
    }

    fn read(
        &self,
        lanes: Vec<realtime_protocol::LaneId>,
        after: Vec<Position>,
    ) -> Result<ReadAnswer, StoreError> {
        let replay = |at| Ok((at, now(self.store.replay(&self.topic, at, 1 << 20))?));
        let replays = after.into_iter().map(replay).collect::<Result<_, StoreError>>()?;
        let (head, rows) = now(self.store.lanes(&self.topic, &lanes))?;
        Ok(ReadAnswer { head, lanes: lanes.into_iter().zip(rows).collect(), replays })
    }

    /// Hands one frame to a client.
    pub(super) fn deliver(&mut self, conn: ConnId) -> bool {
        let Some((client, wire)) = self.wires.get_mut(&conn) else { return false };
        let Some(frame) = wire.pop_front() else { return false };
        self.clients[*client].receive(&frame);
        true
    }

    /// Carries out and delivers all that is under way.
    pub(super) fn settle(&mut self) {
        loop {
            let mut moved = false;
            for node in 0..self.nodes.len() {
                moved |= self.store_step(node);
                while let Some(record) = self.nodes[node].inbox.pop_front() {
                    self.step(node, Event::Published(record));
                    moved = true;
                }
            }
            for conn in self.wires.keys().copied().collect::<Vec<_>>() {
                while self.deliver(conn) {
                    moved = true;
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// The truth: the votes that the store holds.
    pub(super) fn votes(&self) -> u32 {
        let loaded = self.load().unwrap();
        let (_, row) = change::load(&self.registry, &loaded.rows[0]).unwrap().unwrap();
        row.cells[1].decode().unwrap()
    }

    pub(super) fn head(&self) -> Position {
        self.load().unwrap().head.at
    }
}

/// The day on which every lane was minted.
fn today() -> Day {
    Day::of_ms(NOW_MS)
}

/// A future of the memory store is ready at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().unwrap()
}
