//! The simulated host: time that a test moves, numbers that a seed repeats, nodes that crash (L13).
//!
//! A thread that has [`enter`]ed a simulation sees these instead of the operating system's; other threads do not.

use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{task::AbortHandle, time::Instant};

/// When each simulation begins, in milliseconds since 1970: 1 January 2026.
const BEGINNING_MS: u64 = 1_767_225_600_000;

thread_local! {
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

struct Host {
    began: Instant,
    random: u64,
    /// Whose task is running.
    node: Option<Arc<Node>>,
}

/// Leaves the simulation when it is dropped.
#[derive(Debug)]
pub(crate) struct Entered(());

impl Drop for Entered {
    fn drop(&mut self) {
        HOST.with_borrow_mut(|host| *host = None);
    }
}

/// Begins a simulation on this thread; call it inside a runtime whose time is paused.
pub(crate) fn enter(seed: u64) -> Entered {
    HOST.with_borrow_mut(|host| *host = Some(Host { began: Instant::now(), random: seed, node: None }));
    Entered(())
}

/// Returns the milliseconds since the simulation began; 0 outside of one.
pub(crate) fn elapsed_ms() -> u64 {
    let elapsed = HOST.with_borrow(|host| host.as_ref().map(|host| host.began.elapsed()));
    elapsed.map_or(0, |elapsed| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}

/// Returns the instant so many milliseconds after the beginning.
pub(crate) fn instant(ms: u64) -> Instant {
    let began = HOST.with_borrow(|host| host.as_ref().map(|host| host.began));
    began.unwrap_or_else(Instant::now) + std::time::Duration::from_millis(ms)
}

/// Returns the clock of the node whose task is running, or of the world; `None` outside of a simulation.
pub(super) fn now_ms() -> Option<u64> {
    let skew = HOST.with_borrow(|host| {
        let node = host.as_ref()?.node.as_ref();
        Some(node.map_or(0, |node| node.skew_ms.load(Ordering::Relaxed)))
    })?;
    Some((BEGINNING_MS + elapsed_ms()).saturating_add_signed(skew))
}

/// Fills `bytes` from the seed; false outside of a simulation.
pub(super) fn fill(bytes: &mut [u8]) -> bool {
    HOST.with_borrow_mut(|host| {
        let Some(host) = host else { return false };
        for chunk in bytes.chunks_mut(8) {
            let number = next(&mut host.random).to_be_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        true
    })
}

/// Returns the next number of a stream, which `state` is: splitmix64.
pub(crate) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Returns the node whose task is running.
pub(super) fn node() -> Option<Arc<Node>> {
    HOST.with_borrow(|host| host.as_ref()?.node.clone())
}

/// A simulated node's process: its tasks, and how wrong its clock is.
#[derive(Debug, Default)]
pub(crate) struct Node {
    skew_ms: AtomicI64,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl Node {
    /// Makes its clock wrong by so many milliseconds.
    pub(crate) fn skew(&self, ms: i64) {
        self.skew_ms.store(ms, Ordering::Relaxed);
    }

    /// Starts a task of this node.
    pub(crate) fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        let handle = tokio::spawn(self.run(task)).abort_handle();
        self.tasks().push(handle);
    }

    /// Returns `task` as one of this node: what it asks the host for is this node's.
    pub(crate) fn run<F: Future>(self: &Arc<Self>, task: F) -> On<F> {
        On { node: Arc::clone(self), task: Box::pin(task) }
    }

    /// Ends all of its tasks wherever they are.
    pub(crate) fn crash(&self) {
        self.tasks().drain(..).for_each(|task| task.abort());
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, Vec<AbortHandle>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A future that runs on a node.
pub(crate) struct On<F> {
    node: Arc<Node>,
    task: Pin<Box<F>>,
}

impl<F: Future> Future for On<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let on = |node| {
            HOST.with_borrow_mut(|host| host.as_mut().and_then(|h| std::mem::replace(&mut h.node, node)))
        };
        let before = on(Some(Arc::clone(&self.node)));
        let polled = self.task.as_mut().poll(context);
        on(before);
        polled
    }
}
