//! Stores: the plugin that orders and keeps each topic's commits.

// mod embedded;
mod history;
mod memory;
mod types;

use std::fmt;

use futures_core::future::BoxFuture;

// pub use embedded::Embedded;
pub use memory::Memory;
pub use types::{
    Change, ColumnOp, Commit, CommitError, Durability, Effect, EffectId, Head, Kept, Key, Lane, LaneId,
    LaneMove, Page, Position, Read, Record, Replay, Row, StoreError, Topic,
};

/// How many records a topic's log keeps at most (S26).
pub const LOG_RECORDS: u64 = 1_000;
/// How many bytes of records it keeps at most (S26).
pub const LOG_BYTES: u64 = 1024 * 1024;
/// How long it keeps a record, in milliseconds (S26).
pub const LOG_AGE_MS: u64 = 24 * 60 * 60 * 1_000;
/// How many records one commit trims at most (S26).
pub const TRIM_PER_COMMIT: usize = 4;
/// How long a lane's row stays after its last move, in milliseconds (S2).
pub const LANE_TTL_MS: u64 = realtime_protocol::lane::LANE_TTL_DAYS as u64 * 24 * 60 * 60 * 1_000;
/// How many bytes of missed records a conflict answers at most (S12).
pub const MISSED_BYTES: usize = 64 * 1024;

/// Orders and keeps each topic's commits: the sequencer, and the truth.
///
/// To write one, implement this trait and run [`store_suite!`](crate::store_suite) against it.
///
/// # Contract: the suite has one test for each clause, named after it
///
/// - **C1 atomic.** Changes, record, lanes, effects: all are kept, or none.
/// - **C2 compared.** Kept only where head is `expected` (offset and epoch), each lane stands at `from` (no row: 0),
///   each taken effect is there, and `form` is the store's.
/// - **C3 dense.** With changes or `put` it stands at `expected.offset + 1`; else no offset moves.
/// - **C4 durable.** `commit` resolves when it is as durable as `durability()` says.
/// - **C5 prefix.** What survives a crash, failover or restore is a prefix of each topic's commits, lanes included.
/// - **C6 one position.** A `Page`, and an answer of `lanes`, is wholly of the position that it names.
/// - **C7 fresh.** An answer is no older than any commit that resolved before the call (never a lagging replica).
/// - **C8 by column.** An update leaves columns alone that it does not name, and keeps `Append`s in order.
/// - **C9 honest.** `replay` has no hole; what is unsure is `Unknown`.
/// - **C10 bounded.** Log, lanes, cleared topics and effects stay within the set limits without outside help.
/// - **C11 cancel.** A dropped future is a lost answer, nothing worse.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Returns what people call it: `./realtime.db, embedded`.
    fn describe(&self) -> String;

    /// What survives, once [`commit`](Self::commit) has resolved: told to clients in the welcome.
    fn durability(&self) -> Durability;

    /// Opens what must be opened; called once, before everything else.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unusable`] says what is wrong and what to do.
    fn start(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Keeps `commit`, if the topic and the lanes still stand where it expects them.
    ///
    /// # Errors
    ///
    /// [`CommitError::Behind`] carries the head and what was missed: apply it, run again.
    /// [`StoreError::Unknown`] may have happened: draw a new epoch, load, then retry.
    fn commit<'a>(&'a self, topic: &'a Topic, commit: Commit) -> BoxFuture<'a, Result<Head, CommitError>>;

    /// Returns the records of `topic` after a position, oldest first, at most `max_bytes` of them but at least one.
    ///
    /// # Errors
    ///
    /// [`StoreError`], never [`StoreError::Unknown`].
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
    /// [`StoreError`], never [`StoreError::Unknown`].
    fn read<'a>(&'a self, topic: &'a Topic, what: Read) -> BoxFuture<'a, Result<Page, StoreError>>;

    /// Returns the rows of lanes, in the order asked, all of one position.
    ///
    /// # Errors
    ///
    /// [`StoreError`], never [`StoreError::Unknown`].
    fn lanes<'a>(
        &'a self,
        topic: &'a Topic,
        lanes: &'a [LaneId],
    ) -> BoxFuture<'a, Result<(Head, Vec<Option<Lane>>), StoreError>>;

    /// Returns where topics stand, in the order asked; up to 1,000 in one round trip.
    ///
    /// # Errors
    ///
    /// [`StoreError`], never [`StoreError::Unknown`].
    fn heads<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<Vec<Head>, StoreError>>;

    /// Returns its outbox. `None`: models with timers or cross-topic calls are refused at start.
    fn outbox(&self) -> Option<&dyn Outbox> {
        None
    }
}

/// Due effects, on lease: two nodes may hold one.
pub trait Outbox: Send + Sync {
    /// Returns effects that are due, and keeps them from others for `lease`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn due(
        &self,
        now_ms: u64,
        max: u32,
        lease: std::time::Duration,
    ) -> BoxFuture<'_, Result<Vec<(EffectId, Effect)>, StoreError>>;

    /// Removes effects that were carried out.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn done<'a>(&'a self, ids: &'a [EffectId]) -> BoxFuture<'a, Result<(), StoreError>>;
}
