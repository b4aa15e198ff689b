//! How a connection behaves, as its session and the topics that it uses know it together (S47).

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use realtime_protocol::session::{
    End,
    limit::{self, LaneRows, Limits, Note},
};

/// One connection's conduct.
#[derive(Debug)]
pub(crate) struct Conduct {
    limits: Limits,
    own: Mutex<limit::Conduct>,
    /// Mutations that wait for an answer.
    in_flight: Arc<AtomicUsize>,
    principal: OnceLock<String>,
    /// Those of all principals of the node.
    rows: Arc<Mutex<LaneRows>>,
}

impl Conduct {
    pub(crate) fn new(limits: Limits, rows: Arc<Mutex<LaneRows>>, now_ms: u64) -> Arc<Self> {
        let own = Mutex::new(limit::Conduct::new(&limits, now_ms));
        Arc::new(Self { limits, own, in_flight: Arc::default(), principal: OnceLock::new(), rows })
    }

    /// Who it is, once that is known.
    pub(crate) fn is_of(&self, principal: &str) {
        // A connection acts for one principal only: a second answer is the first one.
        self.principal.get_or_init(|| principal.to_owned());
    }

    /// Takes note of what a topic found out.
    ///
    /// # Errors
    ///
    /// How the connection ends, where it was once too often.
    pub(crate) fn note(&self, note: Note, now_ms: u64) -> Result<(), End> {
        if let (Note::LaneRow, Some(principal)) = (note, self.principal.get()) {
            lock(&self.rows).charge(principal, &self.limits, now_ms);
        }
        lock(&self.own).note(note, &self.limits, now_ms)
    }

    /// Tells whether its principal may begin a lane now.
    pub(crate) fn may_begin(&self, now_ms: u64) -> bool {
        self.principal.get().is_none_or(|principal| lock(&self.rows).wait(principal, now_ms) == 0)
    }

    pub(crate) fn own(&self) -> MutexGuard<'_, limit::Conduct> {
        lock(&self.own)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Counts one mutation, until the ticket and all its clones are gone: answered, deferred or dropped.
    pub(crate) fn ticket(&self) -> Arc<Ticket> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Arc::new(Ticket(Arc::clone(&self.in_flight)))
    }
}

impl Default for Conduct {
    /// One that has done nothing yet, and is counted alone.
    fn default() -> Self {
        let limits = Limits::DEFAULT;
        let own = Mutex::new(limit::Conduct::new(&limits, 0));
        Self { limits, own, in_flight: Arc::default(), principal: OnceLock::new(), rows: Arc::default() }
    }
}

/// A mutation that waits for an answer.
#[derive(Debug)]
pub(crate) struct Ticket(Arc<AtomicUsize>);

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s47_what_waits_for_an_answer_is_counted_until_its_last_trace_is_gone() {
        let conduct = Conduct::default();
        let first = conduct.ticket();
        let again = Arc::clone(&first);
        let second = conduct.ticket();
        assert_eq!(conduct.in_flight(), 2);
        drop((first, second));
        assert_eq!(conduct.in_flight(), 1);
        drop(again);
        assert_eq!(conduct.in_flight(), 0);
    }

    #[test]
    fn s47_two_connections_of_one_principal_share_their_lane_rows() {
        let rows = Arc::default();
        let connection = |who: &str| {
            let conduct = Conduct::new(Limits::DEFAULT, Arc::clone(&rows), 0);
            conduct.is_of(who);
            conduct
        };
        let (one, two, fair) = (connection("mallory"), connection("mallory"), connection("ann"));
        (0..60).for_each(|_| one.note(Note::LaneRow, 0).unwrap());
        assert!(!one.may_begin(0) && !two.may_begin(0) && fair.may_begin(0));
        assert!(two.may_begin(1_000));
    }
}
