//! Accepting connections: with deadlines, with limits before a client has said who it is, and until told to stop.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, extract::ConnectInfo};
use hyper::{Request, body::Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    time::sleep,
};
use tower_service::Service as _;

use crate::transport::{self, Open};

/// How long accepting rests where the process has no file left, or no memory.
const PAUSE: Duration = Duration::from_millis(100);

/// How many connections may be open that have not said `hello`; an ordinary request is one too, while it is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) process: usize,
    /// From one IPv4 address, or one IPv6 network of 64 bits.
    pub(super) address: usize,
    /// How long the head of a request may take, and a connection may be kept for another.
    pub(super) head: Duration,
}

impl Limits {
    pub(super) const DEFAULT: Self = Self { process: 8192, address: 1024, head: Duration::from_secs(10) };
}

/// Who waits.
#[derive(Debug)]
pub(super) struct Lobby {
    limits: Limits,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
    /// How many were turned away.
    refused: u64,
}

/// A place in the lobby, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    lobby: Arc<Lobby>,
    address: IpAddr,
}

impl Lobby {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, waiting: Mutex::default() })
    }

    /// Gives a place to a connection from `ip`, if there is one.
    fn enter(self: &Arc<Self>, ip: IpAddr) -> Option<Place> {
        let address = network(ip);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = waiting.by_address.get(&address).copied().unwrap_or(0);
        if waiting.all >= self.limits.process || mine >= self.limits.address {
            waiting.refused += 1;
            if waiting.refused.is_power_of_two() {
                tracing::warn!(%ip, refused = waiting.refused, "too many connections that do not say hello");
            }
            return None;
        }
        waiting.all += 1;
        waiting.by_address.insert(address, mine + 1);
        Some(Place { lobby: Arc::clone(self), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.lobby.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.all = waiting.all.saturating_sub(1);
        if let Some(count) = waiting.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                waiting.by_address.remove(&self.address);
            }
        }
    }
}

/// One subscriber's IPv6 addresses are a network of 64 bits.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(u128::from(ip) >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Accepts until the process is told to stop.
pub(super) async fn accept(listener: TcpListener, router: Router, lobby: Arc<Lobby>) {
    let mut draining = pin!(transport::draining());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut draining => return,
        };
        match accepted {
            Ok((socket, addr)) => {
                if let Some(place) = lobby.enter(addr.ip()) {
                    tokio::spawn(connection(socket, addr, router.clone(), Arc::new(place)));
                }
            }
            Err(error) if is_of_one_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted; trying again");
                sleep(PAUSE).await;
            }
        }
    }
}

/// An error of the connection that was to be accepted, not of this process.
fn is_of_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Serves requests on one connection, until it closes or becomes a WebSocket.
async fn connection(socket: TcpStream, addr: SocketAddr, router: Router, place: Arc<Place>) {
    let _open = Open::new();
    let head = place.lobby.limits.head;
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "a socket keeps Nagle's algorithm");
    }
    let (asked, mut is_asked) = (Arc::new(Notify::new()), false);
    let told = Arc::clone(&asked);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        told.notify_one();
        request.extensions_mut().insert(ConnectInfo(addr));
        request.extensions_mut().insert(Arc::clone(&place));
        router.clone().call(request)
    });
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head);
    let mut serving = pin!(builder.serve_connection_with_upgrades(TokioIo::new(socket), service));
    let mut late = pin!(sleep(head));
    let ended = loop {
        tokio::select! {
            ended = serving.as_mut() => break ended,
            () = asked.notified(), if !is_asked => is_asked = true,
            // Hyper's own deadline is for the requests that follow.
            () = &mut late, if !is_asked => return,
            () = transport::draining() => {
                serving.as_mut().graceful_shutdown();
                break serving.await;
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection broke");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    async fn start(limits: Limits) -> (SocketAddr, Arc<Lobby>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (addr, lobby) = (listener.local_addr().unwrap(), Lobby::new(limits));
        let router = Router::new().route(
            "/",
            get(|ConnectInfo(addr): ConnectInfo<SocketAddr>| async move { addr.ip().to_string() }),
        );
        tokio::spawn(accept(listener, router, Arc::clone(&lobby)));
        (addr, lobby)
    }

    async fn ask(addr: SocketAddr) -> String {
        let mut socket = TcpStream::connect(addr).await.unwrap();
        socket.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        // One that was turned away may be reset.
        let _ = socket.read_to_string(&mut answer).await;
        answer
    }

    #[tokio::test]
    async fn s47_one_that_says_nothing_is_closed_and_whole_requests_are_served() {
        let (addr, _) = start(Limits { head: Duration::from_millis(50), ..Limits::DEFAULT }).await;
        for half in [&b""[..], b"GET / HTTP/1.1\r\nhost:"] {
            let mut mute = TcpStream::connect(addr).await.unwrap();
            mute.write_all(half).await.unwrap();
            let mut rest = Vec::new();
            mute.read_to_end(&mut rest).await.unwrap();
        }
        // Another one, whose patience outlasts a busy machine.
        let (addr, _) = start(Limits::DEFAULT).await;
        assert!(ask(addr).await.ends_with("127.0.0.1"));
    }

    #[tokio::test]
    async fn s47_more_connections_than_may_wait_are_turned_away_until_one_leaves() {
        let (addr, lobby) = start(Limits { process: 9, address: 2, ..Limits::DEFAULT }).await;
        let waiting = [TcpStream::connect(addr).await.unwrap(), TcpStream::connect(addr).await.unwrap()];
        assert_eq!(ask(addr).await, "");
        drop(waiting);
        while !lobby.waiting.lock().unwrap().by_address.is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(ask(addr).await.ends_with("127.0.0.1"));
        assert_eq!(lobby.waiting.lock().unwrap().refused, 1);
    }

    #[test]
    fn s47_an_ipv6_network_counts_as_one_address_and_the_process_has_a_limit_too() {
        let lobby = Lobby::new(Limits { process: 3, address: 2, ..Limits::DEFAULT });
        let ip = |text: &str| text.parse().unwrap();
        let mut places =
            vec![lobby.enter(ip("2001:db8::1")).unwrap(), lobby.enter(ip("2001:db8::2")).unwrap()];
        assert!(lobby.enter(ip("2001:db8::3")).is_none());
        places.push(lobby.enter(ip("2001:db8:0:1::3")).unwrap());
        assert!(lobby.enter(ip("::ffff:10.0.0.1")).is_none(), "three wait");
        places.clear();
        let _place = lobby.enter(ip("::ffff:10.0.0.1")).unwrap();
        assert_eq!(lobby.waiting.lock().unwrap().by_address.keys().collect::<Vec<_>>(), [&ip("10.0.0.1")]);
    }

    #[test]
    fn an_error_of_one_client_is_passed_over_and_one_of_the_process_makes_a_pause() {
        for kind in [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset] {
            assert!(is_of_one_client(&kind.into()));
        }
        let no_more_files = io::Error::from_raw_os_error(24);
        assert!(!is_of_one_client(&no_more_files));
    }
}
