//! The simulated broker: it drops, repeats, delays and reorders, and tells of a loss or hides it.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures_core::{future::BoxFuture, stream::BoxStream};
use futures_util::StreamExt;
use realtime_protocol::Topic;
use tokio::sync::mpsc;

use super::sim::{Event, Sim};
use crate::broker::{Broker, BrokerError, Incoming};
use crate::host::simulated;

/// What the nodes of a world share.
#[derive(Debug)]
pub(super) struct Brokers {
    sim: Arc<Sim>,
    nodes: Mutex<Vec<Link>>,
}

/// One node's end.
#[derive(Debug, Default)]
struct Link {
    life: u32,
    up: bool,
    topics: BTreeSet<Topic>,
    to: Option<mpsc::UnboundedSender<Incoming>>,
    from: Option<mpsc::UnboundedReceiver<Incoming>>,
    /// What befalls the next messages to it.
    drop_next: u32,
    repeat_next: u32,
    delay_next: Vec<u64>,
    /// Cut off until then, in milliseconds; whether it is told so.
    cut_until: u64,
    told: bool,
}

impl Brokers {
    pub(super) fn new(sim: Arc<Sim>) -> Self {
        Self { sim, nodes: Mutex::default() }
    }

    pub(super) fn start(&self, node: usize, life: u32) {
        let mut nodes = self.lock();
        while nodes.len() <= node {
            nodes.push(Link::default());
        }
        let (to, from) = mpsc::unbounded_channel();
        nodes[node] = Link { life, up: true, to: Some(to), from: Some(from), ..Link::default() };
    }

    pub(super) fn stop(&self, node: usize) {
        if let Some(link) = self.lock().get_mut(node) {
            *link = Link { life: link.life, ..Link::default() };
        }
    }

    /// The next message to this node is lost.
    pub(super) fn drop_next(&self, node: usize) {
        self.with(node, |link| link.drop_next += 1);
    }

    /// The next message to this node comes twice.
    pub(super) fn repeat_next(&self, node: usize) {
        self.with(node, |link| link.repeat_next += 1);
    }

    /// The next message to this node comes later than those behind it.
    pub(super) fn delay_next(&self, node: usize, ms: u64) {
        self.with(node, |link| link.delay_next.push(ms));
    }

    /// Cuts a node off for a while; `told`: it learns so when it is over.
    pub(super) fn cut(&self, node: usize, ms: u64, told: bool) {
        let until = simulated::elapsed_ms() + ms;
        self.with(node, |link| (link.cut_until, link.told) = (until, told));
        let life = self.lock().get(node).map_or(0, |link| link.life);
        if told {
            self.sim.at(until, Event::News { node, life, news: Incoming::Doubt { topics: None } });
        }
    }

    /// Tells a node what has come.
    pub(super) fn arrive(&self, node: usize, news: Incoming) {
        let nodes = self.lock();
        if let Some(to) = nodes.get(node).filter(|link| link.up).and_then(|link| link.to.as_ref()) {
            // It fails where the node does not listen any more.
            let _ = to.send(news);
        }
    }

    fn publish(&self, from: usize, topic: &Topic, bytes: &Bytes) {
        let now = simulated::elapsed_ms();
        let mut sent = Vec::new();
        let mut nodes = self.lock();
        if nodes[from].cut_until > now {
            return;
        }
        for (node, link) in nodes.iter_mut().enumerate() {
            if node == from || !link.up || !link.topics.contains(topic) || link.cut_until > now {
                continue;
            }
            if link.drop_next > 0 {
                link.drop_next -= 1;
                continue;
            }
            let copies = 1 + u64::from(link.repeat_next > 0);
            link.repeat_next = link.repeat_next.saturating_sub(1);
            let late = link.delay_next.pop().unwrap_or(0);
            sent.push((node, link.life, copies, late));
        }
        drop(nodes);
        for (node, life, copies, late) in sent {
            for copy in 0..copies {
                let news = Incoming::Message { topic: topic.clone(), bytes: bytes.clone() };
                let after = self.sim.latency() + late + copy * self.sim.below(40);
                self.sim.after(after, Event::News { node, life, news });
            }
        }
    }

    fn with(&self, node: usize, act: impl FnOnce(&mut Link)) {
        if let Some(link) = self.lock().get_mut(node) {
            act(link);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Link>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One node's broker.
pub(super) struct SimBroker {
    brokers: Arc<Brokers>,
    node: usize,
    life: u32,
}

impl SimBroker {
    pub(super) fn new(brokers: Arc<Brokers>, node: usize, life: u32) -> Self {
        Self { brokers, node, life }
    }

    fn change(&self, act: impl FnOnce(&mut Link)) {
        self.brokers.with(self.node, |link| {
            if link.life == self.life {
                act(link);
            }
        });
    }
}

impl Broker for SimBroker {
    fn max_message(&self) -> usize {
        1024 * 1024
    }

    fn publish<'a>(&'a self, topic: &'a Topic, bytes: Bytes) -> BoxFuture<'a, Result<(), BrokerError>> {
        Box::pin(async move {
            self.brokers.publish(self.node, topic, &bytes);
            Ok(())
        })
    }

    fn join<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<(), BrokerError>> {
        Box::pin(async move {
            tokio::time::sleep(std::time::Duration::from_millis(self.brokers.sim.latency())).await;
            self.change(|link| link.topics.extend(topics.iter().cloned()));
            Ok(())
        })
    }

    fn leave<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<(), BrokerError>> {
        Box::pin(async move {
            self.change(|link| link.topics.retain(|topic| !topics.contains(topic)));
            Ok(())
        })
    }

    fn incoming(&self) -> BoxStream<'static, Incoming> {
        let mut from = None;
        self.change(|link| from = link.from.take());
        futures_util::stream::unfold(from, async |from| {
            let mut from = from?;
            let news = from.recv().await?;
            Some((news, Some(from)))
        })
        .boxed()
    }
}

impl fmt::Debug for SimBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimBroker").field("node", &self.node).finish_non_exhaustive()
    }
}
