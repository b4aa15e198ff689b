//! `App`: what an application registers. Building does no I/O and cannot fail; serving does both (R5).

use std::{env, fmt, path::Path, sync::Arc, time::Duration};

use axum::Router;
use realtime_protocol::{schema::Ty, session::Limits};

use super::{
    banner,
    expire::Expires,
    handle::{self, Handle},
    seed::Seed,
    start::{self, Auth, See},
};
use crate::{
    auth::Authenticator,
    broker::Broker,
    describe::Types,
    error::{Error, Problem, Result},
    handler::{ErasedModel, Registry, typed},
    hook::Hook,
    model::SyncModel,
    principal::{Guest, Principal, Serves},
    runtime::{self, DEFAULT_BUDGET, Origins},
    store::{Embedded, Memory, Store},
};

/// An application: its models, its principal, its backends.
///
/// `P` is the author's principal; it is inferred. Start with [`App::new`] for guests, or [`App::authenticate`].
pub struct App<P: Principal = Guest> {
    parts: Parts<P>,
}

/// Something to add to an app in one line: hooks, models, a store, a broker.
pub trait Plugin<P: Principal> {
    /// Registers what it brings.
    fn register(self, app: App<P>) -> App<P>;
}

/// What an app was built from.
pub(super) struct Parts<P> {
    models: Vec<(Arc<dyn ErasedModel>, See<P>)>,
    principal: fn(&mut Types) -> Ty,
    pub(super) seeds: Vec<Seed>,
    pub(super) store: Arc<dyn Store>,
    pub(super) broker: Option<Arc<dyn Broker>>,
    pub(super) origins: Origins,
    pub(super) auth: Auth<P>,
    pub(super) limits: Limits,
    /// Topics that end by themselves.
    pub(super) expires: Vec<Expires>,
    /// The newest form that this program writes.
    pub(super) form: u32,
    /// Where handles look for the server.
    pub(super) place: handle::Place,
    pub(super) hooks: Vec<Arc<dyn Hook>>,
    pub(super) budget: usize,
}

impl App<Guest> {
    /// An app that admits guests: anybody, each with a stable id per browser profile.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Auth::Guests(|guest| guest))
    }
}

impl Default for App<Guest> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Principal> App<P> {
    /// An app that asks `authenticator` who a connection acts for:
    /// `async |hello: Hello| -> Result<User, AuthError> { … }`.
    #[must_use]
    pub fn authenticate(authenticator: impl Authenticator<P>) -> Self {
        Self::with(Auth::By(Arc::new(authenticator)))
    }

    #[cfg(feature = "testing")]
    pub(super) fn parts(&self) -> &Parts<P> {
        &self.parts
    }

    #[cfg(feature = "testing")]
    pub(super) fn into_parts(self) -> Parts<P> {
        self.parts
    }

    fn with(auth: Auth<P>) -> Self {
        let parts = Parts {
            models: Vec::new(),
            principal: P::describe,
            seeds: Vec::new(),
            store: default_store(),
            broker: None,
            origins: Origins::default(),
            auth,
            limits: Limits::DEFAULT,
            expires: Vec::new(),
            form: 1,
            place: handle::Place::default(),
            hooks: Vec::new(),
            budget: DEFAULT_BUDGET,
        };
        Self { parts }
    }

    /// Serves a model.
    #[must_use]
    pub fn model<M: SyncModel>(mut self) -> Self
    where
        P: Serves<M::Principal>,
    {
        self.parts.models.push((typed::<M>(), |principal| start::value(principal.seen_by_model())));
        self
    }

    /// Creates a root where its topic was never written; later starts leave it alone.
    #[must_use]
    pub fn seed<M: SyncModel<Root = M>>(mut self, root: M) -> Self {
        self.parts.seeds.push(Seed { number: M::NUMBER, value: Arc::new(root) });
        self
    }

    /// Keeps commits in `store`. Without this line: [`Embedded`] at `./realtime.db`; `REALTIME_STORE` names
    /// another path, or `memory`.
    #[must_use]
    pub fn store(mut self, store: impl Store) -> Self {
        self.parts.store = Arc::new(store);
        self
    }

    /// Tells other nodes of commits through `broker`. Without this line: one node.
    #[must_use]
    pub fn broker(mut self, broker: impl Broker) -> Self {
        self.parts.broker = Some(Arc::new(broker));
        self
    }

