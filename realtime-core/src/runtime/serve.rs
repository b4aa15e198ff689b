//! Listening: one address, until the process is told to stop.

use std::{env, io, net::SocketAddr};

use axum::{Router, serve::ListenerExt};
use tokio::{net::TcpListener, signal};

use crate::error::{Error, Problem, Result};

/// The exit code of a program whose environment is wrong: port, store, backend.
const EXIT_ENVIRONMENT: i32 = 3;

/// Serves a router on `addr` until SIGTERM or SIGINT: `axum::serve` with NODELAY and draining.
///
/// `REALTIME_LISTEN` names another address. An address that cannot be had is printed, and the process ends with
/// exit code 3.
///
/// # Errors
///
/// Where the listener fails later on.
pub async fn serve(addr: &str, router: Router) -> Result {
    let addr = env::var("REALTIME_LISTEN").ok().filter(|a| !a.is_empty()).unwrap_or_else(|| addr.to_owned());
    let (listener, local) = listen(&addr).await.unwrap_or_else(|error| give_up(&error.into()));
    eprintln!("listening on http://{local}");
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a socket keeps Nagle's algorithm");
        }
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let stop = async {
        told_to_stop().await;
        crate::transport::drain();
    };
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop);
    let served = tokio::select! {
        served = async { serving.await } => served,
        // A request that never ends does not keep the process.
        () = crate::transport::patience() => Ok(()),
    };
    // An upgraded connection is a task of its own, which `axum::serve` does not wait for.
    crate::transport::drained().await;
    served.map_err(|source| Problem::Serve { addr: local, source }.into())
}

async fn listen(addr: &str) -> Result<(TcpListener, SocketAddr), Problem> {
    let problem = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => Problem::InUse { addr: addr.to_owned() },
        _ => Problem::Listen { addr: addr.to_owned(), source },
    };
    let listener = TcpListener::bind(addr).await.map_err(problem)?;
    let local = listener.local_addr().map_err(problem)?;
    Ok((listener, local))
}

/// Prints what is wrong, and ends the process.
pub(crate) fn give_up(error: &Error) -> ! {
    eprintln!("error: {error}");
    std::process::exit(EXIT_ENVIRONMENT)
}

/// Waits for SIGTERM or SIGINT.
async fn told_to_stop() {
    let interrupt = signal::ctrl_c();
    #[cfg(unix)]
    {
        let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) else {
            let _ = interrupt.await;
            return;
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}
