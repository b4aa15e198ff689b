//! One connection, from the handshake to the goodbye: frames in, and what its queue needs of it.

use std::{panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};

use axum::http::HeaderMap;
use bytes::Bytes;
use futures_util::FutureExt;
use realtime_protocol::{
    code,
    frame::{
        ClientFrame, Codec, ServerFrame,
        v1::{Bye, Ping},
    },
};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    decoder::{Incoming, Violation},
    framed::{Framed, Opcode},
    pipe::{self, Ended, Input, Output},
    upgrade::Stream,
};
use crate::{
    auth::{AuthError, Hello},
    host::clock,
    runtime::{Act, Closing, Outbound, Place, Served, Session},
    transport::{HELLO_DEADLINE, Open, PING_EVERY},
};

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// How a connection ends.
#[derive(Debug)]
enum End {
    /// Nobody is there any more.
    Gone,
    /// The client has said that it closes.
    Closed,
    Part(Closing),
}

impl From<Closing> for End {
    fn from(closing: Closing) -> Self {
        Self::Part(closing)
    }
}

/// Who asks for a connection.
pub(super) struct Asking {
    pub(super) headers: HeaderMap,
    /// Among those that have not said `hello`, where the accept loop is ours.
    pub(super) place: Option<Arc<Place>>,
}

/// Serves one connection to its end. What is refused is refused in band: browsers hide the status of an upgrade.
pub(super) async fn serve(
    served: Arc<Served>,
    stream: Stream,
    early: &[u8],
    codec: Option<Codec>,
    Asking { headers, place }: Asking,
) {
    let _open = Open::new();
    let spoken = codec.unwrap_or(Codec::Json);
    let (input, output, socket) = pipe::split(stream, early, 0);
    let out = Arc::new(Outbound::new(Some(spoken), socket, Arc::clone(&served.budget)));
    let session = Session::new(Arc::clone(&served), spoken, Arc::clone(&out), clock::now_ms());
    let now = Instant::now();
    let ping_at = now + PING_EVERY;
    let mut connection = Connection {
        served,
        headers,
        place,
        codec: spoken,
        input,
        output,
        out,
        session,
        heard: now,
        ping_at,
    };
    let end = match connection.admit(codec) {
        Ok(()) => connection.run().await,
        Err(closing) => closing.into(),
    };
    for (topic, message) in connection.session.end() {
        connection.served.hub.send(&topic, message).await;
    }
    Box::pin(connection.part(end)).await;
}

struct Connection {
    served: Arc<Served>,
    headers: HeaderMap,
    place: Option<Arc<Place>>,
    codec: Codec,
    input: Input,
    output: Output,
    out: Arc<Outbound>,
    session: Session,
    /// When something last came in, or was taken.
    heard: Instant,
    ping_at: Instant,
}

impl Connection {
    fn admit(&self, codec: Option<Codec>) -> Result<(), Closing> {
        if codec.is_none() {
            let offer = "offer the subprotocol realtime.v1.json or realtime.v1.msgpack";
            return Err(Closing::new(code::PROTOCOL, offer));
        }
        if !self.served.origins.admit(&self.headers) {
            return Err(Closing::new(
                code::ORIGIN,
                "this origin may not connect: name it with `App::origin`",
            ));
        }
        Ok(())
    }

