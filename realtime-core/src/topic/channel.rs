//! A channel: one view class of one topic on one node, in one codec; its bytes are made once (S13, S16, S18).

use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use realtime_protocol::{
    Position,
    frame::{
        Codec, ServerFrame,
        v1::{Delta, Row},
    },
};

use super::{pages::Part, sight::Roles};

/// How many catch-ups from different positions are remembered until the topic moves (S15).
const MAX_CATCH_UPS: usize = 64;

/// Numbers a node's channels: no two of a process are the same (S16).
#[derive(Debug)]
pub(crate) struct Numbers(AtomicU32);

impl Numbers {
    /// Begins at a random number, so that one of before is not taken for one of now.
    pub(crate) fn new(start: u32) -> Self {
        Self(AtomicU32::new(start))
    }

    pub(crate) fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// One channel.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) codec: Codec,
    pub(crate) roles: Roles,
    pub(crate) number: u32,
    /// No reader stands before this: who is not sent a commit that holds nothing for him stays behind the others.
    floor: Position,
    /// The snapshot's first pages as of now, once somebody asked for them: an avalanche shares them (S24).
    pub(super) snapshot: Option<Vec<Part>>,
    /// Catch-ups to now, by where they begin.
    catch_ups: Vec<(Position, Bytes)>,
}

impl Channel {
    /// Makes one whose readers stand at `at`.
    pub(crate) fn new(codec: Codec, roles: Roles, number: u32, at: Position) -> Self {
        Self { codec, roles, number, floor: at, snapshot: None, catch_ups: Vec::new() }
    }

    /// The topic has moved: what was made for its former position is of no use.
    pub(crate) fn moved(&mut self) {
        self.snapshot = None;
        self.catch_ups.clear();
    }

    /// No reader stands before this.
    pub(crate) fn floor(&self) -> Position {
        self.floor
    }

    /// Tells whether all readers stand at `at`.
    pub(crate) fn is_even(&self, at: Position) -> bool {
        self.floor == at
    }

    /// Every reader was sent what leads to `to`.
    pub(crate) fn advance(&mut self, to: Position) {
        self.floor = to;
    }

    /// Returns the delta that leads all readers to `to`; `prev`: where the topic stood before it.
    pub(crate) fn delta(&self, prev: Position, to: Position, rows: Vec<Row>) -> Bytes {
        // Left out where no reader can stand at another epoch.
        let epoch = (self.floor != prev || prev.epoch != to.epoch).then_some(to.epoch);
        encode(self.codec, &delta(self.number, self.floor, to, rows, epoch))
    }

    /// Returns the delta that leads one reader from `from` to `to`.
    pub(crate) fn catch_up(
        &mut self,
        from: Position,
        to: Position,
        shared: bool,
        rows: impl FnOnce() -> Vec<Row>,
    ) -> Bytes {
        if let Some((_, known)) = self.catch_ups.iter().find(|(at, _)| *at == from && shared) {
            return known.clone();
        }
        let epoch = (from.epoch != to.epoch).then_some(to.epoch);
        let frame = encode(self.codec, &delta(self.number, from, to, rows(), epoch));
        if shared && self.catch_ups.len() < MAX_CATCH_UPS {
            self.catch_ups.push((from, frame.clone()));
        }
        frame
    }
}

fn delta(channel: u32, from: Position, to: Position, rows: Vec<Row>, epoch: Option<u32>) -> ServerFrame {
    Delta { channel, to: to.offset, span: to.offset.saturating_sub(from.offset), rows, epoch }.into()
}

/// Encodes a frame of the server's own making.
pub(crate) fn encode(codec: Codec, frame: &ServerFrame) -> Bytes {
    codec.encode(frame).unwrap_or_else(|error| {
        // Only a value that JSON cannot hold (NaN) gets here, and `row_of` refuses those before.
        tracing::error!(%error, "a frame cannot be encoded");
        Bytes::new()
    })
}
