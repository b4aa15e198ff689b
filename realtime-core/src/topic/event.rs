//! What happens to a topic worker, and what it wants done.

use std::sync::Arc;

use bytes::Bytes;
use realtime_protocol::{Day, LaneId, Position, code::CloseCode, frame::Codec, session::limit::Note};

use super::{
    batch::Waiting,
    conduct::Conduct,
    own::{self, Own, Reply},
    rows::{RowKey, Value},
};
use crate::hook::Happened;
use crate::store::{Commit, CommitError, Head, Lane, Record, Replay, StoreError};

/// A connection of this node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ConnId(pub(crate) u64);

/// One connection's subscription.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct SubKey {
    pub(crate) conn: ConnId,
    pub(crate) sub: u32,
}

/// A lane, as a subscription holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeldLane {
    pub(crate) id: LaneId,
    pub(crate) index: u16,
    pub(crate) day: Day,
    pub(crate) wanted: bool,
}

/// A subscriber of the topic.
#[derive(Clone, Debug)]
pub(crate) struct Subscriber {
    pub(crate) codec: Codec,
    pub(crate) view: u8,
    pub(crate) lanes: Vec<HeldLane>,
    /// Where it stood, and its class.
    pub(crate) resume: Option<(Position, u64)>,
    /// What the topic's models see of who it is.
    pub(crate) principal: Value,
    /// A hash of the principal: rights that depend on rows hang on it (S20).
    pub(crate) identity: u64,
    /// How often it was answered.
    pub(crate) count: u32,
    /// Whether deltas go to it.
    pub(crate) live: bool,
    /// How its connection behaves.
    pub(crate) conduct: Arc<Conduct>,
    /// A hook says that it may not read (S36): the code of the refusal.
    pub(crate) barred: Option<&'static str>,
    /// The channel that it reads; 0: none.
    pub(crate) channel: u32,
    /// Where it stood when it joined, and from where its snapshot began.
    pub(crate) start: Stamp,
    /// From where its snapshot goes on; `None`: it is complete.
    pub(crate) cursor: Option<RowKey>,
    /// It reads too slowly: what it was sent last may not have reached it (S15).
    pub(crate) behind: bool,
}

impl Subscriber {
    /// Makes one that was not answered yet.
    pub(crate) fn new(
        codec: Codec,
        view: u8,
        principal: Value,
        identity: u64,
        conduct: Arc<Conduct>,
    ) -> Self {
        let start = Stamp { at: Position::default(), next: None };
        Self {
            codec,
            view,
            lanes: Vec::new(),
            resume: None,
            principal,
            identity,
            count: 0,
            live: false,
            conduct,
            barred: None,
            channel: 0,
            start,
            cursor: None,
            behind: false,
        }
    }
}

/// What happens to a worker.
#[derive(Debug)]
pub(crate) enum Event {
    Subscribe {
        key: SubKey,
        subscriber: Subscriber,
    },
    Unsubscribe {
        key: SubKey,
    },
    /// Its connection has a new token: what its principal is now (S35).
    Renewed {
        key: SubKey,
        principal: Value,
        identity: u64,
    },
    Mutate {
        key: SubKey,
        count: u32,
        lane: HeldLane,
        entries: Vec<Waiting>,
    },
    Loaded(Result<Loaded, StoreError>),
    Read(Result<ReadAnswer, StoreError>),
    Replayed(Result<Replay, StoreError>),
    Committed(Result<Head, CommitError>),
    /// Another node's commit, by the broker.
    Published(Record),
    /// The broker may have lost something: ask the store.
    Doubt,
    /// The program itself asks for something (S40).
    Own(Own),
    /// A minute has passed: what is too old may go.
    Sweep,
    /// The wait after a failure of the store is over.
    Retry,
    /// A hook was asked again whether a subscriber may read.
    Barred {
        key: SubKey,
        barred: Option<&'static str>,
    },
    /// A reader is too slow: what is sent to it is dropped until its catch-up (S15).
    Behind {
        key: SubKey,
    },
    /// The wait of a topic that is flushed at intervals is over (`every`).
    Flush,
    /// A reader that was behind, or waits for the next pages, has room again; `at`: where it stands now (S15, S23).
    Drained {
        key: SubKey,
        at: Option<Arc<Stamp>>,
        /// How many `subscribed` its socket had taken: an answer to an older one would skip what has begun since.
        count: u32,
    },
}

/// All rows of a topic, as of one position.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) head: Head,
    pub(crate) rows: Vec<crate::store::Row>,
}

/// What joining subscribers need from the store.
#[derive(Debug)]
pub(crate) struct ReadAnswer {
    pub(crate) head: Head,
    pub(crate) lanes: Vec<(LaneId, Option<Lane>)>,
    pub(crate) replays: Vec<(Position, Replay)>,
}

/// What a worker wants done.
#[derive(Debug)]
pub(crate) enum Effect {
    Load,
    Read {
        lanes: Vec<LaneId>,
        replays: Vec<Position>,
    },
    Replay {
        after: Position,
    },
    Commit(Commit),
    Publish(Record),
    Send {
        to: SubKey,
        frame: Bytes,
        kind: Kind,
    },
    /// The same bytes to many.
    SendAll {
        to: Arc<[SubKey]>,
        frame: Bytes,
        kind: Kind,
    },
    /// The store's form was raised above what this program writes: the node is of no use any more (S32).
    Outdated {
        form: u32,
    },
    /// What the program asked for is answered.
    Reply {
        to: Reply,
        result: Result<own::Answer, own::OwnError>,
    },
    /// A commit holds nothing for these readers of a channel, who have its snapshot whole: once nothing waits for
    /// them they stand at `head` (S27).
    Skip {
        to: Vec<SubKey>,
        channel: u32,
        head: u64,
    },
    /// The connection broke a promise of the protocol.
    Close {
        conn: ConnId,
        code: CloseCode,
        reason: String,
    },
    /// What hooks observe.
    Observe(Happened),
    /// What was found out about the connection: it may end it (S47).
    Note {
        conn: ConnId,
        conduct: Arc<Conduct>,
        note: Note,
    },
    /// Come back with [`Event::Flush`].
    FlushAfter {
        ms: u32,
    },
    /// Come back with [`Event::Retry`].
    RetryAfter {
        ms: u32,
    },
}

/// What may become of a frame on its way to a reader who is too slow (S15).
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Never dropped, and goes before data: acks, `defer`.
    Control,
    /// Never dropped, and keeps its place among the frames of its subscription: `subscribed`, `reset`.
    Barrier,
    /// A `subscribed`: a barrier too; `resumes`: what the reader has goes on counting.
    Subscribed { resumes: bool },
    /// Page or delta: may be dropped with all that follow it, since one catch-up stands for them.
    Data(Arc<Stamp>),
    /// The same, and the first of an answer to [`Event::Drained`] or of a `subscribed`: the reader is behind no more.
    CatchUp(Arc<Stamp>),
}

/// Where a reader stands once a frame has reached its socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stamp {
    pub(crate) at: Position,
    /// The row from which its snapshot goes on, if it is not complete (S23).
    pub(crate) next: Option<RowKey>,
}

/// What a worker is handed with each event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) today: Day,
    /// The node's clock, in milliseconds since 1970.
    pub(crate) ms: u64,
    /// A fresh random number: the epoch, should it be needed.
    pub(crate) epoch: u32,
}
