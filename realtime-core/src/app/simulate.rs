//! Serving an app on a simulated node: the same start, over the simulation's store, broker and principals.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    App,
    start::{self, Auth},
};
use crate::{
    auth::{AuthError, Hello},
    broker::Broker,
    error::Error,
    handler::Registry,
    principal::Principal,
    runtime::Served,
    store::Store,
    topic::rows::Value,
};

/// Who may connect: the token is a place in this list.
pub(crate) type Principals<P> = Arc<Mutex<Vec<P>>>;

impl<P: Principal> App<P> {
    /// Returns the models of this app.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them.
    pub(crate) fn models(&self) -> Result<Registry, Error> {
        self.parts().registry()
    }

    /// Returns what each model sees of `principal`, in the order of the registry.
    pub(crate) fn seen(&self, registry: &Registry, principal: &P) -> Vec<Value> {
        let see = registry.schema.models.iter().filter_map(|m| self.parts().see(&m.name));
        see.map(|see| see(principal)).collect()
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// As [`App::into_router`].
    pub(crate) async fn simulate(
        self,
        store: Arc<dyn Store>,
        broker: Arc<dyn Broker>,
        principals: Principals<P>,
    ) -> Result<Arc<Served>, Error> {
        let mut parts = self.into_parts();
        parts.store = store;
        parts.broker = Some(broker);
        parts.auth = Auth::By(Arc::new(move |hello: Hello| {
            let place = hello.token.as_deref().and_then(|token| token.parse::<usize>().ok());
            let known = principals.lock().unwrap_or_else(PoisonError::into_inner);
            let principal = place.and_then(|place| known.get(place).cloned());
            std::future::ready(principal.ok_or_else(|| AuthError::Denied("nobody of this world".into())))
        }));
        start::start(parts).await
    }
}
