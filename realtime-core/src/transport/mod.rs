//! Transports: what carries frames between a session and its client.

mod websocket;

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::Router;
use tokio::sync::watch;

pub(crate) use self::websocket::Framed;
use crate::runtime::Served;

/// The time between pings; a connection that is silent for two of them is closed.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(15);
/// How long a connection may take to say `hello`.
pub(crate) const HELLO_DEADLINE: Duration = Duration::from_secs(5);
/// How long the write of one frame may take.
pub(crate) const WRITE_DEADLINE: Duration = Duration::from_secs(30);

/// Whether this process is told to stop: every connection hears it.
static DRAINING: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::channel(false).0);

/// How long the goodbyes may take once the process is told to stop.
const DRAIN_DEADLINE: Duration = Duration::from_secs(5);
/// How many connections are open: the process stays until all have parted.
static OPEN: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::channel(0).0);

/// One open connection, of HTTP or of a transport.
#[derive(Debug)]
pub(crate) struct Open;

impl Open {
    pub(crate) fn new() -> Self {
        OPEN.send_modify(|open| *open += 1);
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        OPEN.send_modify(|open| *open -= 1);
    }
}

/// Resolves when every connection has parted, or has had its time to do so.
pub(crate) async fn drained() {
    let mut open = OPEN.subscribe();
    if tokio::time::timeout(DRAIN_DEADLINE, open.wait_for(|open| *open == 0)).await.is_err() {
        tracing::warn!(open = *OPEN.borrow(), "connections that do not part are cut off");
    }
}

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

/// For the fuzz targets.
#[cfg(feature = "testing")]
pub(crate) use self::websocket::{Decoder, Incoming, Violation};
