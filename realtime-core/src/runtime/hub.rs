//! The hub: topics spread over shards, each a task that takes its workers' turns.

use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use realtime_protocol::Topic;
use tokio::sync::mpsc;

use super::{
    heads,
    peers::{self, Peers},
    retired::Retired,
    room::Room,
    shard::{self, Message},
};
use crate::{
    broker::Broker,
    handler::Registry,
    host::{random, tasks},
    store::Store,
    topic::{channel::Numbers, event::ConnId, own::Own},
};

/// How many messages may wait for a shard; then its senders wait (L11).
const SHARD_QUEUE: usize = 1024;

/// What every connection and the broker talk to.
#[derive(Debug)]
pub(crate) struct Hub {
    shards: Vec<mpsc::Sender<Message>>,
    next_conn: AtomicU64,
    /// Whether this program is too old for its store.
    retired: Arc<Retired>,
    #[cfg(test)]
    peers: Option<Arc<Peers>>,
}

impl Hub {
    /// Starts the shards, and what keeps them in step with other nodes.
    pub(crate) fn start(
        registry: &Arc<Registry>,
        store: &Arc<dyn Store>,
        broker: Option<Arc<dyn Broker>>,
    ) -> Arc<Self> {
        let count = tasks::parallelism();
        let peers = broker.map(|broker| Arc::new(Peers::new(broker)));
        // A random start, so that a channel of before is not taken for one of now (S16).
        let numbers = Arc::new(Numbers::new(u32::from(u16::from_be_bytes(random::bytes()))));
        let (room, retired) = (Arc::new(Room::default()), Arc::<Retired>::default());
        let shard = |_| {
            let (tx, rx) = mpsc::channel(SHARD_QUEUE);
            let (registry, store, numbers) = (Arc::clone(registry), Arc::clone(store), Arc::clone(&numbers));
            let (room, retired) = (Arc::clone(&room), Arc::clone(&retired));
            tasks::spawn(shard::run(registry, store, peers.clone(), numbers, room, retired, rx));
            tx
        };
        let hub = Arc::new(Self {
            shards: (0..count).map(shard).collect(),
            next_conn: AtomicU64::new(1),
            retired: Arc::clone(&retired),
            #[cfg(test)]
            peers: peers.clone(),
        });
        if let Some(peers) = peers {
            tasks::spawn(peers::listen(Arc::downgrade(&hub), Arc::clone(&peers)));
            tasks::spawn(heads::tell(Arc::downgrade(&hub), Arc::clone(&peers)));
            tasks::spawn(heads::ask(Arc::downgrade(&hub), peers, Arc::clone(store)));
        }
        hub
    }

    #[cfg(test)]
    pub(super) fn peers(&self) -> Option<&Peers> {
        self.peers.as_deref()
    }

    /// Resolves when connections are to go elsewhere: the process is told to stop, or is too old for its store.
    pub(crate) async fn leaving(&self) {
        tokio::select! {
            () = crate::transport::draining() => {}
            () = self.retired.heard() => {}
        }
    }

    pub(crate) fn next_conn(&self) -> ConnId {
        ConnId(self.next_conn.fetch_add(1, Ordering::Relaxed))
    }

    /// Hands what the program itself asks for to the topic's worker.
    pub(crate) async fn own(&self, topic: &Topic, root: usize, own: Own) {
        self.send(topic, Message::Own { topic: topic.clone(), root, own }).await;
    }

    /// Hands a message to the shard of its topic.
    pub(crate) async fn send(&self, topic: &Topic, message: Message) {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(topic);
        let shard = usize::try_from(hash % self.shards.len() as u64).unwrap_or(0);
        // It fails only while the runtime shuts down: then nobody waits for an answer.
        let _ = self.shards[shard].send(message).await;
    }
}
