//! One mutation, from its frame's words to its outcome: rights, validation, the author's code, what it wrote.

use std::{
    any::Any,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use realtime_protocol::{
    Raw, Topic,
    lane::MAX_OUTCOME_BYTES,
    schema::{TopicOf, validate},
};

use super::{
    erased::{Door, ErasedModel},
    generic,
    registry::{Entry, Mutator, Registry, What},
};
use crate::{
    mutation::{Fault, Refusal, invalid},
    policy::Answer,
    topic::rows::{Overlay, Row, RowKey, Value},
    tx::{Context, Dirty, Run},
};

/// The longest key of an entity, in bytes.
const MAX_KEY_BYTES: usize = 1024;
/// The largest entity, in bytes.
const MAX_ROW_BYTES: usize = 256 * 1024;
/// The most that one mutation may write, in bytes.
const MAX_WRITTEN_BYTES: usize = 2 * 1024 * 1024;

/// What a client asks for.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) mutator: u32,
    pub(crate) key: Option<String>,
    pub(crate) args: Vec<Raw>,
    /// The offset that its author had seen, for mutations that ask for conflicts.
    pub(crate) seen: Option<u64>,
}

/// Rows that a run wrote; `None`: removed.
pub(crate) type Written = BTreeMap<RowKey, Option<Arc<Row>>>;

/// Runs `call` over `rows`; `stale`: others touched its entity at this offset since its author saw it.
///
/// # Errors
///
/// The refusal; then nothing was written.
pub(crate) fn run(
    registry: &Registry,
    topic: &Topic,
    rows: &mut Overlay,
    context: &Context,
    call: &Call,
    stale: Option<u64>,
) -> Result<(Option<Raw>, Written), Refusal> {
    let mutator = registry
        .mutator(call.mutator)
        .ok_or_else(|| invalid("", "mutation", format!("no mutation has the number {}", call.mutator)))?;
    // A rule is no match for NaN, which only MessagePack can carry.
    if !call.args.iter().all(Raw::is_finite) {
        return Err(invalid("", "type", "NaN and infinity are no values".into()));
    }
    let mut scene = Scene::new(registry, topic, rows, context, mutator)?;
    scene.stale = stale;
    let (value, mut written) = scene.play(call)?;
    scene.check_size(&written)?;
    scene.clear_with_root(&mut written);
    if value.as_ref().is_some_and(|raw| raw.bytes().len() > MAX_OUTCOME_BYTES) {
        return Err(Refusal::Limit("the size of a mutation's answer"));
    }
    Ok((value, written))
}

/// One run's surroundings.
pub(super) struct Scene<'a> {
    pub(super) registry: &'a Registry,
    pub(super) topic: &'a Topic,
    pub(super) rows: &'a mut Overlay,
    pub(super) context: &'a Context,
    pub(super) entry: &'a Entry,
    pub(super) root: &'a Entry,
    /// The topic's root row, where there is one.
    pub(super) root_row: Option<(RowKey, Value)>,
    what: What,
    stale: Option<u64>,
}

impl<'a> Scene<'a> {
    fn new(
        registry: &'a Registry,
        topic: &'a Topic,
        rows: &'a mut Overlay,
        context: &'a Context,
        mutator: Mutator,
    ) -> Result<Self, Refusal> {
        let entry = registry.model(mutator.model);
        let root = registry.model(registry.root_at(entry));
        if registry.root_of(topic) != Some(registry.root_at(entry)) {
            return Err(invalid("", "mutation", format!("`{}` is not in this topic", entry.model.name())));
        }
        let root_row = root_row(root, rows);
        Ok(Self { registry, topic, rows, context, entry, root, root_row, what: mutator.what, stale: None })
    }

    /// For what the program itself does in a topic of the root at `root`.
    pub(super) fn of_program(
        registry: &'a Registry,
        root: usize,
        topic: &'a Topic,
        rows: &'a mut Overlay,
        context: &'a Context,
    ) -> Self {
        let root = registry.model(root);
        let root_row = root_row(root, rows);
        let (entry, what) = (root, What::Patch);
        Self { registry, topic, rows, context, entry, root, root_row, what, stale: None }
    }

