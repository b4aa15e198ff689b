//! Simulated nodes: processes that start, crash in the middle of what they do, and start again.

use std::sync::{Arc, Mutex, PoisonError};

use futures_core::future::BoxFuture;
use realtime_protocol::frame::Codec;

use super::{
    broker::{Brokers, SimBroker},
    connection,
    net::{Net, Socket},
    sim::{Event, Sim},
    store::{SimStore, Stores},
};
use crate::{broker::Broker, error::Error, host::simulated::Node as Process, runtime::Served, store::Store};

/// Starts the app on a node.
pub(super) type StartApp =
    Box<dyn Fn(Arc<dyn Store>, Arc<dyn Broker>) -> BoxFuture<'static, Result<Arc<Served>, Error>>>;

/// How long a node whose start has failed waits, in milliseconds.
const AGAIN_MS: u64 = 200;

/// All nodes.
pub(super) struct Nodes {
    sim: Arc<Sim>,
    net: Arc<Net>,
    stores: Arc<Stores>,
    brokers: Arc<Brokers>,
    start: StartApp,
    slots: Vec<Slot>,
}

/// What a process serves with, once it has started.
type Serving = Arc<Mutex<Option<Arc<Served>>>>;

struct Slot {
    life: u32,
    process: Option<(Arc<Process>, Serving)>,
    skew_ms: i64,
}

impl Nodes {
    pub(super) fn new(
        sim: Arc<Sim>,
        net: Arc<Net>,
        stores: Arc<Stores>,
        brokers: Arc<Brokers>,
        start: StartApp,
    ) -> Self {
        Self { sim, net, stores, brokers, start, slots: Vec::new() }
    }

    /// Adds nodes, and starts them.
    pub(super) fn add(&mut self, count: usize) {
        for _ in 0..count {
            self.slots.push(Slot { life: 0, process: None, skew_ms: 0 });
            self.start(self.slots.len() - 1);
        }
    }

    pub(super) fn count(&self) -> usize {
        self.slots.len()
    }

    /// Starts a node that is down.
    pub(super) fn start(&mut self, node: usize) {
        let slot = &mut self.slots[node];
        if slot.process.is_some() {
            return;
        }
        slot.life += 1;
        let life = slot.life;
        let process = Arc::new(Process::default());
        process.skew(slot.skew_ms);
        let serving = Serving::default();
        slot.process = Some((Arc::clone(&process), Arc::clone(&serving)));
        let store = Arc::new(SimStore::new(Arc::clone(&self.stores), node));
        let broker = Arc::new(SimBroker::new(Arc::clone(&self.brokers), node, life));
        self.brokers.start(node, life);
        let starting = (self.start)(store, broker);
        let sim = Arc::clone(&self.sim);
        process.spawn(async move {
            match starting.await {
                Ok(served) => *serving.lock().unwrap_or_else(PoisonError::into_inner) = Some(served),
                Err(error) => {
                    sim.note(|| format!("n{node} does not start: {error}"));
                    sim.after(AGAIN_MS, Event::Start { node });
                }
            }
        });
    }

    /// A node whose start has failed, or that is down, starts again.
    pub(super) fn restart(&mut self, node: usize) {
        if self.served(node).is_none() {
            self.crash(node);
            self.start(node);
        }
    }

    /// Ends a node's process wherever it is.
    pub(super) fn crash(&mut self, node: usize) {
        if let Some((process, _)) = self.slots[node].process.take() {
            process.crash();
            self.brokers.stop(node);
            self.net.node_crashed(node);
        }
    }

    pub(super) fn skew(&mut self, node: usize, ms: i64) {
        self.slots[node].skew_ms = ms;
        if let Some((process, _)) = &self.slots[node].process {
            process.skew(ms);
        }
    }

    /// Returns what a node serves with, where it is up.
    pub(super) fn served(&self, node: usize) -> Option<Arc<Served>> {
        let (_, serving) = self.slots.get(node)?.process.as_ref()?;
        serving.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn is_life(&self, node: usize, life: u32) -> bool {
        self.slots[node].life == life && self.slots[node].process.is_some()
    }

    pub(super) fn all_up(&self) -> bool {
        (0..self.slots.len()).all(|node| self.served(node).is_some())
    }

    /// Serves a connection; false where the node is down.
    pub(super) fn serve(&self, node: usize, socket: Socket, codec: Codec) -> bool {
        let Some(served) = self.served(node) else { return false };
        let Some((process, _)) = &self.slots[node].process else { return false };
        process.spawn(connection::serve(served, socket, codec));
        true
    }
}
