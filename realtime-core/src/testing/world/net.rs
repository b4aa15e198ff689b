//! The simulated network: connections that carry frames in order, late, or not at all.

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use super::sim::{Event, Sim};
use crate::host::simulated;

/// How many bytes a network takes before a write waits for the reader, as a socket's buffers do.
const WINDOW: usize = 16 * 1024;

/// All connections.
#[derive(Debug)]
pub(super) struct Net {
    sim: Arc<Sim>,
    wires: Mutex<Wires>,
}

#[derive(Debug, Default)]
struct Wires {
    last: u64,
    open: BTreeMap<u64, Wire>,
}

/// One connection.
#[derive(Debug)]
struct Wire {
    page: usize,
    node: usize,
    /// To the node's task; none before it was accepted, or after it has ended.
    up: Option<mpsc::UnboundedSender<Bytes>>,
    /// When the last frame of each direction arrives: what follows does not overtake it.
    up_at: u64,
    down_at: u64,
    /// Nothing arrives any more, and nobody is told.
    silent: bool,
    /// The page does not read.
    stalled: bool,
    arrived: VecDeque<Bytes>,
    unread: usize,
    drained: Arc<Notify>,
    page_knows: bool,
    node_knows: bool,
}

/// The node's end of a connection.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) conn: u64,
    net: Arc<Net>,
    up: mpsc::UnboundedReceiver<Bytes>,
}

impl Net {
    pub(super) fn new(sim: Arc<Sim>) -> Self {
        Self { sim, wires: Mutex::default() }
    }

    /// A page dials a node; returns the connection's number.
    pub(super) fn dial(&self, page: usize, node: usize) -> u64 {
        let latency = self.sim.latency();
        let mut wires = self.lock();
        wires.last += 1;
        let taken_at = simulated::elapsed_ms() + latency;
        let conn = wires.last;
        let wire = Wire {
            page,
            node,
            up: None,
            up_at: taken_at,
            down_at: 0,
            silent: false,
            stalled: false,
            arrived: VecDeque::new(),
            unread: 0,
            drained: Arc::default(),
            page_knows: false,
            node_knows: false,
        };
        wires.open.insert(conn, wire);
        drop(wires);
        self.sim.at(taken_at, Event::Accept { conn });
        conn
    }

    /// The node takes it.
    pub(super) fn accept(self: &Arc<Self>, conn: u64) -> Option<(usize, Socket)> {
        let (tx, up) = mpsc::unbounded_channel();
        let mut wires = self.lock();
        let wire = wires.open.get_mut(&conn).filter(|wire| !wire.page_knows)?;
        wire.up = Some(tx);
        Some((wire.page, Socket { conn, net: Arc::clone(self), up }))
    }

    pub(super) fn node_of(&self, conn: u64) -> Option<usize> {
        self.lock().open.get(&conn).map(|wire| wire.node)
    }

    pub(super) fn page_of(&self, conn: u64) -> Option<usize> {
        self.lock().open.get(&conn).filter(|wire| !wire.page_knows).map(|wire| wire.page)
    }

    /// A page sends.
    pub(super) fn send_up(&self, conn: u64, frame: Bytes) {
        let latency = self.sim.latency();
        let mut wires = self.lock();
        let Some(wire) = wires.open.get_mut(&conn).filter(|wire| !wire.silent) else { return };
        wire.up_at = wire.up_at.max(simulated::elapsed_ms() + latency);
        let at = wire.up_at;
        drop(wires);
        self.sim.at(at, Event::ToNode { conn, frame });
    }

    /// A frame has come to the node.
    pub(super) fn arrive_up(&self, conn: u64, frame: Bytes) {
        let wires = self.lock();
        if let Some(wire) = wires.open.get(&conn).filter(|wire| !wire.silent && !wire.node_knows)
            && let Some(up) = &wire.up
        {
            // It fails where the node's task has ended: then nobody reads it.
            let _ = up.send(frame);
        }
    }

    /// A frame has come to the page; returns it where the page reads.
    pub(super) fn arrive_down(&self, conn: u64, frame: Bytes) -> Option<Bytes> {
        let mut wires = self.lock();
        let wire = wires.open.get_mut(&conn).filter(|wire| !wire.silent && !wire.page_knows)?;
        if wire.stalled {
            wire.arrived.push_back(frame);
            return None;
        }
        wire.took(frame.len());
        Some(frame)
    }

