//! The memory broker: several nodes in one process, for tests and simulations.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures_core::{Stream, future::BoxFuture, stream::BoxStream};
use realtime_protocol::Topic;

use super::{Broker, BrokerError, Incoming};

/// The largest message, in bytes.
const MAX_MESSAGE: usize = 1024 * 1024;
/// How much a node's buffer holds: messages, and bytes of them.
const MAX_MESSAGES: usize = 1024;
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Of how many topics a loss is told by name; above, of any.
const MAX_DOUBTED: usize = 64;

/// What the nodes of one process share: [`MemoryBroker::hub`].
#[derive(Clone, Default)]
pub struct MemoryHub {
    nodes: Arc<Mutex<Nodes>>,
}

/// One node's end of a [`MemoryHub`]. It does not hear what it publishes itself.
pub struct MemoryBroker {
    hub: MemoryHub,
    number: u64,
    mailbox: Arc<Mutex<Mailbox>>,
}

#[derive(Default)]
struct Nodes {
    next: u64,
    joined: HashMap<Topic, HashMap<u64, Weak<Mutex<Mailbox>>>>,
}

/// What a node has not read yet: bounded, with what was lost beside it (B6).
#[derive(Default)]
struct Mailbox {
    topics: HashSet<Topic>,
    queue: VecDeque<(Topic, Bytes)>,
    bytes: usize,
    doubted: Doubted,
    reader: Option<Waker>,
    taken: bool,
    closed: bool,
}

/// Of which topics messages were lost.
#[derive(Default)]
enum Doubted {
    #[default]
    None,
    Some(BTreeSet<Topic>),
    Any,
}

impl MemoryBroker {
    /// Returns a hub without nodes.
    #[must_use]
    pub fn hub() -> MemoryHub {
        MemoryHub::default()
    }

    /// Breaks the link of this node, as a cut cable does: what it has not read is lost, it is told so, and the
    /// link is mended.
    pub fn cut(&self) {
        let mut mailbox = lock(&self.mailbox);
        mailbox.queue.clear();
        mailbox.bytes = 0;
        mailbox.doubted = Doubted::Any;
        mailbox.wake();
    }
}

impl MemoryHub {
    /// Returns a new node of this hub.
    #[must_use]
    pub fn node(&self) -> MemoryBroker {
        let mut nodes = lock(&self.nodes);
        nodes.next += 1;
        MemoryBroker { hub: self.clone(), number: nodes.next, mailbox: Arc::default() }
    }
}

/// No step under a lock can panic half way.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mailbox {
    /// Takes a message. A full buffer is emptied first: what was in it is doubted, and the newest is kept (B6).
    fn post(&mut self, topic: &Topic, bytes: &Bytes) {
        if self.queue.len() >= MAX_MESSAGES || self.bytes + bytes.len() > MAX_BYTES {
            for (lost, _) in self.queue.drain(..) {
                self.doubted.add(&lost);
            }
            self.bytes = 0;
        }
        self.bytes += bytes.len();
        self.queue.push_back((topic.clone(), bytes.clone()));
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// A doubt goes first: what it doubts was published before all that is in the queue.
    fn next(&mut self) -> Option<Incoming> {
        match std::mem::take(&mut self.doubted) {
            Doubted::None => {}
            Doubted::Some(topics) => {
                return Some(Incoming::Doubt { topics: Some(topics.into_iter().collect()) });
            }
            Doubted::Any => return Some(Incoming::Doubt { topics: None }),
        }
        let (topic, bytes) = self.queue.pop_front()?;
        self.bytes -= bytes.len();
        Some(Incoming::Message { topic, bytes })
    }
}

impl Doubted {
    fn add(&mut self, topic: &Topic) {
        match self {
            Self::None => *self = Self::Some(BTreeSet::from([topic.clone()])),
            Self::Some(topics) if topics.contains(topic) => {}
            Self::Some(topics) if topics.len() < MAX_DOUBTED => {
                topics.insert(topic.clone());
            }
            Self::Some(_) | Self::Any => *self = Self::Any,
        }
    }
}

impl Broker for MemoryBroker {
    fn max_message(&self) -> usize {
        MAX_MESSAGE
    }

    fn publish<'a>(&'a self, topic: &'a Topic, bytes: Bytes) -> BoxFuture<'a, Result<(), BrokerError>> {
        Box::pin(async move {
            if bytes.len() > MAX_MESSAGE {
                let len = bytes.len();
                return Err(BrokerError::fatal(format!(
                    "a message of {len} bytes: the limit is {MAX_MESSAGE}"
                )));
            }
            let mailboxes: Vec<_> = lock(&self.hub.nodes).others(topic, self.number).collect();
            mailboxes.iter().for_each(|mailbox| lock(mailbox).post(topic, &bytes));
            Ok(())
        })
    }

    fn join<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<(), BrokerError>> {
        Box::pin(async move {
            lock(&self.mailbox).topics.extend(topics.iter().cloned());
            let mut nodes = lock(&self.hub.nodes);
            for topic in topics {
                let joined = nodes.joined.entry(topic.clone()).or_default();
                joined.insert(self.number, Arc::downgrade(&self.mailbox));
            }
            Ok(())
        })
    }

    fn leave<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<(), BrokerError>> {
        Box::pin(async move {
            let mut mailbox = lock(&self.mailbox);
            mailbox.topics.retain(|topic| !topics.contains(topic));
            drop(mailbox);
            lock(&self.hub.nodes).leave(topics, self.number);
            Ok(())
        })
    }

    /// The first call returns the stream; a later one returns a stream that has ended.
    fn incoming(&self) -> BoxStream<'static, Incoming> {
        let first = !std::mem::replace(&mut lock(&self.mailbox).taken, true);
        Box::pin(Reader { mailbox: first.then(|| Arc::clone(&self.mailbox)) })
    }
}

impl Nodes {
    fn others(&self, topic: &Topic, but: u64) -> impl Iterator<Item = Arc<Mutex<Mailbox>>> {
        let joined = self.joined.get(topic).into_iter().flatten();
        joined.filter(move |(number, _)| **number != but).filter_map(|(_, mailbox)| mailbox.upgrade())
    }

    fn leave<'a>(&mut self, topics: impl IntoIterator<Item = &'a Topic>, number: u64) {
        for topic in topics {
            if let Some(joined) = self.joined.get_mut(topic) {
                joined.remove(&number);
                if joined.is_empty() {
                    self.joined.remove(topic);
                }
            }
        }
    }
}

impl Drop for MemoryBroker {
    fn drop(&mut self) {
        let mut mailbox = lock(&self.mailbox);
        mailbox.closed = true;
        mailbox.wake();
        let topics = std::mem::take(&mut mailbox.topics);
        drop(mailbox);
        lock(&self.hub.nodes).leave(&topics, self.number);
    }
}

/// Reads a mailbox; ends when its node is gone and all is read.
struct Reader {
    mailbox: Option<Arc<Mutex<Mailbox>>>,
}

impl Stream for Reader {
    type Item = Incoming;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Incoming>> {
        let Some(mailbox) = &self.mailbox else { return Poll::Ready(None) };
        let mut mailbox = lock(mailbox);
        match mailbox.next() {
            Some(news) => Poll::Ready(Some(news)),
            None if mailbox.closed => Poll::Ready(None),
            None => {
                mailbox.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for MemoryHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryHub").field("nodes", &lock(&self.nodes).next).finish_non_exhaustive()
    }
}

impl fmt::Debug for MemoryBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBroker").field("node", &self.number).finish_non_exhaustive()
    }
}
