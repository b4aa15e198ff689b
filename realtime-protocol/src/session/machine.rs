//! The machine of one connection: events in, asks out. What a frame means is read in the files beside this one.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use super::{
    limit::{Bucket, Conduct, Limits},
    mutate::Running,
    state::{Kind, Next, State, next},
    subscribe::Opening,
};
use crate::{
    Day, LaneId, Topic,
    code::CloseCode,
    frame::v1::{ClientFrame, Hello, MAX_FRAME_BYTES, ServerFrame, Welcome},
};

/// What happens to a connection.
#[derive(Debug)]
pub enum Event {
    /// The client sent a frame.
    Frame(ClientFrame),
    /// The authenticator says who it is.
    Admitted {
        /// What to greet it with; `principal_id` is who it is.
        welcome: Box<Welcome>,
        /// When its proof expires, in milliseconds since 1970; never, where it is left out.
        expires: Option<u64>,
    },
    /// The authenticator says no; the reason is for people.
    Denied(String),
    /// The authenticator cannot say just now.
    Unavailable(String),
    /// Time has passed.
    Time,
}

/// What the machine wants done, in this order.
#[derive(Debug, PartialEq)]
pub enum Ask {
    /// Ask the authenticator, and come back with its answer before the next frame.
    Authenticate {
        /// The client's token.
        token: Option<String>,
    },
    /// Send a frame.
    Send(ServerFrame),
    /// The principal was renewed: tell every open topic.
    Renew,
    /// Open a topic.
    Open(Opening),
    /// Close a topic.
    Leave {
        /// The client's number for the subscription.
        sub: u32,
        /// Its topic.
        topic: Topic,
    },
    /// Hand mutations to a topic.
    Run(Running),
}

/// Why, and how, a connection ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct End {
    /// The close code.
    pub code: CloseCode,
    /// What to do about it, for people.
    pub reason: String,
}

impl End {
    /// Makes one.
    #[must_use]
    pub fn new(code: CloseCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

/// What this server serves.
pub trait Catalog {
    /// Tells whether a model of this number has this fingerprint here.
    fn knows_model(&self, number: u16, fingerprint: u64) -> bool;
    /// Tells whether a model has a topic of this form.
    fn knows_topic(&self, topic: &Topic) -> bool;
    /// Names the schema, for people.
    fn name(&self) -> String;
}

/// What an event is judged by, beside the connection's own state.
pub struct Facts<'a> {
    /// What this server serves.
    pub catalog: &'a dyn Catalog,
    /// How the connection has behaved.
    pub conduct: &'a mut Conduct,
    /// How many of its mutations wait for an answer.
    pub in_flight: usize,
    /// Whether its principal may begin lanes just now.
    pub may_begin: bool,
    /// The time, in milliseconds since 1970.
    pub now_ms: u64,
}

impl fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").field("now_ms", &self.now_ms).finish_non_exhaustive()
    }
}

/// One connection's session.
#[derive(Debug)]
pub struct Machine {
    pub(super) limits: Limits,
    pub(super) state: State,
    /// When the state's deadline is.
    pub(super) due: Option<u64>,
    pub(super) hello: Option<Hello>,
    pub(super) principal: Option<String>,
    pub(super) lanes: Vec<(LaneId, Day)>,
    pub(super) subs: BTreeMap<u32, Topic>,
    pub(super) last_sub: u32,
    pub(super) rate: Bucket,
    /// What was deferred by subscription and lane: nothing behind it passes before this time.
    pub(super) held: HashMap<(u32, u16), (u64, u64)>,
}

impl Machine {
    /// Of a connection that has just opened.
    #[must_use]
    pub fn new(limits: Limits, now_ms: u64) -> Self {
        Self {
            state: State::New,
            due: Some(now_ms.saturating_add(limits.hello_ms)),
            hello: None,
            principal: None,
            lanes: Vec::new(),
            subs: BTreeMap::new(),
            last_sub: 0,
            rate: Bucket::new(limits.mutations, now_ms),
            held: HashMap::new(),
            limits,
        }
    }

