//! `catch_up(p → head)`: resume, slow reader, coalescing and throttling are this function and nothing else (S15).

use std::collections::BTreeMap;

use realtime_protocol::frame::{
    Cells,
    v1::{self, Columns, Leave},
};

use super::{
    change,
    record::{RecordBody, RowChange},
    rows::{RowKey, Rows},
};
use crate::handler::Registry;

/// What is known of a row that the range touched.
enum Touched {
    /// It was there at the start, or may have been: these columns changed.
    Columns(Vec<u16>),
    /// It was made, or made anew, in the range: send it whole.
    Whole,
}

/// Returns the change over the records' range, absolute as of `rows`, which stand at the range's end (S14). For
/// readers from whom nothing is hidden; others have [`super::step::View`].
pub(crate) fn catch_up<'a>(
    registry: &Registry,
    rows: &Rows,
    records: impl Iterator<Item = &'a RecordBody>,
) -> Vec<v1::Row> {
    let mut touched: BTreeMap<RowKey, Touched> = BTreeMap::new();
    for change in records.flat_map(|record| &record.rows) {
        touch(&mut touched, change);
    }
    touched.iter().filter_map(|(key, touched)| row_now(registry, rows, key, touched)).collect()
}

fn touch(touched: &mut BTreeMap<RowKey, Touched>, change: &RowChange) {
    let (model, key) = change.id();
    let entry = touched.entry(RowKey::new(model, key)).or_insert_with(|| Touched::Columns(Vec::new()));
    match (change, entry) {
        (RowChange::Create { .. }, entry) => *entry = Touched::Whole,
        (RowChange::Update { cells, .. }, Touched::Columns(columns)) => {
            columns.extend(cells.iter().map(|(number, _)| *number));
        }
        _ => {}
    }
}

fn row_now(registry: &Registry, rows: &Rows, key: &RowKey, touched: &Touched) -> Option<v1::Row> {
    let entry = registry.by_number(key.model)?;
    let Some(row) = rows.get(key) else {
        return Some(Leave { model: key.model, key: key.key.to_string() }.into());
    };
    let Touched::Columns(numbers) = touched else { return Some(change::whole_row(key, row)) };
    let columns = &registry.schema_of(entry).columns;
    let changed = columns.iter().enumerate().filter(|(_, column)| numbers.contains(&column.number));
    let cells = changed.filter_map(|(i, _)| Some((u16::try_from(i).ok()?, row.cells[i].clone()))).collect();
    Some(Columns { model: key.model, key: key.key.to_string(), cells: Cells(cells) }.into())
}
