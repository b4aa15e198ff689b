//! Authentication: from what a connection brings to the principal it acts for.

mod guest;

use std::{fmt, future::Future};

use axum::http::HeaderMap;
use futures_core::future::BoxFuture;

pub(crate) use guest::Guests;

use crate::principal::Principal;

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

/// A principal, and for how long what proves it is good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Authenticated<P> {
    /// Who it is.
    pub principal: P,
    /// When the proof expires, in milliseconds since 1970: a token's `exp`, times 1,000. From then on mutations are
    /// deferred; 25 seconds later the connection ends, unless the client's `auth` has renewed it (S36).
    pub expires: Option<u64>,
}

impl<P> Authenticated<P> {
    /// A principal whose proof never expires.
    #[must_use]
    pub const fn new(principal: P) -> Self {
        Self { principal, expires: None }
    }

    /// Says when the proof expires, in milliseconds since 1970.
    #[must_use]
    pub fn until(self, expires_ms: u64) -> Self {
        Self { principal: self.principal, expires: Some(expires_ms) }
    }
}

/// What an authenticator may return: a principal, or [`Authenticated`] with the time at which its proof expires.
pub trait Proof<P> {
    /// Returns it with its time.
    fn proven(self) -> Authenticated<P>;
}

impl<P: Principal> Proof<P> for P {
    fn proven(self) -> Authenticated<P> {
        Authenticated::new(self)
    }
}

impl<P: Principal> Proof<P> for Authenticated<P> {
    fn proven(self) -> Self {
        self
    }
}

/// Tells who a connection acts for. Implemented by `async fn(Hello) -> Result<P, AuthError>`, and by one that
/// returns [`Authenticated<P>`].
pub trait Authenticator<P>: Send + Sync + 'static {
    /// Returns the principal, and when its proof expires.
    fn authenticate(&self, hello: Hello) -> BoxFuture<'_, Result<Authenticated<P>, AuthError>>;
}

impl<P, R, F, Fut> Authenticator<P> for F
where
    P: Principal,
    R: Proof<P>,
    F: Fn(Hello) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, AuthError>> + Send + 'static,
{
    fn authenticate(&self, hello: Hello) -> BoxFuture<'_, Result<Authenticated<P>, AuthError>> {
        let asked = self(hello);
        Box::pin(async { asked.await.map(Proof::proven) })
    }
}
