//! Transports: what carries frames between a session and its client.

mod websocket;

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::Router;
use tokio::sync::watch;

use crate::runtime::Served;

/// The time between pings; a connection that is silent for two of them is closed.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(15);
/// How long a connection may take to say `hello`.
pub(crate) const HELLO_DEADLINE: Duration = Duration::from_secs(5);
/// How long the write of one frame may take.
pub(crate) const WRITE_DEADLINE: Duration = Duration::from_secs(30);

/// Whether this process is told to stop: every connection hears it.
static DRAINING: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::channel(false).0);

/// Returns the routes of all transports.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(served: Arc<Served>) -> Router<S> {
    Router::new().route("/ws", websocket::route(served))
}

/// Tells every connection to come back elsewhere.
pub(crate) fn drain() {
    DRAINING.send_replace(true);
}

/// Resolves when the process is told to stop.
pub(crate) async fn draining() {
    let mut told = DRAINING.subscribe();
    // The sender is a static: it is never gone.
    let _ = told.wait_for(|draining| *draining).await;
}
