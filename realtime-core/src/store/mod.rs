//! Plugin: what orders and keeps each topic's commits. The trait, and its contract.

mod embedded;
mod memory;
mod rules;
mod shared;
mod types;

use std::{fmt, time::Duration};

use futures_core::future::BoxFuture;

pub use embedded::Embedded;
pub use memory::Memory;
pub use realtime_protocol::{LaneId, Position, Topic};
pub use types::{
    Change, Clock, ColumnOp, Commit, CommitError, Durability, Effect, EffectId, Head, Kept, Key, Lane,
    LaneMove, LaneRows, Leased, Page, Read, Record, Replay, Row, StoreError,
};

/// Orders and keeps each topic's commits: the sequencer, and the truth.
///
/// To write one, implement this trait and run [`store_suite!`](crate::store_suite) against it.
///
/// # Contract: the suite has a test for each clause, named after it
///
/// - **C1 atomic.** Changes, record, lanes, effects: all are kept, or none.
/// - **C2 compared.** Kept only where the head is `expected` (offset and epoch), each lane stands at `from` (no
///   row: 0), each taken effect is there, and `form` is the store's.
/// - **C3 dense.** With changes or `put` it stands at `expected.offset + 1`; else no offset moves.
/// - **C4 durable.** `commit` resolves when it is as durable as `durability()` says.
/// - **C5 prefix.** What survives a crash, failover or restore is a prefix of each topic's commits, lanes included.
/// - **C6 one position.** A [`Page`], and an answer of `lanes`, is wholly of the position that it names.
/// - **C7 fresh.** An answer is no older than any commit that resolved before the call: never a lagging replica.
/// - **C8 by column.** An update leaves columns alone that it does not name, and keeps `Append`s in order.
/// - **C9 honest.** `replay` has no hole; what is unsure is [`StoreError::Unknown`].
/// - **C10 bounded.** Log, lanes, cleared topics and effects stay within the set limits without outside help.
/// - **C11 cancel.** A dropped future is a lost answer, nothing worse.
/// - **C12 form.** The store has one form, 1 at first; [`promote`](Self::promote) raises it, and nothing lowers it.
/// - **C13 quiet.** [`quiet`](Self::quiet) names each topic that was last written before, and no other.
///
/// # The set limits (C10)
///
/// The log of a topic keeps its last 1,000 commits, 1 MiB or 24 hours, whichever is least, but the last record
/// always; it is trimmed inside commits, at most four records in each, or all by [`Change::Trim`]. A lane's row goes 30 days after its last
/// move, never earlier. A cleared topic's row goes 30 days after its last write, when no lane of it is left. A
/// commit puts at most 64 effects; one with a name replaces the one of that name.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Returns what the operator is told of this store: where it keeps what it keeps.
    fn describe(&self) -> String {
        format!("{self:?}")
    }

    /// Opens what has to be open. Called before anything else, once by each app; a constructor does no I/O.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unusable`], or [`StoreError::Unavailable`], says what the operator has to do.
    fn start(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// What survives, once [`commit`](Self::commit) has resolved: told to clients in the welcome.
    fn durability(&self) -> Durability;

    /// Keeps `commit`, if the topic and the lanes still stand where it expects them.
    ///
    /// # Errors
    ///
    /// [`CommitError::Behind`] carries the head and what was missed: apply it, run again.
    /// [`StoreError::Unknown`] may have happened: draw a new epoch, load, then retry.
    fn commit<'a>(&'a self, topic: &'a Topic, commit: Commit) -> BoxFuture<'a, Result<Head, CommitError>>;

    /// Returns the records of `topic` after a position, oldest first, at most `max_bytes` of them, but at least one.
    ///
    /// # Errors
    ///
    /// Where the store cannot be read, or is damaged.
    fn replay<'a>(
        &'a self,
        topic: &'a Topic,
        after: Position,
        max_bytes: usize,
    ) -> BoxFuture<'a, Result<Replay, StoreError>>;

    /// Returns entities by key, or one page of them, all as they stood at one position (C6).
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] for an index that the store does not have, or a cursor that is not its own.
    fn read<'a>(&'a self, topic: &'a Topic, what: Read) -> BoxFuture<'a, Result<Page, StoreError>>;

    /// Returns the rows of lanes in the order asked, all of the position that the head names (C6).
    ///
    /// # Errors
    ///
    /// Where the store cannot be read, or is damaged.
    fn lanes<'a>(
        &'a self,
        topic: &'a Topic,
        lanes: &'a [LaneId],
    ) -> BoxFuture<'a, Result<LaneRows, StoreError>>;

    /// Returns the heads of up to 1,000 topics in one round trip, in the order asked.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] for more than 1,000.
    fn heads<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<Vec<Head>, StoreError>>;

    /// Returns topics in the order of their names, after one of them, whose last commit was before a time of the
    /// store's clock, in milliseconds since 1970, and where each stands: at most `max`. Cleared ones, and those that
    /// were never written, are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unusable`] where the store cannot list its topics: the default.
    fn quiet<'a>(
        &'a self,
        before_ms: u64,
        after: Option<&'a Topic>,
        max: u32,
    ) -> BoxFuture<'a, Result<Vec<(Topic, Position)>, StoreError>> {
        let _ = (before_ms, after, max);
        let why = format!("{} cannot list its topics", self.describe());
        Box::pin(std::future::ready(Err(StoreError::Unusable(why.into()))))
    }

    /// Raises the form that commits are compared with (S32), and returns it; a lower one changes nothing. Resolves
    /// when it is as durable as a commit.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unusable`] where the store has no forms: the default.
    fn promote(&self, form: u32) -> BoxFuture<'_, Result<u32, StoreError>> {
        let why = format!("{} keeps one form for ever: it cannot be raised to {form}", self.describe());
        Box::pin(std::future::ready(Err(StoreError::Unusable(why.into()))))
    }

    /// Returns the outbox. `None`: models with timers or cross-topic calls are refused at start.
    fn outbox(&self) -> Option<&dyn Outbox> {
        None
    }
}

/// Due effects, on lease: two nodes may hold one, so they are delivered at least once.
pub trait Outbox: Send + Sync {
    /// Leases up to `max` effects that are due and not on lease, the longest due first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unknown`]: some may be on lease now; they come again when it ends.
    fn due(&self, now_ms: u64, max: u32, lease: Duration) -> BoxFuture<'_, Result<Leased, StoreError>>;

    /// Removes effects that were carried out; those that are gone already are no error.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unknown`]: they may still be there, and then come again.
    fn done<'a>(&'a self, ids: &'a [EffectId]) -> BoxFuture<'a, Result<(), StoreError>>;
}
