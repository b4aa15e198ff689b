//! What a program that serves models names: `use realtime_core::prelude::*;`.

pub use serde::{Deserialize, Serialize};

pub use crate::{
    App, AuthError, Guest, Hello, Id, Never, Principal, Result, SyncError, SyncModel, SyncType, Timestamp,
    Tx, anyone, mutations, policy, serve,
    store::{Embedded, Memory},
};
