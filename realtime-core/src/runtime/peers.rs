//! The other nodes: what is told them over the broker, and what they tell. It may fail: heads find it out (S27, S28).

use std::sync::{Arc, Weak};

use bytes::Bytes;
use futures_util::StreamExt;
use realtime_protocol::{Position, Topic};

use super::{
    Hub,
    heads::{self, Heads},
    shard::Message,
};
use crate::{
    broker::{Broker, BrokerError, Incoming},
    store::Record,
};

/// How a node talks to the others.
#[derive(Debug)]
pub(crate) struct Peers {
    pub(super) broker: Arc<dyn Broker>,
    pub(super) heads: Heads,
}

impl Peers {
    pub(super) fn new(broker: Arc<dyn Broker>) -> Self {
        Self { broker, heads: Heads::new() }
    }

    /// Tells a commit of this node. One that the broker cannot carry is announced by its head alone.
    pub(super) async fn publish(&self, topic: &Topic, record: &Record) {
        let bytes = encode_record(record);
        let fits = bytes.len() <= self.broker.max_message();
        self.heads.moved(topic, record.at, fits);
        if fits {
            self.publish_bytes(topic, bytes).await;
        }
    }

    pub(super) async fn publish_bytes(&self, topic: &Topic, bytes: Bytes) {
        let told = self.broker.publish(topic, bytes).await;
        if let Err(error) = &told {
            tracing::warn!(%topic, ?error, "the broker did not take a message");
        }
        self.judge(&told);
    }

    /// Asks for what is published to these topics; what it does not take now, it is asked again.
    pub(super) async fn join(&self, topics: &[Topic]) {
        let joined = self.broker.join(topics).await;
        if let Err(error) = &joined {
            tracing::warn!(topic = %topics[0], ?error, "the broker did not join");
        }
        self.judge(&joined);
        if joined.is_err_and(|error| error.retry) {
            topics.iter().for_each(|topic| self.heads.unjoined(topic));
        }
    }

    /// An answer shows whether the broker works; a message that it never takes says nothing of it.
    fn judge(&self, answer: &Result<(), BrokerError>) {
        if !answer.as_ref().is_err_and(|error| !error.retry) {
            self.heads.link(answer.is_ok());
        }
    }

    pub(super) async fn leave(&self, topic: &Topic) {
        if let Err(error) = self.broker.leave(std::slice::from_ref(topic)).await {
            tracing::warn!(%topic, ?error, "the broker did not leave a topic");
        }
    }
}

/// Takes what other nodes tell.
pub(super) async fn listen(hub: Weak<Hub>, peers: Arc<Peers>) {
    let mut incoming = peers.broker.incoming();
    if let Ok(topic) = Topic::new(heads::TOPIC) {
        peers.join(std::slice::from_ref(&topic)).await;
    }
    while let Some(news) = incoming.next().await {
        let Some(hub) = hub.upgrade() else { return };
        match news {
            Incoming::Message { topic, bytes } if topic.as_str() == heads::TOPIC => {
                for (topic, at) in heads::decode(&bytes) {
                    if peers.heads.is_watched(&topic) {
                        hub.send(&topic.clone(), Message::Head { topic, at, sure: false }).await;
                    }
                }
            }
            Incoming::Message { topic, bytes } => match decode_record(&bytes) {
                Some(record) => {
                    peers.heads.heard(&topic);
                    hub.send(&topic.clone(), Message::Published { topic, record }).await;
                }
                None => peers.heads.doubt(Some(vec![topic])),
            },
            Incoming::Doubt { topics } => peers.heads.doubt(topics),
        }
    }
    peers.heads.link(false);
}

/// A record, as it travels between nodes: its position, its predecessor's epoch, its bytes.
fn encode_record(record: &Record) -> Bytes {
    let head = (record.at.offset, record.at.epoch, record.prev_epoch, &record.bytes);
    rmp_serde::to_vec(&head).unwrap_or_default().into()
}

fn decode_record(bytes: &[u8]) -> Option<Record> {
    let (offset, epoch, prev_epoch, bytes) = rmp_serde::from_slice(bytes).ok()?;
    Some(Record { at: Position { offset, epoch }, prev_epoch, bytes })
}
