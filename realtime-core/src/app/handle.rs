//! Handles: how the program itself reads and writes topics, beside its clients.

use std::{
    any::Any,
    fmt,
    marker::PhantomData,
    sync::{Arc, OnceLock, Weak},
};

use realtime_protocol::{Topic, schema::TopicOf};
use tokio::sync::oneshot;

use crate::{
    field::{KeyField, Seed, Timestamp},
    handler::Registry,
    host::{clock, random},
    model::{InTopic, SyncModel},
    mutation::{Never, Refusal},
    principal::{Principal, Serves},
    runtime::{Hub, Sessions},
    topic::{
        own::{Answer, Own, OwnCall, OwnError, OwnRefusal, OwnRun, Reply},
        rows::Value,
    },
    tx::{Context, Run, Tx},
};

/// The server, once it runs.
pub(super) struct Running {
    pub(super) hub: Weak<Hub>,
    pub(super) registry: Arc<Registry>,
    pub(super) sessions: Arc<Sessions>,
}

/// Where handles look for it.
pub(super) type Place = Arc<OnceLock<Running>>;

/// Reads and writes topics as a principal: [`App::handle`](crate::App::handle).
pub struct Handle<P> {
    principal: P,
    place: Place,
}

impl<P: Principal> Handle<P> {
    pub(super) fn new(principal: P, place: Place) -> Self {
        Self { principal, place }
    }

    /// Has the authenticator, policies and hooks asked anew about everybody on this node who acts for the principal
    /// of this id: what changed elsewhere (a membership, a ban) holds from now on. Returns how many connections
    /// that are; other nodes ask by themselves when a token is renewed, and within 60 seconds where a hook
    /// decides.
    ///
    /// # Errors
    ///
    /// [`HandleError::NotRunning`].
    pub fn reauthenticate(&self, id: &str) -> Result<usize, HandleError> {
        let running = self.place.get().ok_or(HandleError::NotRunning)?;
        Ok(running.sessions.reauthenticate(id))
    }

    /// Names a topic by the values of its pattern's fields: `"eu"` for `fleet/{id}`, `["acme", "7"]` for
    /// `org/{org}/board/{id}`.
    pub fn topic<R: SyncModel<Root = R>>(&self, fields: impl TopicFields) -> TopicHandle<R>
    where
        P: Serves<R::Principal>,
    {
        let principal: Value = Arc::new(self.principal.seen_by_model());
        TopicHandle {
            fields: fields.into_fields().into(),
            principal,
            place: Arc::clone(&self.place),
            root: PhantomData,
        }
    }
}

/// The values of a topic's fields, in the order of its pattern.
pub trait TopicFields {
    /// Returns them.
    fn into_fields(self) -> Vec<String>;
}

impl TopicFields for &str {
    fn into_fields(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl TopicFields for String {
    fn into_fields(self) -> Vec<String> {
        vec![self]
    }
}

impl<S: Into<String>, const N: usize> TopicFields for [S; N] {
    fn into_fields(self) -> Vec<String> {
        self.into_iter().map(Into::into).collect()
    }
}

/// One topic, whose root is an `R`. Cheap to clone; it may be made before the server runs, and used once it does.
pub struct TopicHandle<R> {
    fields: Arc<[String]>,
    principal: Value,
    place: Place,
    root: PhantomData<fn() -> R>,
}

/// Why a handle did not do what it was asked. But for `Unknown`, nothing happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandleError<E = Never> {
    /// The closure said `Err`.
    #[error("refused: {0:?}")]
    Refused(E),
    /// What the closure wrote breaks a rule of the model, or it panicked.
    #[error("refused: {0:?}")]
    Rule(Refusal),
    /// Too much waits for this topic, or other nodes write faster: try again later.
    #[error("the topic is busy: try again later")]
    Busy,
    /// The store is away: try again later.
    #[error("the store is away: {0}")]
    Unavailable(String),
    /// The answer was lost: it happened, or not. Read, then decide.
    #[error("the answer was lost: it happened, or not")]
    Unknown,
    /// The store's form was raised above what this program writes: deploy the newer program (S32).
    #[error("the store was promoted to a newer form: deploy the newer program")]
    Outdated,
    /// The server does not run yet: `into_router()` or `serve()` starts it.
    #[error("the server does not run yet: use handles once `into_router()` or `serve()` was called")]
    NotRunning,
    /// The server is gone.
    #[error("the server has ended")]
    Ended,
    /// The fields make no topic of this model.
    #[error("no topic of `{model}`: {why}")]
    NoTopic {
        /// The model.
        model: &'static str,
        /// What is wrong.
        why: String,
    },
}

impl<R: SyncModel<Root = R>> TopicHandle<R> {
    /// Commits what `run` writes. Policies do not apply, every other rule does; it resolves when the commit is kept.
    ///
    /// `run` is called again where another node commits first: it has no effects but those on `tx`.
    ///
    /// # Errors
    ///
    /// [`HandleError::Refused`] with the error of `run`; and all that keeps a commit from happening.
    pub async fn commit<T, E>(
        &self,
        run: impl Fn(&mut Tx<R>) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<T, HandleError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.ask(OwnCall::Write(erased(run))).await
    }

    /// Looks at the topic as this node knows it; what `look` writes is dropped.
    ///
    /// # Errors
    ///
    /// Where the topic cannot be loaded, or `look` panicked.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl Fn(&Tx<R>) -> T + Send + Sync + 'static,
    ) -> Result<T, HandleError> {
        let run = move |tx: &mut Tx<R>| Ok::<_, Never>(look(tx));
        self.ask(OwnCall::Look(erased(run))).await
    }

