//! Starting up: everything is checked and reported at once, then the hub runs (R5).

use std::{any::Any, sync::Arc};

use realtime_protocol::Raw;

use super::{builder::Parts, expire, handle::Running, secret, seed};
use crate::{
    auth::{AuthError, Authenticator, Guests, Hello},
    error::{Error, Problem},
    hook::{Hooks, Who},
    host::tasks,
    principal::{Guest, Principal},
    runtime::{Budget, FrontDoor, Hub, Identity, Served},
    topic::rows::Value,
};

/// Who is let in, and how.
pub(super) enum Auth<P> {
    Guests(fn(Guest) -> P),
    By(Arc<dyn Authenticator<P>>),
}

/// What a model sees of a principal.
pub(super) type See<P> = fn(&P) -> Value;

struct Door<P> {
    auth: Auth<P>,
    guests: Guests,
    /// By the models' places in the registry.
    see: Vec<See<P>>,
}

impl<P: Principal> FrontDoor for Door<P> {
    fn admit(&self, hello: Hello) -> futures_core::future::BoxFuture<'_, Result<Identity, AuthError>> {
        Box::pin(async move {
            let ((principal, expires), guest) = match &self.auth {
                Auth::Guests(make) => {
                    let (guest, token) = self.guests.admit(hello.token.as_deref());
                    ((make(guest), None), token)
                }
                Auth::By(authenticator) => {
                    let proven = authenticator.authenticate(hello).await?;
                    ((proven.principal, proven.expires), None)
                }
            };
            let raw =
                Raw::encode(&principal).map_err(|e| AuthError::Denied(format!("the principal: {e}")))?;
            let seen = self.see.iter().map(|see| see(&principal)).collect();
            let id = principal.id().to_owned();
            let who = Who::new(&id, Arc::new(principal));
            Ok(Identity { id, principal: raw, seen, guest, expires, who })
        })
    }
}

/// Checks everything, opens the store, plants the seeds, and starts the hub.
///
/// # Errors
///
/// All that is wrong.
pub(super) async fn start<P: Principal>(parts: Parts<P>) -> Result<Arc<Served>, Error> {
    let registry = parts.registry()?;
    let store = Arc::clone(&parts.store);
    store.start().await.map_err(Problem::from)?;
    parts.check_form().await?;
    let guests = Guests::new(secret::secret(&*store).await.map_err(Problem::from)?);
    let mut problems: Vec<_> = parts.limits.check().map_err(Problem::Limits).err().into_iter().collect();
    for seed in &parts.seeds {
        if let Err(problem) = seed::plant(&registry, &*store, seed).await {
            problems.push(problem);
        }
    }
    problems.extend(expire::check(&parts.expires, &registry, &*store).await.err());
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let mut registry = registry;
    registry.hooks = Hooks::start(parts.hooks.clone());
    let registry = Arc::new(registry);
    let hub = Hub::start(&registry, &store, parts.broker.clone());
    let sessions = Arc::default();
    let running = Running {
        hub: Arc::downgrade(&hub),
        registry: Arc::clone(&registry),
        sessions: Arc::clone(&sessions),
    };
    // An app is started once: `into_router` takes it.
    let _ = parts.place.set(running);
    if !parts.expires.is_empty() {
        let (registry, store) = (Arc::clone(&registry), Arc::clone(&store));
        tasks::spawn(expire::run(parts.expires.clone(), registry, Arc::downgrade(&hub), store));
    }
    let see = registry.schema.models.iter().filter_map(|m| parts.see(&m.name)).collect();
    let durability = store.durability();
    let (limits, lane_rows) = (parts.limits, Arc::default());
    let door = Arc::new(Door { auth: parts.auth, guests, see });
    let (origins, budget) = (parts.origins, Arc::new(Budget::new(parts.budget)));
    Ok(Arc::new(Served { hub, registry, durability, origins, door, limits, budget, lane_rows, sessions }))
}

/// Makes a value of a principal.
pub(super) fn value<M: Any + Send + Sync>(seen: M) -> Value {
    Arc::new(seen)
}
