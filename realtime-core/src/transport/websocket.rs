//! WebSocket (RFC 6455): subprotocols `realtime.v1.json` and `realtime.v1.msgpack`.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    http::HeaderMap,
    routing::{MethodRouter, get},
};
use bytes::Bytes;
use futures_util::{FutureExt, SinkExt};
use realtime_protocol::{
    code,
    frame::{
        ClientFrame, Codec, ServerFrame,
        v1::{Bye, MAX_FRAME_BYTES, Ping},
    },
};
use tokio::time::{Instant, interval_at, sleep, timeout};

use super::{HELLO_DEADLINE, Open, PING_EVERY, WRITE_DEADLINE};
use crate::{
    auth::{AuthError, Hello},
    host::clock,
    runtime::{Act, Closing, Outbound, Served, Session},
};

/// What a socket reads at a time: a buffer of tungstenite's default size would cost 128 KiB a connection.
const READ_BUFFER: usize = 4 * 1024;

/// What a socket takes before it is cut off: over the limit of a frame, so that there is a goodbye (S47).
const CUT_OFF: usize = 4 * MAX_FRAME_BYTES;

/// Returns the route.
pub(super) fn route<S: Clone + Send + Sync + 'static>(served: Arc<Served>) -> MethodRouter<S> {
    get(move |upgrade: WebSocketUpgrade, headers: HeaderMap| {
        let served = Arc::clone(&served);
        async move {
            upgrade
                .protocols(Codec::ALL.map(Codec::subprotocol))
                .max_message_size(CUT_OFF)
                .max_frame_size(CUT_OFF)
                .read_buffer_size(READ_BUFFER)
                .write_buffer_size(0)
                .on_upgrade(move |socket| connection(served, socket, headers))
        }
    })
}

/// Serves one connection to its end. What is refused is refused in band: browsers hide the status of an upgrade.
async fn connection(served: Arc<Served>, mut socket: WebSocket, headers: HeaderMap) {
    let _open = Open::new();
    let protocol = socket.protocol().and_then(|name| name.to_str().ok().map(str::to_owned));
    let codec = Codec::ALL.into_iter().find(|codec| Some(codec.subprotocol()) == protocol.as_deref());
    let Some(codec) = codec else {
        let closing =
            Closing::new(code::PROTOCOL, "offer the subprotocol realtime.v1.json or realtime.v1.msgpack");
        return part(&mut socket, Codec::Json, &closing).await;
    };
    if !served.origins.admit(&headers) {
        let closing = Closing::new(code::ORIGIN, "this origin may not connect: name it with `App::origin`");
        return part(&mut socket, codec, &closing).await;
    }
    let out = Arc::new(Outbound::default());
    let session = Session::new(Arc::clone(&served), codec, Arc::clone(&out), clock::now_ms());
    let mut connection = Connection { served, socket, headers, codec, out, session, heard: Instant::now() };
    let closing = connection.run().await;
    for (topic, message) in connection.session.end() {
        connection.served.hub.send(&topic, message).await;
    }
    if let Some(closing) = closing {
        part(&mut connection.socket, codec, &closing).await;
    }
}

struct Connection {
    served: Arc<Served>,
    socket: WebSocket,
    headers: HeaderMap,
    codec: Codec,
    out: Arc<Outbound>,
    session: Session,
    /// When something last came in.
    heard: Instant,
}