    /// Takes one event.
    ///
    /// # Errors
    ///
    /// How the connection ends, where the event may not come, or its deadline has passed.
    pub fn step(&mut self, event: Event, facts: &mut Facts<'_>) -> Result<Vec<Ask>, End> {
        self.pass(facts.now_ms)?;
        let asks = match event {
            Event::Frame(frame) => self.frame(frame, facts),
            Event::Admitted { welcome, expires } => self.admitted(*welcome, expires),
            Event::Denied(why) => self.turn(Kind::Denied, &why).map(|()| Vec::new()),
            Event::Unavailable(why) => self.turn(Kind::Unavailable, &why).map(|()| Vec::new()),
            Event::Time => Ok(Vec::new()),
        };
        // A proof may have expired before it came.
        self.pass(facts.now_ms)?;
        asks
    }

    /// Takes the deadlines that have passed.
    fn pass(&mut self, now_ms: u64) -> Result<(), End> {
        while self.due.is_some_and(|due| due <= now_ms) {
            self.turn(Kind::Deadline, late(self.state))?;
            self.due = self.due_in(self.state);
        }
        Ok(())
    }

    fn frame(&mut self, frame: ClientFrame, facts: &mut Facts<'_>) -> Result<Vec<Ask>, End> {
        let kind = match frame {
            ClientFrame::Hello(_) => Kind::Hello,
            ClientFrame::Auth(_) => Kind::Auth,
            _ => Kind::Frame,
        };
        self.turn(kind, "the first frame is `hello`, and it comes once; `welcome` answers it")?;
        match frame {
            ClientFrame::Hello(hello) => self.greet(hello, facts),
            ClientFrame::Auth(auth) => Ok(vec![Ask::Authenticate { token: Some(auth.token) }]),
            ClientFrame::Lane(lane) => self.lane(&lane.name, lane.day).map(|()| Vec::new()),
            ClientFrame::Sub(sub) => self.sub(sub, facts),
            ClientFrame::Unsub(unsub) => Ok(self.unsub(unsub.id)),
            ClientFrame::Mutate(mutate) => self.mutate(mutate, facts),
            _ => Ok(Vec::new()),
        }
    }

    /// Goes where the table says.
    pub(super) fn turn(&mut self, kind: Kind, reason: &str) -> Result<(), End> {
        match next(self.state, kind) {
            Next::To(state) => {
                self.state = state;
                Ok(())
            }
            Next::End(code) => Err(End::new(code, reason)),
        }
    }

    /// The deadline of a state that the last deadline led to: only grace follows on one.
    fn due_in(&self, state: State) -> Option<u64> {
        match state {
            State::Expired => self.due.map(|due| due.saturating_add(self.limits.grace_ms)),
            _ => None,
        }
    }

    /// When [`Event::Time`] is to come at the latest, in milliseconds since 1970.
    #[must_use]
    pub const fn deadline(&self) -> Option<u64> {
        self.due
    }

    /// The largest frame that may come now, in bytes: a stranger owns little (S47).
    #[must_use]
    pub const fn max_frame(&self) -> usize {
        match self.state {
            State::New | State::Greeted => self.limits.hello_bytes,
            State::Live | State::Expired => MAX_FRAME_BYTES,
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Who it acts for, once that is known.
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        self.principal.as_deref()
    }

    /// The limits that it is kept to.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What is open: the client's numbers and their topics.
    pub fn open(&self) -> impl Iterator<Item = (u32, &Topic)> {
        self.subs.iter().map(|(sub, topic)| (*sub, topic))
    }

    /// The connection is gone: nothing is open any more.
    pub fn end(&mut self) -> impl Iterator<Item = (u32, Topic)> + use<> {
        std::mem::take(&mut self.subs).into_iter()
    }
}

/// What to do about a deadline that has passed.
const fn late(state: State) -> &'static str {
    match state {
        State::New => "say `hello` sooner",
        State::Greeted => "authentication took too long",
        State::Live | State::Expired => "the token has expired: come back with a new one",
    }
}
