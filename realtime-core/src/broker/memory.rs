//! The broker in memory: several nodes in one process, for tests and for simulation.

use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use bytes::Bytes;
use futures_core::{future::BoxFuture, stream::BoxStream};
use futures_util::stream;
use realtime_protocol::Topic;
use tokio::sync::mpsc;

use super::{Broker, BrokerError, Incoming};

/// How many messages wait for a node; then it is told to doubt (B6).
const BUFFER: usize = 1_024;
/// The largest message: none is too large for memory, so the limit is only there to be one.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// One node's place at a hub in this process.
pub struct MemoryBroker {
    hub: Arc<Mutex<Vec<Weak<Node>>>>,
    node: Arc<Node>,
}

struct Node {
    state: Mutex<State>,
}

struct State {
    joined: HashSet<Topic>,
    tx: mpsc::Sender<Incoming>,
    rx: Option<mpsc::Receiver<Incoming>>,
    /// A message found no room: the next thing that fits is a doubt.
    doubt: bool,
}

impl MemoryBroker {
    /// Returns the first node of a new hub.
    #[must_use]
    pub fn new() -> Self {
        Self::at(Arc::default())
    }

    /// Returns another node of the same hub.
    #[must_use]
    pub fn another(&self) -> Self {
        Self::at(Arc::clone(&self.hub))
    }

    fn at(hub: Arc<Mutex<Vec<Weak<Node>>>>) -> Self {
        let (tx, rx) = mpsc::channel(BUFFER);
        let state = State { joined: HashSet::new(), tx, rx: Some(rx), doubt: false };
        let node = Arc::new(Node { state: Mutex::new(state) });
        lock(&hub).push(Arc::downgrade(&node));
        Self { hub, node }
    }

    fn others(&self) -> Vec<Arc<Node>> {
        let mut nodes = lock(&self.hub);
        nodes.retain(|node| node.strong_count() > 0);
        nodes.iter().filter_map(Weak::upgrade).filter(|node| !Arc::ptr_eq(node, &self.node)).collect()
    }
}

impl Default for MemoryBroker {
    fn default() -> Self {
        Self::new()
    }
}

impl Node {
    fn offer(&self, topic: &Topic, bytes: &Bytes) {
        let mut state = lock(&self.state);
        if !state.joined.contains(topic) {
            return;
        }
        if state.doubt {
            state.doubt = state.tx.try_send(Incoming::Doubt { topics: None }).is_err();
        }
        let message = Incoming::Message { topic: topic.clone(), bytes: bytes.clone() };
        if state.tx.try_send(message).is_err() {
            state.doubt = true;
        }
    }
}

impl Broker for MemoryBroker {
    fn max_message(&self) -> usize {
        MAX_MESSAGE
    }

    fn publish<'a>(&'a self, topic: &'a Topic, bytes: Bytes) -> BoxFuture<'a, Result<(), BrokerError>> {
        Box::pin(async move {
            self.others().iter().for_each(|node| node.offer(topic, &bytes));
            Ok(())
        })
    }

    fn join<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<(), BrokerError>> {
        Box::pin(async move {
            lock(&self.node.state).joined.extend(topics.iter().cloned());
            Ok(())
        })
    }

    fn leave<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<(), BrokerError>> {
        Box::pin(async move {
            let mut state = lock(&self.node.state);
            topics.iter().for_each(|topic| {
                state.joined.remove(topic);
            });
            Ok(())
        })
    }

    fn incoming(&self) -> BoxStream<'static, Incoming> {
        let (rx, node) = (lock(&self.node.state).rx.take(), Arc::clone(&self.node));
        Box::pin(stream::unfold((rx, node), |(rx, node)| async move {
            let mut rx = rx?;
            let news = rx.recv().await?;
            // There is room now: a loss that nothing followed is told here (B3).
            let mut state = lock(&node.state);
            if rx.is_empty() && state.doubt {
                state.doubt = state.tx.try_send(Incoming::Doubt { topics: None }).is_err();
            }
            drop(state);
            Some((news, (Some(rx), node)))
        }))
    }
}

impl fmt::Debug for MemoryBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("memory: nodes of this process")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
