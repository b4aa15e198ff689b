//! A server on a loopback port, and a client that speaks frames.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use realtime_core::{
    prelude::*,
    protocol::{
        Raw,
        frame::{
            ClientFrame, Codec, ServerFrame,
            v1::{Ack, Call, Entry, Hello, Mutate, Outcome, Sub, Subscribed, Welcome, view},
        },
        schema::mutator_number,
    },
};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

/// A list of things, which everybody may make and change.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "list/{id}", create = anyone, patch(title) = anyone, delete = anyone)]
pub(crate) struct List {
    #[sync(key)]
    pub(crate) id: String,
    #[sync(length(min = 1, max = 10))]
    pub(crate) title: String,
    pub(crate) items: Vec<String>,
    #[sync(default = false)]
    pub(crate) done: bool,
}

#[derive(SyncError, Debug)]
pub(crate) enum AddError {
    Done,
    Full { limit: u32 },
}

#[mutations]
impl List {
    /// Adds an item.
    fn add(&mut self, #[sync(length(min = 1, max = 5))] item: String) -> Result<u32, AddError> {
        if self.done {
            return Err(AddError::Done);
        }
        if self.items.len() >= 3 {
            return Err(AddError::Full { limit: 3 });
        }
        self.items.push(item);
        Ok(self.items.len() as u32)
    }

    fn finish(&mut self) {
        self.done = true;
    }
}

/// A note that only its owner may open and change.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "note/{id}", open = owner, principal = Guest)]
pub(crate) struct Note {
    #[sync(key)]
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) text: String,
}

fn owner(guest: &Guest, note: &Note) -> bool {
    guest.id == note.owner
}

fn nobody(_: &Guest) -> bool {
    false
}

#[mutations]
impl Note {
    fn write(&mut self, text: String) {
        self.text = text;
    }

    fn give(&mut self, to: String) {
        self.owner = to;
    }

    #[mutation(allow = nobody)]
    fn burn(&mut self) {
        self.text.clear();
    }
}

/// A running server.
pub(crate) struct Server {
    addr: String,
}

impl Server {
    /// One with a list, in memory.
    pub(crate) async fn start() -> Self {
        let list = List { id: "a".into(), title: "A".into(), items: vec![], done: false };
        Self::serve(App::new().model::<List>().seed(list).store(Memory::new())).await
    }

    pub(crate) async fn serve<P: Principal>(app: App<P>) -> Self {
        let router = app.into_router::<()>().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { addr }
    }

    /// One that another process runs.
    pub(crate) fn at(addr: String) -> Self {
        Self { addr }
    }

    pub(crate) fn addr(&self) -> &str {
        &self.addr
    }

    pub(crate) async fn connect(&self, codec: Codec) -> Client {
        self.connect_with(Some(codec.subprotocol()), None, codec).await
    }

    pub(crate) async fn connect_with(
        &self,
        protocol: Option<&str>,
        origin: Option<&str>,
        codec: Codec,
    ) -> Client {
        let mut request = format!("ws://{}/ws", self.addr).into_client_request().unwrap();
        for (name, value) in [("sec-websocket-protocol", protocol), ("origin", origin)] {
            if let Some(value) = value {
                request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
            }
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        Client { socket, codec, mutated: 0, heard: Vec::new() }
    }

    /// A guest of JSON who has been welcomed.
    pub(crate) async fn guest(&self) -> (Client, Welcome) {
        let mut client = self.connect(Codec::Json).await;
        let welcome = client.hello(None).await;
        (client, welcome)
    }

    /// Shows that the server lives on.
    pub(crate) async fn still_serves(&self) {
        let (mut client, _) = self.guest().await;
        let subscribed = client.sub(1, "list/a").await;
        assert_eq!(subscribed.id, 1);
    }
}

/// A client that sends what it is told to.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    codec: Codec,
    mutated: u64,
    /// Every byte that came.
    heard: Vec<u8>,
}

/// A connection's end: the code and reason of its `bye`, and the code of its close frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parted {
    pub(crate) code: u16,
    pub(crate) reason: String,
    pub(crate) close: u16,
}

impl Client {
    pub(crate) async fn send(&mut self, frame: impl Into<ClientFrame>) {
        let bytes = self.codec.encode(&frame.into()).unwrap();
        let message = match self.codec {
            Codec::Json => Message::text(String::from_utf8(bytes.to_vec()).unwrap()),
            Codec::MessagePack => Message::binary(bytes),
        };
        self.raw(message).await;
    }

    /// Sends what no client of ours would.
    pub(crate) async fn raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    async fn message(&mut self) -> Message {
        let next = tokio::time::timeout(Duration::from_secs(20), self.socket.next());
        let message = next.await.expect("the server says nothing").expect("the server is gone").unwrap();
        self.heard.extend_from_slice(&message.clone().into_data());
        message
    }

