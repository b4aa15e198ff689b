//! A connection's outbound queue: bounded in bytes, frames and age, never waited for by a writer (L10, L11).
//!
//! Whoever has frames for a connection queues them and flushes it once: into the socket itself, from the task that
//! is running. What the kernel does not take stays, and the connection's own task waits for room.

mod budget;
mod flow;
mod queue;

use std::{
    io::{self, IoSlice},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering::Relaxed},
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use realtime_protocol::{
    code::{self, CloseCode},
    frame::Codec,
    session::End,
};
use tokio::{net::tcp::OwnedWriteHalf, sync::Notify, time::Instant};

use self::queue::{Class, Queue, Wrote};
pub(crate) use self::{
    budget::{Budget, DEFAULT_BUDGET},
    flow::Due,
    queue::Limits,
};
use crate::{
    topic::event::Kind,
    transport::{Framed, WRITE_DEADLINE},
};

/// What may wait for one connection.
pub(crate) const LIMITS: Limits = Limits {
    bytes: 1024 * 1024,
    frames: 4096,
    behind_over: 256 * 1024,
    age: Duration::from_secs(10),
    stall: WRITE_DEADLINE,
};

/// Why, and how, a connection ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Closing {
    pub(crate) code: CloseCode,
    pub(crate) reason: String,
    /// When to come back at the earliest, in milliseconds.
    pub(crate) retry_after: Option<u32>,
}

impl Closing {
    pub(crate) fn new(code: CloseCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), retry_after: None }
    }
}

impl From<End> for Closing {
    fn from(end: End) -> Self {
        Self::new(end.code, end.reason)
    }
}

/// The queue, and the socket where it can be written to from anywhere.
#[derive(Debug)]
pub(crate) struct Outbound {
    /// The codec, where frames get WebSocket's header.
    codec: Option<Codec>,
    socket: Option<OwnedWriteHalf>,
    budget: Arc<Budget>,
    queue: Mutex<Queue>,
    changed: Notify,
}

/// What the connection's task has to do.
#[derive(Debug)]
pub(crate) struct Work {
    /// The connection ends, and what had to be written before is.
    pub(crate) parting: Option<Closing>,
    /// Subscriptions of which data was dropped: what their workers send is dropped too, until the catch-up.
    pub(crate) behind: Vec<u32>,
    /// Subscriptions that may go on, from where they stand.
    pub(crate) due: Vec<Due>,
    /// Something waits for room in the socket.
    pub(crate) waits: bool,
    /// When to look again, if nothing happens.
    pub(crate) deadline: Option<Instant>,
}

impl Default for Outbound {
    /// A queue of bare frames that somebody takes with [`Outbound::next`].
    fn default() -> Self {
        Self::new(None, None, Arc::default())
    }
}

impl Outbound {
    /// Makes one; without a socket, the connection's task is told of whatever waits.
    pub(crate) fn new(codec: Option<Codec>, socket: Option<OwnedWriteHalf>, budget: Arc<Budget>) -> Self {
        Self { codec, socket, budget, queue: Mutex::new(Queue::new(LIMITS)), changed: Notify::new() }
    }

    /// Returns what goes on the wire for an encoded frame, and shares it with all readers of the same kind.
    pub(crate) fn frame(&self, payload: &Bytes, known: &mut [Option<Framed>; 3]) -> Framed {
        let at = self.codec.map_or(0, |codec| 1 + usize::from(codec == Codec::MessagePack));
        known[at].get_or_insert_with(|| self.framed(payload.clone())).clone()
    }

    fn framed(&self, payload: Bytes) -> Framed {
        match self.codec {
            Some(codec) => Framed::of(codec, payload),
            None => Framed::bare(payload),
        }
    }

    /// Sends a frame of the connection's own: it goes before data.
    pub(crate) fn push(self: &Arc<Self>, payload: Bytes) {
        self.send(self.framed(payload));
    }

    /// The same for what is framed already.
    pub(crate) fn send(self: &Arc<Self>, frame: Framed) {
        let now = Instant::now();
        self.lock().push(None, frame, Class::Urgent, now);
        self.flush(now);
    }

    /// Queues a frame of a subscription. Tells whether the caller is the one to flush it.
    pub(crate) fn queue(self: &Arc<Self>, sub: u32, frame: Framed, kind: &Kind, now: Instant) -> bool {
        let mut queue = self.lock();
        queue.push(Some(sub), frame, class(kind), now);
        if queue.is_over() {
            // Only what the kernel does not take counts against the reader.
            self.write(&mut queue, now);
            queue.relieve();
        }
        !std::mem::replace(&mut queue.dirty, true)
    }

    /// Writes what waits, as far as the socket takes it.
    pub(crate) fn flush(self: &Arc<Self>, now: Instant) {
        let mut queue = self.lock();
        queue.dirty = false;
        let was_blocked = queue.blocked.is_some();
        self.write(&mut queue, now);
        let is_news = (!queue.is_empty() && !was_blocked) || queue.wants_its_task();
        let is_over = self.settle(&mut queue);
        drop(queue);
        if is_news {
            self.changed.notify_one();
        }
        if is_over {
            self.budget.relieve();
        }
    }

