//! What goes into a store and comes out of it.

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use realtime_protocol::{LaneId, Position, Topic};

/// Tells the time in milliseconds since 1 January 1970; a store uses it for limits in days, and nothing else.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// An entity within its topic.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key {
    /// The model's permanent number.
    pub model: u16,
    /// The entity's key, as bytes that the store does not look into.
    pub id: Bytes,
}

/// Where a topic stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// The position of its last commit.
    pub at: Position,
    /// Records above this offset are kept: a position below it cannot be resumed from.
    pub floor: u64,
    /// The form in which rows are written: one number for the whole store (S32).
    pub form: u32,
    /// It was cleared, and nothing was created since (S44).
    pub cleared: bool,
}

/// What the log keeps of a commit, and the broker carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// The commit's position.
    pub at: Position,
    /// The epoch of the commit before it; 0 before the first.
    pub prev_epoch: u32,
    /// What the commit's writer made of it.
    pub bytes: Bytes,
}

/// What a commit does to a topic's rows; several are applied in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A new row. Where one of this key exists the commit is [`StoreError::Invalid`].
    Create {
        /// Which.
        key: Key,
        /// Its columns by number, each once.
        columns: Vec<(u16, Bytes)>,
    },
    /// The named columns of a row, no other. Where the row is missing the commit is [`StoreError::Invalid`].
    Update {
        /// Which.
        key: Key,
        /// What is done to which column, in order.
        columns: Vec<(u16, ColumnOp)>,
    },
    /// A row goes. One that is not there is no error.
    Delete {
        /// Which.
        key: Key,
    },
    /// Every row goes; the topic's row and its lanes stay (S44).
    Clear,
    /// No row changes; the log keeps no record before this commit's own (S26): who stands behind it needs a snapshot.
    Trim,
}

/// What an update does to one column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ColumnOp {
    /// It has this value.
    Set(Bytes),
    /// It has none.
    Unset,
    /// These bytes follow those that it has: a read returns them joined, in the order of the commits.
    Append(Bytes),
}

/// How a commit moves a lane: from the seq where its row must stand (no row: 0) to a higher one.
///
/// The row then keeps what it kept above `got`, and `kept`, which is of `(from, to]`: at most 64 outcomes in all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LaneMove {
    /// Which.
    pub lane: LaneId,
    /// Where it stands.
    pub from: u64,
    /// Where it stands then.
    pub to: u64,
    /// Up to which seq the client has all outcomes; more than `to` counts as `to`, less than before as before.
    pub got: u64,
    /// Outcomes by rising seq.
    pub kept: Vec<Kept>,
}

/// The outcome of one mutation, until its client has it (S6).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Its number in the lane.
    pub seq: u64,
    /// Of mutator and arguments: a repeat with another one is a client's fault (S3).
    pub hash: u32,
    /// Its mark, where it has one.
    pub at: Option<Position>,
    /// The outcome, as bytes that the store does not look into.
    pub outcome: Bytes,
}

/// A lane's row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lane {
    /// The last seq that has an outcome.
    pub last: u64,
    /// The client has the outcomes up to here.
    pub got: u64,
    /// Outcomes in `(got, last]`, by rising seq.
    pub kept: Vec<Kept>,
}

/// The rows of lanes, in the order asked, and the position that all of them are of.
pub type LaneRows = (Head, Vec<Option<Lane>>);

/// Effects on lease.
pub type Leased = Vec<(EffectId, Effect)>;

/// Which effect.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EffectId {
    /// The topic whose commit put it.
    pub topic: Topic,
    /// That commit.
    pub at: Position,
    /// Its number within the commit.
    pub index: u16,
}

/// What a commit asks to be done later (S41).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Effect {
    /// Its number within the commit, below 1,024, each once.
    pub index: u16,
    /// When it is due, in milliseconds since 1970.
    pub due_ms: u64,
    /// A name within the topic: it replaces the effect that has it.
    pub name: Option<Bytes>,
    /// What is to be done.
    pub body: Bytes,
}

