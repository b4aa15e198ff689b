//! The hub: topics spread over shards, each a task that takes its workers' turns.

use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::StreamExt;
use realtime_protocol::Topic;
use tokio::sync::mpsc;

use super::shard::{self, Message};
use crate::{
    broker::{Broker, Incoming},
    handler::Registry,
    host::tasks,
    store::{Record, Store},
    topic::event::ConnId,
};

/// How many messages may wait for a shard; then its senders wait (L11).
const SHARD_QUEUE: usize = 1024;

/// What every connection and the broker talk to.
#[derive(Debug)]
pub(crate) struct Hub {
    shards: Vec<mpsc::Sender<Message>>,
    next_conn: AtomicU64,
}

impl Hub {
    /// Starts the shards, and listens to the broker.
    pub(crate) fn start(
        registry: &Arc<Registry>,
        store: &Arc<dyn Store>,
        broker: Option<Arc<dyn Broker>>,
    ) -> Arc<Self> {
        let count = tasks::parallelism();
        let shard = |_| {
            let (tx, rx) = mpsc::channel(SHARD_QUEUE);
            tasks::spawn(shard::run(Arc::clone(registry), Arc::clone(store), broker.clone(), rx));
            tx
        };
        let hub = Arc::new(Self { shards: (0..count).map(shard).collect(), next_conn: AtomicU64::new(1) });
        if let Some(broker) = broker {
            tasks::spawn(listen(Arc::clone(&hub), broker));
        }
        hub
    }

    pub(crate) fn next_conn(&self) -> ConnId {
        ConnId(self.next_conn.fetch_add(1, Ordering::Relaxed))
    }

    /// Hands a message to the shard of its topic.
    pub(crate) async fn send(&self, topic: &Topic, message: Message) {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(topic);
        let shard = usize::try_from(hash % self.shards.len() as u64).unwrap_or(0);
        // It fails only while the runtime shuts down: then nobody waits for an answer.
        let _ = self.shards[shard].send(message).await;
    }

    async fn send_all(&self, message: impl Fn() -> Message) {
        for shard in &self.shards {
            let _ = shard.send(message()).await;
        }
    }
}

/// Takes what other nodes tell.
async fn listen(hub: Arc<Hub>, broker: Arc<dyn Broker>) {
    let mut incoming = broker.incoming();
    while let Some(news) = incoming.next().await {
        match news {
            Incoming::Message { topic, bytes } => match shard::decode_record(&bytes) {
                Some(record) => publish(&hub, topic, record).await,
                None => hub.send(&topic.clone(), Message::Doubt { topic: Some(topic) }).await,
            },
            Incoming::Doubt { topics: None } => hub.send_all(|| Message::Doubt { topic: None }).await,
            Incoming::Doubt { topics: Some(topics) } => {
                for topic in topics {
                    hub.send(&topic.clone(), Message::Doubt { topic: Some(topic) }).await;
                }
            }
        }
    }
}

async fn publish(hub: &Hub, topic: Topic, record: Record) {
    hub.send(&topic.clone(), Message::Published { topic, record }).await;
}
