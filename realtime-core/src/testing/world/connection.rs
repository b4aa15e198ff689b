//! The node's end of a simulated connection: what a transport does, without a socket.

use std::{sync::Arc, task::Poll, time::Duration};

use axum::http::HeaderMap;
use bytes::Bytes;
use realtime_protocol::{
    code,
    frame::{
        ClientFrame, Codec, ServerFrame,
        v1::{Bye, Ping},
    },
};
use tokio::time::{Instant, sleep_until, timeout};

use super::net::Socket;
use crate::{
    auth::{AuthError, Hello},
    host::clock,
    runtime::{Act, Closing, Outbound, Served, Session},
    transport::{HELLO_DEADLINE, PING_EVERY},
};

/// Serves one connection to its end.
pub(super) async fn serve(served: Arc<Served>, socket: Socket, codec: Codec) {
    let out = Arc::new(Outbound::new(None, None, Arc::clone(&served.budget)));
    let session = Session::new(Arc::clone(&served), codec, Arc::clone(&out), clock::now_ms());
    let heard = Instant::now();
    let mut connection =
        Connection { served, socket, codec, out, session, heard, ping_at: heard + PING_EVERY };
    let closing = connection.run().await;
    for (topic, message) in connection.session.end() {
        connection.served.hub.send(&topic, message).await;
    }
    if let Some(closing) = closing {
        connection.part(closing).await;
    }
}

struct Connection {
    served: Arc<Served>,
    socket: Socket,
    codec: Codec,
    out: Arc<Outbound>,
    session: Session,
    heard: Instant,
    ping_at: Instant,
}

impl Connection {
    async fn run(&mut self) -> Option<Closing> {
        let first = timeout(HELLO_DEADLINE, self.socket.recv()).await;
        let Ok(first) = first else { return Some(Closing::new(code::HELLO_TIMEOUT, "say `hello` sooner")) };
        if let Err(end) = self.received(first).await {
            return end;
        }
        loop {
            let (waits, wake_at) = match self.work().await {
                Ok(work) => work,
                Err(closing) => return Some(closing),
            };
            let out = Arc::clone(&self.out);
            let room = self.socket.room();
            let step = tokio::select! {
                biased;
                frame = self.socket.recv() => self.received(frame).await,
                () = room, if waits => {
                    self.write();
                    Ok(())
                }
                () = out.changed() => Ok(()),
                token = self.session.again() => self.authenticate(token).await.map_err(Some),
                () = sleep_until(wake_at) => self.tick().map_err(Some),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Does what the queue asks for; returns whether it waits for the network, and when to look again.
    async fn work(&mut self) -> Result<(bool, Instant), Closing> {
        let now = Instant::now();
        let work = self.out.work(now);
        if let Some(closing) = work.parting {
            return Err(closing);
        }
        let behind = work.behind.into_iter().filter_map(|sub| self.session.behind(sub));
        let due = work.due.into_iter().filter_map(|due| self.session.drained(due));
        let told: Vec<_> = behind.chain(due).collect();
        for (topic, message) in told {
            self.served.hub.send(&topic, message).await;
        }
        let session = self.session.deadline();
        let session = session.map(|at| now + Duration::from_millis(at.saturating_sub(clock::now_ms())));
        let wake_at = session.into_iter().chain(work.deadline).fold(self.ping_at, Instant::min);
        Ok((work.waits, wake_at))
    }

    /// Writes what waits, as far as the network takes it. Without a header each piece is a frame.
    fn write(&mut self) {
        self.heard = Instant::now();
        let socket = &mut self.socket;
        // What is left waits for room.
        let _ = self.out.poll_write(|frames| {
            let mut taken = 0;
            for frame in frames {
                if !socket.send(frame) {
                    break;
                }
                taken += frame.len();
            }
            if taken == 0 { Poll::Pending } else { Poll::Ready(Ok(taken)) }
        });
    }

    async fn received(&mut self, frame: Option<Bytes>) -> Result<(), Option<Closing>> {
        self.heard = Instant::now();
        let bytes = frame.ok_or(None)?;
        if bytes.len() > self.session.max_frame() {
            return Err(Some(Closing::new(code::TOO_LARGE, "too large a frame")));
        }
        let malformed = |error| Closing::new(code::MALFORMED, format!("no frame of this protocol: {error}"));
        let frame: ClientFrame = self.codec.decode(&bytes).map_err(|error| Some(malformed(error)))?;
        match self.session.take(frame, clock::now_ms()).map_err(Some)? {
            Act::Nothing => {}
            Act::Tell(topic, message) => self.served.hub.send(&topic, message).await,
            Act::Authenticate { token } => self.authenticate(token).await.map_err(Some)?,
        }
        Ok(())
    }

    async fn authenticate(&mut self, token: Option<String>) -> Result<(), Closing> {
        let identity = match self.served.door.admit(Hello::new(token, HeaderMap::new())).await {
            Ok(identity) => identity,
            Err(AuthError::Denied(why)) => return Err(Closing::new(code::UNAUTHENTICATED, why)),
            Err(AuthError::Unavailable(why)) => return Err(Closing::new(code::UNAVAILABLE, why)),
        };
        self.served.may_connect(&identity, HeaderMap::new()).await?;
        if let Some(welcome) = self.session.admit(identity, clock::now_ms())? {
            self.out.push(encode(self.codec, &welcome.into()));
            return Ok(());
        }
        for (topic, message) in self.session.renewed()? {
            self.served.hub.send(&topic, message).await;
        }
        Ok(())
    }

    /// Time has passed: a heartbeat, or one of the session's deadlines.
    fn tick(&mut self) -> Result<(), Closing> {
        self.session.tick(clock::now_ms())?;
        let now = Instant::now();
        if now < self.ping_at {
            return Ok(());
        }
        if now.duration_since(self.heard) > PING_EVERY * 2 {
            return Err(Closing::new(code::SILENT, "nothing was heard for two heartbeats"));
        }
        self.ping_at = now + PING_EVERY;
        self.out.push(encode(self.codec, &Ping { t: clock::now_ms(), heads: self.out.take_heads() }.into()));
        Ok(())
    }

    async fn part(&mut self, closing: Closing) {
        let code = closing.code.code;
        let bye = Bye { code, reason: closing.reason, retry_after: closing.retry_after };
        let bye = encode(self.codec, &bye.into());
        // A reader that takes nothing learns it from the connection's end.
        if timeout(Duration::from_secs(2), self.socket.room()).await.is_ok() {
            self.socket.send(&bye);
        }
        self.socket.close(code);
    }
}

fn encode(codec: Codec, frame: &ServerFrame) -> Bytes {
    codec.encode(frame).unwrap_or_default()
}
