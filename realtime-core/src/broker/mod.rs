//! Brokers: the plugin that tells other nodes of a commit, and may fail.

mod memory;

use std::{error::Error as StdError, fmt};

use bytes::Bytes;
use futures_core::{future::BoxFuture, stream::BoxStream};
use realtime_protocol::Topic;

pub use memory::MemoryBroker;

/// What a broker brings to a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Incoming {
    /// What a node published.
    Message {
        /// The topic.
        topic: Topic,
        /// The bytes.
        bytes: Bytes,
    },
    /// Messages may be missing (`None`: of any topic): compare heads.
    Doubt {
        /// Of which topics.
        topics: Option<Vec<Topic>>,
    },
}

/// Why a broker did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct BrokerError {
    /// Whether to try again.
    pub retry: bool,
    /// What went wrong.
    pub source: Box<dyn StdError + Send + Sync>,
}

impl BrokerError {
    /// One that may pass.
    pub fn retry(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { retry: true, source: source.into() }
    }
}

/// Tells other nodes. May drop, repeat, reorder, delay; never invents.
///
/// # Contract: [`broker_suite!`](crate::broker_suite) has one test for each clause, named after it
///
/// - **B1 authentic.** What arrives was published to that topic by a node.
/// - **B2 joined.** After `join` resolved, what is published arrives, but for faults.
/// - **B3 told.** A loss that the broker can know of is a `Doubt`.
/// - **B4 alive.** A dead or half-open link is found in 15 s, is a `Doubt`, and is mended.
/// - **B5 apart.** Neither a slow topic nor a slow reader of `incoming` delays `publish`.
/// - **B6 bounded.** A full buffer is a `Doubt`, never growth.
/// - **B7 cancel.** Any future may be dropped.
///
/// Nodes talk to nodes (presence, revocation, heads, liveness) over reserved topics of the same trait.
pub trait Broker: fmt::Debug + Send + Sync + 'static {
    /// Returns the largest message, in bytes; a larger one is announced by head alone.
    fn max_message(&self) -> usize;

    /// Tells the other nodes that joined `topic`.
    ///
    /// # Errors
    ///
    /// [`BrokerError`]; the commit stands all the same.
    fn publish<'a>(&'a self, topic: &'a Topic, bytes: Bytes) -> BoxFuture<'a, Result<(), BrokerError>>;

    /// From when it resolves, what is published to `topics` arrives.
    ///
    /// # Errors
    ///
    /// [`BrokerError`].
    fn join<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<(), BrokerError>>;

    /// What is published to `topics` need not arrive any more.
    ///
    /// # Errors
    ///
    /// [`BrokerError`].
    fn leave<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<(), BrokerError>>;

    /// Returns the node's one stream; called once.
    fn incoming(&self) -> BoxStream<'static, Incoming>;
}
