//! What moves the simulation: what happens when, chance from the seed, and what was seen to go wrong.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::{broker::Incoming, host::simulated, testing::Random};

/// How much of a run is written down, in bytes; what comes later is counted only.
const TRACE_BYTES: usize = 4 * 1024 * 1024;

/// Something that happens at its time.
#[derive(Debug)]
pub(super) enum Event {
    /// A page's dial has come to a node.
    Accept { conn: u64 },
    /// A frame has come to the node's end of a connection.
    ToNode { conn: u64, frame: Bytes },
    /// A frame has come to the page's end.
    ToPage { conn: u64, frame: Bytes },
    /// The page's end of a connection learns that it is over; with the code, where one was said.
    PageLost { conn: u64, code: Option<u16> },
    /// The node's end does.
    NodeLost { conn: u64 },
    /// A page's timer is over, unless its life is.
    Timer { page: usize, life: u32, timer: Timer },
    /// The broker tells a node, unless its life is over.
    News { node: usize, life: u32, news: Incoming },
    /// A node's process starts.
    Start { node: usize },
    /// A line of the script.
    Line(usize),
}

/// What a page waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Timer {
    /// To dial again.
    Dial,
    /// To see whether the connection lives.
    Beat,
    /// To send again what was deferred.
    Resend,
    /// To write the confirmed state to the disk.
    Save,
    /// To look for lanes that nobody holds.
    Adopt,
    /// To be there again: after a crash, a freeze, or without a network.
    Return,
    /// To read again, after a stall.
    Read,
}

/// The simulation's own state: shared by pages, nodes, store and broker, all on one thread.
#[derive(Debug)]
pub(super) struct Sim {
    state: Mutex<State>,
    /// Something was put in front of what was waited for.
    pub(super) woken: Notify,
}

#[derive(Debug)]
struct State {
    queue: BTreeMap<(u64, u64), Event>,
    next: u64,
    dice: Random,
    trace: Option<String>,
    counts: BTreeMap<&'static str, u64>,
    violation: Option<String>,
}

impl Sim {
    /// Begins; `traced`: everything is written down.
    pub(super) fn new(seed: u64, traced: bool) -> Self {
        let state = State {
            queue: BTreeMap::new(),
            next: 0,
            dice: Random::seed(seed ^ 0x5eed),
            trace: traced.then(String::new),
            counts: BTreeMap::new(),
            violation: None,
        };
        Self { state: Mutex::new(state), woken: Notify::new() }
    }

    /// Lets `event` happen in `ms` milliseconds.
    pub(super) fn after(&self, ms: u64, event: Event) {
        self.at(simulated::elapsed_ms() + ms, event);
    }

    /// Lets `event` happen at `ms` milliseconds since the beginning.
    pub(super) fn at(&self, ms: u64, event: Event) {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.queue.insert((ms, number), event);
        drop(state);
        self.woken.notify_one();
    }

    /// Returns when the next event happens.
    pub(super) fn next(&self) -> Option<u64> {
        self.lock().queue.first_key_value().map(|((ms, _), _)| *ms)
    }

    /// Takes the next event, where its time has come.
    pub(super) fn take(&self, now: u64) -> Option<Event> {
        let mut state = self.lock();
        let first = state.queue.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }

    /// Returns a number below `n` by chance.
    pub(super) fn below(&self, n: u64) -> u64 {
        self.lock().dice.below(n)
    }

    /// Returns how long a step over the network takes, in milliseconds.
    pub(super) fn latency(&self) -> u64 {
        1 + self.below(8)
    }

    /// Counts something.
    pub(super) fn count(&self, what: &'static str) {
        *self.lock().counts.entry(what).or_default() += 1;
    }

    /// Returns what was counted.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.lock().counts.clone()
    }

    /// Tells whether the run is written down.
    pub(super) fn is_traced(&self) -> bool {
        self.lock().trace.is_some()
    }

    /// Writes a line down, where somebody wants to read it.
    pub(super) fn note(&self, line: impl FnOnce() -> String) {
        if !self.is_traced() {
            return;
        }
        let line = line();
        let now = simulated::elapsed_ms();
        if let Some(trace) = self.lock().trace.as_mut().filter(|trace| trace.len() < TRACE_BYTES) {
            // Writing to a text cannot fail.
            let _ = writeln!(trace, "{now:>7} {line}");
        }
    }

    /// Returns what was written down.
    pub(super) fn trace(&self) -> String {
        self.lock().trace.clone().unwrap_or_default()
    }

    /// A law was broken: the first one counts.
    pub(super) fn violated(&self, what: String) {
        self.note(|| format!("VIOLATION {what}"));
        self.lock().violation.get_or_insert(what);
    }

    /// Returns what was broken first.
    pub(super) fn violation(&self) -> Option<String> {
        self.lock().violation.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
