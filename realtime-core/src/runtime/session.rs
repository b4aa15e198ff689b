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

use super::{
    Closing, Outbound, Served,
    gate::{Gate, Step, Ways},
    outbound::Due,
    sessions::Joined,
    shard::Message,
};
use crate::{
    field::{Seed, Timestamp},
    handler::{self, Registry},
    hook::{Admitting, Disconnected, Happened as Told, Subscribing, Who},
    topic::{
        batch::Waiting,
        conduct::Conduct,
        event::{ConnId, Event, HeldLane, SubKey, Subscriber},
        rows::Value,
    },
    tx::Context,
};

/// What to do about a frame.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once, and never stored")]
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
    /// Where the application has hooks.
    gate: Option<Gate>,
    joined: Option<Joined>,
    /// What the client proved itself with last.
    token: Option<String>,
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
    /// The same for hooks.
    pub(crate) who: Arc<Who>,
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
        let hooks = served.registry.hooks.clone();
        let ways = Ways { hub: Arc::clone(&served.hub), hooks, out: Arc::clone(&out), codec };
        let gate = (!ways.hooks.is_empty()).then(|| Gate::new(ways));
        Self { served, conn, codec, out, machine, conduct, identity: None, gate, joined: None, token: None }
    }

    /// Takes a frame.
    ///
    /// # Errors
    ///
    /// How the connection ends, where the frame may not come.
    pub(crate) fn take(&mut self, frame: ClientFrame, now_ms: u64) -> Result<Act, Closing> {
        let asks = self.step(Happened::Frame(frame), now_ms)?;
        // At most one of them is more than a frame to send.
        let mut act = Act::Nothing;
        for ask in asks {
            if let Some(next) = self.act(ask, now_ms)? {
                act = next;
            }
        }
        Ok(act)
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
        if identity.guest.is_some() {
            self.token.clone_from(&identity.guest);
        }
        self.joined.get_or_insert_with(|| self.served.sessions.join(&identity.id));
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

    fn act(&mut self, ask: Ask, now_ms: u64) -> Result<Option<Act>, Closing> {
        Ok(match ask {
            Ask::Authenticate { token } => {
                self.token.clone_from(&token);
                Some(Act::Authenticate { token })
            }
            Ask::Send(frame) => {
                if let Ok(frame) = self.codec.encode(&frame) {
                    self.out.push(frame);
                }
                None
            }
            Ask::Renew => None,
            Ask::Open(opening) => self.open(opening)?,
            Ask::Leave { sub, topic } => self.leave(sub, topic),
            Ask::Run(running) => self.run(running, now_ms)?,
        })
    }

    fn leave(&mut self, sub: u32, topic: Topic) -> Option<Act> {
        let key = self.key(sub);
        let message = Message::Unsubscribe { topic: topic.clone(), key };
        match &mut self.gate {
            // The last step of a subscription always passes.
            Some(gate) => gate.pass(key, Step::Close(topic, message)).err().map(|_| Act::Nothing),
            None => Some(Act::Tell(topic, message)),
        }
    }

    fn open(&mut self, opening: Opening) -> Result<Option<Act>, Closing> {
        let root = self.served.registry.root_of(&opening.topic);
        let (Some(root), Some(identity)) = (root, &self.identity) else { return Ok(None) };
        let (principal, conduct) = (Arc::clone(&identity.seen[root]), Arc::clone(&self.conduct));
        let mut subscriber = Subscriber::new(self.codec, opening.view, principal, identity.hash(), conduct);
        subscriber.lanes = opening.lanes.into_iter().map(held).collect();
        subscriber.resume = opening.resume;
        let (topic, key, out) = (opening.topic, self.key(opening.sub), Arc::clone(&self.out));
        let ask = Subscribing::new(Arc::clone(&identity.who), topic.clone());
        let message = Message::Subscribe { topic: topic.clone(), root, key, subscriber, out };
        match &mut self.gate {
            Some(gate) => gate.pass(key, Step::Open(ask, message)).map(|()| None),
            None => Ok(Some(Act::Tell(topic, message))),
        }
    }

    fn run(&mut self, running: Running, now_ms: u64) -> Result<Option<Act>, Closing> {
        let root = self.served.registry.root_of(&running.topic);
        let (Some(root), Some(identity)) = (root, &self.identity) else { return Ok(None) };
        let (principal, who) = (&identity.seen[root], &identity.who);
        let registry = &self.served.registry;
        let ask = |call: &Call| {
            let (name, key) = (registry.name_of(call.mutator), call.key.clone());
            Admitting::new(Arc::clone(who), running.topic.clone(), name, key, call.args.clone())
        };
        let asks: Option<Vec<_>> = self.gate.is_some().then(|| running.calls.iter().map(ask).collect());
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
            who: Arc::clone(who),
            veto: None,
            ticket: Some(self.conduct.ticket()),
        };
        let entries = running.calls.into_iter().map(waiting).collect();
        let (topic, count) = (running.topic, running.count);
        let event = Event::Mutate { key, count, lane, entries };
        let message = Message::Event { topic: topic.clone(), event };
        match (&mut self.gate, asks) {
            (Some(gate), Some(asks)) => gate.pass(key, Step::Run(asks, message)).map(|()| None),
            _ => Ok(Some(Act::Tell(topic, message))),
        }
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
    ///
    /// # Errors
    ///
    /// How the connection ends, where too much waits for hooks.
    pub(crate) fn renewed(&mut self) -> Result<Vec<(Topic, Message)>, Closing> {
        let Some(identity) = &self.identity else { return Ok(Vec::new()) };
        let tell = |(sub, topic): (u32, &Topic)| {
            let root = self.served.registry.root_of(topic)?;
            let principal = Arc::clone(&identity.seen[root]);
            let event = Event::Renewed { key: self.key(sub), principal, identity: identity.hash() };
            Some((sub, topic.clone(), Message::Event { topic: topic.clone(), event }))
        };
        let told: Vec<_> = self.machine.open().filter_map(tell).collect();
        let who = Arc::clone(&identity.who);
        let Some(gate) = &mut self.gate else {
            return Ok(told.into_iter().map(|(_, topic, message)| (topic, message)).collect());
        };
        for (sub, topic, message) in told {
            gate.pass(SubKey { conn: self.conn, sub }, Step::Again(Arc::clone(&who), topic, message))?;
        }
        Ok(Vec::new())
    }

    /// Resolves when the rights of this principal are to be asked for anew (S36): the token to ask about.
    pub(crate) async fn again(&self) -> Option<String> {
        match &self.joined {
            Some(joined) => joined.again().await,
            None => std::future::pending().await,
        }
        self.token.clone()
    }

    /// A subscription has room again, and stands at `at`: what its topic is to be told.
    pub(crate) fn drained(&self, (sub, at, count): Due) -> Option<(Topic, Message)> {
        self.tell(sub, Event::Drained { key: self.key(sub), at, count })
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
        if let Some(identity) = self.identity.take() {
            let gone = Disconnected { principal: identity.id };
            self.served.registry.hooks.tell(&Told::Disconnected(gone));
        }
        let open: Vec<_> = self.machine.end().collect();
        let left = open.into_iter().filter_map(|(sub, topic)| match self.leave(sub, topic) {
            Some(Act::Tell(topic, message)) => Some((topic, message)),
            _ => None,
        });
        left.collect()
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
