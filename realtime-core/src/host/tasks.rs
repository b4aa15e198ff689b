//! Tasks, and how many of them run at a time: on the runtime, or on a simulated node that can crash.

use std::{future::Future, thread};

/// Starts a task. On a simulated node it ends with the node.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    #[cfg(feature = "testing")]
    if let Some(node) = super::simulated::node() {
        node.spawn(task);
        return;
    }
    tokio::spawn(task);
}

/// Returns how many tasks may run at the same time; on a simulated node always the same.
pub(crate) fn parallelism() -> usize {
    #[cfg(feature = "testing")]
    if super::simulated::node().is_some() {
        return 2;
    }
    thread::available_parallelism().map_or(1, usize::from)
}
