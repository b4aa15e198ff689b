//! A session on one connection: carries out what the machine in `realtime-protocol` decides about its frames.

use std::sync::Arc;

use realtime_protocol::{
    Raw, Topic,
    frame::{
        Codec, ServerFrame,
        v1::{self, Call, ClientFrame},
    },
    lane::LANE_TTL_DAYS,
    session::{
        Ask, Event as Happened, Facts, Machine,
        machine::Catalog,
        mutate::Running,
        subscribe::{Held, Opening},
    },
};

use super::{Closing, Outbound, Served, shard::Message};
use crate::{
    field::{Seed, Timestamp},
    handler::{self, Registry},
    topic::{
        batch::Waiting,
        conduct::Conduct,
        event::{ConnId, Event, HeldLane, Stamp, SubKey, Subscriber},
        rows::Value,
    },
    tx::Context,
};

/// What to do about a frame.
pub(crate) enum Act {
    /// Authenticate, then call [`Session::admit`].
    Authenticate { token: Option<String> },
    /// Hand it to the shard of the topic.
    Tell(Topic, Message),
    /// Nothing.
    Nothing,
}

/// A session's state on this connection.
pub(crate) struct Session {
    served: Arc<Served>,
    conn: ConnId,
    codec: Codec,
    out: Arc<Outbound>,
    machine: Machine,
    conduct: Arc<Conduct>,
    identity: Option<Identity>,
}

/// Who the connection acts for.
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) principal: Raw,
    /// What the models see of it, by their place in the registry.
    pub(crate) seen: Vec<Value>,
    /// A token for a guest who had none.
    pub(crate) guest: Option<String>,
    /// When its proof expires, in milliseconds since 1970 (S36).
    pub(crate) expires: Option<u64>,
}

impl Identity {
    /// Tells one principal from another, claims included: rights that depend on rows hang on it (S20).
    fn hash(&self) -> u64 {
        let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        self.principal.bytes().iter().fold(0xcbf2_9ce4_8422_2325, fold)
    }
}

impl Session {
    pub(crate) fn new(served: Arc<Served>, codec: Codec, out: Arc<Outbound>, now_ms: u64) -> Self {
        let conn = served.hub.next_conn();
        let machine = Machine::new(served.limits.clone(), now_ms);
        let conduct = Conduct::new(served.limits.clone(), Arc::clone(&served.lane_rows), now_ms);
        Self { served, conn, codec, out, machine, conduct, identity: None }
    }

    /// Takes a frame.
    ///
    /// # Errors
    ///
    /// How the connection ends, where the frame may not come.
    pub(crate) fn take(&mut self, frame: ClientFrame, now_ms: u64) -> Result<Act, Closing> {
        let asks = self.step(Happened::Frame(frame), now_ms)?;
        // At most one of them is more than a frame to send.
        let acts = asks.into_iter().filter_map(|ask| self.act(ask, now_ms));
        Ok(acts.last().unwrap_or(Act::Nothing))
    }

    /// The authenticator said who it is.
    ///
    /// # Errors
    ///
    /// How the connection ends, where its lanes are too many, or it is suddenly another.
    pub(crate) fn admit(&mut self, identity: Identity, now_ms: u64) -> Result<Option<v1::Welcome>, Closing> {
        let welcome = Box::new(self.welcome(&identity, now_ms));
        let asks = self.step(Happened::Admitted { welcome, expires: identity.expires }, now_ms)?;
        self.conduct.is_of(&identity.id);
        self.identity = Some(identity);
        Ok(asks.into_iter().find_map(|ask| match ask {
            Ask::Send(ServerFrame::Welcome(welcome)) => Some(welcome),
            _ => None,
        }))
    }

    /// Time has passed.
    ///
    /// # Errors
    ///
    /// How the connection ends, where a deadline has passed: of `hello`, or of an expired token's grace.
    pub(crate) fn tick(&mut self, now_ms: u64) -> Result<(), Closing> {
        self.step(Happened::Time, now_ms).map(drop)
    }

