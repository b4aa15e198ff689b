//! A session on one connection: which frame may come when, and what each one asks of which topic.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use realtime_protocol::{
    Day, LaneId, LaneName, Position, Raw, Topic, code,
    frame::{
        Codec,
        v1::{self, Call, ClientFrame, Entry, Hello, Mutate, Sub, SubLane},
    },
    lane::LANE_TTL_DAYS,
};

use super::{Closing, Outbound, Served, shard::Message};
use crate::{
    field::{Seed, Timestamp},
    handler,
    topic::{
        batch::Waiting,
        event::{ConnId, Event, HeldLane, SubKey, Subscriber},
        rows::Value,
    },
    tx::Context,
};

/// The most subscriptions of a connection (S47).
const MAX_SUBS: usize = 128;
/// The most lanes of a connection.
const MAX_LANES: usize = 64;
/// The most mutations in one frame.
const MAX_ENTRIES: usize = 256;
/// The bound of a mutation's number: a number in TypeScript, and in every store.
const MAX_SEQ: u64 = (1 << 53) - 1;

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
    hello: Option<Hello>,
    identity: Option<Identity>,
    lanes: Vec<(LaneId, Day)>,
    subs: BTreeMap<u32, Opened>,
    last_sub: u32,
}

/// Who the connection acts for.
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) principal: Raw,
    /// What the models see of it, by their place in the registry.
    pub(crate) seen: Vec<Value>,
    /// A token for a guest who had none.
    pub(crate) guest: Option<String>,
}

struct Opened {
    topic: Topic,
    root: usize,
}

impl Session {
    pub(crate) fn new(served: Arc<Served>, codec: Codec, out: Arc<Outbound>) -> Self {
        let conn = served.hub.next_conn();
        let (hello, identity, lanes, subs) = (None, None, Vec::new(), BTreeMap::new());
        Self { served, conn, codec, out, hello, identity, lanes, subs, last_sub: 0 }
    }

    /// Takes a frame.
    ///
    /// # Errors
    ///
    /// How the connection ends, where the frame may not come.
    pub(crate) fn take(&mut self, frame: ClientFrame, now_ms: u64) -> Result<Act, Closing> {
        if self.identity.is_none() && !matches!(frame, ClientFrame::Hello(_)) {
            return Err(Closing::new(code::OUT_OF_ORDER, "the first frame is `hello`"));
        }
        match frame {
            ClientFrame::Hello(hello) => self.hello(hello),
            ClientFrame::Lane(lane) => self.lane(&lane.name, lane.day),
            ClientFrame::Sub(sub) => self.sub(sub),
            ClientFrame::Unsub(unsub) => Ok(self.unsub(unsub.id)),
            ClientFrame::Mutate(mutate) => self.mutate(mutate, now_ms),
            ClientFrame::Auth(auth) => Ok(Act::Authenticate { token: Some(auth.token) }),
            _ => Ok(Act::Nothing),
        }
    }

    fn hello(&mut self, hello: Hello) -> Result<Act, Closing> {
        if self.hello.is_some() {
            return Err(Closing::new(code::OUT_OF_ORDER, "`hello` comes once"));
        }
        if !(hello.min..=hello.max).contains(&v1::VERSION) {
            let reason = format!("this server speaks version {}: upgrade the client", v1::VERSION);
            return Err(Closing::new(code::PROTOCOL, reason));
        }
        self.check_schema(&hello.schema)?;
        let token = hello.token.clone();
        self.hello = Some(hello);
        Ok(Act::Authenticate { token })
    }

    /// A client that was generated from another schema reads columns by the wrong numbers.
    fn check_schema(&self, schema: &[(u16, u64)]) -> Result<(), Closing> {
        let known = &self.served.registry.schema;
        let fits = |(number, print): &(u16, u64)| {
            known.models.iter().any(|model| model.number == *number && model.fingerprint == *print)
        };
        if schema.iter().all(fits) {
            return Ok(());
        }
        let reason = format!(
            "this client was generated from another schema; the server knows {} only: run `realtime generate`",
            known.short_hash()
        );
        Err(Closing::new(code::SCHEMA, reason))
    }