    /// Lets pages of another origin connect: `https://app.example.com`. The server's own always may.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.parts.origins.0.push(origin.into());
        self
    }

    /// Adds code of your own at the doors, and beside what happens; hooks are asked in the order of these lines.
    #[must_use]
    pub fn hook(mut self, hook: impl Hook) -> Self {
        self.parts.hooks.push(Arc::new(hook));
        self
    }

    /// Adds what a plugin brings: what you could have written yourself, in one line.
    #[must_use]
    pub fn plugin(self, plugin: impl Plugin<P>) -> Self {
        plugin.register(self)
    }

    /// Keeps connections to `limits`; without this line to those of docs/PROTOCOL.md.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.parts.limits = limits;
        self
    }

    /// Deletes topics of the root `M` so long after their last commit, by this node's clock: looked for once an hour.
    #[must_use]
    pub fn expire<M: SyncModel<Root = M>>(mut self, after: Duration) -> Self {
        let ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        self.parts.expires.push(Expires { model: M::NUMBER, name: M::parts().name, ms });
        self
    }

    /// Says the newest form of stored data that this program writes: 1, where there is no such line.
    ///
    /// Raise it in the version that changes how a column is kept. The program goes on writing the store's own form
    /// until `realtime promote`, once no node runs the older version; from then on commits of the older one are
    /// refused, and its nodes send their clients elsewhere (S32).
    #[must_use]
    pub fn form(mut self, form: u32) -> Self {
        self.parts.form = form;
        self
    }

    #[cfg(test)]
    pub(super) fn place(&self) -> handle::Place {
        Arc::clone(&self.parts.place)
    }

    /// Returns what reads and writes topics as `principal`: the program's own commits bear it.
    ///
    /// It may be taken before the app is served, and used from then on.
    pub fn handle(&self, principal: P) -> Handle<P> {
        Handle::new(principal, Arc::clone(&self.parts.place))
    }

    /// Bounds what may wait for all slow readers together, in bytes; without this line to 1 GiB. Where it is spent,
    /// those for whom most waits are told to come back.
    #[must_use]
    pub fn outbound_budget(mut self, bytes: usize) -> Self {
        self.parts.budget = bytes;
        self
    }

    /// Returns the app as an axum router for an existing application: `/ws`.
    ///
    /// With `REALTIME_PROMOTE` in the environment it raises the store's form to the app's, and ends the process.
    /// With `REALTIME_SCHEMA=<file>` in the environment it writes the schema document there instead, and ends
    /// the process, before anything is opened: this is what `realtime generate` asks for.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with models, store and seeds, at once.
    pub async fn into_router<S: Clone + Send + Sync + 'static>(self) -> Result<Router<S>> {
        self.parts.answer_schema_request();
        self.parts.answer_promote_request().await;
        let banner = banner::Banner::of(&self.parts);
        let served = start::start(self.parts).await?;
        banner.print(&served);
        Ok(crate::transport::router(served))
    }

    /// Serves the app on `addr` until SIGTERM or SIGINT. `REALTIME_LISTEN` names another address.
    ///
    /// What is wrong at the start is printed, and the process ends with exit code 3: the environment.
    ///
    /// # Errors
    ///
    /// None today: a listener that fails is tried again, and said in the log.
    pub async fn serve(self, addr: &str) -> Result {
        let router = self.into_router::<()>().await.unwrap_or_else(|error| runtime::give_up(&error));
        runtime::serve(addr, router).await
    }
}

impl<P: Principal> Parts<P> {
    /// Puts the models together.
    pub(super) fn registry(&self) -> Result<Registry, Error> {
        let models = self.models.iter().map(|(model, _)| Arc::clone(model)).collect();
        Registry::new(models, self.principal)
            .map(|registry| registry.with_form(self.form))
            .map_err(|errors| errors.into_iter().map(Problem::from).collect::<Vec<_>>().into())
    }

    /// What the model of this name sees of a principal.
    pub(super) fn see(&self, model: &str) -> Option<See<P>> {
        self.models.iter().find(|(erased, _)| erased.name() == model).map(|(_, see)| *see)
    }

    pub(super) fn admits_guests(&self) -> bool {
        matches!(self.auth, Auth::Guests(_))
    }

    /// Writes the schema where somebody asks for it, and ends the process.
    fn answer_schema_request(&self) {
        let Some(path) = env::var_os("REALTIME_SCHEMA") else { return };
        let answer = self.registry().and_then(|registry| write_schema(&registry, Path::new(&path)));
        match answer {
            Ok(()) => std::process::exit(0),
            Err(error) => runtime::give_up(&error),
        }
    }
}

fn write_schema(registry: &Registry, path: &Path) -> Result {
    let problem = |source| Problem::SchemaFile { path: path.display().to_string(), source };
    let text = serde_json::to_string_pretty(&registry.schema).map_err(|e| problem(e.into()))?;
    std::fs::write(path, text + "\n").map_err(problem)?;
    Ok(())
}

fn default_store() -> Arc<dyn Store> {
    match env::var("REALTIME_STORE") {
        Ok(name) if name == "memory" => Arc::new(Memory::new()),
        Ok(path) if !path.is_empty() => Arc::new(Embedded::at(path)),
        _ => Arc::new(Embedded::at("./realtime.db")),
    }
}

impl<P: Principal> fmt::Debug for App<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let models: Vec<_> = self.parts.models.iter().map(|(model, _)| model.name()).collect();
        f.debug_struct("App")
            .field("models", &models)
            .field("store", &self.parts.store)
            .finish_non_exhaustive()
    }
}
