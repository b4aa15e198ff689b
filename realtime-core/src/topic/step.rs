//! What a commit did to rows, before and after: what is seen of it depends on both (S14, S18, S19).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use realtime_protocol::{
    frame::{
        Cells,
        v1::{self, Columns, Leave},
    },
    raw::RawError,
};

use super::{
    change,
    record::{RecordBody, RowChange},
    rows::{self, Row, RowKey, Rows, Value},
    sight::{self, Eyes, Mask},
};
use crate::handler::Registry;

/// One row, before and after a commit.
#[derive(Clone, Debug)]
pub(crate) struct Touch {
    pub(crate) key: RowKey,
    pub(crate) before: Option<Arc<Row>>,
    pub(crate) after: Option<Arc<Row>>,
}

/// One commit, as readers with different rights see it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) touched: Vec<Touch>,
    root_before: Option<Value>,
    root_after: Option<Value>,
    /// Guarded rows that it did not touch, while it changed the root, on which rights may depend.
    around: Vec<(RowKey, Arc<Row>)>,
}

/// What a reader saw of one row, at each point of a range.
type Seen = Vec<Option<Mask>>;

impl Step {
    /// Puts a step together; `rows`: as they stand after it.
    pub(crate) fn new(registry: &Registry, root: usize, rows: &Rows, touched: Vec<Touch>) -> Self {
        let number = registry.model(root).model.number();
        let root_after = rows::root_value(rows, number);
        let of_root = touched.iter().find(|touch| touch.key.model == number);
        let root_before = match of_root {
            Some(touch) => touch.before.as_ref().map(|row| Arc::clone(&row.value)),
            None => root_after.clone(),
        };
        let around = if of_root.is_some() { around(registry, root, rows, &touched) } else { Vec::new() };
        Self { touched, root_before, root_after, around }
    }

    /// About how many bytes it holds.
    pub(crate) fn weight(&self) -> usize {
        let rows = self.touched.iter().flat_map(|touch| touch.before.iter().chain(&touch.after));
        rows.map(|row| row.size()).sum::<usize>() + self.around.len() * 64
    }
}

/// The rows beside those touched whose `read` may look at the root.
fn around(registry: &Registry, root: usize, rows: &Rows, touched: &[Touch]) -> Vec<(RowKey, Arc<Row>)> {
    let guards = registry.guards(root).iter().filter(|guard| guard.model != root);
    let models: BTreeSet<u16> = guards.map(|guard| registry.model(guard.model).model.number()).collect();
    let known: BTreeSet<&RowKey> = touched.iter().map(|touch| &touch.key).collect();
    let of = |model: u16| rows.range(RowKey::new(model, "")..).take_while(move |(key, _)| key.model == model);
    let beside = models.into_iter().flat_map(of).filter(|(key, _)| !known.contains(key));
    beside.map(|(key, row)| (key.clone(), Arc::clone(row))).collect()
}

/// What a reader sees of a range of steps; readers for whom it is equal share bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct View(BTreeMap<RowKey, Seen>);

impl View {
    /// Looks at steps, oldest first.
    pub(crate) fn of<'a>(eyes: &Eyes<'_>, steps: impl Iterator<Item = &'a Step>) -> Self {
        let mut view = Self::default();
        for step in steps {
            for touch in &step.touched {
                let see = |row: &Option<Arc<Row>>, root: &Option<Value>| {
                    row.as_ref().and_then(|row| eyes.see(&touch.key, row, root.as_ref()))
                };
                view.push(
                    &touch.key,
                    || see(&touch.before, &step.root_before),
                    see(&touch.after, &step.root_after),
                );
            }
            for (key, row) in &step.around {
                let before = || eyes.see(key, row, step.root_before.as_ref());
                view.push(key, before, eyes.see(key, row, step.root_after.as_ref()));
            }
        }
        view
    }

    fn push(&mut self, key: &RowKey, before: impl FnOnce() -> Option<Mask>, after: Option<Mask>) {
        self.0.entry(key.clone()).or_insert_with(|| vec![before()]).push(after);
    }

    /// Returns the rows of the delta over `steps`, of which this is the view; `rows`: as they stand at its end.
    pub(crate) fn rows<'a>(&self, rows: &Rows, steps: impl Iterator<Item = &'a Step>) -> Vec<v1::Row> {
        let changed = changed_columns(steps);
        self.0.iter().filter_map(|(key, seen)| row_of(rows, key, seen, changed.get(key))).collect()
    }
}

fn row_of(rows: &Rows, key: &RowKey, seen: &Seen, changed: Option<&BTreeSet<u16>>) -> Option<v1::Row> {
    let (now, past) = seen.split_last()?;
    let (Some(mask), Some(row)) = (now, rows.get(key)) else {
        let was_there = past.iter().any(Option::is_some);
        return was_there.then(|| Leave { model: key.model, key: key.key.to_string() }.into());
    };
    // One that entered, or shows other columns now, comes whole, and replaces what was there (S14).
    if past.iter().any(|then| then.as_ref() != Some(mask)) {
        return Some(sight::masked(key, row, mask));
    }
    let shown = changed?.iter().filter(|at| !mask.contains(at));
    let cells: Vec<_> = shown.map(|at| (*at, row.cells[usize::from(*at)].clone())).collect();
    let columns = Columns { model: key.model, key: key.key.to_string(), cells: Cells(cells) };
    (!columns.cells.0.is_empty()).then(|| columns.into())
}

fn changed_columns<'a>(steps: impl Iterator<Item = &'a Step>) -> BTreeMap<RowKey, BTreeSet<u16>> {
    let mut changed: BTreeMap<RowKey, BTreeSet<u16>> = BTreeMap::new();
    for touch in steps.flat_map(|step| &step.touched) {
        let (Some(before), Some(after)) = (&touch.before, &touch.after) else { continue };
        let pairs = before.cells.iter().zip(&after.cells).enumerate();
        let at = pairs.filter(|(_, (old, new))| old != new).filter_map(|(at, _)| u16::try_from(at).ok());
        changed.entry(touch.key.clone()).or_default().extend(at);
    }
    changed
}

/// Takes records, oldest first, back from `rows`, which stand after the last one, and returns their steps.
///
/// # Errors
///
/// Where a record does not say what stood there before, or a row does not decode: a snapshot is needed.
pub(crate) fn steps_of(
    registry: &Registry,
    root: usize,
    rows: &Rows,
    records: &[RecordBody],
) -> Result<Vec<Step>, RawError> {
    let mut now = rows.clone();
    let mut steps = Vec::with_capacity(records.len());
    for record in records.iter().rev() {
        let touched: Result<Vec<_>, _> = record.rows.iter().map(|row| undone(registry, &now, row)).collect();
        let step = Step::new(registry, root, &now, touched?);
        for Touch { key, before, .. } in &step.touched {
            match before {
                Some(row) => now.insert(key.clone(), Arc::clone(row)),
                None => now.remove(key),
            };
        }
        steps.push(step);
    }
    steps.reverse();
    Ok(steps)
}

/// Returns what a change did to its row; `rows`: as they stand after it.
fn undone(registry: &Registry, rows: &Rows, row: &RowChange) -> Result<Touch, RawError> {
    let (model, name) = row.id();
    let key = RowKey::new(model, name);
    let after = rows.get(&key).cloned();
    let before = change::before(registry, after.as_deref(), row)?;
    Ok(Touch { key, before, after })
}