    /// Carries frames both ways; returns how it ends.
    async fn run(&mut self) -> End {
        let going = || Closing::new(code::DRAINING, "this node is going away").into();
        let hub = Arc::clone(&self.served.hub);
        let mut draining = pin!(hub.leaving());
        tokio::select! {
            greeted = Box::pin(self.greet()) => if let Err(end) = greeted {
                return end;
            },
            () = &mut draining => return going(),
        }
        let mut alarm = pin!(sleep_until(self.ping_at));
        loop {
            let (waits, wake_at) = match self.work().await {
                Ok(work) => work,
                Err(end) => return end,
            };
            if alarm.deadline() != wake_at {
                alarm.as_mut().reset(wake_at);
            }
            let step = tokio::select! {
                messages = self.input.read() => match messages {
                    Ok(messages) => self.all_received(messages).await,
                    Err(ended) => Err(self.ended(&ended)),
                },
                () = self.out.changed() => Ok(()),
                () = self.output.write(&self.out), if waits => {
                    // That the client took something shows that it lives.
                    self.heard = Instant::now();
                    Ok(())
                }
                () = &mut alarm => self.tick(),
                token = self.session.again() => {
                    Box::pin(self.authenticate(token)).await.map_err(End::from)
                }
                () = &mut draining => Err(going()),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Nothing but `hello` may come first, and soon. WebSocket's own pings do not put it off.
    async fn greet(&mut self) -> Result<(), End> {
        let late = |_| Closing::new(code::HELLO_TIMEOUT, "say `hello` sooner");
        let by = Instant::now() + HELLO_DEADLINE;
        loop {
            self.input.decoder.limit = self.session.max_frame();
            let message = tokio::time::timeout_at(by, self.input.next()).await.map_err(late)?;
            let message = message.map_err(|ended| self.ended(&ended))?;
            let is_frame = matches!(message, Incoming::Text(_) | Incoming::Binary(_));
            self.received(message).await?;
            if is_frame {
                self.place = None;
                self.input.decoder.limit = self.session.max_frame();
                return Ok(());
            }
        }
    }

    /// Does what the queue asks for; returns whether it waits for the socket, and when to look again.
    async fn work(&mut self) -> Result<(bool, Instant), End> {
        let now = Instant::now();
        let work = self.out.work(now);
        if let Some(closing) = work.parting {
            return Err(closing.into());
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
        Ok((work.waits || self.output.waits(), wake_at))
    }

    fn ended(&self, ended: &Ended) -> End {
        match ended {
            Ended::Gone => End::Gone,
            Ended::Broke(Violation::TooLarge) => {
                let most = self.session.max_frame();
                Closing::new(code::TOO_LARGE, format!("a frame has at most {most} bytes here")).into()
            }
            Ended::Broke(Violation::Protocol(why)) => {
                Closing::new(code::MALFORMED, format!("no WebSocket frame: {why}")).into()
            }
        }
    }

    async fn all_received(&mut self, messages: Vec<Incoming>) -> Result<(), End> {
        for message in messages {
            self.received(message).await?;
        }
        self.input.decoder.limit = self.session.max_frame();
        Ok(())
    }

    async fn received(&mut self, message: Incoming) -> Result<(), End> {
        self.heard = Instant::now();
        let bytes = match message {
            Incoming::Close => return Err(End::Closed),
            Incoming::Pong => return Ok(()),
            // Who reads nothing gets no more answers than he could use: the last one says as much as all (RFC 6455, 5.5.3).
            Incoming::Ping(_) if self.out.waiting() > self.session.max_frame() => return Ok(()),
            Incoming::Ping(payload) => {
                self.out.send(Framed::new(Opcode::Pong, payload.into()));
                return Ok(());
            }
            Incoming::Text(bytes) if self.codec == Codec::Json => bytes,
            Incoming::Binary(bytes) if self.codec == Codec::MessagePack => bytes,
            Incoming::Text(_) | Incoming::Binary(_) => {
                let reason = "JSON travels in text messages, MessagePack in binary ones";
                return Err(Closing::new(code::MALFORMED, reason).into());
            }
        };
        let malformed = |error| Closing::new(code::MALFORMED, format!("no frame of this protocol: {error}"));
        let frame: ClientFrame = self.codec.decode(&bytes).map_err(malformed)?;
        match self.session.take(frame, clock::now_ms())? {
            Act::Nothing => {}
            Act::Tell(topic, message) => self.served.hub.send(&topic, message).await,
            Act::Authenticate { token } => Box::pin(self.authenticate(token)).await?,
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
        self.served.may_connect(&identity, self.headers.clone()).await?;
        if let Some(welcome) = self.session.admit(identity, clock::now_ms())? {
            self.out.push(encode(self.codec, &welcome.into()));
            return Ok(());
        }
        for (topic, message) in self.session.renewed()? {
            self.served.hub.send(&topic, message).await;
        }
        Ok(())
    }

    /// Time has passed: a heartbeat, or one of the session's deadlines. The queue looks at its own in `work`.
    fn tick(&mut self) -> Result<(), End> {
        self.session.tick(clock::now_ms())?;
        let now = Instant::now();
        if now < self.ping_at {
            return Ok(());
        }
        if now.duration_since(self.heard) > PING_EVERY * 2 {
            return Err(Closing::new(code::SILENT, "nothing was heard for two heartbeats").into());
        }
        self.ping_at = now + PING_EVERY;
        let ping = Ping { t: clock::now_ms(), heads: self.out.take_heads() };
        self.out.push(encode(self.codec, &ping.into()));
        Ok(())
    }

    /// Says goodbye: in a frame, then with the transport's own close.
    async fn part(mut self, end: End) {
        let frames = match end {
            End::Gone => return,
            End::Closed => vec![Framed::new(Opcode::Close, Bytes::new())],
            End::Part(closing) => self.goodbye(closing),
        };
        let last_words = async {
            self.out.finish(frames);
            while self.out.waiting() > 0 || self.output.waits() {
                self.output.write(&self.out).await;
            }
            // The other side answers; then nothing that was written is lost to a reset.
            self.input.run_dry().await;
        };
        if timeout(GOODBYE, last_words).await.is_err() {
            tracing::debug!("a client did not answer the goodbye");
        }
    }

    fn goodbye(&self, closing: Closing) -> Vec<Framed> {
        let code = closing.code.code;
        let close = [&code.to_be_bytes()[..], shorten(&closing.reason).as_bytes()].concat();
        let bye = Bye { code, reason: closing.reason, retry_after: closing.retry_after };
        let bye = Framed::of(self.codec, encode(self.codec, &bye.into()));
        vec![bye, Framed::new(Opcode::Close, close.into())]
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

fn encode(codec: Codec, frame: &ServerFrame) -> Bytes {
    codec.encode(frame).unwrap_or_default()
}
