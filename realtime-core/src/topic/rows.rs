//! The hot copy: a topic's rows as one node holds them, and the overlay that a batch writes.

use std::{any::Any, collections::BTreeMap, sync::Arc};

use realtime_protocol::Raw;

/// An entity as its Rust struct, without its type.
pub(crate) type Value = Arc<dyn Any + Send + Sync>;

/// What tells one row of a topic from another: model number and key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct RowKey {
    pub(crate) model: u16,
    pub(crate) key: Arc<str>,
}

impl RowKey {
    pub(crate) fn new(model: u16, key: &str) -> Self {
        Self { model, key: key.into() }
    }
}

/// A row: its columns as they are kept and sent, and the same as a struct.
#[derive(Debug)]
pub(crate) struct Row {
    /// In the order of the schema; none: the store has no value, the default holds.
    pub(crate) cells: Vec<Raw>,
    /// What the columns decode to.
    pub(crate) value: Value,
}

impl Row {
    /// The bytes of its columns.
    pub(crate) fn size(&self) -> usize {
        self.cells.iter().map(|cell| cell.bytes().len()).sum()
    }
}

/// All rows of a topic.
pub(crate) type Rows = BTreeMap<RowKey, Arc<Row>>;

/// Returns the topic's root, of the model with this number; there is at most one.
pub(crate) fn root_value(rows: &Rows, number: u16) -> Option<Value> {
    let (key, row) = rows.range(RowKey::new(number, "")..).next()?;
    (key.model == number).then(|| Arc::clone(&row.value))
}

/// Rows over rows: what was written stands in front of what was there; `None` is a row that was removed.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    base: Arc<Rows>,
    written: BTreeMap<RowKey, Option<Arc<Row>>>,
}

impl Overlay {
    pub(crate) fn over(base: Arc<Rows>) -> Self {
        Self { base, written: BTreeMap::new() }
    }

    pub(crate) fn get(&self, key: &RowKey) -> Option<&Arc<Row>> {
        match self.written.get(key) {
            Some(written) => written.as_ref(),
            None => self.base.get(key),
        }
    }

    pub(crate) fn put(&mut self, key: RowKey, row: Option<Arc<Row>>) {
        self.written.insert(key, row);
    }

    /// The keys of all rows that are there.
    pub(crate) fn keys(&self) -> impl Iterator<Item = RowKey> {
        let base = self.base.keys().filter(|key| !self.written.contains_key(*key));
        let written = self.written.iter().filter(|(_, row)| row.is_some()).map(|(key, _)| key);
        base.chain(written).cloned()
    }

    /// The rows of one model, sorted by key.
    pub(crate) fn of_model(&self, model: u16) -> impl Iterator<Item = (&RowKey, &Arc<Row>)> {
        let from = RowKey::new(model, "");
        let base = self
            .base
            .range(from.clone()..)
            .take_while(move |(key, _)| key.model == model)
            .filter(|(key, _)| !self.written.contains_key(key));
        let written = self
            .written
            .range(from..)
            .take_while(move |(key, _)| key.model == model)
            .filter_map(|(key, row)| row.as_ref().map(|row| (key, row)));
        let mut rows: Vec<_> = base.chain(written).collect();
        rows.sort_by(|a, b| a.0.cmp(b.0));
        rows.into_iter()
    }

    /// How many rows a model has.
    pub(crate) fn count(&self, model: u16) -> usize {
        let from = RowKey::new(model, "");
        let base = self.base.range(from.clone()..).take_while(|(key, _)| key.model == model);
        let base = base.filter(|(key, _)| !self.written.contains_key(key)).count();
        let written = self.written.range(from..).take_while(|(key, _)| key.model == model);
        base + written.filter(|(_, row)| row.is_some()).count()
    }

    /// Returns what was written, beside what stood there before.
    pub(crate) fn into_written(self) -> (Arc<Rows>, BTreeMap<RowKey, Option<Arc<Row>>>) {
        (self.base, self.written)
    }
}
