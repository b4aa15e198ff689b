//! What a store keeps and answers: the words of the `Store` trait.

use std::error::Error as StdError;

use bytes::Bytes;
pub use realtime_protocol::{LaneId, Position, Topic};

/// What tells one row of a topic from another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key {
    /// The model's number.
    pub model: u16,
    /// The entity's key, as bytes that order as the key does.
    pub id: Bytes,
}

/// Where a topic stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Head {
    /// The last commit.
    pub at: Position,
    /// The offset before the first record that is kept.
    pub floor: u64,
    /// The form in which the store's rows are written (S32).
    pub form: u32,
    /// The last commit deleted the topic (S44).
    pub cleared: bool,
}

/// What the log keeps of a commit, and the broker carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Its position.
    pub at: Position,
    /// The epoch of the commit before it (S21).
    pub prev_epoch: u32,
    /// Opaque to store and broker.
    pub bytes: Bytes,
}

/// One change of a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A new row; one of this key is replaced.
    Create {
        /// Which.
        key: Key,
        /// Its columns by number.
        columns: Vec<(u16, Bytes)>,
    },
    /// The named columns of a row, and no other.
    Update {
        /// Which.
        key: Key,
        /// What to do with which column.
        columns: Vec<(u16, ColumnOp)>,
    },
    /// Removes a row.
    Delete {
        /// Which.
        key: Key,
    },
    /// Removes every row; the topic and its lanes stay (S44).
    Clear,
}

/// What to do with one column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ColumnOp {
    /// This value now.
    Set(Bytes),
    /// No value now.
    Unset,
    /// These bytes behind those that are there, in order (S42).
    Append(Bytes),
}

/// How a commit advances a lane: the row then keeps what it kept above `got`, and `kept`, which is of `(from, to]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LaneMove {
    /// Which lane.
    pub lane: LaneId,
    /// Where its row must stand; 0: there is none.
    pub from: u64,
    /// Where it stands then.
    pub to: u64,
    /// Outcomes up to here are known to the client, and dropped.
    pub got: u64,
    /// The new outcomes.
    pub kept: Vec<Kept>,
}

/// One kept outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// The mutation's number.
    pub seq: u64,
    /// The hash of mutator and arguments (S3).
    pub hash: u32,
    /// The mark; none for a refusal.
    pub at: Option<Position>,
    /// The outcome, opaque to the store.
    pub outcome: Bytes,
}

/// A lane's row.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Lane {
    /// The highest seq that has an outcome.
    pub last: u64,
    /// Outcomes up to here are not kept.
    pub got: u64,
    /// Those of `(got, last]`.
    pub kept: Vec<Kept>,
}

/// Names an effect in the outbox (S41).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EffectId {
    /// The topic whose commit put it there.
    pub topic: Topic,
    /// That commit.
    pub at: Position,
    /// Its place in it.
    pub index: u16,
}

/// What a commit asks to be done later.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Effect {
    /// Its place in the commit.
    pub index: u16,
    /// When, in milliseconds since 1970.
    pub due_ms: u64,
    /// A timer's name: a later one of the same name in the same topic replaces it.
    pub name: Option<Bytes>,
    /// Opaque to the store.
    pub body: Bytes,
}

/// One atomic step of one topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// Where the topic must stand.
    pub expected: Position,
    /// The writer's epoch.
    pub epoch: u32,
    /// The store's form, as the writer knows it.
    pub form: u32,
    /// With `put` also empty: no offset, no record; lanes move (S10).
    pub changes: Vec<Change>,
    /// How lanes advance.
    pub lanes: Vec<LaneMove>,
    /// Effects to keep.
    pub put: Vec<Effect>,
    /// Effects that this commit carries out.
    pub take: Vec<EffectId>,
    /// What the log keeps; opaque to the store.
    pub record: Bytes,
}

impl Commit {
    /// Tells whether it takes an offset (S10).
    #[must_use]
    pub fn takes_offset(&self) -> bool {
        !self.changes.is_empty() || !self.put.is_empty()
    }
}

/// Why a commit was not kept.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The topic has moved on.
    #[error("the topic has moved on to {}", .head.at)]
    Behind {
        /// Where it stands.
        head: Head,
        /// What leads from `expected` there; `None`: too much or trimmed, load again.
        missed: Option<Vec<Record>>,
    },
    /// `expected` is no point of this history: load again.
    #[error("the topic's history is another; it stands at {}", .head.at)]
    Forked {
        /// Where it stands.
        head: Head,
    },
    /// A lane does not stand where the commit expects it.
    #[error("a lane has moved")]
    LaneMoved {
        /// Which.
        lane: LaneId,
        /// Its row.
        now: Option<Lane>,
    },
    /// An effect is not there: another node carried it out.
    #[error("an effect was taken")]
    Taken {
        /// Which.
        ids: Vec<EffectId>,
    },
    /// The store's rows are written in another form: this node must be upgraded.
    #[error("the store's form is {now}")]
    Form {
        /// The form.
        now: u32,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a store failed: by what the caller can do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing happened: try again later.
    #[error("{0}")]
    Unavailable(Box<dyn StdError + Send + Sync>),
    /// It happened, or not: draw a new epoch, load, then try again.
    #[error("{0}")]
    Unknown(Box<dyn StdError + Send + Sync>),
    /// It is damaged, or of a newer program.
    #[error("{0}")]
    Unusable(Box<dyn StdError + Send + Sync>),
}

/// What a store can say about the commits after a position.
#[derive(Debug)]
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

/// Which rows to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Read {
    /// Those of these keys.
    Keys(Vec<Key>),
    /// In the order of an index (0: the key), after a cursor of the store's own making.
    Scan {
        /// Of this model, or of all.
        model: Option<u16>,
        /// Which index.
        index: u16,
        /// The `next` of the page before.
        after: Option<Bytes>,
        /// At most so many; a page has at least one row, where there is one.
        max_rows: u32,
        /// About so many bytes.
        max_bytes: u32,
    },
}

/// A row, as the store keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Which.
    pub key: Key,
    /// The offset of the last commit that touched it.
    pub version: u64,
    /// Its columns by number, ascending.
    pub columns: Vec<(u16, Bytes)>,
}

/// Rows, wholly as of `head` (C6).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where the next page begins, if there is one.
    pub next: Option<Bytes>,
    /// Where the topic stands.
    pub head: Head,
}

/// What survives, once a commit has resolved; the order is that of strength.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Durability {
    /// This process.
    Memory,
    /// Another process on this machine.
    Process,
    /// A disk, synced.
    Disk,
    /// More than one machine.
    Replicated,
    /// A majority of machines.
    Quorum,
}
