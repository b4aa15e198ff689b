//! What waits for one connection, in which order, and what becomes of it when the reader is slow. Pure: the time is
//! an argument, and the socket a function that takes bytes (S15, L10, L11).
//!
//! What is *urgent* (acks, pings) goes first. Data and the *barriers* of a subscription (`subscribed`, `reset`) keep
//! their order, and an ack does not overtake a barrier of its own subscription. Only data is ever dropped, and then
//! all of a subscription: it is *behind* until a catch-up stands for what it missed.

use std::{collections::VecDeque, io, io::IoSlice, sync::Arc};

use realtime_protocol::{
    code,
    session::flow::{self, Load, Step},
};
use tokio::time::Instant;

use super::{
    Closing,
    flow::{Due, Flows},
};
use crate::{topic::event::Stamp, transport::Framed};

/// What a frame costs beside its bytes.
pub(super) const FRAME_COST: usize = 96;
/// How many pieces one write hands over.
const PIECES: usize = 64;

/// How much may wait for one connection.
pub(crate) type Limits = flow::Bounds;

fn too_slow(why: &str) -> Closing {
    Closing::new(code::TOO_SLOW, format!("{why}: reconnect and resume"))
}

/// What a frame is to the queue.
#[derive(Clone, Debug)]
pub(super) enum Class {
    Urgent,
    /// `anew`: what the reader had before it counts no more; `answers`: it is a `subscribed`.
    Barrier {
        anew: bool,
        answers: bool,
    },
    /// `catch_up`: it stands for all that was dropped before it.
    Data {
        stamp: Arc<Stamp>,
        catch_up: bool,
    },
}

#[derive(Debug)]
struct Entry {
    frame: Framed,
    sub: Option<u32>,
    class: Class,
    since: Instant,
}

impl Entry {
    fn cost(&self) -> usize {
        self.frame.len() + FRAME_COST
    }

    fn is_data(&self) -> bool {
        matches!(self.class, Class::Data { .. })
    }
}

/// How a write ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wrote {
    /// Nothing waits.
    All,
    /// The socket takes no more for now.
    Blocked,
    /// The socket is gone.
    Broken,
}

/// What was dropped.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Dropped {
    pub(super) frames: u64,
    pub(super) bytes: u64,
}

/// The queue.
#[derive(Debug)]
pub(super) struct Queue {
    limits: Limits,
    entries: VecDeque<Entry>,
    /// How many of the first entries go before all others, come what may.
    first: usize,
    /// How much of the first entry is written.
    written: usize,
    bytes: usize,
    flows: Flows,
    /// Since when the socket has taken nothing, while something waits.
    pub(super) blocked: Option<Instant>,
    pub(super) closing: Option<Closing>,
    /// Somebody will flush it.
    pub(super) dirty: bool,
    /// What the process's budget was told.
    pub(super) charged: usize,
    dropped: Dropped,
    /// Nothing more is written, but for the goodbye.
    ended: bool,
}

