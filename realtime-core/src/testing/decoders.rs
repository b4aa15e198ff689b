//! The decoders of this crate that read bytes from elsewhere, for the fuzz targets: nothing an application needs.

use realtime_protocol::{LaneId, Raw, frame::v1::Done};

use crate::{
    topic::record::{LaneOutcome, RecordBody, RowChange},
    transport::{Decoder, Incoming, Violation},
};

/// Reads a commit's record: what it says, and the same written and read again; or the error.
#[must_use]
pub fn record(bytes: &[u8]) -> (String, Option<String>) {
    match RecordBody::decode(bytes) {
        Ok(body) => {
            let again = body.encode().ok().and_then(|bytes| RecordBody::decode(&bytes).ok());
            (format!("{body:?}"), Some(again.map_or_else(String::new, |again| format!("{again:?}"))))
        }
        Err(error) => (error.to_string(), None),
    }
}

/// Returns records as they are kept.
#[must_use]
pub fn records() -> Vec<Vec<u8>> {
    let cells = vec![(9, Raw::null())];
    let outcome = Done { value: Some(Raw::null()) }.into();
    let body = RecordBody {
        rows: vec![
            RowChange::Create { model: 1, key: "a".into(), cells: cells.clone() },
            RowChange::Update { model: 1, key: "a".into(), cells: cells.clone(), before: cells.clone() },
            RowChange::Delete { model: 1, key: "b".into(), before: cells },
        ],
        lanes: vec![LaneOutcome { lane: LaneId([7; 16]), seq: 3, hash: 5, outcome }],
    };
    [body, RecordBody::default()].iter().filter_map(|body| body.encode().ok().map(|b| b.to_vec())).collect()
}

/// Reads what a client sends on a WebSocket, in pieces of `piece` bytes: its messages, and how it ends.
#[must_use]
pub fn websocket(bytes: &[u8], limit: usize, piece: usize) -> (Vec<(&'static str, Vec<u8>)>, &'static str) {
    let (mut decoder, mut messages) = (Decoder::new(limit), Vec::new());
    for mut input in bytes.chunks(piece.max(1)) {
        loop {
            match decoder.take(&mut input) {
                Ok(Some(message)) => messages.push(match message {
                    Incoming::Text(text) => ("text", text),
                    Incoming::Binary(bytes) => ("binary", bytes),
                    Incoming::Ping(payload) => ("ping", payload),
                    Incoming::Pong => ("pong", Vec::new()),
                    Incoming::Close => return (messages, "closed"),
                }),
                Ok(None) => break,
                Err(Violation::Protocol(why)) => return (messages, why),
                Err(Violation::TooLarge) => return (messages, "too large"),
            }
        }
    }
    (messages, "open")
}
