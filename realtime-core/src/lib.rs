//! The Realtime server: derive a sync model, serve it, keep every client in step.

#[doc(hidden)]
pub mod __private;
mod app;
mod auth;
pub mod broker;
mod describe;
mod error;
mod field;
mod handler;
mod hook;
mod host;
#[doc(hidden)]
pub mod lowered;
mod model;
mod mutation;
mod policy;
pub mod prelude;
mod principal;
mod runtime;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod topic;
mod transport;
mod tx;

#[cfg(test)]
extern crate self as realtime_core;

/// The programs of the guide and the README, compiled and run.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[doc = include_str!("../../docs/guide/start.md")]
    struct Start;
    #[doc = include_str!("../../docs/guide/models.md")]
    struct Models;
    #[doc = include_str!("../../docs/guide/mutators.md")]
    struct Mutators;
    #[doc = include_str!("../../docs/guide/rights.md")]
    struct Rights;
    #[doc = include_str!("../../docs/guide/conflicts.md")]
    struct Conflicts;
    #[doc = include_str!("../../docs/guide/versions.md")]
    struct Versions;
    #[doc = include_str!("../../docs/guide/server-writes.md")]
    struct ServerWrites;
    #[doc = include_str!("../../docs/guide/hooks.md")]
    struct Hooks;
    #[doc = include_str!("../../docs/guide/stores.md")]
    struct Stores;
    #[doc = include_str!("../../docs/guide/testing.md")]
    struct Testing;
}

pub use app::{App, Handle, HandleError, Plugin, TopicFields, TopicHandle};
pub use auth::{AuthError, Authenticated, Authenticator, Hello, Proof};
pub use error::{Error, Problem, Result};
pub use field::{Id, KeyField, Seed, Timestamp};
pub use handler::RegistryError;
pub use hook::{
    Admitting, Checking, Committed, Connecting, Disconnected, Hook, Published, Subscribing, Verdict, Veto,
    Who,
};
pub use model::{InTopic, SyncModel};
pub use mutation::{Never, Refusal, SyncError};
pub use policy::{Policy, anyone};
pub use principal::{Anyone, Guest, Principal, Serves};
pub use realtime_macros::{Principal, SyncError, SyncModel, SyncType, mutations, policy};
pub use realtime_protocol as protocol;
pub use realtime_protocol::session::Limits;
pub use runtime::serve;
pub use tx::Tx;
