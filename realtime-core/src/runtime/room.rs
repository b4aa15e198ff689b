//! How much memory the topics that are in use may take together (S25, L11).

use std::sync::atomic::{AtomicUsize, Ordering};

/// What a node's topics may take, in bytes of their rows as they are kept; as structs they take about as much again.
const LIMIT: usize = 1024 * 1024 * 1024;

/// A node's room, shared by its shards.
#[derive(Debug)]
pub(super) struct Room {
    limit: usize,
    used: AtomicUsize,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(LIMIT)
    }
}

impl Room {
    pub(super) fn of(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0) }
    }

    /// A topic's size has changed.
    pub(super) fn resize(&self, before: usize, after: usize) {
        if after > before {
            self.used.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.used.fetch_sub(before - after, Ordering::Relaxed);
        }
    }

    /// Tells whether nothing more fits.
    pub(super) fn is_full(&self) -> bool {
        self.used.load(Ordering::Relaxed) >= self.limit
    }
}
