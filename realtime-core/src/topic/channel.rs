//! A channel: one view class of one topic on one node, in one codec; its bytes are made once (S13, S16).

use bytes::Bytes;
use realtime_protocol::{
    Position,
    frame::{
        Codec, ServerFrame,
        v1::{Delta, Page, Row},
    },
};

use super::{change, rows::Rows};

/// About how large a page of a snapshot is, in bytes.
const PAGE_BYTES: usize = 16 * 1024;

/// One channel.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) codec: Codec,
    pub(crate) number: u32,
    /// Up to where its deltas have gone.
    at: Position,
    /// The snapshot at `at`, once somebody asked for it: an avalanche shares it (S24).
    snapshot: Option<Vec<Bytes>>,
}

impl Channel {
    pub(crate) fn new(codec: Codec, number: u32) -> Self {
        Self { codec, number, at: Position::default(), snapshot: None }
    }

    /// Begins anew at `at`: the topic was loaded.
    pub(crate) fn restart(&mut self, at: Position) {
        self.at = at;
        self.snapshot = None;
    }

    /// Moves to `to`, and returns the delta that leads there.
    pub(crate) fn advance(&mut self, to: Position, rows: Vec<Row>) -> Bytes {
        let frame = delta(self.number, self.at, to, rows);
        self.restart(to);
        encode(self.codec, &frame)
    }

    /// Returns the delta that leads one reader from `from` to where the channel is.
    pub(crate) fn catch_up(&self, from: Position, rows: Vec<Row>) -> Bytes {
        encode(self.codec, &delta(self.number, from, self.at, rows))
    }

    /// Returns the pages of a snapshot.
    pub(crate) fn snapshot(&mut self, rows: &Rows) -> Vec<Bytes> {
        let (codec, channel) = (self.codec, self.number);
        let make = || pages(channel, rows).iter().map(|page| encode(codec, page)).collect();
        self.snapshot.get_or_insert_with(make).clone()
    }
}

fn delta(channel: u32, from: Position, to: Position, rows: Vec<Row>) -> ServerFrame {
    let epoch = (from.epoch != to.epoch).then_some(to.epoch);
    Delta { channel, to: to.offset, span: to.offset - from.offset, rows, epoch }.into()
}

fn pages(channel: u32, rows: &Rows) -> Vec<ServerFrame> {
    let mut pages: Vec<Vec<Row>> = vec![Vec::new()];
    let mut size = 0;
    for (key, row) in rows {
        let bytes: usize = row.cells.iter().map(|cell| cell.bytes().len()).sum();
        if size > 0 && size + bytes > PAGE_BYTES {
            pages.push(Vec::new());
            size = 0;
        }
        size += bytes;
        pages.last_mut().into_iter().for_each(|page| page.push(change::whole_row(key, row)));
    }
    let last = pages.len() - 1;
    let page = |(i, rows)| Page { channel, rows, last: i == last }.into();
    pages.into_iter().enumerate().map(page).collect()
}

/// Encodes a frame of the server's own making.
pub(crate) fn encode(codec: Codec, frame: &ServerFrame) -> Bytes {
    codec.encode(frame).unwrap_or_else(|error| {
        // Only a value that JSON cannot hold (NaN) gets here, and `row_of` refuses those before.
        tracing::error!(%error, "a frame cannot be encoded");
        Bytes::new()
    })
}
