//! The confirmed state of a page's topic: what the server said, as of a position, and nothing else (L6).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use realtime_protocol::{Position, Raw, frame::v1::Row};

use super::disk::Lane;
use crate::{
    handler::Registry,
    topic::rows::{RowKey, Rows},
};

/// A row's columns in the order of the schema; `None`: hidden.
pub(in crate::testing::world) type Cells = Vec<Option<Raw>>;
/// Rows by model number and key.
pub(in crate::testing::world) type Table = BTreeMap<(u16, String), Cells>;

/// The confirmed state.
#[derive(Clone, Debug)]
pub(in crate::testing::world) struct Base {
    pub(in crate::testing::world) at: Position,
    /// The epoch of the position was not told: a ping names offsets only, and a wrong guess costs a snapshot (S21).
    pub(in crate::testing::world) guessed: bool,
    pub(in crate::testing::world) class: u64,
    pub(in crate::testing::world) table: Table,
    /// Models of which there may be rows that this page does not see (S33).
    pub(in crate::testing::world) partial: BTreeSet<u16>,
    /// The lanes whose truth it has (S7).
    pub(in crate::testing::world) named: BTreeSet<Lane>,
}

impl Base {
    /// Applies rows of a page or a delta.
    ///
    /// # Errors
    ///
    /// Which rule the rows break: columns of an absent row come while paging only (S23).
    pub(in crate::testing::world) fn apply(
        &mut self,
        registry: &Registry,
        rows: &[Row],
        paging: bool,
    ) -> Result<(), String> {
        for row in rows {
            match row {
                Row::Put(put) => {
                    let cells = put.values.iter().cloned().map(Some).collect();
                    self.table.insert((put.model, put.key.clone()), cells);
                }
                Row::Part(part) => {
                    let mut cells = self.nothing(registry, part.model);
                    set(&mut cells, &part.cells.0);
                    self.table.insert((part.model, part.key.clone()), cells);
                }
                Row::Columns(columns) => match self.table.get_mut(&(columns.model, columns.key.clone())) {
                    Some(cells) => set(cells, &columns.cells.0),
                    None if paging => {}
                    None => return Err(format!("S14: columns of `{}`, which is not there", columns.key)),
                },
                Row::Leave(leave) => {
                    self.table.remove(&(leave.model, leave.key.clone()));
                }
                _ => return Err("a row of no kind that this client knows".to_owned()),
            }
        }
        Ok(())
    }

    fn nothing(&self, registry: &Registry, model: u16) -> Cells {
        let entry = registry.by_number(model);
        vec![None; entry.map_or(0, |entry| registry.schema_of(entry).columns.len())]
    }

    /// Returns the rows as mutators take them; `None`: something is hidden, so nothing can be predicted (S33).
    pub(in crate::testing::world) fn rows(&self, registry: &Registry) -> Option<Rows> {
        if !self.partial.is_empty() {
            return None;
        }
        let row = |((model, key), cells): (&(u16, String), &Cells)| {
            if cells.iter().any(Option::is_none) {
                return None;
            }
            let row = registry.by_number(*model)?.model.row(cells).ok()?;
            Some((RowKey::new(*model, key), Arc::new(row)))
        };
        self.table.iter().map(row).collect()
    }
}

fn set(cells: &mut Cells, named: &[(u16, Raw)]) {
    for (at, raw) in named {
        if let Some(cell) = cells.get_mut(usize::from(*at)) {
            *cell = Some(raw.clone());
        }
    }
}

/// Returns rows as a page shows them.
pub(in crate::testing::world) fn table(rows: &Rows) -> Table {
    let row = |(key, row): (&RowKey, &Arc<crate::topic::rows::Row>)| {
        let cells = row.cells.iter().cloned().map(Some).collect();
        ((key.model, key.key.to_string()), cells)
    };
    rows.iter().map(row).collect()
}
