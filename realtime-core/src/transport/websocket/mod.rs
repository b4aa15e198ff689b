//! WebSocket (RFC 6455) of our own: subprotocols `realtime.v1.json` and `realtime.v1.msgpack`.
//!
//! Decision 0012 says why it is no library's.

mod connection;
mod decoder;
mod framed;
mod pipe;
mod upgrade;

use std::sync::Arc;

use axum::{
    extract::Request,
    routing::{MethodRouter, any},
};

use self::connection::Asking;
pub(crate) use self::framed::Framed;
use crate::{
    host::tasks,
    runtime::{Place, Served},
};

/// Returns the route.
pub(super) fn route<S: Clone + Send + Sync + 'static>(served: Arc<Served>) -> MethodRouter<S> {
    any(move |mut request: Request| {
        let served = Arc::clone(&served);
        async move {
            let asked = match upgrade::ask(&mut request) {
                Ok(asked) => asked,
                Err(refusal) => return *refusal,
            };
            let answer = asked.answer();
            let place = request.extensions_mut().remove::<Arc<Place>>();
            let asking = Asking { headers: std::mem::take(request.headers_mut()), place };
            tasks::spawn(async move {
                match upgrade::stream(asked.on_upgrade).await {
                    Ok((stream, early)) => {
                        connection::serve(served, stream, &early, asked.codec, asking).await
                    }
                    Err(error) => tracing::debug!(%error, "a client left during the handshake"),
                }
            });
            answer
        }
    })
}

/// For the fuzz targets.
#[cfg(feature = "testing")]
pub(crate) use self::decoder::{Decoder, Incoming, Violation};
