//! What connections are served with: the hub, the models, and who is let in.

use std::sync::{Arc, Mutex};

use axum::http::HeaderMap;
use realtime_protocol::{
    code,
    session::limit::{LaneRows, Limits},
};

use super::{Closing, Hub, Origins, outbound::Budget, session::Identity, sessions::Sessions};
use crate::{
    auth::{AuthError, Hello},
    handler::Registry,
    hook::{Connecting, Veto},
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
    /// Who is connected, so that rights can be asked for anew.
    pub(crate) sessions: Arc<Sessions>,
    /// The rows of lanes that each principal makes (S47).
    pub(crate) lane_rows: Arc<Mutex<LaneRows>>,
}

impl Served {
    /// Asks the hooks whether this principal may connect (S46).
    ///
    /// # Errors
    ///
    /// How the connection ends, where it may not.
    pub(crate) async fn may_connect(&self, identity: &Identity, headers: HeaderMap) -> Result<(), Closing> {
        let ask = Connecting::new(Arc::clone(&identity.who), headers);
        self.registry.hooks.connect(&ask).await.map_err(|veto| match veto {
            Veto::Refused(why) => Closing::new(code::UNAUTHENTICATED, why),
            Veto::Unavailable => {
                Closing::new(code::UNAVAILABLE, "a hook could not tell whether you may connect")
            }
        })
    }
}

/// Authentication without the principal's type.
pub(crate) trait FrontDoor: Send + Sync {
    fn admit(&self, hello: Hello) -> futures_core::future::BoxFuture<'_, Result<Identity, AuthError>>;
}
