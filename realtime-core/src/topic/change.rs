//! From rows that a batch wrote to the commit's changes, the record, and the rows of a delta; and back.

use std::sync::Arc;

use bytes::Bytes;
use realtime_protocol::{
    Raw,
    frame::v1::{self, Put},
    raw::RawError,
};

use super::{
    record::RowChange,
    rows::{Row, RowKey, Rows},
};
use crate::{
    handler::{Entry, Registry},
    store::{Change, ColumnOp, Key},
};

/// Returns what a batch changed of one row; nothing where it stands as it stood. `watched`: a `read` may look at
/// what was there before, so the record keeps it (S19).
pub(crate) fn row_change(
    registry: &Registry,
    key: &RowKey,
    before: Option<&Arc<Row>>,
    after: Option<&Arc<Row>>,
    watched: bool,
) -> Option<RowChange> {
    let columns = &registry.schema_of(registry.by_number(key.model)?).columns;
    let numbered = |i: usize, cell: &Raw| (columns[i].number, cell.clone());
    let (model, name) = (key.model, key.key.to_string());
    match (before, after) {
        (None, None) => None,
        (Some(before), None) => {
            let cells = before.cells.iter().enumerate().filter(|_| watched);
            let before = cells.map(|(i, cell)| numbered(i, cell)).collect();
            Some(RowChange::Delete { model, key: name, before })
        }
        (None, Some(after)) => {
            let cells = after.cells.iter().enumerate().map(|(i, cell)| numbered(i, cell)).collect();
            Some(RowChange::Create { model, key: name, cells })
        }
        (Some(before), Some(after)) => {
            let pairs = before.cells.iter().zip(&after.cells).enumerate();
            let changed: Vec<_> = pairs.filter(|(_, (old, new))| old != new).collect();
            let cells = changed.iter().map(|(i, (_, new))| numbered(*i, new)).collect();
            let old = changed.iter().filter(|_| watched).map(|(i, (old, _))| numbered(*i, old));
            let update = RowChange::Update { model, key: name, cells, before: old.collect() };
            (!changed.is_empty()).then_some(update)
        }
    }
}

/// Returns the same as the store takes it.
pub(crate) fn store_change(change: &RowChange) -> Change {
    let (model, key) = change.id();
    let key = Key { model, id: Bytes::copy_from_slice(key.as_bytes()) };
    match change {
        RowChange::Create { cells, .. } => {
            let columns = cells.iter().map(|(number, raw)| (*number, raw.bytes().clone())).collect();
            Change::Create { key, columns }
        }
        RowChange::Update { cells, .. } => {
            let set = |(number, raw): &(u16, Raw)| (*number, ColumnOp::Set(raw.bytes().clone()));
            Change::Update { key, columns: cells.iter().map(set).collect() }
        }
        RowChange::Delete { .. } => Change::Delete { key },
    }
}

/// Applies a record's change to the hot copy.
///
/// # Errors
///
/// Where a row does not decode: another program wrote it.
pub(crate) fn apply(registry: &Registry, rows: &mut Rows, change: &RowChange) -> Result<(), RawError> {
    let (model, key) = change.id();
    let row_key = RowKey::new(model, key);
    let Some(entry) = registry.by_number(model) else { return Ok(()) };
    match change {
        RowChange::Delete { .. } => {
            rows.remove(&row_key);
        }
        RowChange::Create { cells, .. } => {
            let none = vec![None; registry.schema_of(entry).columns.len()];
            rows.insert(row_key, Arc::new(overwrite(registry, entry, none, cells)?));
        }
        RowChange::Update { cells, .. } => {
            let Some(row) = rows.get(&row_key) else {
                return Err(RawError::new(format!("a record changes `{key}`, which is not there")));
            };
            let before = row.cells.iter().cloned().map(Some).collect();
            rows.insert(row_key, Arc::new(overwrite(registry, entry, before, cells)?));
        }
    }
    Ok(())
}

/// Returns what stood in a row's place before a change; `after`: what stands there since.
///
/// # Errors
///
/// Where the record does not say, or the row does not decode.
pub(crate) fn before(
    registry: &Registry,
    after: Option<&Row>,
    change: &RowChange,
) -> Result<Option<Arc<Row>>, RawError> {
    let (model, key) = change.id();
    let unknown = || RawError::new(format!("a record does not say what `{key}` held before"));
    let entry = registry.by_number(model).ok_or_else(unknown)?;
    let (cells, before) = match change {
        RowChange::Create { .. } => return Ok(None),
        RowChange::Update { before, .. } => {
            let after = after.ok_or_else(unknown)?;
            (after.cells.iter().cloned().map(Some).collect(), before)
        }
        RowChange::Delete { before, .. } => (vec![None; registry.schema_of(entry).columns.len()], before),
    };
    if before.is_empty() {
        return Err(unknown());
    }
    Ok(Some(Arc::new(overwrite(registry, entry, cells, before)?)))
}

fn overwrite(
    registry: &Registry,
    entry: &Entry,
    mut cells: Vec<Option<Raw>>,
    changed: &[(u16, Raw)],
) -> Result<Row, RawError> {
    let columns = &registry.schema_of(entry).columns;
    for (number, raw) in changed {
        // A column that this program does not know stays in the store (S31).
        if let Some(at) = columns.iter().position(|c| c.number == *number) {
            cells[at] = Some(raw.clone());
        }
    }
    entry.model.row(&cells)
}

/// Returns a stored row as the hot copy holds it; `None`: of a model that this program does not know.
///
/// # Errors
///
/// Where it does not decode.
pub(crate) fn load(
    registry: &Registry,
    stored: &crate::store::Row,
) -> Result<Option<(RowKey, Arc<Row>)>, RawError> {
    let Some(entry) = registry.by_number(stored.key.model) else { return Ok(None) };
    let key = std::str::from_utf8(&stored.key.id).map_err(|e| RawError::new(format!("a key: {e}")))?;
    let none = vec![None; registry.schema_of(entry).columns.len()];
    let cells: Vec<_> =
        stored.columns.iter().map(|(number, bytes)| (*number, Raw::from_bytes(bytes.clone()))).collect();
    let row = overwrite(registry, entry, none, &cells)
        .map_err(|e| RawError::new(format!(
            "the stored {} `{key}` does not fit the model: {e}. A field that is new needs `#[sync(default = …)]`",
            entry.model.name()
        )))?;
    Ok(Some((RowKey::new(stored.key.model, key), Arc::new(row))))
}

/// Returns a row whole, as a snapshot sends it.
pub(crate) fn whole_row(key: &RowKey, row: &Row) -> v1::Row {
    Put { model: key.model, key: key.key.to_string(), values: row.cells.clone() }.into()
}
