//! Seeds: roots that an app creates at its first start, and leaves alone ever after.

use realtime_protocol::{Position, Topic, schema::TopicOf};

use crate::{
    error::Problem,
    handler::Registry,
    host::random,
    store::{Commit, CommitError, Store},
    topic::{
        change,
        record::RecordBody,
        rows::{RowKey, Value},
    },
};

/// A root that is created where its topic was never written.
pub(super) struct Seed {
    pub(super) number: u16,
    pub(super) value: Value,
}

/// Creates it, unless its topic has a history.
pub(super) async fn plant(registry: &Registry, store: &dyn Store, seed: &Seed) -> Result<(), Problem> {
    let (topic, record) = prepare(registry, seed)?;
    let problem = |why: String| Problem::Seed { topic: topic.to_string(), why };
    let heads = store.heads(std::slice::from_ref(&topic)).await?;
    let Some(head) = heads.first().filter(|head| head.at == Position::default()) else { return Ok(()) };
    let commit = Commit {
        expected: head.at,
        epoch: random::epoch(),
        form: head.form,
        changes: record.rows.iter().map(change::store_change).collect(),
        lanes: Vec::new(),
        put: Vec::new(),
        take: Vec::new(),
        record: record.encode().map_err(|e| problem(e.to_string()))?,
    };
    match store.commit(&topic, commit).await {
        // Another node planted it meanwhile.
        Ok(_) | Err(CommitError::Behind { .. } | CommitError::Forked { .. }) => Ok(()),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(other) => Err(problem(format!("{other:?}"))),
    }
}

fn prepare(registry: &Registry, seed: &Seed) -> Result<(Topic, RecordBody), Problem> {
    let problem = |why: String| Problem::Seed { topic: "a model".to_owned(), why };
    let entry = registry
        .by_number(seed.number)
        .ok_or_else(|| problem("it is not registered: add `.model::<…>()` to the app".into()))?;
    let TopicOf::Root(pattern) = &registry.schema_of(entry).topic else {
        return Err(problem("only a root can be seeded".into()));
    };
    let fields = entry.model.topic_fields(&*seed.value);
    let topic = pattern.fill(&fields).map_err(|e| problem(e.to_string()))?;
    let copy = entry.model.clone_value(&seed.value).ok_or_else(|| problem("of another model".into()))?;
    let row = entry.model.row_of(copy).map_err(|e| problem(e.to_string()))?;
    let key = entry.model.key_of(&*seed.value).unwrap_or_default();
    let key = RowKey::new(entry.model.number(), &key);
    let created = change::row_change(registry, &key, None, Some(&std::sync::Arc::new(row)), false);
    Ok((topic, RecordBody { rows: created.into_iter().collect(), lanes: Vec::new() }))
}
