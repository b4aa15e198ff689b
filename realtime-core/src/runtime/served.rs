//! What connections are served with: the hub, the models, and who is let in.

use std::sync::{Arc, Mutex};

use realtime_protocol::session::limit::{LaneRows, Limits};

use super::{Hub, Origins, outbound::Budget, session::Identity};
use crate::{
    auth::{AuthError, Hello},
    handler::Registry,
    store::Durability,
};

/// What connections are served with.
pub(crate) struct Served {
    pub(crate) hub: Arc<Hub>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) durability: Durability,
    pub(crate) origins: Origins,
    pub(crate) door: Arc<dyn FrontDoor>,
    pub(crate) limits: Limits,
    /// What may wait for slow readers together.
    pub(crate) budget: Arc<Budget>,
    /// The rows of lanes that each principal makes (S47).
    pub(crate) lane_rows: Arc<Mutex<LaneRows>>,
}

/// Authentication without the principal's type.
pub(crate) trait FrontDoor: Send + Sync {
    fn admit(&self, hello: Hello) -> futures_core::future::BoxFuture<'_, Result<Identity, AuthError>>;
}
