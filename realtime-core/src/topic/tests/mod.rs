//! The worker under simulated nodes, clients and faults: no clock, no network, repeated from a seed (L13).

mod abuse;
mod client;
mod cut;
mod form;
mod laws;
mod own;
mod race;
mod retain;
mod rights;
mod rooms;
mod script;
pub(crate) mod stage;
mod time;
pub(crate) mod world;

use std::sync::Arc;

use realtime_core::{SyncError, SyncModel, mutations};
use realtime_protocol::Position;
use serde::{Deserialize, Serialize};

use super::{change, record::RecordBody, rows::RowKey};
use crate::{handler::Registry, store::Commit};

/// The model of these tests.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}", create = realtime_core::anyone, delete = realtime_core::anyone)]
pub(crate) struct Poll {
    #[sync(key)]
    pub(super) id: String,
    pub(super) votes: u32,
    pub(super) closed: bool,
}

#[derive(SyncError, Debug)]
enum VoteError {
    Closed,
}

#[mutations]
impl Poll {
    fn vote(&mut self) -> Result<u32, VoteError> {
        if self.closed {
            return Err(VoteError::Closed);
        }
        self.votes += 1;
        Ok(self.votes)
    }

    fn close(&mut self) {
        self.closed = true;
    }

    /// Two at once: the second is told.
    #[mutation(conflict = refuse)]
    fn decide(&mut self) {
        self.votes += 100;
    }

    fn idle(&mut self) {}

    #[mutation(optimistic = none)]
    fn panics(&mut self) {
        self.votes = 77;
        panic!("on purpose");
    }

    fn overflow(&mut self) {
        self.votes = 1_000;
        self.votes -= 1_001;
    }
}

/// The commit that makes a poll without votes.
pub(crate) fn planted(registry: &Registry, id: &str) -> Commit {
    let entry = registry.by_number(registry.schema.models[0].number).unwrap();
    let poll = Poll { id: id.into(), votes: 0, closed: false };
    let row = Arc::new(entry.model.row_of(Box::new(poll)).unwrap());
    let key = RowKey::new(entry.model.number(), id);
    let created = change::row_change(registry, &key, None, Some(&row), false).unwrap();
    let record = RecordBody { rows: vec![created], lanes: Vec::new() };
    Commit {
        expected: Position::default(),
        epoch: 1,
        form: 1,
        changes: record.rows.iter().map(change::store_change).collect(),
        lanes: Vec::new(),
        put: Vec::new(),
        take: Vec::new(),
        record: record.encode().unwrap(),
    }
}
