//! Create, patch and delete: closed until an attribute says who may.

use std::sync::Arc;

use realtime_protocol::Raw;

use super::{
    erased::Door,
    run::{Call, Scene, Written},
};
use crate::{
    mutation::{Refusal, invalid},
    topic::rows::{Row, RowKey, Value},
};

/// Adds an entity: insert-only, on both sides (S44).
pub(super) fn create(scene: &Scene<'_>, call: &Call) -> Result<(Option<Raw>, Written), Refusal> {
    let described = scene.registry.schema_of(scene.entry);
    let columns = &described.columns;
    let key = call.key.as_deref().ok_or_else(|| invalid("key", "required", "names no entity".into()))?;
    if scene.allow(Door::Create, None) == Err(Refusal::Denied) {
        return Err(Refusal::Denied);
    }
    let mut cells: Vec<Option<Raw>> = vec![None; columns.len()];
    for (at, raw) in cells_of(call)? {
        let cell = cells.get_mut(usize::from(at)).ok_or_else(|| no_column(at))?;
        *cell = Some(raw.clone());
    }
    for (column, cell) in columns.iter().zip(&mut cells) {
        // The key stands in the call: a client need not repeat it.
        if cell.is_none() && column.rust == described.key {
            *cell = Some(Raw::encode(&key).map_err(|e| invalid("key", "type", e.to_string()))?);
        }
        if cell.is_none() && !column.optional {
            return Err(invalid(&column.name, "required", "is missing".into()));
        }
    }
    let row = scene.model().row(&cells).map_err(|e| invalid("", "type", e.to_string()))?;
    check_row(scene, &row, |at| cells[at].is_some())?;
    made(scene, key, row)
}

/// Keeps what was created, where it is new, belongs here, and its policy says yes.
fn made(scene: &Scene<'_>, key: &str, row: Row) -> Result<(Option<Raw>, Written), Refusal> {
    if scene.model().key_of(&*row.value).as_deref() != Some(key) {
        return Err(invalid("key", "required", "names another entity than its columns".into()));
    }
    let is_root = scene.root.model.number() == scene.model().number();
    if !scene.is_of_topic(scene.entry, &row) {
        return Err(invalid("key", "topic", "belongs to another topic".into()));
    }
    if !is_root && scene.root_row.is_none() {
        return Err(Refusal::Missing);
    }
    scene.allow(Door::Create, Some(&row.value)).or_else(|refusal| match refusal {
        // The root that a policy looks at is the one that is being made.
        Refusal::Missing if is_root => ask_new_root(scene, &row),
        other => Err(other),
    })?;
    let key = RowKey::new(scene.model().number(), key);
    if scene.rows.get(&key).is_some() {
        return Err(Refusal::Exists);
    }
    Ok((None, Written::from([(key, Some(Arc::new(row)))])))
}

fn ask_new_root(scene: &Scene<'_>, row: &Row) -> Result<(), Refusal> {
    let answer =
        scene.model().ask(Door::Create, &scene.context.principal, Some(&row.value), Some(&row.value));
    if answer == crate::policy::Answer::Yes { Ok(()) } else { Err(Refusal::Denied) }
}

/// Checks the rules of the columns that were sent, as they will be kept, not as they came: serde reads more than one form of a value.
fn check_row(scene: &Scene<'_>, row: &Row, sent: impl Fn(usize) -> bool) -> Result<(), Refusal> {
    let columns = &scene.registry.schema_of(scene.entry).columns;
    let mut cells = columns.iter().zip(&row.cells).enumerate().filter(|(at, _)| sent(*at));
    cells.try_for_each(|(_, (column, cell))| scene.check(column, cell))
}

/// Sets columns that the attribute names, and no other.
pub(super) fn patch(scene: &Scene<'_>, call: &Call) -> Result<(Option<Raw>, Written), Refusal> {
    let patched = cells_of(call)?;
    let key = patchable(scene, call, &patched)?;
    let before = scene.rows.get(&key).ok_or(Refusal::Missing)?;
    let mut cells: Vec<Option<Raw>> = before.cells.iter().cloned().map(Some).collect();
    for &(at, raw) in &patched {
        cells[usize::from(at)] = Some(raw.clone());
    }
    let row = scene.model().row(&cells).map_err(|e| invalid("", "type", e.to_string()))?;
    check_row(scene, &row, |at| patched.iter().any(|(patched, _)| usize::from(*patched) == at))?;
    if !scene.is_of_topic(scene.entry, &row) {
        return Err(invalid("key", "topic", "belongs to another topic".into()));
    }
    Ok((None, Written::from([(key, Some(Arc::new(row)))])))
}

/// Finds the entity to patch, after each column's policy was asked by name (S34).
fn patchable(scene: &Scene<'_>, call: &Call, patched: &[(u16, &Raw)]) -> Result<RowKey, Refusal> {
    if patched.is_empty() {
        return scene.target(Door::Patch, call).map(|(key, _)| key);
    }
    let described = scene.registry.schema_of(scene.entry);
    if described.generic.patch.is_empty() {
        return Err(Refusal::Denied);
    }
    let columns = &described.columns;
    let key = call.key.as_deref().ok_or_else(|| invalid("key", "required", "names no entity".into()))?;
    let unknown = patched.iter().find(|(at, _)| usize::from(*at) >= columns.len());
    if let Some((at, _)) = unknown {
        return Err(no_column(*at));
    }
    let ask = |entity: Option<&Value>| {
        let told = patched.iter().map(|(at, _)| may_set(scene, usize::from(*at), entity));
        let no: Vec<Refusal> = told.filter_map(Result::err).collect();
        // A plain no outweighs what depends on the entity.
        let plain = no.iter().find(|no| **no != Refusal::Missing);
        plain.or(no.first()).cloned().map_or(Ok(()), Err)
    };
    match ask(None) {
        Ok(()) | Err(Refusal::Missing) => {}
        no => no?,
    }
    let key = RowKey::new(scene.model().number(), key);
    let value = scene.readable(&key)?;
    ask(Some(&value)).map(|()| key)
}

/// Asks who may set a column: whom the model's `patch` names, or the column's own `write`.
fn may_set(scene: &Scene<'_>, at: usize, entity: Option<&Value>) -> Result<(), Refusal> {
    let described = scene.registry.schema_of(scene.entry);
    let column = &described.columns[at];
    if !described.generic.patch.contains(&column.rust) {
        return Err(invalid(&column.name, "column", "may not be patched".into()));
    }
    let by_column = scene.allow(Door::WriteColumn(at), entity);
    if by_column.is_ok() || !scene.model().patches(at) {
        return by_column;
    }
    match (scene.allow(Door::Patch, entity), by_column) {
        (Err(Refusal::Denied), Err(Refusal::Missing)) => Err(Refusal::Missing),
        (by_model, _) => by_model,
    }
}

/// Removes an entity.
pub(super) fn delete(scene: &Scene<'_>, call: &Call) -> Result<(Option<Raw>, Written), Refusal> {
    let (key, _) = scene.target(Door::Delete, call)?;
    Ok((None, Written::from([(key, None)])))
}

/// Reads column numbers and values in turn.
fn cells_of(call: &Call) -> Result<Vec<(u16, &Raw)>, Refusal> {
    let pairs = call.args.chunks(2).map(|pair| match pair {
        [number, value] => Ok((number.decode().map_err(|e| invalid("", "column", e.to_string()))?, value)),
        _ => Err(invalid("", "arguments", "a column without a value".into())),
    });
    pairs.collect()
}

fn no_column(at: u16) -> Refusal {
    invalid("", "column", format!("no column has the number {at}"))
}
