//! Plugin: what tells other nodes of a commit. The trait, and its contract.

mod memory;

use std::{error::Error, fmt};

use bytes::Bytes;
use futures_core::{future::BoxFuture, stream::BoxStream};
use realtime_protocol::Topic;

pub use memory::{MemoryBroker, MemoryHub};

/// Tells other nodes. May drop, repeat, reorder, delay; never invents.
///
/// A receiver sees a fault in the offsets, and repairs it from the store: so correctness never rests on a broker.
/// To write one, implement this trait and run [`broker_suite!`](crate::broker_suite) against it.
///
/// # Contract: the suite has a test for each clause, named after it
///
/// - **B1 authentic.** What arrives was published to that topic by a node.
/// - **B2 joined.** After `join` resolved, what is published arrives, but for faults.
/// - **B3 told.** A loss that the broker can know of is a [`Doubt`](Incoming::Doubt).
/// - **B4 alive.** A dead or half-open link is found in 15 s, is a `Doubt`, and is mended.
/// - **B5 apart.** Neither a slow topic nor a slow reader of `incoming` delays `publish`.
/// - **B6 bounded.** A full buffer is a `Doubt`, never growth.
/// - **B7 cancel.** Any future may be dropped.
///
/// Nodes talk to nodes (presence, revocation, heads, liveness) over reserved topics of the same trait.
pub trait Broker: fmt::Debug + Send + Sync + 'static {
    /// Returns the largest message in bytes; a larger record is announced by its head alone.
    fn max_message(&self) -> usize;

    /// Sends a message to all nodes that joined the topic; whether its own node hears it too is left open.
    ///
    /// # Errors
    ///
    /// Where it was surely not sent, or nobody knows.
    fn publish<'a>(&'a self, topic: &'a Topic, bytes: Bytes) -> BoxFuture<'a, Result<(), BrokerError>>;

    /// Asks for what is published to these topics from now on; asking twice is asking once.
    ///
    /// # Errors
    ///
    /// Where it did not come about: ask again.
    fn join<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<(), BrokerError>>;

    /// Asks no more for these; what was on its way may still arrive.
    ///
    /// # Errors
    ///
    /// Where it did not come about: messages go on arriving, which does no harm.
    fn leave<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<(), BrokerError>>;

    /// Returns the node's one stream; called once.
    fn incoming(&self) -> BoxStream<'static, Incoming>;
}

/// What a node hears.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Incoming {
    /// A message.
    Message {
        /// To which topic it was published.
        topic: Topic,
        /// What was published.
        bytes: Bytes,
    },
    /// Messages may be missing: compare heads with the store.
    Doubt {
        /// Of these topics; `None`: of any.
        topics: Option<Vec<Topic>>,
    },
}

/// Why a broker did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct BrokerError {
    /// It may work if it is tried again.
    pub retry: bool,
    /// What happened.
    pub source: Box<dyn Error + Send + Sync>,
}

impl BrokerError {
    /// It may work if it is tried again.
    pub fn retry(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { retry: true, source: source.into() }
    }

    /// It will not work, however often it is tried.
    pub fn fatal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { retry: false, source: source.into() }
    }
}
