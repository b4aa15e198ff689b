//! Entities that go by themselves: too old, or too many of their model in a topic (`retain`).

use std::sync::Arc;

use super::{
    event::{Effect, Now},
    own::{Own, OwnCall, Reply},
    rows::{Overlay, RowKey},
    worker::{State, Worker},
};
use crate::{
    field::{Seed, Timestamp},
    handler::Registry,
    model::Retain,
    topic::own::Answer,
    tx::{Context, Run},
};

/// How many entities one commit removes at most (L11).
const MAX_AT_ONCE: usize = 256;

impl Worker {
    /// Tells whether entities of its topic go by themselves.
    pub(crate) fn retains(&self) -> bool {
        self.registry.retained(self.root).next().is_some()
    }

    /// Removes what is too old or too many, in an ordinary commit; `exactly`, or only where it is worth one.
    pub(super) fn sweep(&mut self, exactly: bool, now: Now, fx: &mut Vec<Effect>) {
        if self.state != State::Ready || !self.retains() || self.owns.has_sweep() {
            return;
        }
        let registry = Arc::clone(&self.registry);
        let (root, now_ms) = (self.root, now.ms);
        let rows = Overlay::over(Arc::clone(&self.rows));
        let needed = match exactly {
            true => !due(&registry, root, &rows, now_ms).is_empty(),
            false => is_overfull(&registry, root, &rows),
        };
        if !needed {
            return;
        }
        // Looked up again when it runs: another node may have swept meanwhile.
        let run = move |lent: &mut Run| {
            let gone = due(&registry, root, &lent.rows, now_ms);
            lent.dirty.extend(gone.into_iter().map(|key| (key, None)));
            Ok(Box::new(()) as Answer)
        };
        let at = Timestamp::from_ms(i64::try_from(now_ms).unwrap_or(i64::MAX));
        let context = Context {
            principal: Arc::new(()),
            now: at,
            server_now: at,
            seed: Seed::default(),
            ids: 0,
            random: None,
        };
        // Nobody waits for it: what did not happen is found by the next.
        self.own(Own { call: OwnCall::Sweep(Arc::new(run)), context, reply: Reply(Box::new(drop)) }, fx);
    }
}

/// The entities that go now, the oldest of each model first, at most so many as one commit removes.
fn due(registry: &Registry, root: usize, rows: &Overlay, now_ms: u64) -> Vec<RowKey> {
    let mut gone = Vec::new();
    for (model, retain) in registry.retained(root) {
        let column = match retain {
            Retain::Age { by, .. } => Some(by),
            Retain::Count { by, .. } => by,
        };
        let mut found = aged(registry, model, column, rows);
        found.sort();
        match retain {
            Retain::Age { ms, .. } => {
                let oldest = i64::try_from(now_ms.saturating_sub(ms)).unwrap_or(i64::MAX);
                gone.extend(found.into_iter().take_while(|(at, _)| *at < oldest).map(|(_, key)| key));
            }
            Retain::Count { most, .. } => {
                let over = found.len().saturating_sub(most as usize);
                gone.extend(found.into_iter().take(over).map(|(_, key)| key));
            }
        }
    }
    gone.truncate(MAX_AT_ONCE);
    gone
}

/// A model's entities, with the time by which they age; without one, in the order of their keys.
fn aged(registry: &Registry, model: u16, by: Option<&str>, rows: &Overlay) -> Vec<(i64, RowKey)> {
    let Some(entry) = registry.by_number(model) else { return Vec::new() };
    let place = by.and_then(|by| registry.schema_of(entry).columns.iter().position(|c| c.rust == by));
    let of_model = rows.of_model(model);
    let at = |row: &super::rows::Row| -> i64 {
        let cell = place.and_then(|place| row.cells.get(place));
        cell.and_then(|cell| cell.decode::<Timestamp>().ok()).map_or(0, Timestamp::as_ms)
    };
    of_model.map(|(key, row)| (at(row), key.clone())).collect()
}

/// Some beyond the limit are let be, so that not every new entity costs a commit of its own.
fn is_overfull(registry: &Registry, root: usize, rows: &Overlay) -> bool {
    registry.retained(root).any(|(model, retain)| match retain {
        Retain::Count { most, .. } => {
            let most = most as usize;
            rows.count(model) > most + (most / 8).max(16)
        }
        Retain::Age { .. } => false,
    })
}
