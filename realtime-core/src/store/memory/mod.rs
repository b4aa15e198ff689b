//! The memory store: exact, quick, and gone with the process. Asked for by name, never a default.

mod topic;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_core::future::BoxFuture;
use realtime_protocol::{LaneId, Position, Topic};

use self::topic::{EffectKey, TopicRows};
use super::{
    Outbox, Store,
    rules::{self, FIRST_FORM, SWEEP},
    types::{
        Clock, Commit, CommitError, Durability, EffectId, Head, LaneRows, Leased, Page, Read, Replay,
        StoreError,
    },
};
use crate::host::clock;

/// Keeps topics in the memory of this process: an ack means that this process has it, and no more.
pub struct Memory {
    clock: Clock,
    inner: Mutex<Inner>,
}

/// All that is kept, under one lock: a commit is one turn under it (C1, C6).
struct Inner {
    form: u32,
    topics: BTreeMap<Topic, TopicRows>,
    /// Effects by when they are due.
    due: BTreeSet<(u64, Topic, EffectKey)>,
    /// Lanes by their last move, and topics that may go by their last write (C10).
    lanes: BTreeSet<(u64, Topic, LaneId)>,
    idle: BTreeSet<(u64, Topic)>,
}

impl Default for Inner {
    fn default() -> Self {
        let (topics, due) = (BTreeMap::new(), BTreeSet::new());
        Self { form: FIRST_FORM, topics, due, lanes: BTreeSet::new(), idle: BTreeSet::new() }
    }
}

impl Memory {
    /// Returns an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self { clock: Arc::new(clock::now_ms), inner: Mutex::default() }
    }

    /// Tells the time by `clock` instead of the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// No step under the lock can panic half way: a poisoned one holds whole commits all the same.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Inner {
    fn commit(&mut self, topic: &Topic, commit: Commit, now_ms: u64) -> Result<Head, CommitError> {
        rules::check_shape(topic, &commit)?;
        let fresh = TopicRows::unwritten(self.form);
        let state = self.topics.get(topic).unwrap_or(&fresh);
        let next = state.judge(commit, now_ms)?;
        let state = self.topics.entry(topic.clone()).or_insert(fresh);
        let before = (state.is_idle(), state.written_ms);
        for (lane, _) in &next.lanes {
            if let Some(old) = state.lane_moved(*lane) {
                self.lanes.remove(&(old, topic.clone(), *lane));
            }
            self.lanes.insert((now_ms, topic.clone(), *lane));
        }
        for (key, due) in &next.gone {
            self.due.remove(&(*due, topic.clone(), *key));
        }
        self.due.extend(next.put.iter().map(|(key, effect)| (effect.due_ms, topic.clone(), *key)));
        let head = state.keep(next, now_ms);
        let after = (state.is_idle(), state.written_ms);
        self.file_idle(topic, before, after);
        self.sweep(now_ms);
        Ok(head)
    }

    fn file_idle(&mut self, topic: &Topic, before: (bool, u64), after: (bool, u64)) {
        if before.0 {
            self.idle.remove(&(before.1, topic.clone()));
        }
        if after.0 {
            self.idle.insert((after.1, topic.clone()));
        }
    }

    /// Removes a few lanes and topics whose time is over (S2, S44).
    fn sweep(&mut self, now_ms: u64) {
        let over = |since: u64| rules::is_over(since, now_ms);
        for _ in 0..SWEEP {
            let Some(first) = self.lanes.first().filter(|(moved, ..)| over(*moved)).cloned() else { break };
            if let Some(state) = self.topics.get_mut(&first.1) {
                state.forget_lane(first.2);
            }
            self.lanes.remove(&first);
        }
        let old: Vec<_> = self.idle.iter().take_while(|(written, _)| over(*written)).cloned().collect();
        let gone = old.into_iter().filter(|(_, topic)| self.topics.get(topic).is_none_or(TopicRows::is_bare));
        for entry in gone.take(SWEEP).collect::<Vec<_>>() {
            self.topics.remove(&entry.1);
            self.idle.remove(&entry);
        }
    }

    fn head(&self, topic: &Topic) -> Head {
        self.topics.get(topic).map_or_else(|| rules::unwritten(self.form), |state| state.head)
    }

    fn lease(&mut self, now_ms: u64, max: u32, lease: Duration) -> Leased {
        let until = rules::lease_end(now_ms, lease);
        let mut leased = Vec::new();
        for (due, topic, key) in &self.due {
            if *due > now_ms || leased.len() >= max as usize {
                break;
            }
            let taken = self.topics.get_mut(topic).and_then(|state| state.lease(*key, now_ms, until));
            leased.extend(taken.map(|effect| (id_of(topic, *key), effect)));
        }
        leased
    }

    fn done(&mut self, ids: &[EffectId]) {
        for id in ids {
            let key = topic::effect_key(id);
            if let Some(effect) = self.topics.get_mut(&id.topic).and_then(|state| state.drop_effect(key)) {
                self.due.remove(&(effect.due_ms, id.topic.clone(), key));
            }
        }
    }
}

