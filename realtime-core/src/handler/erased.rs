//! A model without its type: what the topic worker calls.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use realtime_protocol::{Raw, raw::RawError, schema};

use crate::{
    describe::Types,
    model::{Columns, ModelParts, Retain, SyncModel},
    mutation::{Args, Refusal, invalid},
    policy::{Answer, PolicyFn},
    topic::rows::{Row, RowKey, Value},
    tx::Run,
};

/// Who is asked by which policy.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    Open,
    /// To read an entity.
    Read,
    /// To read the column at this place of an entity that may be read.
    ReadColumn(usize),
    /// To set the column at this place by `patch`.
    WriteColumn(usize),
    Create,
    Patch,
    Delete,
    /// By its place among the model's mutations.
    Mutation(usize),
}

/// A model, as the runtime sees it.
pub(crate) trait ErasedModel: Send + Sync {
    fn name(&self) -> &'static str;
    fn number(&self) -> u16;
    /// Returns its schema, and adds the named types that it uses.
    fn describe(&self, types: &mut Types) -> schema::Model;
    /// Puts a row together from its cells; absent ones take their defaults.
    fn row(&self, cells: &[Option<Raw>]) -> Result<Row, RawError>;
    /// Takes an entity apart.
    fn row_of(&self, value: Box<dyn Any + Send + Sync>) -> Result<Row, RawError>;
    fn key_of(&self, value: &(dyn Any + Send + Sync)) -> Option<String>;
    /// The values of the pattern's fields, of a root.
    fn topic_fields(&self, value: &(dyn Any + Send + Sync)) -> Vec<String>;
    fn ask(&self, door: Door, principal: &Value, entity: Option<&Value>, root: Option<&Value>) -> Answer;
    /// Tells whether `open` was given: else whoever was admitted may open.
    fn guards_opening(&self) -> bool;
    /// Tells whether the model's own `patch` names the column at this place.
    fn patches(&self, column: usize) -> bool;
    /// Tells whether the mutation at `index` has an `allow` that closes it to somebody.
    fn guards_mutation(&self, index: usize) -> bool;
    /// Which of its entities go by themselves.
    fn retain(&self) -> Option<Retain>;
    /// Those of `open`, `create`, `patch` and `delete` that say `anyone`.
    fn says_anyone(&self) -> &'static [&'static str];
    /// Runs the mutation at `index`; `target` is the receiver, which is written back.
    fn call(
        &self,
        index: usize,
        run: &mut Run,
        target: Option<(RowKey, Value)>,
        args: &[Raw],
    ) -> Result<Option<Raw>, Refusal>;
    fn clone_value(&self, value: &Value) -> Option<Box<dyn Any + Send + Sync>>;
}

/// Wraps a model.
pub(crate) fn typed<M: SyncModel>() -> Arc<dyn ErasedModel> {
    Arc::new(Typed::<M> { parts: M::parts() })
}

/// The same, with parts that a test has changed.
#[cfg(test)]
pub(crate) fn typed_with<M: SyncModel>(parts: ModelParts<M>) -> Arc<dyn ErasedModel> {
    Arc::new(Typed { parts })
}

struct Typed<M: SyncModel> {
    parts: ModelParts<M>,
}

/// Runs the author's code where nobody else stops its panic, which would end every topic of the shard: policies,
/// `Serialize`, `Clone`. `None`: it panicked, and the log says so.
fn guarded<M: SyncModel, T>(what: &str, act: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(act)).ok();
    if done.is_none() {
        tracing::error!(model = std::any::type_name::<M>(), what, "the program's own code panicked");
    }
    done
}

/// Like [`guarded`], for what can fail anyway.
fn guarded_raw<M: SyncModel, T>(act: impl FnOnce() -> Result<T, RawError>) -> Result<T, RawError> {
    guarded::<M, _>("encode, decode", act).unwrap_or_else(|| Err(RawError::new("its own code panicked")))
}

impl<M: SyncModel> Typed<M> {
    fn policy(&self, door: Door) -> Option<PolicyFn<M>> {
        match door {
            Door::Open => self.parts.open,
            Door::Read => self.parts.read,
            Door::ReadColumn(at) => self.parts.columns.get(at).and_then(|column| column.read),
            Door::WriteColumn(at) => self.parts.columns.get(at).and_then(|column| column.write),
            Door::Create => self.parts.create,
            Door::Patch => self.parts.patch.as_ref().map(|(_, policy)| *policy),
            Door::Delete => self.parts.delete,
            Door::Mutation(index) => self.parts.mutations.get(index).and_then(|m| m.allow),
        }
    }

