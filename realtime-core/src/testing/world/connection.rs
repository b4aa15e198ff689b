//! The node's end of a simulated connection: what a transport does, without a socket.

use std::{sync::Arc, time::Duration};

use axum::http::HeaderMap;
use bytes::Bytes;
use realtime_protocol::{
    code,
    frame::{
        ClientFrame, Codec, ServerFrame,
        v1::{Bye, Ping},
    },
};
use tokio::time::{Instant, interval_at, sleep, timeout};

use super::net::Socket;
use crate::{
    auth::{AuthError, Hello},
    host::clock,
    runtime::{Act, Closing, Outbound, Served, Session},
    transport::{HELLO_DEADLINE, PING_EVERY, WRITE_DEADLINE},
};

/// Serves one connection to its end.
pub(super) async fn serve(served: Arc<Served>, socket: Socket, codec: Codec) {
    let out = Arc::new(Outbound::default());
    let session = Session::new(Arc::clone(&served), codec, Arc::clone(&out), clock::now_ms());
    let mut connection = Connection { served, socket, codec, out, session, heard: Instant::now() };
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
}

impl Connection {
    async fn run(&mut self) -> Option<Closing> {
        let first = timeout(HELLO_DEADLINE, self.socket.recv()).await;
        let Ok(first) = first else { return Some(Closing::new(code::HELLO_TIMEOUT, "say `hello` sooner")) };
        if let Err(end) = self.received(first).await {
            return end;
        }
        let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        loop {
            let out = Arc::clone(&self.out);
            let deadline = self.session.deadline();
            let step = tokio::select! {
                biased;
                frame = self.socket.recv() => self.received(frame).await,
                (frames, closing) = out.next() => self.write(frames, closing).await,
                _ = ping.tick() => self.ping(),
                () = at(deadline) => self.session.tick(clock::now_ms()).map_err(Some),
            };
            if let Err(end) = step {
                return end;
            }
        }
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
        if let Some(welcome) = self.session.admit(identity, clock::now_ms())? {
            self.out.push(encode(self.codec, &welcome.into()));
            return Ok(());
        }
        for (topic, message) in self.session.renewed() {
            self.served.hub.send(&topic, message).await;
        }
        Ok(())
    }

    async fn write(&mut self, frames: Vec<Bytes>, closing: Option<Closing>) -> Result<(), Option<Closing>> {
        let began = Instant::now();
        for frame in frames {
            timeout(WRITE_DEADLINE, self.socket.send(frame)).await.map_err(|_| None)?;
        }
        if began.elapsed() > PING_EVERY {
            self.heard = Instant::now();
        }
        closing.map_or(Ok(()), |closing| Err(Some(closing)))
    }

    fn ping(&mut self) -> Result<(), Option<Closing>> {
        if self.heard.elapsed() > PING_EVERY * 2 {
            return Err(Some(Closing::new(code::SILENT, "nothing was heard for two heartbeats")));
        }
        self.out.push(encode(self.codec, &Ping { t: clock::now_ms(), heads: Vec::new() }.into()));
        Ok(())
    }

    async fn part(&mut self, closing: Closing) {
        let code = closing.code.code;
        let bye = Bye { code, reason: closing.reason, retry_after: closing.retry_after };
        let goodbye = self.socket.send(encode(self.codec, &bye.into()));
        // A reader that takes nothing learns it from the connection's end.
        let _ = timeout(Duration::from_secs(2), goodbye).await;
        self.socket.close(code);
    }
}

/// Waits until a time in milliseconds since 1970; for ever, where there is none.
async fn at(deadline: Option<u64>) {
    match deadline {
        Some(at) => sleep(Duration::from_millis(at.saturating_sub(clock::now_ms()))).await,
        None => std::future::pending().await,
    }
}

fn encode(codec: Codec, frame: &ServerFrame) -> Bytes {
    codec.encode(frame).unwrap_or_default()
}
