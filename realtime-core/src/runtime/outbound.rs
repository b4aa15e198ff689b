//! A connection's outbound queue: bounded in bytes, never waited for by a writer (L10, L11).

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use realtime_protocol::{
    code::{self, CloseCode},
    session::End,
};
use tokio::sync::Notify;

/// How much may wait for one connection, in bytes; more, and it is closed, reconnects and resumes.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// What a frame costs beside its bytes.
const FRAME_COST: usize = 64;

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

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Bytes>,
    bytes: usize,
    closing: Option<Closing>,
}

impl Outbound {
    /// Adds a frame. Over the limit, what waits is dropped and the connection told to come back.
    pub(crate) fn push(&self, frame: Bytes) {
        let mut queue = self.lock();
        if queue.closing.is_some() {
            return;
        }
        queue.bytes += frame.len() + FRAME_COST;
        queue.frames.push_back(frame);
        if queue.bytes > MAX_BYTES {
            tracing::warn!(
                bytes = queue.bytes,
                "a client reads too slowly; it is told to reconnect and resume"
            );
            queue.frames.clear();
            queue.bytes = 0;
            queue.closing =
                Some(Closing::new(code::TOO_SLOW, "read faster, or ask for less: reconnect and resume"));
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// Ends the connection once what waits has been written.
    pub(crate) fn close(&self, closing: Closing) {
        self.lock().closing.get_or_insert(closing);
        self.changed.notify_one();
    }

    /// Waits until there is something to write, and takes it all.
    pub(crate) async fn next(&self) -> (Vec<Bytes>, Option<Closing>) {
        loop {
            let changed = self.changed.notified();
            let taken = self.take();
            if !taken.0.is_empty() || taken.1.is_some() {
                return taken;
            }
            changed.await;
        }
    }

    fn take(&self) -> (Vec<Bytes>, Option<Closing>) {
        let mut queue = self.lock();
        queue.bytes = 0;
        (std::mem::take(&mut queue.frames).into(), queue.closing.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn l11_a_slow_reader_is_told_to_come_back_and_what_waits_is_dropped() {
        let out = Outbound::default();
        let frame = Bytes::from(vec![0; MAX_BYTES / 2]);
        out.push(frame.clone());
        assert_eq!(out.next().await, (vec![frame.clone()], None));
        (0..3).for_each(|_| out.push(frame.clone()));
        let (frames, closing) = out.next().await;
        assert!(frames.is_empty());
        assert!(closing.is_some_and(|closing| closing.code == code::TOO_SLOW && closing.code.reconnects()));
    }
}
