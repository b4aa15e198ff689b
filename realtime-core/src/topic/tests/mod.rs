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
mod script;
mod stage;
mod time;
mod world;

use realtime_core::{SyncError, SyncModel, mutations};
use serde::{Deserialize, Serialize};

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