/// One atomic step of one topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// Where the topic must stand.
    pub expected: Position,
    /// The writer's epoch.
    pub epoch: u32,
    /// The form in which the writer writes.
    pub form: u32,
    /// Changes of rows. With `put` also empty: no offset, no record; lanes move (S10).
    pub changes: Vec<Change>,
    /// Moves of lanes, each lane at most once.
    pub lanes: Vec<LaneMove>,
    /// New effects, at most 64.
    pub put: Vec<Effect>,
    /// Effects of this topic that are carried out by this commit: each must still be there.
    pub take: Vec<EffectId>,
    /// What the log keeps; the store does not look into it.
    pub record: Bytes,
}

impl Commit {
    /// Tells whether it takes an offset (C3).
    #[must_use]
    pub fn moves_head(&self) -> bool {
        !self.changes.is_empty() || !self.put.is_empty()
    }
}

/// Why a commit was not kept. Nothing of it was, but for [`StoreError::Unknown`].
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Others committed meanwhile.
    #[error("the topic has moved on to {}", head.at)]
    Behind {
        /// Where the topic stands.
        head: Head,
        /// Leads from `expected` to `head`; `None`: more than 64 KiB, or trimmed: load again.
        missed: Option<Vec<Record>>,
    },
    /// `expected` is no point of this history: load again.
    #[error("the topic has another history, which stands at {}", head.at)]
    Forked {
        /// Where the topic stands.
        head: Head,
    },
    /// A lane does not stand at `from`.
    #[error("lane {lane:?} has moved")]
    LaneMoved {
        /// Which.
        lane: LaneId,
        /// Its row.
        now: Option<Lane>,
    },
    /// Effects to be taken are gone: another node carried them out.
    #[error("{} effects are taken already", ids.len())]
    Taken {
        /// Those that are gone.
        ids: Vec<EffectId>,
    },
    /// The store's form is another one (S32).
    #[error("the store's form is {now}")]
    Form {
        /// The store's.
        now: u32,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a store gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing happened: try again.
    #[error("{0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It happened, or not: draw a new epoch, load, then try again.
    #[error("{0}")]
    Unknown(#[source] Box<dyn Error + Send + Sync>),
    /// The store is damaged, or of a newer program; the text says what to do.
    #[error("{0}")]
    Unusable(#[source] Box<dyn Error + Send + Sync>),
    /// Nothing happened, and never will: the call itself is wrong, which is a fault of its caller.
    #[error("{0}")]
    Invalid(#[source] Box<dyn Error + Send + Sync>),
}

/// What a store can say about the commits after a position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Replay {
    /// The next records, possibly none.
    Records {
        /// Oldest first, without a hole.
        records: Vec<Record>,
        /// Where the topic stands.
        head: Head,
        /// The limit cut them.
        more: bool,
    },
    /// Some are gone, or the position is of another history: the reader needs a snapshot.
    Gap {
        /// Where the topic stands.
        head: Head,
    },
}

/// Which entities to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Read {
    /// These, in this order; missing ones are left out.
    Keys(Vec<Key>),
    /// A page of them.
    Scan {
        /// Of one model; `None`: of all, model by model.
        model: Option<u16>,
        /// In the order of this index; 0: of the key.
        index: u16,
        /// After a cursor of the store's own making.
        after: Option<Bytes>,
        /// The most rows.
        max_rows: u32,
        /// The most bytes of keys and columns, though at least one row.
        max_bytes: u32,
    },
}

/// An entity as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Which.
    pub key: Key,
    /// The offset of the last commit that touched it.
    pub version: u64,
    /// Its columns, by rising number.
    pub columns: Vec<(u16, Bytes)>,
}

/// Entities, all as they stood at one position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The entities.
    pub rows: Vec<Row>,
    /// Where the next page begins; `None`: this is the last one.
    pub next: Option<Bytes>,
    /// The position.
    pub head: Head,
}

/// What survives once a commit has resolved, from least to most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Durability {
    /// Nothing: it is kept in the memory of this process.
    Memory,
    /// The end of this process: another one keeps it.
    Process,
    /// A crash of the machine: it is on disk, and the disk said so.
    Disk,
    /// The loss of a machine: another one has it too.
    Replicated,
    /// The loss of any minority of machines.
    Quorum,
}
