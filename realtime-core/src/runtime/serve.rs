//! Listening: one address, until the process is told to stop.

use std::{env, io, net::SocketAddr};

use axum::Router;
use tokio::{net::TcpListener, signal};

use super::accept;
use crate::error::{Error, Problem, Result};

/// The exit code of a program whose environment is wrong: port, store, backend.
const EXIT_ENVIRONMENT: i32 = 3;

/// Serves a router on `addr` until SIGTERM or SIGINT: with deadlines and limits that `axum::serve` does not have.
///
/// `REALTIME_LISTEN` names another address. An address that cannot be had is printed, and the process ends with
/// exit code 3.
///
/// # Errors
///
/// None today: a listener that fails is tried again, and said in the log.
pub async fn serve(addr: &str, router: Router) -> Result {
    let addr = env::var("REALTIME_LISTEN").ok().filter(|a| !a.is_empty()).unwrap_or_else(|| addr.to_owned());
    let (listener, local) = listen(&addr).await.unwrap_or_else(|error| give_up(&error.into()));
    eprintln!("listening on http://{local}");
    tokio::spawn(async {
        told_to_stop().await;
        crate::transport::drain();
    });
    accept::accept(listener, router, accept::Lobby::new(accept::Limits::DEFAULT)).await;
    // Requests and WebSockets have their time to part; what never ends does not keep the process.
    crate::transport::drained().await;
    Ok(())
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
