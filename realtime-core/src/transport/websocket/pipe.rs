//! Bytes in and out of a connection's stream: a plain socket's halves, or those of any other stream.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf, ReadHalf, WriteHalf},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
};

use super::{
    decoder::{Decoder, Incoming, Violation},
    upgrade::Stream,
};
use crate::runtime::Outbound;

/// How much is read at a time.
const CHUNK: usize = 16 * 1024;

thread_local! {
    /// Where all connections of a thread read to: an idle one has no buffer of its own.
    static CHUNK_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into_boxed_slice());
}

/// Why nothing more comes.
#[derive(Debug)]
pub(super) enum Ended {
    /// The client left, or the network did.
    Gone,
    Broke(Violation),
}

/// What comes in.
pub(super) struct Input {
    half: ReadSide,
    pub(super) decoder: Decoder,
    /// What was read and not yet decoded: what came with the handshake, and behind a `hello`.
    early: Vec<u8>,
}

enum ReadSide {
    Tcp(OwnedReadHalf),
    Other(ReadHalf<TokioIo<Upgraded>>),
}

/// What goes out; nothing, where everybody who holds the queue writes to the socket.
pub(super) struct Output {
    half: Option<WriteHalf<TokioIo<Upgraded>>>,
    /// What was written may still be in the stream's own buffer.
    unflushed: bool,
}

/// Takes a stream apart; the half of a plain socket that writes belongs to the queue.
pub(super) fn split(stream: Stream, early: &[u8], limit: usize) -> (Input, Output, Option<OwnedWriteHalf>) {
    let (half, output, socket) = match stream {
        Stream::Tcp(socket) => {
            let (read, write) = socket.into_split();
            (ReadSide::Tcp(read), None, Some(write))
        }
        Stream::Other(stream) => {
            let (read, write) = tokio::io::split(*stream);
            (ReadSide::Other(read), Some(write), None)
        }
    };
    (
        Input { half, decoder: Decoder::new(limit), early: early.to_vec() },
        Output { half: output, unflushed: false },
        socket,
    )
}

impl Input {
    /// Returns the next message, and keeps what came behind it: what it is decides what may follow.
    pub(super) async fn next(&mut self) -> Result<Incoming, Ended> {
        loop {
            let mut rest = &self.early[..];
            let message = self.decoder.take(&mut rest).map_err(Ended::Broke)?;
            self.early = rest.to_vec();
            if let Some(message) = message {
                return Ok(message);
            }
            let early = &mut self.early;
            poll_fn(|cx| poll_chunk(&mut self.half, cx, |bytes| early.extend_from_slice(bytes))).await?;
        }
    }

    /// Returns all messages that come with the next bytes, possibly none.
    pub(super) async fn read(&mut self) -> Result<Vec<Incoming>, Ended> {
        let decoder = &mut self.decoder;
        if !self.early.is_empty() {
            let early = std::mem::take(&mut self.early);
            return decode(decoder, &early).map_err(Ended::Broke);
        }
        let messages = poll_fn(|cx| poll_chunk(&mut self.half, cx, |bytes| decode(decoder, bytes))).await?;
        messages.map_err(Ended::Broke)
    }

    /// Reads on until the other side has closed.
    pub(super) async fn run_dry(&mut self) {
        while poll_fn(|cx| poll_chunk(&mut self.half, cx, |_| ())).await.is_ok() {}
    }
}

fn decode(decoder: &mut Decoder, mut bytes: &[u8]) -> Result<Vec<Incoming>, Violation> {
    let mut messages = Vec::new();
    while let Some(message) = decoder.take(&mut bytes)? {
        messages.push(message);
    }
    Ok(messages)
}

/// Hands the next bytes to `take`.
fn poll_chunk<T>(
    half: &mut ReadSide,
    cx: &mut Context<'_>,
    take: impl FnOnce(&[u8]) -> T,
) -> Poll<Result<T, Ended>> {
    CHUNK_BUFFER.with_borrow_mut(|buffer| {
        let mut chunk = ReadBuf::new(buffer);
        let polled = match half {
            ReadSide::Tcp(half) => Pin::new(half).poll_read(cx, &mut chunk),
            ReadSide::Other(half) => Pin::new(half).poll_read(cx, &mut chunk),
        };
        polled.map(|read| match read {
            Ok(()) if !chunk.filled().is_empty() => Ok(take(chunk.filled())),
            Ok(()) => Err(Ended::Gone),
            Err(error) => {
                tracing::debug!(%error, "a connection broke");
                Err(Ended::Gone)
            }
        })
    })
}

impl Output {
    /// Writes what waits, as soon as the stream takes it.
    pub(super) async fn write(&mut self, out: &Arc<Outbound>) {
        let Some(half) = &mut self.half else { return out.write_more().await };
        self.unflushed = true;
        poll_fn(|cx| out.poll_write(|pieces| Pin::new(&mut *half).poll_write_vectored(cx, pieces))).await;
        let _: io::Result<()> = poll_fn(|cx| Pin::new(&mut *half).poll_flush(cx)).await;
        self.unflushed = false;
    }

    /// Tells whether the stream itself holds something back.
    pub(super) fn waits(&self) -> bool {
        self.unflushed
    }
}
