//! What hooks are told, and what they may say.

use std::{any::Any, fmt, sync::Arc};

use axum::http::HeaderMap;
use realtime_protocol::{Position, Raw, Topic};

use crate::topic::rows::Value;

/// A hook's no.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Veto {
    /// It may not: `rt/denied`, with this reason for people.
    #[error("{0}")]
    Refused(String),
    /// It cannot be told now: the client tries again.
    #[error("it cannot be told just now")]
    Unavailable,
}

impl Veto {
    /// A refusal, with a reason for people.
    #[must_use]
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }
}

/// Who a connection acts for.
#[derive(Clone)]
pub struct Who {
    id: String,
    principal: Value,
}

impl Who {
    pub(crate) fn new(id: &str, principal: Value) -> Arc<Self> {
        Arc::new(Self { id: id.to_owned(), principal })
    }

    /// Returns the principal's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the principal, where `P` is the app's.
    #[must_use]
    pub fn principal<P: Any>(&self) -> Option<&P> {
        self.principal.downcast_ref()
    }
}

impl Default for Who {
    /// Nobody, whom no application has.
    fn default() -> Self {
        Self { id: String::new(), principal: Arc::new(()) }
    }
}

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Who").field(&self.id).finish()
    }
}

/// A connection that wants to be admitted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Connecting {
    /// Who it acts for.
    pub who: Arc<Who>,
    /// The headers of the request that opened it.
    pub headers: HeaderMap,
}

impl Connecting {
    pub(crate) fn new(who: Arc<Who>, headers: HeaderMap) -> Self {
        Self { who, headers }
    }
}

/// A topic that somebody wants to read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Subscribing {
    /// Who.
    pub who: Arc<Who>,
    /// Which topic.
    pub topic: Topic,
}

impl Subscribing {
    pub(crate) fn new(who: Arc<Who>, topic: Topic) -> Self {
        Self { who, topic }
    }
}

/// A mutation that has arrived.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Admitting {
    /// Whose it is.
    pub who: Arc<Who>,
    /// The topic that it is to change.
    pub topic: Topic,
    /// Its name: `Poll.vote`, or `Poll.create`.
    pub mutation: String,
    /// The key of the entity, for those that have a receiver.
    pub key: Option<String>,
    /// The arguments, in order; for `create` and `patch` column numbers and values in turn.
    pub args: Vec<Raw>,
}

impl Admitting {
    pub(crate) fn new(
        who: Arc<Who>,
        topic: Topic,
        mutation: String,
        key: Option<String>,
        args: Vec<Raw>,
    ) -> Self {
        Self { who, topic, mutation, key, args }
    }
}

/// A mutation that is about to run.
#[non_exhaustive]
pub struct Checking<'a> {
    /// Whose it is.
    pub who: &'a Who,
    /// The topic that it is to change.
    pub topic: &'a Topic,
    /// Its name: `Poll.vote`, or `Poll.create`.
    pub mutation: &'a str,
    /// The key of the entity, for those that have a receiver.
    pub key: Option<&'a str>,
    /// The arguments, in order; for `create` and `patch` column numbers and values in turn.
    pub args: &'a [Raw],
    pub(crate) root: Option<&'a Value>,
}

impl Checking<'_> {
    /// Returns the topic's root as it is now, where there is one and `M` is its model.
    #[must_use]
    pub fn root<M: Any>(&self) -> Option<&M> {
        self.root.and_then(|root| root.downcast_ref())
    }
}

impl fmt::Debug for Checking<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checking")
            .field("mutation", &self.mutation)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// A mutation that has its outcome.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Committed {
    /// The id of whose it was.
    pub principal: String,
    /// The topic.
    pub topic: Topic,
    /// Its name: `Poll.vote`, or `Poll.create`.
    pub mutation: String,
    /// The key of the entity, for those that have a receiver.
    pub key: Option<String>,
    /// Where the topic stands with it.
    pub at: Position,
    /// Whether it was refused: then it changed nothing.
    pub refused: bool,
}

/// A commit that changed rows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Published {
    /// The topic.
    pub topic: Topic,
    /// The commit's position.
    pub at: Position,
}

/// A connection that is gone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Disconnected {
    /// The id of who it acted for.
    pub principal: String,
}
