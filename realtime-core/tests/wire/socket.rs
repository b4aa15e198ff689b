//! The WebSocket itself: other streams than plain sockets, bytes that come early, and what breaks RFC 6455.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use realtime_core::{
    prelude::*,
    protocol::frame::{Codec, ServerFrame},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::tungstenite::Message;

use super::support::{List, Server, raw};

/// A stream of which nobody knows that there is a socket in it, as with TLS; it takes a byte at a time.
struct Wrapped(TcpStream);

impl AsyncRead for Wrapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wrapped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, &buf[..1.min(buf.len())])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A listener of another kind than tokio's.
struct Foreign(TcpListener);

impl axum::serve::Listener for Foreign {
    type Io = Wrapped;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wrapped, SocketAddr) {
        let (socket, addr) = self.0.accept().await.unwrap();
        (Wrapped(socket), addr)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

#[tokio::test]
async fn a_stream_that_is_no_plain_socket_carries_the_same_frames() {
    let list = List { id: "a".into(), title: "A".into(), items: vec![], done: false };
    let app = App::new().model::<List>().seed(list).store(Memory::new());
    let router = app.into_router::<()>().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::at(listener.local_addr().unwrap().to_string());
    tokio::spawn(async move { axum::serve(Foreign(listener), router).await });
    for codec in Codec::ALL {
        let mut client = server.connect(codec).await;
        client.raw(Message::Ping(vec![1].into())).await;
        client.hello(None).await;
        let subscribed = client.sub(1, "list/a").await;
        assert_eq!(subscribed.id, 1);
        client.outcome("List.add", Some("a"), vec![raw("x")]).await;
        client.close().await;
    }
}

/// Shakes hands by hand, with `more` in the same packet, and returns what the server says after its answer.
async fn shake_hands(server: &Server, more: &[u8]) -> (TcpStream, Vec<u8>) {
    let mut socket = TcpStream::connect(server.addr()).await.unwrap();
    let request = "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        sec-websocket-protocol: other, realtime.v1.json\r\n\r\n";
    socket.write_all(&[request.as_bytes(), more].concat()).await.unwrap();
    let mut got = Vec::new();
    let end = loop {
        assert_ne!(socket.read_buf(&mut got).await.unwrap(), 0);
        if let Some(at) = got.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8(got[..end].to_vec()).unwrap().to_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(
        head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
        "RFC 6455, section 1.3: {head}"
    );
    assert!(head.contains("sec-websocket-protocol: realtime.v1.json"), "{head}");
    got.drain(..end);
    (socket, got)
}

/// Reads to the end; it comes soon.
async fn rest(mut socket: TcpStream, mut got: Vec<u8>) -> Vec<u8> {
    let end = tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut got));
    end.await.expect("the server does not close").unwrap();
    got
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
    frame.extend(payload);
    frame
}

#[tokio::test]
async fn what_comes_with_the_handshake_is_read_and_a_close_is_answered() {
    let server = Server::start().await;
    let hello = masked(0x81, br#"[1,1,1,null,[],[]]"#);
    let (socket, got) =
        shake_hands(&server, &[hello, masked(0x89, b"?"), masked(0x88, &[3, 232])].concat()).await;
    let got = rest(socket, got).await;
    let len = usize::from(u16::from_be_bytes([got[2], got[3]]));
    assert!(matches!(Codec::Json.decode(&got[4..4 + len]), Ok(ServerFrame::Welcome(_))));
    assert_eq!(&got[4 + len..], b"\x8a\x01?\x88\x00", "a pong, then the close");
}

#[tokio::test]
async fn what_breaks_rfc_6455_is_told_so_in_band_and_the_server_lives_on() {
    let server = Server::start().await;
    for (bytes, says) in [
        (b"\x81\x02[]".to_vec(), "masks"),
        (masked(0xc1, b"[]"), "extension"),
        (masked(0x83, b""), "opcode"),
        (masked(0x81, &[0xff]), "UTF-8"),
        (masked(0x88, &[0]), "close code"),
    ] {
        let (mut socket, mut got) = shake_hands(&server, &bytes).await;
        while !got.windows(2).any(|bytes| bytes == 4500_u16.to_be_bytes()) {
            assert_ne!(socket.read_buf(&mut got).await.unwrap(), 0, "no goodbye");
        }
        let text = String::from_utf8_lossy(&got).into_owned();
        assert!(text.contains("no WebSocket frame") && text.contains(says), "{text}");
    }
    server.still_serves().await;
}