    fn play(&mut self, call: &Call) -> Result<(Option<Raw>, Written), Refusal> {
        self.may_open()?;
        match self.what {
            What::Named(index) => self.named(index, call),
            What::Create => generic::create(self, call),
            What::Patch => generic::patch(self, call),
            What::Delete => generic::delete(self, call),
        }
    }

    /// Named mutations are for whoever may open the topic; one that does not exist can only be created (S44).
    fn may_open(&self) -> Result<(), Refusal> {
        let Some((_, root)) = &self.root_row else {
            return match self.what {
                What::Create => Ok(()),
                _ if self.root.model.ask(Door::Create, &self.context.principal, None, None)
                    == Answer::Yes =>
                {
                    Err(Refusal::Missing)
                }
                _ => Err(Refusal::Denied),
            };
        };
        match self.root.model.ask(Door::Open, &self.context.principal, Some(root), Some(root)) {
            Answer::Yes => Ok(()),
            Answer::No | Answer::Unknown => Err(Refusal::Denied),
        }
    }

    pub(super) fn model(&self) -> &dyn ErasedModel {
        &*self.entry.model
    }

    /// Asks a policy; a plain no is told before anything is read (S34).
    pub(super) fn allow(&self, door: Door, entity: Option<&Value>) -> Result<(), Refusal> {
        let root = self.root_row.as_ref().map(|(_, value)| value);
        match self.model().ask(door, &self.context.principal, entity, root) {
            Answer::Yes => Ok(()),
            Answer::No => Err(Refusal::Denied),
            Answer::Unknown => Err(Refusal::Missing),
        }
    }

    /// Finds the entity that the call names, after its policy was asked by name (S34).
    pub(super) fn target(&self, door: Door, call: &Call) -> Result<(RowKey, Value), Refusal> {
        let key = call.key.as_deref().ok_or_else(|| invalid("key", "required", "names no entity".into()))?;
        if self.allow(door, None) == Err(Refusal::Denied) {
            return Err(Refusal::Denied);
        }
        let key = RowKey::new(self.model().number(), key);
        let value = self.readable(&key)?;
        self.allow(door, Some(&value))?;
        Ok((key, value))
    }

    /// Finds an entity; one that may not be read is absent, in the same words (S34).
    pub(super) fn readable(&self, key: &RowKey) -> Result<Value, Refusal> {
        let value = Arc::clone(&self.rows.get(key).ok_or(Refusal::Missing)?.value);
        let root = self.root_row.as_ref().map(|(_, value)| value);
        match self.model().ask(Door::Read, &self.context.principal, Some(&value), root) {
            Answer::Yes => Ok(value),
            Answer::No | Answer::Unknown => Err(Refusal::Missing),
        }
    }

    fn named(&mut self, index: usize, call: &Call) -> Result<(Option<Raw>, Written), Refusal> {
        let door = Door::Mutation(index);
        let mutation = &self.registry.schema_of(self.entry).mutations[index];
        let target = match mutation.receiver {
            realtime_protocol::schema::Receiver::Entity => {
                let target = self.target(door, call)?;
                if let Some(version) = self.stale {
                    return Err(Refusal::Stale(version));
                }
                Some(target)
            }
            realtime_protocol::schema::Receiver::Topic => {
                let (_, root) = self.root_row.as_ref().ok_or(Refusal::Missing)?;
                self.allow(door, Some(root))?;
                None
            }
        };
        for (argument, raw) in mutation.args.iter().zip(&call.args) {
            self.check(argument, raw)?;
        }
        // The rows are lent to the run, and come back whatever becomes of it.
        let mut run = Run::new(std::mem::take(self.rows), self.context.clone());
        let called = AssertUnwindSafe(|| self.model().call(index, &mut run, target, &call.args));
        let value = catch_unwind(called).unwrap_or_else(|payload| Err(caught(payload)));
        *self.rows = run.rows;
        Ok((value?, self.seal(run.dirty)?))
    }