    fn write(&self, queue: &mut Queue, now: Instant) {
        let Some(socket) = &self.socket else { return };
        let put = |pieces: &[IoSlice<'_>]| match pieces {
            [piece] => socket.try_write(piece),
            pieces => socket.try_write_vectored(pieces),
        };
        if queue.write(now, put) == Wrote::Broken {
            queue.broken();
        }
    }

    /// Takes note of what was dropped and of what still waits. Tells whether the budget is spent.
    fn settle(self: &Arc<Self>, queue: &mut Queue) -> bool {
        self.budget.count(queue.take_dropped());
        let waiting = queue.bytes();
        let before = std::mem::replace(&mut queue.charged, waiting);
        self.budget.charge(self, before, queue.charged)
    }

    /// Writes what waits through `put`, for a socket that only its own task can write to.
    pub(crate) fn poll_write(
        self: &Arc<Self>,
        mut put: impl FnMut(&[IoSlice<'_>]) -> Poll<io::Result<usize>>,
    ) -> Poll<()> {
        let mut queue = self.lock();
        let mut ready = |pieces: &[IoSlice<'_>]| match put(pieces) {
            Poll::Ready(done) => done,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        };
        let wrote = queue.write(Instant::now(), &mut ready);
        if wrote == Wrote::Broken {
            queue.broken();
        }
        self.settle(&mut queue);
        if wrote == Wrote::Blocked { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Waits until the socket has room, and writes. Only for one that can be written to from anywhere.
    pub(crate) async fn write_more(self: &Arc<Self>) {
        match &self.socket {
            Some(socket) => {
                // An error shows at the write.
                let _ = socket.writable().await;
                self.flush(Instant::now());
            }
            None => std::future::pending().await,
        }
    }

    /// Ends the connection once what waits has been written.
    pub(crate) fn close(&self, closing: Closing) {
        self.lock().closing.get_or_insert(closing);
        self.changed.notify_one();
    }

    /// Sends the last words, whatever else was to be written.
    pub(crate) fn finish(self: &Arc<Self>, frames: Vec<Framed>) {
        let now = Instant::now();
        self.lock().finish(frames, now);
        self.flush(now);
    }

    /// Ends the connection, and drops what waits.
    fn end(self: &Arc<Self>, closing: Closing) {
        let mut queue = self.lock();
        queue.end(closing);
        self.settle(&mut queue);
        drop(queue);
        self.changed.notify_one();
    }

    /// A commit held nothing for a subscription: the next ping says that it stands at this channel's head (S27).
    pub(crate) fn skip(&self, sub: u32, to: (u32, u64)) {
        self.lock().skip(sub, to);
    }

    /// Returns the channels and heads for the next ping.
    pub(crate) fn take_heads(&self) -> Vec<(u32, u64)> {
        self.lock().take_heads()
    }

    /// A subscription is no more.
    pub(crate) fn forget(&self, sub: u32) {
        self.lock().forget(sub);
    }

    /// Waits for work.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Returns what the connection's task has to do now.
    pub(crate) fn work(self: &Arc<Self>, now: Instant) -> Work {
        let mut queue = self.lock();
        queue.tick(now);
        let is_over = self.settle(&mut queue);
        let (behind, due) = (queue.take_behind(), queue.take_due());
        self.budget.counts.drained.fetch_add(due.len() as u64, Relaxed);
        let parting = queue.closing.clone().filter(|_| queue.may_part());
        if parting.as_ref().is_some_and(|closing| closing.code == code::TOO_SLOW) {
            self.budget.counts.closed_slow.fetch_add(1, Relaxed);
            tracing::warn!(
                waiting = queue.bytes(),
                "a client reads too slowly; it is told to reconnect and resume"
            );
        }
        let work = Work { parting, behind, due, waits: !queue.is_empty(), deadline: queue.deadline() };
        drop(queue);
        if is_over {
            self.budget.relieve();
        }
        work
    }

    /// How many bytes wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().bytes()
    }

    /// Waits until there is something to write, and takes it all: for what is no socket.
    #[cfg(test)]
    pub(crate) async fn next(self: &Arc<Self>) -> (Vec<Bytes>, Option<Closing>) {
        loop {
            let taken = self.take();
            if !taken.0.is_empty() || taken.1.is_some() {
                return taken;
            }
            self.changed.notified().await;
        }
    }

    #[cfg(test)]
    fn take(self: &Arc<Self>) -> (Vec<Bytes>, Option<Closing>) {
        let mut queue = self.lock();
        let frames = std::iter::from_fn(|| queue.pop().map(Framed::into_body)).collect();
        self.settle(&mut queue);
        (frames, queue.closing.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        let charged = self.lock().charged;
        self.budget.release(std::ptr::from_ref(self) as usize, charged);
    }
}

fn class(kind: &Kind) -> Class {
    match kind {
        Kind::Control => Class::Urgent,
        Kind::Barrier => Class::Barrier { anew: true, answers: false },
        Kind::Subscribed { resumes } => Class::Barrier { anew: !resumes, answers: true },
        Kind::Data(stamp) => Class::Data { stamp: Arc::clone(stamp), catch_up: false },
        Kind::CatchUp(stamp) => Class::Data { stamp: Arc::clone(stamp), catch_up: true },
    }
}

#[cfg(test)]
mod tests;