fn id_of(topic: &Topic, (offset, epoch, index): EffectKey) -> EffectId {
    EffectId { topic: topic.clone(), at: Position { offset, epoch }, index }
}

impl Store for Memory {
    fn describe(&self) -> String {
        "memory".to_owned()
    }

    fn durability(&self) -> Durability {
        Durability::Memory
    }

    fn commit<'a>(&'a self, topic: &'a Topic, commit: Commit) -> BoxFuture<'a, Result<Head, CommitError>> {
        Box::pin(async move {
            let now_ms = (self.clock)();
            self.lock().commit(topic, commit, now_ms)
        })
    }

    fn replay<'a>(
        &'a self,
        topic: &'a Topic,
        after: Position,
        max_bytes: usize,
    ) -> BoxFuture<'a, Result<Replay, StoreError>> {
        Box::pin(async move {
            let inner = self.lock();
            let fresh = TopicRows::unwritten(inner.form);
            Ok(inner.topics.get(topic).unwrap_or(&fresh).replay(after, max_bytes))
        })
    }

    fn read<'a>(&'a self, topic: &'a Topic, what: Read) -> BoxFuture<'a, Result<Page, StoreError>> {
        Box::pin(async move {
            let inner = self.lock();
            let fresh = TopicRows::unwritten(inner.form);
            inner.topics.get(topic).unwrap_or(&fresh).read(what)
        })
    }

    fn lanes<'a>(
        &'a self,
        topic: &'a Topic,
        lanes: &'a [LaneId],
    ) -> BoxFuture<'a, Result<LaneRows, StoreError>> {
        Box::pin(async move {
            let now_ms = (self.clock)();
            let inner = self.lock();
            let state = inner.topics.get(topic);
            let rows = lanes.iter().map(|lane| state.and_then(|state| state.lane(*lane, now_ms)).cloned());
            Ok((inner.head(topic), rows.collect()))
        })
    }

    fn heads<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<Vec<Head>, StoreError>> {
        Box::pin(async move {
            rules::check_heads(topics)?;
            let inner = self.lock();
            Ok(topics.iter().map(|topic| inner.head(topic)).collect())
        })
    }

    fn quiet<'a>(
        &'a self,
        before_ms: u64,
        after: Option<&'a Topic>,
        max: u32,
    ) -> BoxFuture<'a, Result<Vec<(Topic, Position)>, StoreError>> {
        Box::pin(async move {
            let inner = self.lock();
            let rest = match after {
                Some(after) => inner.topics.range((Bound::Excluded(after), Bound::Unbounded)),
                None => inner.topics.range::<Topic, _>(..),
            };
            let quiet = rest.filter(|(_, topic)| topic.written_ms < before_ms && !topic.is_idle());
            Ok(quiet.map(|(name, topic)| (name.clone(), topic.head.at)).take(max as usize).collect())
        })
    }

    fn promote(&self, form: u32) -> BoxFuture<'_, Result<u32, StoreError>> {
        Box::pin(async move {
            let mut inner = self.lock();
            inner.form = inner.form.max(form);
            let now = inner.form;
            inner.topics.values_mut().for_each(|topic| topic.head.form = now);
            Ok(now)
        })
    }

    fn outbox(&self) -> Option<&dyn Outbox> {
        Some(self)
    }
}

impl Outbox for Memory {
    fn due(&self, now_ms: u64, max: u32, lease: Duration) -> BoxFuture<'_, Result<Leased, StoreError>> {
        Box::pin(async move { Ok(self.lock().lease(now_ms, max, lease)) })
    }

    fn done<'a>(&'a self, ids: &'a [EffectId]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.lock().done(ids);
            Ok(())
        })
    }
}