    /// Checks a value's rules.
    pub(super) fn check(&self, field: &realtime_protocol::schema::Field, raw: &Raw) -> Result<(), Refusal> {
        let schema = &self.registry.schema;
        if !realtime_protocol::schema::has_rules(schema, field) {
            return Ok(());
        }
        let value = raw.decode().map_err(|e| invalid(&field.name, "type", e.to_string()))?;
        validate(schema, field, &value).map_err(Refusal::Invalid)
    }

    /// Takes what a run wrote apart into rows, and checks the rules of their columns.
    pub(super) fn seal(&self, dirty: Dirty) -> Result<Written, Refusal> {
        let mut written = Written::new();
        for (key, value) in dirty {
            let row = match value {
                None => None,
                Some(value) => Some(Arc::new(self.seal_row(&key, value)?)),
            };
            written.insert(key, row);
        }
        Ok(written)
    }

    fn seal_row(&self, key: &RowKey, value: Box<dyn Any + Send + Sync>) -> Result<Row, Refusal> {
        let entry = self.registry.by_number(key.model).ok_or(Refusal::Missing)?;
        let row = entry
            .model
            .row_of(value)
            .map_err(|e| Refusal::Fault(format!("what the mutator wrote cannot be kept: {e}")))?;
        if !self.is_of_topic(entry, &row) {
            return Err(Refusal::Fault("what the mutator wrote belongs to another topic".into()));
        }
        let before = self.rows.get(key);
        for (i, field) in self.registry.schema_of(entry).columns.iter().enumerate() {
            let changed = before.is_none_or(|before| before.cells.get(i) != row.cells.get(i));
            if changed && entry.column_rules.get(i) == Some(&true) {
                self.check(field, &row.cells[i])?;
            }
        }
        Ok(row)
    }

    /// Tells whether a row's own fields name this topic; a row that is no root names none.
    pub(super) fn is_of_topic(&self, entry: &Entry, row: &Row) -> bool {
        match &self.registry.schema_of(entry).topic {
            TopicOf::Root(pattern) => {
                let fields = entry.model.topic_fields(&*row.value);
                pattern.fill(&fields).is_ok_and(|topic| topic == *self.topic)
            }
            TopicOf::Of(_) => true,
        }
    }

    /// Bounds what one mutation may write: a commit that no store takes would be tried again for ever (L11).
    pub(super) fn check_size(&self, written: &Written) -> Result<(), Refusal> {
        for (key, row) in written {
            if key.key.len() > MAX_KEY_BYTES {
                return Err(Refusal::Limit("the length of a key"));
            }
            if row.as_ref().is_some_and(|row| row.size() > MAX_ROW_BYTES) {
                return Err(Refusal::Limit("the size of an entity"));
            }
        }
        let sizes = written.values().flatten().map(|row| row.size());
        if sizes.sum::<usize>() > MAX_WRITTEN_BYTES {
            return Err(Refusal::Limit("the size of a change"));
        }
        Ok(())
    }

    /// A topic without its root is gone (S44): rows that stayed would be anybody's who may create it (L9).
    pub(super) fn clear_with_root(&self, written: &mut Written) {
        let is_gone = |(key, _): &(RowKey, Value)| matches!(written.get(key), Some(None));
        if self.root_row.as_ref().is_some_and(is_gone) {
            let made = written.keys().cloned().collect::<Vec<_>>();
            written.extend(made.into_iter().chain(self.rows.keys()).map(|key| (key, None)));
        }
    }
}

/// Finds the root's row: a topic has at most one.
pub(crate) fn root_row(root: &Entry, rows: &Overlay) -> Option<(RowKey, Value)> {
    rows.of_model(root.model.number()).next().map(|(key, row)| (key.clone(), Arc::clone(&row.value)))
}

/// What unwound out of a mutator: a refusal of `tx`, a checked operation's fault, or a panic.
pub(super) fn caught(payload: Box<dyn Any + Send>) -> Refusal {
    let payload = match payload.downcast::<Refusal>() {
        Ok(refusal) => return *refusal,
        Err(payload) => payload,
    };
    if let Some(Fault(what)) = payload.downcast_ref::<Fault>() {
        return Refusal::Fault((*what).to_owned());
    }
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    Refusal::Fault(text.unwrap_or_else(|| "it panicked".to_owned()))
}
