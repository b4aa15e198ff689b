//! The Realtime server: derive a sync model, serve it, keep every client in step.

#[doc(hidden)]
pub mod __private;
mod describe;
mod field;
#[doc(hidden)]
pub mod lowered;
mod model;
mod mutation;
mod policy;
mod principal;
mod topic;
mod tx;

pub use field::{Id, KeyField, Seed, Timestamp};
pub use model::{InTopic, SyncModel};
pub use mutation::{Never, Refusal, SyncError};
pub use policy::{Policy, anyone};
pub use principal::{Anyone, Guest, Principal, Serves};
pub use tx::Tx;
