//! A mutation that a simulated page is to call: by names, checked against the models when it is called.

use realtime_protocol::{
    Raw, Topic,
    schema::{Conflict, TopicOf, mutator_number},
};
use serde::Serialize;
use serde_json::Value;

use super::page::Asked;
use crate::{handler::Registry, model::SyncModel};

/// A call of one mutation.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    pub(super) topic: Topic,
    /// `Poll.vote`
    pub(super) mutation: String,
    pub(super) key: Option<String>,
    pub(super) args: Vec<Value>,
}

impl Call {
    /// Calls `mutation` of the entity `key` of `M` in `topic`; `args` is a tuple: `(1,)`, `("Soup", 2)`, `()`.
    ///
    /// # Panics
    ///
    /// Where `topic` is no topic, or `args` is no tuple that JSON can hold.
    pub fn new<M: SyncModel>(topic: &str, key: &str, mutation: &str, args: impl Serialize) -> Self {
        Self::made::<M>(topic, Some(key), mutation, list(&args))
    }

    /// Calls a mutation that has no entity: one without `self`.
    ///
    /// # Panics
    ///
    /// As [`Call::new`].
    pub fn of_topic<M: SyncModel>(topic: &str, mutation: &str, args: impl Serialize) -> Self {
        Self::made::<M>(topic, None, mutation, list(&args))
    }

    /// Creates an entity.
    ///
    /// # Panics
    ///
    /// Where `topic` is no topic, or the entity cannot be encoded.
    pub fn create<M: SyncModel>(topic: &str, entity: &M) -> Self {
        let parts = M::parts();
        let cells = parts.columns.iter().enumerate().flat_map(|(at, column)| {
            let cell = (column.encode)(entity).expect("an entity that can be encoded");
            [Value::from(at), cell.decode().expect("a column that JSON can hold")]
        });
        let cells = cells.collect();
        Self::made::<M>(topic, Some(entity.key()), "create", cells)
    }

    /// Sets one column, by its Rust name.
    ///
    /// # Panics
    ///
    /// Where the model has no such column, or the value cannot be encoded.
    pub fn patch<M: SyncModel>(topic: &str, key: &str, column: &str, value: impl Serialize) -> Self {
        let at = M::parts().columns.iter().position(|c| c.rust == column);
        let at = at.unwrap_or_else(|| panic!("{} has no column `{column}`", M::parts().name));
        let value = serde_json::to_value(value).expect("a value that JSON can hold");
        Self::made::<M>(topic, Some(key), "patch", vec![at.into(), value])
    }

    /// Deletes an entity.
    ///
    /// # Panics
    ///
    /// Where `topic` is no topic.
    #[must_use]
    pub fn delete<M: SyncModel>(topic: &str, key: &str) -> Self {
        Self::made::<M>(topic, Some(key), "delete", Vec::new())
    }

    fn made<M: SyncModel>(topic: &str, key: Option<&str>, mutation: &str, args: Vec<Value>) -> Self {
        let topic = Topic::new(topic).unwrap_or_else(|error| panic!("`{topic}` is no topic: {error}"));
        let mutation = format!("{}.{mutation}", M::parts().name);
        Self { topic, mutation, key: key.map(str::to_owned), args }
    }

    /// Finds it among the models: the place of the topic's root, and what goes on the wire.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn find(
        &self,
        registry: &Registry,
        now: u64,
        seed: (u32, u32, u32, u32),
    ) -> Result<(usize, Asked), String> {
        let (model, name) = self.mutation.split_once('.').unwrap_or((&self.mutation, ""));
        let number = mutator_number(model, name);
        let mutator = registry.mutator(number).ok_or_else(|| format!("no mutation `{}`", self.mutation))?;
        let entry = registry.model(mutator.model);
        let root = registry.root_at(entry);
        if registry.root_of(&self.topic) != Some(root) {
            return Err(format!("`{}` is no topic of {model}", self.topic));
        }
        let args: Result<Vec<Raw>, _> = self.args.iter().map(Raw::encode).collect();
        let args = args.map_err(|error| error.to_string())?;
        let version = registry.schema_of(entry).version;
        let key = self.key.clone();
        let mutation = registry.schema_of(entry).mutations.iter().find(|mutation| mutation.number == number);
        // What it had seen matters to mutations that are refused over newer changes only.
        let refuses = mutation.is_some_and(|mutation| mutation.conflict == Conflict::Refuse);
        Ok((root, Asked { mutator: number, version, key, args, now, seed, seen: refuses.then_some(0) }))
    }
}

/// Returns the topic of a root whose pattern has one field.
///
/// # Panics
///
/// Where the model is no such root.
pub(super) fn topic_of<M: SyncModel>(registry: &Registry, key: &str) -> Topic {
    let name = M::parts().name;
    let pattern = registry.by_number(M::NUMBER).map(|entry| &registry.schema_of(entry).topic);
    let topic = match pattern {
        Some(TopicOf::Root(pattern)) if pattern.fields().count() == 1 => pattern.fill(&[key]).ok(),
        _ => None,
    };
    topic.unwrap_or_else(|| panic!("`{key}` alone does not name a topic of {name}: name it, with `in_topic`"))
}

fn list(args: &impl Serialize) -> Vec<Value> {
    match serde_json::to_value(args).expect("arguments that JSON can hold") {
        Value::Array(args) => args,
        Value::Null => Vec::new(),
        one => panic!("arguments are a tuple: `({one},)`"),
    }
}
