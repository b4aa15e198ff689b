//! The simulated store: one truth for all nodes, which is slow, away, unsure, or loses its last commits.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use realtime_protocol::{LaneId, Topic};

use super::{history::History, sim::Sim};
use crate::{
    handler::Registry,
    host::{clock, simulated},
    store::{
        Commit, CommitError, Durability, Head, LaneRows, Memory, Page, Position, Read, Replay, Store,
        StoreError,
    },
    topic::{change, rows::Rows},
};

/// How a commit's answer gets lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unsure {
    /// It happened.
    Kept,
    /// It did not.
    Lost,
    /// It happens a while after the answer.
    Late,
}

/// What the nodes' stores share: the truth.
pub(super) struct Stores {
    sim: Arc<Sim>,
    registry: OnceLock<Arc<Registry>>,
    kept: Mutex<Kept>,
    /// What the memory store takes for the time: its own, also when commits are done over.
    clock: Arc<AtomicU64>,
    history: Mutex<History>,
}

struct Kept {
    truth: Arc<Memory>,
    /// Each topic's commits, to be done over where a failover loses the last ones.
    commits: BTreeMap<Topic, Vec<(Commit, u64)>>,
    nodes: BTreeMap<usize, Trouble>,
}

/// What a node meets at the store.
#[derive(Default)]
struct Trouble {
    away_until: u64,
    slow_until: u64,
    unsure: Vec<Unsure>,
}

impl Stores {
    pub(super) fn new(sim: Arc<Sim>) -> Self {
        let clock = Arc::new(AtomicU64::new(0));
        let kept = Kept { truth: memory(&clock), commits: BTreeMap::new(), nodes: BTreeMap::new() };
        Self { sim, registry: OnceLock::new(), kept: Mutex::new(kept), clock, history: Mutex::default() }
    }

    pub(super) fn know(&self, registry: Arc<Registry>) {
        // It is set once, before the first node starts.
        let _ = self.registry.set(registry);
    }

    /// The node's next commit is answered `Unknown`.
    pub(super) fn unsure(&self, node: usize, how: Unsure) {
        self.kept().nodes.entry(node).or_default().unsure.push(how);
    }

    /// The store cannot be reached from this node for a while.
    pub(super) fn away(&self, node: usize, ms: u64) {
        self.kept().nodes.entry(node).or_default().away_until = simulated::elapsed_ms() + ms;
    }

    /// The store is slow for this node for a while.
    pub(super) fn slow(&self, node: usize, ms: u64) {
        self.kept().nodes.entry(node).or_default().slow_until = simulated::elapsed_ms() + ms;
    }

    /// Nothing troubles anybody any more.
    pub(super) fn heal(&self) {
        self.kept().nodes.clear();
    }

    /// Another machine takes over, to which the last commits of each topic had not come (C5); reserved topics are
    /// replicated at once.
    pub(super) fn fail_over(&self, lose: usize) {
        let mut kept = self.kept();
        let truth = memory(&self.clock);
        for (topic, commits) in &mut kept.commits {
            if !topic.is_reserved() {
                commits.truncate(commits.len().saturating_sub(lose));
            }
            for (commit, at_ms) in commits {
                self.clock.store(*at_ms, Ordering::Relaxed);
                let done = truth.commit(topic, commit.clone()).now_or_never();
                debug_assert!(matches!(done, Some(Ok(_))), "what was kept once is kept again");
            }
        }
        kept.truth = truth;
        let mut history = self.history();
        for (topic, commits) in &kept.commits {
            let aside = commits.iter().map(|(commit, _)| commit).filter(|commit| !commit.moves_head());
            history.failed_over(topic, head_of(&kept.truth, topic), aside);
        }
    }

    /// Where a topic stands in truth.
    pub(super) fn head(&self, topic: &Topic) -> Position {
        head_of(&self.kept().truth, topic)
    }

