//! A reader that is too slow: it gets one catch-up and ends at the store's state, and delays nobody (S15, L11).

use realtime_core::{
    prelude::*,
    protocol::{
        frame::{
            ClientFrame, Codec, ServerFrame,
            v1::{Delta, Hello, Outcome, Row, Sub, how, view},
        },
        session::Limits,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use super::support::{Client, Server, raw};

/// A sheet of paper.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "paper/{id}")]
struct Paper {
    #[sync(key)]
    id: String,
    text: String,
}

#[mutations]
impl Paper {
    fn write(&mut self, text: String) {
        self.text = text;
    }
}

/// A reader with a small window, which reads a little at a time, and only when it is told to.
struct Slow(TcpStream);

impl Slow {
    async fn open(addr: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut slow = Self(socket.connect(addr.parse().unwrap()).await.unwrap());
        let request = "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
            sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
            sec-websocket-protocol: realtime.v1.msgpack\r\n\r\n";
        slow.0.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(slow.0.read_u8().await.unwrap());
        }
        slow.send(Hello { min: 1, max: 1, token: None, lanes: vec![], schema: vec![] }).await;
        let topic = realtime_core::protocol::Topic::new("paper/a").unwrap();
        slow.send(Sub { id: 1, topic, view: view::ALL, lanes: vec![], resume: None }).await;
        slow
    }

    async fn send(&mut self, frame: impl Into<ClientFrame>) {
        let payload = Codec::MessagePack.encode(&frame.into()).unwrap();
        let head = [0x82, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
        self.0.write_all(&[&head[..], &payload].concat()).await.unwrap();
    }

    /// Reads one frame: the header a byte at a time, the rest in small pieces.
    async fn next(&mut self) -> ServerFrame {
        assert_eq!(self.0.read_u8().await.unwrap(), 0x82);
        let len = match self.0.read_u8().await.unwrap() {
            126 => u64::from(self.0.read_u16().await.unwrap()),
            127 => self.0.read_u64().await.unwrap(),
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        for piece in payload.chunks_mut(700) {
            self.0.read_exact(piece).await.unwrap();
        }
        Codec::MessagePack.decode(&payload).unwrap()
    }
}

/// A server whose sockets have small buffers, as those that it accepts have them from the listener.
async fn serve(app: App) -> Server {
    let router = app.into_router::<()>().await.unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(4096).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(64).unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Server::at(addr)
}

/// The text that a frame's rows bring.
fn text(rows: &[Row]) -> Option<String> {
    let cell = |row: &Row| match row {
        Row::Put(put) => put.values.last().map(|cell| cell.decode().unwrap()),
        Row::Columns(columns) => columns.cells.0.last().map(|(_, cell)| cell.decode().unwrap()),
        _ => None,
    };
    rows.iter().filter_map(cell).next_back()
}

/// What a slow reader was sent.
#[derive(Debug)]
struct Got {
    deltas: usize,
    /// Deltas that stand for several commits.
    merged: usize,
    resets: usize,
}

/// Writes so often so many bytes while one reads nothing and another all; then the slow one reads to the end.
async fn run(writes: usize, bytes: usize) -> Got {
    let paper = Paper { id: "a".into(), text: String::new() };
    let limits = Limits::new().mutations_per_second(100_000, 100_000);
    let app = App::new().model::<Paper>().seed(paper).store(Memory::new()).limits(limits);
    let server = serve(app).await;
    let mut slow = Slow::open(server.addr()).await;
    while !matches!(slow.next().await, ServerFrame::Page(_)) {}
    let (mut fair, _) = server.guest().await;
    assert_eq!(fair.sub(1, "paper/a").await.how, how::SNAPSHOT);
    let (mut last, mut head, mut at) = (String::new(), 0, 0);
    for n in 0..writes {
        last = format!("{n:06}").repeat(bytes / 6);
        fair.mutate("Paper.write", Some("a"), vec![raw(&last)]).await;
        let delta = delta(&mut fair).await;
        assert_eq!((delta.span, text(&delta.rows).as_ref()), (1, Some(&last)));
        at = if n == 0 { delta.to - 1 } else { at };
        head = delta.to;
    }
    let mut got = Got { deltas: 0, merged: 0, resets: 0 };
    let (mut paging, mut shown) = (false, None);
    while at < head || paging {
        let rows = match slow.next().await {
            ServerFrame::Delta(delta) => {
                assert!(delta.to - delta.span <= at, "L1: a gap between {at} and {}", delta.to - delta.span);
                at = delta.to;
                got.deltas += 1;
                got.merged += usize::from(delta.span > 1);
                delta.rows
            }
            ServerFrame::Page(page) => {
                paging = !page.last;
                page.rows
            }
            ServerFrame::Subscribed(subscribed) => {
                (at, paging) = (subscribed.offset, true);
                continue;
            }
            ServerFrame::Reset(_) => {
                got.resets += 1;
                continue;
            }
            _ => continue,
        };
        shown = text(&rows).or(shown);
    }
    assert!(shown == Some(last), "L8: {got:?}");
    got
}

/// The fair reader's next delta: it is answered while the slow one reads nothing.
async fn delta(fair: &mut Client) -> Delta {
    loop {
        match fair.next().await {
            ServerFrame::Delta(delta) => return delta,
            ServerFrame::Ack(ack) => assert!(matches!(ack.outcomes[0].2, Outcome::Done(_)), "{ack:?}"),
            ServerFrame::Page(_) | ServerFrame::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s15_l11_a_slow_reader_gets_one_catch_up_for_what_it_missed_and_a_fair_one_every_commit() {
    let got = run(45, 18_000).await;
    assert!(got.merged > 0 && got.deltas < 45 && got.resets == 0, "{got:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s15_a_reader_who_missed_more_than_the_log_keeps_gets_the_topic_anew() {
    let got = run(60, 50_000).await;
    assert!(got.resets > 0, "{got:?}");
}
