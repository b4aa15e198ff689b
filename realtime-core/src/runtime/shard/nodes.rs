//! A shard and the other nodes: what it tells them, and what their heads, or the store's, tell it.

use futures_util::FutureExt;
use realtime_protocol::{Position, Topic};

use super::Shard;
use crate::{store::Record, topic::event::Event};

impl Shard {
    /// Tells other nodes.
    pub(super) fn publish(&mut self, topic: Topic, record: Record) {
        let Some(peers) = self.peers.clone() else { return };
        let told = async move {
            peers.publish(&topic, &record).await;
            None
        };
        self.io.push(told.boxed());
    }

    /// Joins a topic, for the worker of this number, or leaves it.
    pub(super) fn join_broker(&mut self, topic: &Topic, join: Option<u64>) {
        let Some(peers) = self.peers.clone() else { return };
        let topic = topic.clone();
        if join.is_some() {
            peers.heads.watch(&topic);
        } else {
            peers.heads.unwatch(&topic);
        }
        let joined = async move {
            let Some(born) = join else {
                peers.leave(&topic).await;
                return None;
            };
            peers.join(std::slice::from_ref(&topic)).await;
            // What was published before the join resolved is found by the head.
            Some((topic, born, Event::Doubt))
        };
        self.io.push(joined.boxed());
    }

    /// A head was told or asked for: where it shows something that no message told, the store is asked.
    pub(super) fn compare(&mut self, topic: &Topic, at: Position, sure: bool) {
        let Some(held) = self.topics.get(topic) else { return };
        if !held.worker.lacks(at, sure) {
            return;
        }
        if let Some(peers) = &self.peers {
            peers.heads.count_gap(topic);
        }
        self.step(topic, Event::Doubt);
    }
}
