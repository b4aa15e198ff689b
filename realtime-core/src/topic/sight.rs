//! What one reader may see of a topic: by role where that decides, else row by row (S18).
//!
//! A `read` is asked without an entity first. What it says then holds for every row, and is a part of the reader's
//! *roles*; where it does not know, it is asked again for each row. Readers of equal roles share a channel; within
//! a channel, those who see the same of the touched rows share bytes.

use std::sync::Arc;

use realtime_protocol::frame::{
    Cells,
    v1::{self, Part},
};

use super::{
    change,
    rows::{Row, RowKey, Rows, Value},
};
use crate::{
    handler::{Door, Registry},
    policy::Answer,
};

/// What the `read`s of a topic say to one reader, in the order of [`Registry::guards`].
pub(crate) type Roles = Arc<[Answer]>;

/// The hidden columns of a row that may be seen, ascending.
pub(crate) type Mask = Vec<u16>;

/// One reader's eyes.
#[derive(Clone, Copy)]
pub(crate) struct Eyes<'a> {
    pub(crate) registry: &'a Registry,
    /// The place of the topic's root.
    pub(crate) root: usize,
    pub(crate) roles: &'a [Answer],
    pub(crate) principal: &'a Value,
}

/// Asks every `read` of a topic without an entity; those of the root itself with the root.
pub(crate) fn roles(registry: &Registry, root: usize, principal: &Value, root_row: Option<&Value>) -> Roles {
    let ask = |guard: &crate::handler::Guard| {
        let entity = root_row.filter(|_| guard.model == root);
        registry.model(guard.model).model.ask(door(guard.column), principal, entity, root_row)
    };
    registry.guards(root).iter().map(ask).collect()
}

fn door(column: Option<u16>) -> Door {
    column.map_or(Door::Read, |at| Door::ReadColumn(usize::from(at)))
}

/// Tells whether roles leave anything to be asked row by row.
pub(crate) fn is_by_row(roles: &[Answer]) -> bool {
    roles.contains(&Answer::Unknown)
}

impl Eyes<'_> {
    /// Returns which columns of a row are hidden; `None`: all of it is.
    pub(crate) fn see(&self, key: &RowKey, row: &Row, root_row: Option<&Value>) -> Option<Mask> {
        let mut mask = Mask::new();
        for (guard, role) in self.registry.guards(self.root).iter().zip(self.roles) {
            let entry = self.registry.model(guard.model);
            if entry.model.number() != key.model {
                continue;
            }
            let answer = match role {
                Answer::Unknown => {
                    entry.model.ask(door(guard.column), self.principal, Some(&row.value), root_row)
                }
                known => *known,
            };
            match (answer, guard.column) {
                (Answer::Yes, _) => {}
                (_, None) => return None,
                (_, Some(column)) => mask.push(column),
            }
        }
        Some(mask)
    }

    /// Returns a row as a snapshot brings it; `None`: it is hidden.
    pub(crate) fn whole(&self, key: &RowKey, row: &Row, root_row: Option<&Value>) -> Option<v1::Row> {
        self.see(key, row, root_row).map(|mask| masked(key, row, &mask))
    }

    /// Returns the models of which rows may be hidden from these eyes (S33).
    pub(crate) fn partial(&self) -> Option<Vec<u16>> {
        let guards = self.registry.guards(self.root).iter().zip(self.roles);
        let hidden = guards.filter(|(guard, role)| guard.column.is_none() && **role != Answer::Yes);
        let models: Vec<u16> =
            hidden.map(|(guard, _)| self.registry.model(guard.model).model.number()).collect();
        (!models.is_empty()).then_some(models)
    }

    /// The rows that may be seen, from `from` on.
    pub(crate) fn rows<'b>(
        &'b self,
        rows: &'b Rows,
        from: &RowKey,
        root_row: Option<&'b Value>,
    ) -> impl Iterator<Item = (&'b RowKey, &'b Arc<Row>, v1::Row)> {
        rows.range(from.clone()..)
            .filter_map(move |(key, row)| self.whole(key, row, root_row).map(|seen| (key, row, seen)))
    }
}

/// Returns a row whole, without its hidden columns.
pub(crate) fn masked(key: &RowKey, row: &Row, mask: &[u16]) -> v1::Row {
    if mask.is_empty() {
        return change::whole_row(key, row);
    }
    let shown = row.cells.iter().enumerate().filter_map(|(at, cell)| {
        let at = u16::try_from(at).ok().filter(|at| !mask.contains(at))?;
        Some((at, cell.clone()))
    });
    Part { model: key.model, key: key.key.to_string(), cells: Cells(shown.collect()) }.into()
}