    /// The page stops reading, or goes on; returns what it reads then.
    pub(super) fn stall(&self, conn: u64, stalled: bool) -> Vec<Bytes> {
        let mut wires = self.lock();
        let Some(wire) = wires.open.get_mut(&conn) else { return Vec::new() };
        wire.stalled = stalled;
        if stalled {
            return Vec::new();
        }
        let frames: Vec<Bytes> = std::mem::take(&mut wire.arrived).into();
        frames.iter().for_each(|frame| wire.took(frame.len()));
        frames
    }

    /// Nothing arrives any more, either way, and nobody is told.
    pub(super) fn silence(&self, conn: u64) {
        if let Some(wire) = self.lock().open.get_mut(&conn) {
            wire.silent = true;
        }
    }

    /// It breaks: each end learns it after a while; what is on its way is lost.
    pub(super) fn cut(&self, conn: u64) {
        self.silence(conn);
        self.sim.after(self.sim.latency(), Event::PageLost { conn, code: None });
        self.sim.after(self.sim.latency() * 4, Event::NodeLost { conn });
    }

    /// The page lets go of it.
    pub(super) fn page_gone(&self, conn: u64) {
        let mut wires = self.lock();
        let Some(wire) = wires.open.get_mut(&conn) else { return };
        wire.page_knows = true;
        wire.drained.notify_one();
        let silent = wire.silent;
        wires.tidy(conn);
        drop(wires);
        if !silent {
            self.sim.after(self.sim.latency(), Event::NodeLost { conn });
        }
    }

    /// The node's end is over.
    pub(super) fn node_gone(&self, conn: u64) {
        let mut wires = self.lock();
        let Some(wire) = wires.open.get_mut(&conn) else { return };
        wire.node_knows = true;
        wire.up = None;
        wires.tidy(conn);
    }

    /// A node's process is gone: its pages learn it.
    pub(super) fn node_crashed(&self, node: usize) {
        let conns: Vec<u64> =
            self.lock().open.iter().filter(|(_, wire)| wire.node == node).map(|(conn, _)| *conn).collect();
        for conn in conns {
            self.silence(conn);
            self.node_gone(conn);
            self.sim.after(self.sim.latency(), Event::PageLost { conn, code: None });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Wires> {
        self.wires.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wires {
    fn tidy(&mut self, conn: u64) {
        if self.open.get(&conn).is_some_and(|wire| wire.page_knows && wire.node_knows) {
            self.open.remove(&conn);
        }
    }
}

impl Wire {
    fn has_room(&self) -> bool {
        self.unread < WINDOW || self.page_knows
    }

    fn took(&mut self, bytes: usize) {
        self.unread = self.unread.saturating_sub(bytes);
        self.drained.notify_one();
    }
}

impl Socket {
    /// Waits for the next frame of the page; `None`: the connection is over.
    pub(super) async fn recv(&mut self) -> Option<Bytes> {
        self.up.recv().await
    }

    /// Waits until the network takes another frame.
    pub(super) fn room(&self) -> impl Future<Output = ()> + use<> {
        let (net, conn) = (Arc::clone(&self.net), self.conn);
        async move {
            loop {
                let drained = match net.lock().open.get(&conn) {
                    Some(wire) if !wire.has_room() => Arc::clone(&wire.drained),
                    _ => return,
                };
                drained.notified().await;
            }
        }
    }

    /// Sends a frame; false where the network takes no more.
    pub(super) fn send(&mut self, frame: &[u8]) -> bool {
        let latency = self.net.sim.latency();
        let mut wires = self.net.lock();
        let Some(wire) = wires.open.get_mut(&self.conn) else { return true };
        if !wire.has_room() {
            return false;
        }
        wire.unread += frame.len();
        if wire.silent {
            return true;
        }
        wire.down_at = wire.down_at.max(simulated::elapsed_ms() + latency);
        let (conn, at) = (self.conn, wire.down_at);
        drop(wires);
        let frame = Bytes::copy_from_slice(frame);
        self.net.sim.at(at, Event::ToPage { conn, frame });
        true
    }

    /// Ends it with a code.
    pub(super) fn close(&mut self, code: u16) {
        let at = self.net.lock().open.get(&self.conn).map(|wire| (wire.silent, wire.down_at));
        if let Some((false, at)) = at {
            let at = at.max(simulated::elapsed_ms() + 1);
            self.net.sim.at(at, Event::PageLost { conn: self.conn, code: Some(code) });
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.net.node_gone(self.conn);
    }
}
