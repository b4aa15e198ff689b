//! Authentication: from what a connection brings to the principal it acts for.

mod guest;

use std::{fmt, future::Future};

use axum::http::HeaderMap;
use futures_core::future::BoxFuture;

pub(crate) use guest::Guests;

/// What a connection brings to prove who it is.
#[derive(Clone)]
#[non_exhaustive]
pub struct Hello {
    /// The token of the client's `auth`.
    pub token: Option<String>,
    /// The headers of the request that opened the connection, cookies among them.
    pub headers: HeaderMap,
}

impl fmt::Debug for Hello {
    /// Secrets stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hello").field("token", &self.token.as_ref().map(|_| "…")).finish_non_exhaustive()
    }
}

impl Hello {
    pub(crate) fn new(token: Option<String>, headers: HeaderMap) -> Self {
        Self { token, headers }
    }
}

/// Why a connection is not admitted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The proof is missing or wrong: the client does not come back by itself.
    #[error("{0}")]
    Denied(String),
    /// It cannot be checked just now: the client comes back.
    #[error("{0}")]
    Unavailable(String),
}

/// Tells who a connection acts for. Implemented by `async fn(Hello) -> Result<P, AuthError>`.
pub trait Authenticator<P>: Send + Sync + 'static {
    /// Returns the principal.
    fn authenticate(&self, hello: Hello) -> BoxFuture<'_, Result<P, AuthError>>;
}

impl<P, F, Fut> Authenticator<P> for F
where
    F: Fn(Hello) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<P, AuthError>> + Send + 'static,
{
    fn authenticate(&self, hello: Hello) -> BoxFuture<'_, Result<P, AuthError>> {
        Box::pin(self(hello))
    }
}
