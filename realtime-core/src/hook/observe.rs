//! Observers: each hook hears what happened on a task of its own, behind a queue that never makes anybody wait.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::mpsc;

use super::{Committed, Disconnected, Hook, Published};
use crate::host::tasks;

/// How much may wait for one observer (S46).
const QUEUE: usize = 1_024;

/// What observers hear of.
#[derive(Clone, Debug)]
pub(crate) enum Happened {
    Committed(Committed),
    Published(Published),
    Disconnected(Disconnected),
}

/// The queues of all hooks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observers {
    queues: Arc<[mpsc::Sender<Happened>]>,
    /// What was left out since a queue was full.
    missed: Arc<AtomicU64>,
}

impl Observers {
    pub(crate) fn start(hooks: &[Arc<dyn Hook>]) -> Self {
        let queue = |hook: &Arc<dyn Hook>| {
            let (tx, rx) = mpsc::channel(QUEUE);
            tasks::spawn(observe(Arc::clone(hook), rx));
            tx
        };
        Self { queues: hooks.iter().map(queue).collect(), missed: Arc::default() }
    }

    pub(crate) fn tell(&self, what: &Happened) {
        for queue in &*self.queues {
            if queue.try_send(what.clone()).is_err() {
                let missed = self.missed.fetch_add(1, Ordering::Relaxed) + 1;
                // Said at 1, 2, 4, 8 …: a flood is no flood of the log too.
                if missed.is_power_of_two() {
                    tracing::warn!(
                        missed,
                        "a hook observes more slowly than things happen: some are left out"
                    );
                }
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

async fn observe(hook: Arc<dyn Hook>, mut queue: mpsc::Receiver<Happened>) {
    while let Some(what) = queue.recv().await {
        let told = catch_unwind(AssertUnwindSafe(|| match &what {
            Happened::Committed(committed) => hook.committed(committed),
            Happened::Published(published) => hook.published(published),
            Happened::Disconnected(gone) => hook.disconnected(gone),
        }));
        if told.is_err() {
            tracing::error!(?hook, "a hook panicked over what it observed: it goes on with the next");
        }
    }
}