    /// Tells whether a text stood in anything that came so far.
    pub(crate) fn heard(&self, text: &str) -> bool {
        self.heard.windows(text.len()).any(|bytes| bytes == text.as_bytes())
    }

    /// Reads until a text has come.
    pub(crate) async fn hear(&mut self, text: &str) {
        while !self.heard(text) {
            self.next().await;
        }
    }

    pub(crate) async fn next(&mut self) -> ServerFrame {
        loop {
            match self.message().await {
                Message::Text(text) => return Codec::Json.decode(text.as_bytes()).unwrap(),
                Message::Binary(bytes) => return Codec::MessagePack.decode(&bytes).unwrap(),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// Waits for the goodbye.
    pub(crate) async fn parted(&mut self) -> Parted {
        let bye = loop {
            if let ServerFrame::Bye(bye) = self.next().await {
                break bye;
            }
        };
        loop {
            if let Message::Close(Some(frame)) = self.message().await {
                return Parted { code: bye.code, reason: bye.reason, close: frame.code.into() };
            }
        }
    }

    /// Says hello, and does not wait.
    pub(crate) async fn greet(&mut self, token: Option<String>) {
        let lane = "AAAAAAAAAAAAAAAA".to_owned().try_into().unwrap();
        let day = realtime_core::protocol::Day::of_ms(realtime_now());
        self.send(Hello { min: 1, max: 1, token, lanes: vec![(lane, day)], schema: vec![] }).await;
    }

    pub(crate) async fn hello(&mut self, token: Option<String>) -> Welcome {
        self.greet(token).await;
        match self.next().await {
            ServerFrame::Welcome(welcome) => welcome,
            other => panic!("{other:?}"),
        }
    }

    /// Subscribes, with the first lane, from nowhere.
    pub(crate) async fn sub(&mut self, id: u32, topic: &str) -> Subscribed {
        self.resume(id, topic, None).await
    }

    pub(crate) async fn resume(
        &mut self,
        id: u32,
        topic: &str,
        resume: Option<(u64, u32, u64)>,
    ) -> Subscribed {
        let topic = realtime_core::protocol::Topic::new(topic).unwrap();
        let lanes = vec![(0, 0, true)];
        self.send(Sub { id, topic, view: view::ALL, lanes, resume }).await;
        loop {
            match self.next().await {
                ServerFrame::Subscribed(subscribed) if subscribed.id == id => return subscribed,
                _ => {}
            }
        }
    }

    /// Sends one mutation under `sub` 1, with the next number.
    pub(crate) async fn mutate(&mut self, mutation: &str, key: Option<&str>, args: Vec<Raw>) -> u64 {
        self.mutated += 1;
        let entry = call(self.mutated, mutation, key, args);
        self.send(Mutate { sub: 1, count: 1, lane: 0, got: 0, entries: vec![entry] }).await;
        self.mutated
    }

    /// Sends the last mutation once more, and waits until it has run.
    pub(crate) async fn mutate_again(&mut self, mutation: &str, key: Option<&str>, args: Vec<Raw>) {
        let entries = vec![call(self.mutated, mutation, key, args)];
        self.send(Mutate { sub: 1, count: 1, lane: 0, got: 0, entries }).await;
        while !matches!(self.next().await, ServerFrame::Ack(_)) {}
    }

    /// Sends one mutation, and returns what became of it.
    pub(crate) async fn outcome(&mut self, mutation: &str, key: Option<&str>, args: Vec<Raw>) -> Outcome {
        let seq = self.mutate(mutation, key, args).await;
        let ack = self.ack().await;
        let [(0, acked, outcome)] = ack.outcomes.as_slice() else { panic!("{ack:?}") };
        assert_eq!(*acked, seq);
        outcome.clone()
    }

    /// Waits for the next ack.
    pub(crate) async fn ack(&mut self) -> Ack {
        loop {
            if let ServerFrame::Ack(ack) = self.next().await {
                return ack;
            }
        }
    }

    /// Sends one mutation, and returns its refusal.
    pub(crate) async fn refusal(
        &mut self,
        mutation: &str,
        key: Option<&str>,
        args: Vec<Raw>,
    ) -> serde_json::Value {
        match self.outcome(mutation, key, args).await {
            Outcome::Refused(refused) => refused.error.decode().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Ends the connection.
    pub(crate) async fn close(mut self) {
        self.socket.close(None).await.unwrap();
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}

pub(crate) fn call(seq: u64, mutation: &str, key: Option<&str>, args: Vec<Raw>) -> Entry {
    let (model, name) = mutation.split_once('.').unwrap();
    Call {
        seq,
        mutator: mutator_number(model, name),
        version: 1,
        now: 0,
        key: key.map(str::to_owned),
        args,
        after: None,
        seed: None,
        seen: None,
    }
    .into()
}

pub(crate) fn raw<T: Serialize>(value: T) -> Raw {
    Raw::encode(&value).unwrap()
}

fn realtime_now() -> u64 {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    u64::try_from(now.as_millis()).unwrap()
}