    /// Removes entities for good: their rows, and the topic's log, in which their past stands (S26).
    ///
    /// Two commits: one that removes, one that trims. Entities that are not there are no error, so a call that failed
    /// can be repeated. Clients that were away get a snapshot.
    ///
    /// # Errors
    ///
    /// As for [`commit`](Self::commit).
    pub async fn erase<M: InTopic<R>>(&self, ids: &[impl KeyField]) -> Result<(), HandleError> {
        let keys: Vec<String> = ids.iter().map(|id| id.as_key().to_owned()).collect();
        let remove = move |tx: &mut Tx<R>| {
            keys.iter().for_each(|key| drop(tx.remove::<M>(key.as_str())));
            Ok::<_, Never>(())
        };
        self.commit(remove).await?;
        self.ask(OwnCall::Trim).await
    }

    /// Deletes the topic: all of its rows. Its clients see it gone; a root that is created later goes on after it (S44).
    ///
    /// # Errors
    ///
    /// As for [`commit`](Self::commit).
    pub async fn delete(&self) -> Result<(), HandleError> {
        // What the root takes along, the worker knows.
        self.ask(OwnCall::Write(delete_root(R::NUMBER))).await
    }

    async fn ask<T: 'static, E: 'static>(&self, call: OwnCall) -> Result<T, HandleError<E>> {
        let running = self.place.get().ok_or(HandleError::NotRunning)?;
        let (topic, root) = self.address(&running.registry)?;
        let hub = running.hub.upgrade().ok_or(HandleError::Ended)?;
        let (send, answer) = oneshot::channel();
        // Nobody may wait any more: then the answer is of no use.
        let reply = Reply(Box::new(move |result| drop(send.send(result))));
        hub.own(&topic, root, Own { call, context: self.context(), reply }).await;
        drop(hub);
        typed(answer.await.unwrap_or(Err(OwnError::Unknown)))
    }

    fn address<E>(&self, registry: &Registry) -> Result<(Topic, usize), HandleError<E>> {
        let none = |why: &str| HandleError::NoTopic { model: R::parts().name, why: why.to_owned() };
        let entry = registry
            .by_number(R::NUMBER)
            .ok_or_else(|| none("it is not registered: add `.model::<…>()` to the app"))?;
        let TopicOf::Root(pattern) = &registry.schema_of(entry).topic else {
            return Err(none("it is no root of topics"));
        };
        let topic = pattern.fill(&self.fields).map_err(|e| none(&e.to_string()))?;
        let fields = pattern.read(&topic).map_or(0, |fields| fields.len());
        if fields != self.fields.len() {
            return Err(none(&format!("its pattern has {fields} fields, {} were given", self.fields.len())));
        }
        Ok((topic, registry.root_at(entry)))
    }

    fn context(&self) -> Context {
        let now = Timestamp::from_ms(i64::try_from(clock::now_ms()).unwrap_or(i64::MAX));
        let seed = [0; 4].map(|_: u32| u32::from_be_bytes(random::bytes()));
        let principal = Arc::clone(&self.principal);
        Context { principal, now, server_now: now, seed: Seed(seed), ids: 0, random: None }
    }
}

/// Removes a topic's root, which is the model of this number.
pub(super) fn delete_root(model: u16) -> OwnRun {
    Arc::new(move |lent: &mut Run| {
        let roots: Vec<_> = lent.rows.of_model(model).map(|(key, _)| key.clone()).collect();
        lent.dirty.extend(roots.into_iter().map(|key| (key, None)));
        Ok(Box::new(()) as Answer)
    })
}

/// Takes the types off.
fn erased<R, T, E>(run: impl Fn(&mut Tx<R>) -> Result<T, E> + Send + Sync + 'static) -> OwnRun
where
    R: SyncModel<Root = R>,
    T: Send + 'static,
    E: Send + 'static,
{
    Arc::new(move |lent: &mut Run| match lent.with::<R, _>(&run) {
        Ok(value) => Ok(Box::new(value) as Answer),
        Err(error) => Err(OwnRefusal::Author(Box::new(error))),
    })
}

/// Puts the types back on.
fn typed<T: 'static, E: 'static>(result: Result<Answer, OwnError>) -> Result<T, HandleError<E>> {
    let error = match result {
        Ok(answer) => return unbox(answer).ok_or(HandleError::Unknown),
        Err(error) => error,
    };
    Err(match error {
        OwnError::Refused(OwnRefusal::Author(error)) => {
            unbox(error).map_or(HandleError::Unknown, HandleError::Refused)
        }
        OwnError::Refused(OwnRefusal::Rule(refusal)) => HandleError::Rule(refusal),
        OwnError::Busy => HandleError::Busy,
        OwnError::Unavailable(why) => HandleError::Unavailable(why),
        OwnError::Unknown => HandleError::Unknown,
        OwnError::Outdated => HandleError::Outdated,
    })
}

fn unbox<T: 'static>(answer: Answer) -> Option<T> {
    let answer: Box<dyn Any> = answer;
    answer.downcast().ok().map(|answer| *answer)
}

impl<R> Clone for TopicHandle<R> {
    fn clone(&self) -> Self {
        Self {
            fields: Arc::clone(&self.fields),
            principal: Arc::clone(&self.principal),
            place: Arc::clone(&self.place),
            root: PhantomData,
        }
    }
}

impl<P: Clone> Clone for Handle<P> {
    fn clone(&self) -> Self {
        Self { principal: self.principal.clone(), place: Arc::clone(&self.place) }
    }
}

impl<R> fmt::Debug for TopicHandle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicHandle").field("fields", &self.fields).finish_non_exhaustive()
    }
}

impl<P> fmt::Debug for Handle<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("running", &self.place.get().is_some()).finish_non_exhaustive()
    }
}
