//! What a mutator sees beside `self`: who acts, when, ids, and the other entities of the topic.

use std::{any::Any, collections::BTreeMap, fmt, marker::PhantomData};

use crate::{
    field::{Id, KeyField, Seed, Timestamp},
    model::{InTopic, SyncModel},
    mutation::Refusal,
    topic::rows::{Overlay, RowKey, Value},
};

/// One run of a mutator in a topic of the root model `R`. The same in the browser.
pub struct Tx<R> {
    run: Run,
    root: PhantomData<fn() -> R>,
}

/// Entities that a run wrote; `None`: removed.
pub(crate) type Dirty = BTreeMap<RowKey, Option<Box<dyn Any + Send + Sync>>>;

/// A run without its types: what the worker hands to a mutator and takes back.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) rows: Overlay,
    pub(crate) context: Context,
    /// The entity that is `self` just now: it is out of the topic while its mutator runs.
    pub(crate) receiver: Option<RowKey>,
    /// Entities that were written, not yet taken apart into columns; `None`: removed.
    pub(crate) dirty: Dirty,
}

/// Who acts, and when.
#[derive(Clone)]
pub(crate) struct Context {
    /// What the models of this topic see of the principal.
    pub(crate) principal: Value,
    pub(crate) now: Timestamp,
    pub(crate) server_now: Timestamp,
    pub(crate) seed: Seed,
    pub(crate) ids: u32,
    pub(crate) random: Option<crate::field::Sfc32>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("now", &self.now).field("seed", &self.seed).finish_non_exhaustive()
    }
}

impl Run {
    pub(crate) fn new(rows: Overlay, context: Context) -> Self {
        Self { rows, context, receiver: None, dirty: BTreeMap::new() }
    }

    /// Lends the run to a mutator of a topic of `R`.
    pub(crate) fn with<R, T>(&mut self, act: impl FnOnce(&mut Tx<R>) -> T) -> T {
        let empty = Self::new(Overlay::default(), self.context.clone());
        let mut tx = Tx { run: std::mem::replace(self, empty), root: PhantomData };
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| act(&mut tx)));
        *self = tx.run;
        outcome.unwrap_or_else(|payload| std::panic::resume_unwind(payload))
    }

    fn key<M: SyncModel>(&self, key: &str) -> RowKey {
        RowKey::new(M::NUMBER, key)
    }

    fn find<M: SyncModel>(&self, key: &RowKey) -> Option<&M> {
        if self.receiver.as_ref() == Some(key) {
            return None;
        }
        match self.dirty.get(key) {
            Some(dirty) => dirty.as_ref()?.downcast_ref(),
            None => self.rows.get(key)?.value.downcast_ref(),
        }
    }
}

impl<R: SyncModel<Root = R>> Tx<R> {
    /// Returns who acts.
    ///
    /// # Panics
    ///
    /// Never: the connection's principal is of the topic's type.
    #[must_use]
    pub fn principal(&self) -> &R::Principal {
        self.run.context.principal.downcast_ref().expect("a topic's runs carry its models' principal")
    }

    /// Returns the time of intent: the client's clock at the call, never ahead of the server's (S45).
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.run.context.now
    }

    /// Returns the server's clock; the browser estimates it. For deadlines and money.
    #[must_use]
    pub fn server_now(&self) -> Timestamp {
        self.run.context.server_now
    }

    /// Returns a new id: the same on both sides, and on each replay (S45).
    pub fn new_id(&mut self) -> Id {
        let id = self.run.context.seed.id(self.run.context.ids);
        self.run.context.ids += 1;
        id
    }

    /// Returns a random number below `n` (0 for 0): the same on both sides, and on each replay.
    pub fn random(&mut self, n: u32) -> u32 {
        let context = &mut self.run.context;
        context.random.get_or_insert_with(|| context.seed.stream()).below(n)
    }

    /// Returns the entity with this key; `self` is left out.
    pub fn get<M: InTopic<R>>(&self, key: &(impl KeyField + ?Sized)) -> Option<&M> {
        self.run.find(&self.run.key::<M>(key.as_key()))
    }

    /// Returns the entity with this key, to be changed; `self` is left out.
    pub fn get_mut<M: InTopic<R>>(&mut self, key: &(impl KeyField + ?Sized)) -> Option<&mut M> {
        let key = self.run.key::<M>(key.as_key());
        if !self.run.dirty.contains_key(&key) {
            let copy = M::copied(self.run.find::<M>(&key)?);
            self.run.dirty.insert(key.clone(), Some(Box::new(copy)));
        }
        self.run.dirty.get_mut(&key)?.as_mut()?.downcast_mut()
    }

    /// Returns all entities of a model, sorted by key; `self` is left out.
    pub fn all<M: InTopic<R>>(&self) -> impl Iterator<Item = &M> {
        let number = M::NUMBER;
        let kept = self.run.rows.of_model(number).map(|(key, _)| key);
        let made = self.run.dirty.keys().filter(move |key| key.model == number);
        let mut keys: Vec<&RowKey> = kept.chain(made).collect();
        keys.sort();
        keys.dedup();
        keys.into_iter().filter_map(|key| self.run.find(key))
    }

    /// Adds an entity. Where one of this key exists, the mutation is refused as `rt/exists`.
    ///
    /// # Panics
    ///
    /// Unwinds with that refusal; the runtime catches it, nothing the mutator wrote is kept.
    pub fn insert<M: InTopic<R>>(&mut self, entity: M) -> &mut M {
        let key = self.run.key::<M>(entity.key());
        let taken = self.run.receiver.as_ref() == Some(&key) || self.run.find::<M>(&key).is_some();
        if taken {
            std::panic::resume_unwind(Box::new(Refusal::Exists));
        }
        let slot = self.run.dirty.entry(key).insert_entry(Some(Box::new(entity)));
        let slot = slot.into_mut().as_mut().and_then(|entity| entity.downcast_mut());
        slot.expect("it was put there just now")
    }

    /// Removes the entity with this key, and returns it; `self` is left out.
    pub fn remove<M: InTopic<R>>(&mut self, key: &(impl KeyField + ?Sized)) -> Option<M> {
        let key = self.run.key::<M>(key.as_key());
        let gone = M::copied(self.run.find::<M>(&key)?);
        self.run.dirty.insert(key, None);
        Some(gone)
    }
}

impl<R> fmt::Debug for Tx<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").field("context", &self.run.context).finish_non_exhaustive()
    }
}