    /// When [`Session::tick`] is to be called at the latest, in milliseconds since 1970.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.machine.deadline()
    }

    /// The largest frame that may come now, in bytes.
    pub(crate) fn max_frame(&self) -> usize {
        self.machine.max_frame()
    }

    fn step(&mut self, event: Happened, now_ms: u64) -> Result<Vec<Ask>, Closing> {
        let conduct = Arc::clone(&self.conduct);
        let may_begin = conduct.may_begin(now_ms);
        let mut facts = Facts {
            catalog: &*self.served.registry,
            conduct: &mut conduct.own(),
            in_flight: conduct.in_flight(),
            may_begin,
            now_ms,
        };
        self.machine.step(event, &mut facts).map_err(Closing::from)
    }

    fn act(&self, ask: Ask, now_ms: u64) -> Option<Act> {
        match ask {
            Ask::Authenticate { token } => Some(Act::Authenticate { token }),
            Ask::Send(frame) => {
                if let Ok(frame) = self.codec.encode(&frame) {
                    self.out.push(frame);
                }
                None
            }
            Ask::Renew => None,
            Ask::Open(opening) => self.open(opening),
            Ask::Leave { sub, topic } => {
                let key = self.key(sub);
                Some(Act::Tell(topic.clone(), Message::Unsubscribe { topic, key }))
            }
            Ask::Run(running) => self.run(running, now_ms),
        }
    }

    fn open(&self, opening: Opening) -> Option<Act> {
        let root = self.served.registry.root_of(&opening.topic)?;
        let identity = self.identity.as_ref()?;
        let (principal, conduct) = (Arc::clone(&identity.seen[root]), Arc::clone(&self.conduct));
        let mut subscriber = Subscriber::new(self.codec, opening.view, principal, identity.hash(), conduct);
        subscriber.lanes = opening.lanes.into_iter().map(held).collect();
        subscriber.resume = opening.resume;
        let (topic, key, out) = (opening.topic, self.key(opening.sub), Arc::clone(&self.out));
        Some(Act::Tell(topic.clone(), Message::Subscribe { topic, root, key, subscriber, out }))
    }

    fn run(&self, running: Running, now_ms: u64) -> Option<Act> {
        let root = self.served.registry.root_of(&running.topic)?;
        let principal = &self.identity.as_ref()?.seen[root];
        let (key, lane) = (self.key(running.sub), held(running.lane));
        let waiting = |call: Call| Waiting {
            from: key,
            lane: lane.id,
            index: lane.index,
            seq: call.seq,
            after: call.after,
            got: running.got,
            hash: hash(&call),
            context: context(principal, &call, now_ms),
            call: handler::Call { mutator: call.mutator, key: call.key, args: call.args, seen: call.seen },
            may_begin: running.may_begin,
            ticket: Some(self.conduct.ticket()),
        };
        let entries = running.calls.into_iter().map(waiting).collect();
        let (topic, count) = (running.topic, running.count);
        let event = Event::Mutate { key, count, lane, entries };
        Some(Act::Tell(topic.clone(), Message::Event { topic, event }))
    }

    fn welcome(&self, identity: &Identity, now_ms: u64) -> v1::Welcome {
        v1::Welcome {
            protocol: v1::VERSION,
            now: now_ms,
            max_frame: u32::try_from(v1::MAX_FRAME_BYTES).unwrap_or(u32::MAX),
            ping_every: crate::host::clock::ms(crate::transport::PING_EVERY),
            durability: self.served.durability as u8,
            principal_id: identity.id.clone(),
            principal: identity.principal.clone(),
            guest: identity.guest.clone(),
        }
    }

    /// The token was renewed: what the topics are to be told.
    pub(crate) fn renewed(&self) -> Vec<(Topic, Message)> {
        let Some(identity) = &self.identity else { return Vec::new() };
        let tell = |(sub, topic): (u32, &Topic)| {
            let root = self.served.registry.root_of(topic)?;
            let principal = Arc::clone(&identity.seen[root]);
            let event = Event::Renewed { key: self.key(sub), principal, identity: identity.hash() };
            Some((topic.clone(), Message::Event { topic: topic.clone(), event }))
        };
        self.machine.open().filter_map(tell).collect()
    }

    /// A subscription has room again, and stands at `at`: what its topic is to be told.
    pub(crate) fn drained(&self, sub: u32, at: Option<Arc<Stamp>>) -> Option<(Topic, Message)> {
        self.tell(sub, Event::Drained { key: self.key(sub), at })
    }

    /// Data of a subscription was dropped: what its topic is to be told.
    pub(crate) fn behind(&self, sub: u32) -> Option<(Topic, Message)> {
        self.tell(sub, Event::Behind { key: self.key(sub) })
    }

    fn tell(&self, sub: u32, event: Event) -> Option<(Topic, Message)> {
        let (_, topic) = self.machine.open().find(|(open, _)| *open == sub)?;
        Some((topic.clone(), Message::Event { topic: topic.clone(), event }))
    }

    /// The connection is gone: what its topics are to be told.
    pub(crate) fn end(&mut self) -> Vec<(Topic, Message)> {
        let open: Vec<_> = self.machine.end().collect();
        let gone = |(sub, topic): (u32, Topic)| {
            let key = self.key(sub);
            (topic.clone(), Message::Unsubscribe { topic, key })
        };
        open.into_iter().map(gone).collect()
    }

    fn key(&self, sub: u32) -> SubKey {
        SubKey { conn: self.conn, sub }
    }
}

impl Catalog for Registry {
    fn knows_model(&self, number: u16, fingerprint: u64) -> bool {
        self.schema.models.iter().any(|model| model.number == number && model.fingerprint == fingerprint)
    }

    fn knows_topic(&self, topic: &Topic) -> bool {
        self.root_of(topic).is_some()
    }

    fn name(&self) -> String {
        self.schema.short_hash()
    }
}

fn held(lane: Held) -> HeldLane {
    HeldLane { id: lane.id, index: lane.index, day: lane.day, wanted: lane.wanted }
}

/// The time of intent is never ahead of the server's clock, nor older than a lane can be (S45).
fn context(principal: &Value, call: &Call, now_ms: u64) -> Context {
    let oldest = now_ms.saturating_sub(u64::from(LANE_TTL_DAYS) * 86_400_000);
    let at = |ms: u64| Timestamp::from_ms(i64::try_from(ms).unwrap_or(i64::MAX));
    let (a, b, c, d) = call.seed.unwrap_or_default();
    Context {
        principal: Arc::clone(principal),
        now: at(call.now.clamp(oldest, now_ms)),
        server_now: at(now_ms),
        seed: Seed([a, b, c, d]),
        ids: 0,
        random: None,
    }
}

/// FNV-1a over mutator, key and arguments: finds a client's bug, keeps nobody out (S3).
fn hash(call: &Call) -> u32 {
    let mutator = call.mutator.to_be_bytes();
    let key = call.key.as_deref().unwrap_or_default().as_bytes();
    let parts = [&mutator[..], key].into_iter().chain(call.args.iter().map(|raw| raw.bytes().as_ref()));
    parts.flatten().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