    pub(super) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commit(&self, topic: &Topic, commit: Commit) -> Result<Head, CommitError> {
        let now = clock::now_ms();
        self.clock.store(now, Ordering::Relaxed);
        let mut kept = self.kept();
        let truth = Arc::clone(&kept.truth);
        let head =
            truth.commit(topic, commit.clone()).now_or_never().unwrap_or_else(|| Err(away().into()))?;
        kept.commits.entry(topic.clone()).or_default().push((commit.clone(), now));
        drop(kept);
        self.sim.count("commits");
        if let Some(registry) = self.registry.get().filter(|_| !topic.is_reserved()) {
            let rows = rows_of(&truth, topic, registry);
            let mut history = self.history();
            if let Some(broken) = history.committed(topic, &commit, head.at, rows) {
                self.sim.violated(broken);
            }
        }
        Ok(head)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn memory(clock: &Arc<AtomicU64>) -> Arc<Memory> {
    let clock = Arc::clone(clock);
    Arc::new(Memory::new().clock(Arc::new(move || clock.load(Ordering::Relaxed))))
}

fn head_of(truth: &Memory, topic: &Topic) -> Position {
    let heads = truth.heads(std::slice::from_ref(topic)).now_or_never();
    heads.and_then(Result::ok).and_then(|heads| heads.first().map(|head| head.at)).unwrap_or_default()
}

fn rows_of(truth: &Memory, topic: &Topic, registry: &Registry) -> Rows {
    let what = Read::Scan { model: None, index: 0, after: None, max_rows: u32::MAX, max_bytes: u32::MAX };
    let page = truth.read(topic, what).now_or_never().and_then(Result::ok);
    let rows = page.into_iter().flat_map(|page| page.rows);
    rows.filter_map(|row| change::load(registry, &row).ok().flatten()).collect()
}

fn away() -> StoreError {
    StoreError::Unavailable("the simulated store is away".into())
}

fn unsure() -> StoreError {
    StoreError::Unknown("the simulated store's answer was lost".into())
}

/// One node's way to the truth.
pub(super) struct SimStore {
    stores: Arc<Stores>,
    node: usize,
}

impl SimStore {
    pub(super) fn new(stores: Arc<Stores>, node: usize) -> Self {
        Self { stores, node }
    }

    /// A step over the network to the store, or from it.
    async fn travel(&self) -> Result<(), StoreError> {
        let now = simulated::elapsed_ms();
        let (slow, gone) = {
            let mut kept = self.stores.kept();
            let trouble = kept.nodes.entry(self.node).or_default();
            (trouble.slow_until > now, trouble.away_until > now)
        };
        let ms = self.stores.sim.below(4) + if slow { 50 + self.stores.sim.below(400) } else { 0 };
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        if gone { Err(away()) } else { Ok(()) }
    }

    async fn ask<T>(
        &self,
        act: impl FnOnce(&Memory) -> Option<Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.travel().await?;
        self.stores.clock.store(clock::now_ms(), Ordering::Relaxed);
        let truth = Arc::clone(&self.stores.kept().truth);
        let answer = act(&truth).unwrap_or_else(|| Err(away()))?;
        // Reading is repeated by the driver of a real store; an answer that was on its way comes.
        let _ = self.travel().await;
        Ok(answer)
    }
}

impl Store for SimStore {
    fn durability(&self) -> Durability {
        Durability::Disk
    }

    fn commit<'a>(&'a self, topic: &'a Topic, commit: Commit) -> BoxFuture<'a, Result<Head, CommitError>> {
        Box::pin(async move {
            self.travel().await?;
            let how = self.stores.kept().nodes.entry(self.node).or_default().unsure.pop();
            match how {
                None => {
                    let head = self.stores.commit(topic, commit)?;
                    let _ = self.travel().await;
                    Ok(head)
                }
                Some(Unsure::Kept) => {
                    // Kept or refused, nobody is told.
                    let _ = self.stores.commit(topic, commit);
                    let _ = self.travel().await;
                    Err(unsure().into())
                }
                Some(Unsure::Lost) => Err(unsure().into()),
                Some(Unsure::Late) => {
                    let (stores, topic) = (Arc::clone(&self.stores), topic.clone());
                    let late = 1 + self.stores.sim.below(200);
                    // Not a task of the node: what is on its way arrives without its sender.
                    tokio::spawn(async move {
                        tokio::time::sleep(Duration::from_millis(late)).await;
                        let _ = stores.commit(&topic, commit);
                    });
                    Err(unsure().into())
                }
            }
        })
    }

    fn replay<'a>(
        &'a self,
        topic: &'a Topic,
        after: Position,
        max_bytes: usize,
    ) -> BoxFuture<'a, Result<Replay, StoreError>> {
        Box::pin(self.ask(move |truth| truth.replay(topic, after, max_bytes).now_or_never()))
    }

    fn read<'a>(&'a self, topic: &'a Topic, what: Read) -> BoxFuture<'a, Result<Page, StoreError>> {
        Box::pin(self.ask(move |truth| truth.read(topic, what).now_or_never()))
    }

    fn lanes<'a>(
        &'a self,
        topic: &'a Topic,
        lanes: &'a [LaneId],
    ) -> BoxFuture<'a, Result<LaneRows, StoreError>> {
        Box::pin(self.ask(move |truth| truth.lanes(topic, lanes).now_or_never()))
    }

    fn heads<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<Vec<Head>, StoreError>> {
        Box::pin(self.ask(move |truth| truth.heads(topics).now_or_never()))
    }
}

impl fmt::Debug for SimStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimStore").field("node", &self.node).finish_non_exhaustive()
    }
}
