//! What may wait for all connections of an app together, and what was dropped and closed, as numbers (L10, L11).

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use realtime_protocol::code;

use super::{Closing, Outbound, queue::Dropped};

/// What may wait for all connections, in bytes, unless the app says otherwise.
pub(crate) const DEFAULT_BUDGET: usize = 1024 * 1024 * 1024;

/// What became of readers that were too slow, since the start.
#[derive(Default, Debug)]
pub(crate) struct FlowCounts {
    /// Frames that were dropped: a catch-up stands for them.
    pub(crate) dropped_frames: AtomicU64,
    pub(crate) dropped_bytes: AtomicU64,
    /// How often a reader had room again, for a catch-up or the next pages.
    pub(crate) drained: AtomicU64,
    /// Connections that ended because of their own queue or a stalled write.
    pub(crate) closed_slow: AtomicU64,
    /// Connections that ended because the budget was spent.
    pub(crate) closed_for_budget: AtomicU64,
}

/// The budget.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    used: AtomicUsize,
    /// The connections for which something waits, by their address in memory.
    slow: Mutex<HashMap<usize, Weak<Outbound>>>,
    pub(crate) counts: FlowCounts,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(DEFAULT_BUDGET)
    }
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        let (used, slow) = (AtomicUsize::new(0), Mutex::default());
        Self { limit, used, slow, counts: FlowCounts::default() }
    }

    /// A connection's share has changed. Tells whether all shares together are over the limit.
    pub(super) fn charge(&self, out: &Arc<Outbound>, before: usize, now: usize) -> bool {
        if before == now {
            return false;
        }
        let address = Arc::as_ptr(out) as usize;
        if before == 0 {
            self.lock().insert(address, Arc::downgrade(out));
        } else if now == 0 {
            self.lock().remove(&address);
        }
        self.used.fetch_add(now, Relaxed);
        self.used.fetch_sub(before, Relaxed).saturating_sub(before) > self.limit
    }

    /// Gives a connection's share back.
    pub(super) fn release(&self, address: usize, charged: usize) {
        if charged > 0 {
            self.used.fetch_sub(charged, Relaxed);
            self.lock().remove(&address);
        }
    }

    /// Ends the connections for which most waits, until the rest is within the limit.
    pub(super) fn relieve(&self) {
        let slow: Vec<_> = self.lock().values().filter_map(Weak::upgrade).collect();
        let mut by_size: Vec<_> = slow.into_iter().map(|out| (out.waiting(), out)).collect();
        by_size.sort_by_key(|(waiting, _)| std::cmp::Reverse(*waiting));
        for (bytes, out) in by_size {
            if self.used.load(Relaxed) <= self.limit {
                return;
            }
            self.counts.closed_for_budget.fetch_add(1, Relaxed);
            tracing::warn!(bytes, "the outbound budget is spent: the slowest reader is told to come back");
            out.end(Closing::new(
                code::TOO_SLOW,
                "this server has no room for slow readers: reconnect and resume",
            ));
        }
    }

    pub(super) fn count(&self, dropped: Dropped) {
        if dropped.frames > 0 {
            self.counts.dropped_frames.fetch_add(dropped.frames, Relaxed);
            self.counts.dropped_bytes.fetch_add(dropped.bytes, Relaxed);
            tracing::debug!(
                frames = dropped.frames,
                bytes = dropped.bytes,
                "a reader is behind: it gets one catch-up"
            );
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<usize, Weak<Outbound>>> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::time::Instant;

    use super::*;

    #[test]
    fn l11_when_the_budget_is_spent_the_reader_for_whom_most_waits_is_told_to_come_back_and_no_other() {
        let budget = Arc::new(Budget::new(10_000));
        let readers = [2_000, 6_000, 3_000].map(|bytes| {
            let out = Arc::new(Outbound::new(None, None, Arc::clone(&budget)));
            out.push(Bytes::from(vec![0; bytes]));
            out
        });
        let ends = |out: &Arc<Outbound>| out.work(Instant::now()).parting.map(|closing| closing.code);
        assert_eq!(readers.each_ref().map(ends), [None, Some(code::TOO_SLOW), None]);
        assert_eq!(budget.counts.closed_for_budget.load(Relaxed), 1);
        drop(readers);
        assert_eq!(budget.used.load(Relaxed), 0, "what a connection held goes back with it");
    }
}