impl Queue {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            entries: VecDeque::new(),
            first: 0,
            written: 0,
            bytes: 0,
            flows: Flows::default(),
            blocked: None,
            closing: None,
            dirty: false,
            charged: 0,
            dropped: Dropped::default(),
            ended: false,
        }
    }

    /// How many bytes wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a frame, for a subscription or the whole connection. The limits are enforced by [`Self::relieve`].
    pub(super) fn push(&mut self, sub: Option<u32>, frame: Framed, class: Class, now: Instant) {
        if self.closing.is_some() || self.ended {
            return;
        }
        let entry = Entry { frame, sub, class, since: now };
        let cost = entry.cost();
        let is_urgent = match (&entry.class, sub) {
            (Class::Urgent, Some(sub)) => !self.flows.has_barrier(sub),
            (Class::Urgent, None) => true,
            (Class::Barrier { anew, .. }, _) => {
                sub.into_iter().for_each(|sub| self.flows.barrier(sub, *anew));
                false
            }
            (Class::Data { catch_up, .. }, Some(sub)) => {
                let flow = self.flows.of(sub);
                if flow.behind && !(*catch_up && flow.expects_catch_up()) {
                    self.dropped.frames += 1;
                    self.dropped.bytes += cost as u64;
                    return;
                }
                flow.queued(cost, *catch_up);
                false
            }
            (Class::Data { .. }, None) => false,
        };
        self.bytes += cost;
        if is_urgent {
            self.entries.insert(self.first, entry);
            self.first += 1;
        } else {
            self.entries.push_back(entry);
        }
    }

    /// Tells whether [`Self::relieve`] has something to do.
    pub(super) fn is_over(&self) -> bool {
        self.bytes > self.limits.behind_over || self.entries.len() > self.limits.frames / 4
    }

    /// Drops data until the limits hold; where they cannot, the connection ends.
    pub(super) fn relieve(&mut self) {
        self.carry_out(None);
    }

    /// Takes note of the time: old data is dropped, and a socket that takes nothing ends.
    pub(super) fn tick(&mut self, now: Instant) {
        self.carry_out(Some(now));
    }

    /// Does what the ladder says, until it says nothing more.
    fn carry_out(&mut self, now: Option<Instant>) {
        while self.closing.is_none() {
            let fattest = self.flows.fattest(self.under_way());
            let oldest = now.and_then(|_| self.oldest_data());
            let since = |since: Option<Instant>| Some(now?.duration_since(since?));
            let load = Load {
                bytes: self.bytes,
                frames: self.entries.len(),
                may_drop: fattest.is_some(),
                oldest: since(oldest.map(|(since, _)| since)),
                blocked: since(self.blocked),
            };
            let sub = match flow::step(load, &self.limits) {
                Step::GoOn => return,
                Step::DropFattest => fattest,
                Step::DropOldest => oldest.map(|(_, sub)| sub),
                Step::Full => return self.end(too_slow("read faster, or ask for less")),
                Step::Stalled => return self.end(too_slow("nothing was read for too long")),
            };
            let Some(sub) = sub else { return };
            self.drop_data(sub);
        }
    }

    /// When [`Self::tick`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let stalled = self.blocked.map(|since| since + self.limits.stall);
        let old = self.oldest_data().map(|(since, _)| since + self.limits.age);
        stalled.into_iter().chain(old.filter(|_| stalled.is_some())).min()
    }

    /// Ends the connection; what waits is dropped, except that a frame that is under way is completed.
    pub(super) fn end(&mut self, closing: Closing) {
        self.ended = true;
        self.entries.truncate(usize::from(self.written > 0));
        self.first = self.entries.len();
        self.bytes = self.entries.iter().map(Entry::cost).sum();
        self.flows = Flows::default();
        self.closing.get_or_insert(closing);
    }

    /// Puts the last words behind what waits, and takes nothing after them.
    pub(super) fn finish(&mut self, frames: Vec<Framed>, now: Instant) {
        self.ended = true;
        for frame in frames {
            let entry =
                Entry { frame, sub: None, class: Class::Barrier { anew: false, answers: false }, since: now };
            self.bytes += entry.cost();
            self.entries.push_back(entry);
        }
    }

    /// The socket is gone: nobody is there for a goodbye.
    pub(super) fn broken(&mut self) {
        self.written = 0;
        self.end(Closing::new(code::SILENT, "the socket is gone"));
    }

    /// Tells whether all was written that goes before the goodbye.
    pub(super) fn may_part(&self) -> bool {
        self.ended || self.is_empty()
    }

    /// A subscription is no more: late frames of it mean nothing.
    pub(super) fn forget(&mut self, sub: u32) {
        self.retain(|entry| entry.sub != Some(sub) || !entry.is_data());
        self.flows.remove(sub);
    }

    /// A commit held nothing for a subscription: it stands at this channel's head, once nothing waits.
    pub(super) fn skip(&mut self, sub: u32, to: (u32, u64)) {
        if self.closing.is_none() {
            self.flows.skip(sub, to);
        }
    }

    /// Returns the channels and heads that a ping may tell.
    pub(super) fn take_heads(&mut self) -> Vec<(u32, u64)> {
        self.flows.take_heads()
    }

    /// Returns what was dropped since it was last asked.
    pub(super) fn take_dropped(&mut self) -> Dropped {
        std::mem::take(&mut self.dropped)
    }

    /// Tells whether the connection's task has something to do beside waiting for the socket.
    pub(super) fn wants_its_task(&self) -> bool {
        self.closing.is_some() || self.flows.fell_behind || self.is_due()
    }

    /// Returns the subscriptions that fell behind since the last call, and still are.
    pub(super) fn take_behind(&mut self) -> Vec<u32> {
        self.flows.take_behind()
    }

    /// Tells whether some subscription waits for room, and there is room.
    fn is_due(&self) -> bool {
        self.flows.hungry && self.bytes <= self.limits.behind_over / 8
    }

    /// Returns the subscriptions that may go on, each once, and where they stand.
    pub(super) fn take_due(&mut self) -> Vec<Due> {
        if self.is_due() { self.flows.take_due() } else { Vec::new() }
    }

    /// Hands `put` what waits, until nothing does or it takes no more.
    pub(super) fn write(
        &mut self,
        now: Instant,
        mut put: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> Wrote {
        loop {
            if self.entries.is_empty() {
                // A buffer that once grew does not stay grown.
                self.entries.shrink_to(4);
                self.blocked = None;
                return Wrote::All;
            }
            match self.put_some(&mut put) {
                Ok(0) => return Wrote::Broken,
                Ok(taken) => {
                    self.advance(taken);
                    self.blocked = self.blocked.map(|_| now);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked.get_or_insert(now);
                    return Wrote::Blocked;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Wrote::Broken,
            }
        }
    }

    fn put_some(&self, put: &mut impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>) -> io::Result<usize> {
        let mut pieces = [IoSlice::new(&[]); PIECES];
        let mut count = 0;
        for (i, entry) in self.entries.iter().enumerate().take(PIECES / 2) {
            for piece in entry.frame.rest(if i == 0 { self.written } else { 0 }) {
                if !piece.is_empty() {
                    pieces[count] = IoSlice::new(piece);
                    count += 1;
                }
            }
        }
        put(&pieces[..count])
    }

    fn advance(&mut self, mut taken: usize) {
        while let Some(entry) = self.entries.front() {
            let left = entry.frame.len() - self.written;
            if taken < left {
                self.written += taken;
                // Nothing may come between its bytes.
                self.first = self.first.max(usize::from(self.written > 0));
                return;
            }
            taken -= left;
            self.written = 0;
            self.pop();
        }
    }

    /// Takes the first frame, which is on its way.
    pub(super) fn pop(&mut self) -> Option<Framed> {
        let entry = self.entries.pop_front()?;
        self.first = self.first.saturating_sub(1);
        self.bytes -= entry.cost();
        match (&entry.class, entry.sub) {
            (Class::Barrier { anew, answers }, Some(sub)) => {
                self.flows.passed_barrier(sub, *anew, *answers);
            }
            (Class::Data { stamp, .. }, Some(sub)) => self.flows.passed(sub, entry.cost(), Arc::clone(stamp)),
            _ => {}
        }
        Some(entry.frame)
    }

    /// The subscription and cost of data of which some bytes are on the socket: it is not dropped.
    fn under_way(&self) -> Option<(u32, usize)> {
        let entry = self.entries.front().filter(|entry| self.written > 0 && entry.is_data())?;
        Some((entry.sub?, entry.cost()))
    }

    fn oldest_data(&self) -> Option<(Instant, u32)> {
        let mut waiting = self.entries.iter().skip(usize::from(self.written > 0));
        let entry = waiting.find(|entry| entry.is_data() && entry.sub.is_some())?;
        Some((entry.since, entry.sub?))
    }

    fn drop_data(&mut self, sub: u32) {
        let dropped = self.retain(|entry| entry.sub != Some(sub) || !entry.is_data());
        self.dropped.frames += dropped.frames;
        self.dropped.bytes += dropped.bytes;
        self.flows.of(sub).fell_behind(dropped);
        (self.flows.hungry, self.flows.fell_behind) = (true, true);
    }

    /// Keeps what `keep` says, and the frame that is under way.
    fn retain(&mut self, keep: impl Fn(&Entry) -> bool) -> Dropped {
        let under_way = usize::from(self.written > 0);
        let (mut at, mut first, mut dropped) = (0, 0, Dropped::default());
        let was_first = self.first;
        self.entries.retain(|entry| {
            let kept = at < under_way || keep(entry);
            first += usize::from(kept && at < was_first);
            at += 1;
            if !kept {
                dropped.frames += 1;
                dropped.bytes += entry.cost() as u64;
            }
            kept
        });
        self.first = first;
        self.bytes -= usize::try_from(dropped.bytes).unwrap_or(self.bytes);
        dropped
    }
}

#[cfg(test)]
mod tests;