impl Connection {
    /// Carries frames both ways; returns how it ends, unless the client is gone already.
    async fn run(&mut self) -> Option<Closing> {
        let going = || Closing::new(code::DRAINING, "this node is going away");
        let draining = super::draining();
        tokio::pin!(draining);
        tokio::select! {
            greeted = self.await_hello() => if let Err(end) = greeted {
                return end;
            },
            () = &mut draining => return Some(going()),
        }
        let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        loop {
            let out = Arc::clone(&self.out);
            let deadline = self.session.deadline();
            let step = tokio::select! {
                message = self.socket.recv() => self.received(message).await,
                (frames, closing) = out.next() => self.write(frames, closing).await,
                _ = ping.tick() => self.ping(),
                () = at(deadline) => self.session.tick(clock::now_ms()).map_err(Some),
                () = &mut draining => Err(Some(going())),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Nothing but `hello` may come first, and soon.
    async fn await_hello(&mut self) -> Result<(), Option<Closing>> {
        let socket = &mut self.socket;
        // WebSocket's own pings do not put it off.
        let first = async {
            loop {
                match socket.recv().await {
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    message => return message,
                }
            }
        };
        let late = |_| Some(Closing::new(code::HELLO_TIMEOUT, "say `hello` sooner"));
        let message = timeout(HELLO_DEADLINE, first).await.map_err(late)?;
        self.received(message).await
    }

    async fn received(
        &mut self,
        message: Option<Result<Message, axum::Error>>,
    ) -> Result<(), Option<Closing>> {
        self.heard = Instant::now();
        let bytes: Bytes = match message {
            None | Some(Ok(Message::Close(_))) => return Err(None),
            Some(Err(error)) => {
                tracing::debug!(%error, "a connection broke");
                return Err(None);
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Text(text))) if self.codec == Codec::Json => text.into(),
            Some(Ok(Message::Binary(bytes))) if self.codec == Codec::MessagePack => bytes,
            Some(Ok(_)) => {
                let reason = "JSON travels in text messages, MessagePack in binary ones";
                return Err(Some(Closing::new(code::MALFORMED, reason)));
            }
        };
        let most = self.session.max_frame();
        if bytes.len() > most {
            let reason = format!("a frame has at most {most} bytes here");
            return Err(Some(Closing::new(code::TOO_LARGE, reason)));
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
        let hello = Hello::new(token, self.headers.clone());
        // The author's code may panic; what the connection has open is let go of all the same.
        let admitted = AssertUnwindSafe(async { self.served.door.admit(hello).await }).catch_unwind();
        let identity = match timeout(HELLO_DEADLINE, admitted).await {
            Ok(Ok(Ok(identity))) => identity,
            Ok(Err(_)) => return Err(Closing::new(code::FAULT, "authentication failed: the server's fault")),
            Ok(Ok(Err(AuthError::Denied(why)))) => return Err(Closing::new(code::UNAUTHENTICATED, why)),
            Ok(Ok(Err(AuthError::Unavailable(why)))) => return Err(Closing::new(code::UNAVAILABLE, why)),
            Err(_) => return Err(Closing::new(code::UNAVAILABLE, "authentication took too long")),
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

    /// Writes all that waits, in one go.
    async fn write(&mut self, frames: Vec<Bytes>, closing: Option<Closing>) -> Result<(), Option<Closing>> {
        let socket = &mut self.socket;
        let codec = self.codec;
        let began = Instant::now();
        for frame in frames {
            let fed = timeout(WRITE_DEADLINE, socket.feed(message(codec, frame))).await;
            fed.map_err(|_| None)?.map_err(|_| None)?;
        }
        timeout(WRITE_DEADLINE, socket.flush()).await.map_err(|_| None)?.map_err(|_| None)?;
        // Nothing was read meanwhile: that the client took it shows that it lives.
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
}

/// Waits until a time in milliseconds since 1970; for ever, where there is none.
async fn at(deadline: Option<u64>) {
    match deadline {
        Some(at) => sleep(Duration::from_millis(at.saturating_sub(clock::now_ms()))).await,
        None => std::future::pending().await,
    }
}

/// Says goodbye: in a frame, then with the transport's own close.
async fn part(socket: &mut WebSocket, codec: Codec, closing: &Closing) {
    let (code, reason) = (closing.code.code, closing.reason.clone());
    let bye = Bye { code, reason: reason.clone(), retry_after: closing.retry_after };
    let goodbye = async {
        socket.feed(message(codec, encode(codec, &bye.into()))).await?;
        let close = CloseFrame { code, reason: shorten(&reason).into() };
        socket.send(Message::Close(Some(close))).await?;
        // The other side answers; then nothing that was written is lost to a reset.
        while let Some(Ok(_)) = socket.recv().await {}
        Ok::<_, axum::Error>(())
    };
    if timeout(Duration::from_secs(2), goodbye).await.is_err() {
        tracing::debug!(code, "a client did not answer the goodbye");
    }
}

/// A close frame's reason has at most 123 bytes (RFC 6455, section 5.5).
fn shorten(reason: &str) -> &str {
    let mut end = reason.len().min(123);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}

fn message(codec: Codec, frame: Bytes) -> Message {
    match codec {
        Codec::MessagePack => Message::Binary(frame),
        Codec::Json => match frame.try_into() {
            Ok(text) => Message::Text(text),
            Err(_) => Message::Text("".into()),
        },
    }
}

fn encode(codec: Codec, frame: &ServerFrame) -> Bytes {
    codec.encode(frame).unwrap_or_default()
}