    fn encode(&self, entity: &M) -> Result<Vec<Raw>, RawError> {
        let cell = |column: &crate::model::ColumnDef<M>| {
            let raw = (column.encode)(entity)?;
            match (raw.is_finite(), raw.is_shallow()) {
                (true, true) => Ok(raw),
                (false, _) => Err(RawError::new(format!("{}: NaN and infinity cannot be kept", column.name))),
                (_, false) => Err(RawError::new(format!("{}: it is nested too deep", column.name))),
            }
        };
        self.parts.columns.iter().map(cell).collect()
    }
}

impl<M: SyncModel> ErasedModel for Typed<M> {
    fn name(&self) -> &'static str {
        self.parts.name
    }

    fn number(&self) -> u16 {
        M::NUMBER
    }

    fn describe(&self, types: &mut Types) -> schema::Model {
        super::schema::model(&self.parts, types)
    }

    fn row(&self, cells: &[Option<Raw>]) -> Result<Row, RawError> {
        guarded_raw::<M, _>(|| {
            let entity = (self.parts.decode)(&mut Columns::new(cells))?;
            Ok(Row { cells: self.encode(&entity)?, value: Arc::new(entity) })
        })
    }

    fn row_of(&self, value: Box<dyn Any + Send + Sync>) -> Result<Row, RawError> {
        let entity = value.downcast::<M>().map_err(|_| RawError::new("an entity of another model"))?;
        let cells = guarded_raw::<M, _>(|| self.encode(&entity))?;
        Ok(Row { cells, value: Arc::from(entity as Box<dyn Any + Send + Sync>) })
    }

    fn key_of(&self, value: &(dyn Any + Send + Sync)) -> Option<String> {
        let entity = value.downcast_ref::<M>()?;
        guarded::<M, _>("key", || entity.key().to_owned())
    }

    fn topic_fields(&self, value: &(dyn Any + Send + Sync)) -> Vec<String> {
        let fields = value
            .downcast_ref::<M>()
            .map(|entity| guarded::<M, _>("topic", || (self.parts.topic_fields)(entity)));
        fields.flatten().unwrap_or_default()
    }

    fn ask(&self, door: Door, principal: &Value, entity: Option<&Value>, root: Option<&Value>) -> Answer {
        let Some(policy) = self.policy(door) else {
            return match door {
                Door::Open | Door::Read | Door::ReadColumn(_) | Door::Mutation(_) => Answer::Yes,
                Door::WriteColumn(_) | Door::Create | Door::Patch | Door::Delete => Answer::No,
            };
        };
        let Some(principal) = principal.downcast_ref::<M::Principal>() else { return Answer::No };
        let entity = entity.and_then(|value| value.downcast_ref::<M>());
        let root = root.and_then(|value| value.downcast_ref::<M::Root>());
        guarded::<M, _>("policy", || policy(principal, entity, root)).unwrap_or(Answer::No)
    }

    fn guards_opening(&self) -> bool {
        self.parts.open.is_some()
    }

    fn patches(&self, column: usize) -> bool {
        let named = self.parts.patch.as_ref().map_or(&[][..], |(columns, _)| columns);
        self.parts.columns.get(column).is_some_and(|column| named.contains(&column.rust))
    }

    fn guards_mutation(&self, index: usize) -> bool {
        self.parts.mutations.get(index).is_some_and(|m| m.allow.is_some() && !m.anyone)
    }

    fn retain(&self) -> Option<Retain> {
        self.parts.retain
    }

    fn says_anyone(&self) -> &'static [&'static str] {
        self.parts.anyone
    }

    fn call(
        &self,
        index: usize,
        run: &mut Run,
        target: Option<(RowKey, Value)>,
        args: &[Raw],
    ) -> Result<Option<Raw>, Refusal> {
        let Some(mutation) = self.parts.mutations.get(index) else {
            return Err(invalid("", "mutation", "no such mutation".into()));
        };
        let Some((key, value)) = target else {
            return run.with::<M::Root, _>(|tx| (mutation.run)(tx, None, Args::new(args)));
        };
        let mut entity = M::copied(value.downcast_ref::<M>().ok_or(Refusal::Missing)?);
        run.receiver = Some(key.clone());
        let result = run.with::<M::Root, _>(|tx| (mutation.run)(tx, Some(&mut entity), Args::new(args)));
        run.receiver = None;
        if entity.key() != &*key.key {
            return Err(Refusal::Fault("the mutator changed its entity's key".into()));
        }
        run.dirty.insert(key, Some(Box::new(entity)));
        result
    }

    fn clone_value(&self, value: &Value) -> Option<Box<dyn Any + Send + Sync>> {
        let entity = value.downcast_ref::<M>()?;
        guarded::<M, _>("clone", || Box::new(M::copied(entity)) as _)
    }
}