    /// The authenticator said who it is.
    ///
    /// # Errors
    ///
    /// How the connection ends, where its lanes are too many, or it is suddenly another.
    pub(crate) fn admit(&mut self, identity: Identity, now_ms: u64) -> Result<Option<v1::Welcome>, Closing> {
        if let Some(known) = &self.identity {
            let same = known.id == identity.id;
            return if same {
                self.identity = Some(identity);
                Ok(None)
            } else {
                Err(Closing::new(code::MISBEHAVED, "a connection acts for one principal: open another"))
            };
        }
        let Some(hello) = self.hello.as_ref() else { return Ok(None) };
        let lanes: Vec<_> = hello.lanes.clone();
        let welcome = self.welcome(&identity, now_ms);
        self.identity = Some(identity);
        for (name, day) in lanes {
            self.lane(&name, day)?;
        }
        Ok(Some(welcome))
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

    fn lane(&mut self, name: &LaneName, day: Day) -> Result<Act, Closing> {
        let Some(identity) = &self.identity else { return Ok(Act::Nothing) };
        if self.lanes.len() >= MAX_LANES {
            return Err(Closing::new(code::LIMIT, format!("a connection has at most {MAX_LANES} lanes")));
        }
        let id = LaneId::new("", &identity.id, name);
        if self.lanes.iter().any(|(known, _)| *known == id) {
            return Err(Closing::new(code::MISBEHAVED, "a lane has one index on a connection"));
        }
        self.lanes.push((id, day));
        Ok(Act::Nothing)
    }

    fn sub(&mut self, sub: Sub) -> Result<Act, Closing> {
        if sub.id <= self.last_sub {
            return Err(Closing::new(code::MISBEHAVED, "subscription numbers ascend, and are used once"));
        }
        if self.subs.len() >= MAX_SUBS {
            return Err(Closing::new(
                code::LIMIT,
                format!("a connection has at most {MAX_SUBS} subscriptions"),
            ));
        }
        self.last_sub = sub.id;
        if !matches!(sub.view, v1::view::NONE | v1::view::ALL) {
            return Err(Closing::new(code::MALFORMED, format!("{} is no view", sub.view)));
        }
        // Two would be told of each change twice, on one channel (S16).
        if self.subs.values().any(|opened| opened.topic == sub.topic) {
            return Err(Closing::new(
                code::MISBEHAVED,
                "a topic is open once on a connection: `unsub` first",
            ));
        }
        let mut named = HashSet::new();
        if !sub.lanes.iter().all(|(index, ..)| named.insert(*index)) {
            return Err(Closing::new(code::MISBEHAVED, "a subscription names each lane once"));
        }
        let held: Result<Vec<_>, _> = sub.lanes.iter().map(|lane| self.held(*lane)).collect();
        let held = held?;
        let root = self.served.registry.root_of(&sub.topic).filter(|_| !sub.topic.is_reserved());
        let (Some(root), Some(identity)) = (root, &self.identity) else {
            self.refuse(sub.id);
            return Ok(Act::Nothing);
        };
        let subscriber = Subscriber {
            codec: self.codec,
            view: sub.view,
            lanes: held,
            resume: sub.resume.map(|(offset, epoch, class)| (Position { offset, epoch }, class)),
            principal: Arc::clone(&identity.seen[root]),
            count: 0,
            live: false,
        };
        self.subs.insert(sub.id, Opened { topic: sub.topic.clone(), root });
        let (key, out) = (self.key(sub.id), Arc::clone(&self.out));
        let topic = sub.topic;
        Ok(Act::Tell(topic.clone(), Message::Subscribe { topic, root, key, subscriber, out }))
    }

    /// A topic of no model: the same answer as for one that may not be opened (S34).
    fn refuse(&self, id: u32) {
        let refused = v1::Subscribed {
            id,
            count: 1,
            channel: 0,
            how: v1::how::REFUSED,
            offset: 0,
            epoch: 0,
            until: 0,
            class: 0,
            lanes: Vec::new(),
            reason: Some(code::DENIED.to_owned()),
            partial: None,
        };
        if let Ok(frame) = self.codec.encode(&v1::ServerFrame::from(refused)) {
            self.out.push(frame);
        }
    }

    fn held(&self, (index, _, wanted): SubLane) -> Result<HeldLane, Closing> {
        let lane = self.lanes.get(usize::from(index));
        let (id, day) =
            *lane.ok_or_else(|| Closing::new(code::MISBEHAVED, format!("no lane has the index {index}")))?;
        Ok(HeldLane { id, index, day, wanted })
    }

    fn unsub(&mut self, id: u32) -> Act {
        match self.subs.remove(&id) {
            Some(Opened { topic, .. }) => {
                Act::Tell(topic.clone(), Message::Unsubscribe { topic, key: self.key(id) })
            }
            None => Act::Nothing,
        }
    }

    fn mutate(&mut self, mutate: Mutate, now_ms: u64) -> Result<Act, Closing> {
        if mutate.entries.len() > MAX_ENTRIES {
            return Err(Closing::new(code::LIMIT, format!("a frame has at most {MAX_ENTRIES} mutations")));
        }
        let numbered = |entry: &Entry| match entry {
            Entry::Call(call) => {
                (1..=MAX_SEQ).contains(&call.seq) && call.after.is_none_or(|after| after < call.seq)
            }
            _ => true,
        };
        if !mutate.entries.iter().all(numbered) {
            let reason = "a mutation's number is from 1 to 2^53 - 1, and above the one that it follows";
            return Err(Closing::new(code::MISBEHAVED, reason));
        }
        let lane = self.held((mutate.lane, mutate.got, true))?;
        // One that was just closed: what was sent before is sent again under the next (S22).
        let (Some(opened), Some(identity)) = (self.subs.get(&mutate.sub), &self.identity) else {
            return Ok(Act::Nothing);
        };
        let principal = &identity.seen[opened.root];
        let key = self.key(mutate.sub);
        let waiting = |call: Call| Waiting {
            from: key,
            lane: lane.id,
            index: lane.index,
            seq: call.seq,
            after: call.after,
            got: mutate.got,
            hash: hash(&call),
            context: context(principal, &call, now_ms),
            call: handler::Call { mutator: call.mutator, key: call.key, args: call.args },
        };
        let calls = mutate.entries.into_iter().filter_map(|entry| match entry {
            Entry::Call(call) => Some(call),
            _ => None,
        });
        let entries = calls.map(waiting).collect();
        let topic = opened.topic.clone();
        let event = Event::Mutate { key, count: mutate.count, lane, entries };
        Ok(Act::Tell(topic.clone(), Message::Event { topic, event }))
    }

    /// The token was renewed: what the topics are to be told.
    pub(crate) fn renewed(&self) -> Vec<(Topic, Message)> {
        let Some(identity) = &self.identity else { return Vec::new() };
        let tell = |(id, opened): (&u32, &Opened)| {
            let topic = opened.topic.clone();
            let principal = Arc::clone(&identity.seen[opened.root]);
            let event = Event::Renewed { key: self.key(*id), principal };
            (topic.clone(), Message::Event { topic, event })
        };
        self.subs.iter().map(tell).collect()
    }

    /// The connection is gone: what its topics are to be told.
    pub(crate) fn end(&mut self) -> Vec<(Topic, Message)> {
        let opened = std::mem::take(&mut self.subs);
        let gone =
            |(id, Opened { topic, .. })| (topic.clone(), Message::Unsubscribe { topic, key: self.key(id) });
        opened.into_iter().map(gone).collect()
    }

    fn key(&self, sub: u32) -> SubKey {
        SubKey { conn: self.conn, sub }
    }
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
