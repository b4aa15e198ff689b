//! A client of the simulation: what a page knows, told by real frames.

use realtime_protocol::{
    LaneId, Position,
    frame::{
        Codec, ServerFrame,
        v1::{Ack, Delta, LaneRow, Outcome, Page, Row, Subscribed, how},
    },
};

/// One mutation under way.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) seq: u64,
    pub(super) name: &'static str,
    pub(super) outcome: Option<(u64, Outcome)>,
}

/// A page's view of one topic.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) lane: LaneId,
    pub(super) node: usize,
    pub(super) sub: u32,
    pub(super) count: u32,
    pub(super) class: u64,
    pub(super) channel: u32,
    pub(super) at: Option<Position>,
    pub(super) votes: Option<u32>,
    pub(super) next_seq: u64,
    pub(super) got: u64,
    pub(super) pending: Vec<Pending>,
    /// What every mutation came to, once known.
    pub(super) settled: Vec<(u64, Outcome)>,
    /// What was seen, in words.
    pub(super) log: Vec<String>,
    snapshot: Option<Position>,
}

impl Client {
    pub(super) fn new(number: u8, node: usize) -> Self {
        Self {
            lane: LaneId([number; 16]),
            node,
            sub: 0,
            count: 0,
            class: 0,
            channel: 0,
            at: None,
            votes: None,
            next_seq: 1,
            got: 0,
            pending: Vec::new(),
            settled: Vec::new(),
            log: Vec::new(),
            snapshot: None,
        }
    }

    pub(super) fn call(&mut self, name: &'static str) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        self.pending.push(Pending { seq, name, outcome: None });
        seq
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        let frame: ServerFrame = Codec::Json.decode(bytes).unwrap();
        match frame {
            ServerFrame::Subscribed(frame) if frame.id == self.sub => self.subscribed(frame),
            ServerFrame::Page(page) if page.channel == self.channel => self.page(&page),
            ServerFrame::Delta(delta) if delta.channel == self.channel => self.delta(&delta),
            ServerFrame::Ack(ack) if ack.sub == self.sub => self.ack(ack),
            ServerFrame::Defer(defer) if defer.sub == self.sub => {
                self.log.push(format!("defer {} {}", defer.seq, defer.code));
            }
            _ => {}
        }
        self.settle();
    }

    fn subscribed(&mut self, frame: Subscribed) {
        (self.count, self.channel, self.class) = (frame.count, frame.channel, frame.class);
        let at = Position { offset: frame.offset, epoch: frame.epoch };
        let word = match frame.how {
            how::RESUMED => "resumed",
            how::SNAPSHOT => "snapshot",
            how::REFUSED => "refused",
            _ => "lanes",
        };
        let reason = frame.reason.as_deref().map(|reason| format!(" {reason}")).unwrap_or_default();
        self.log.push(format!("{word} @{}{reason}", at.offset));
        self.snapshot = None;
        if frame.how == how::SNAPSHOT {
            // The position counts from the last page on: a cut before it begins anew.
            self.snapshot = Some(at);
            self.at = None;
            self.votes = None;
        }
        for row in frame.lanes {
            if let LaneRow::Known(known) = row {
                // The row is the truth (S22): acks of before are forgotten.
                for pending in &mut self.pending {
                    let kept = known.kept.iter().find(|(seq, _, _)| *seq == pending.seq);
                    // One that is not kept any more was told before: this client said so itself, by `got`.
                    let told = pending.outcome.take().filter(|_| pending.seq <= known.got);
                    pending.outcome =
                        kept.map(|(_, mark, outcome)| (mark.unwrap_or(0), outcome.clone())).or(told);
                }
                assert!(known.last < self.next_seq, "the server knows a seq that was never given");
            }
        }
    }

    fn page(&mut self, page: &Page) {
        page.rows.iter().for_each(|row| self.row(row));
        self.log.push(format!("page {}", self.words()));
        if page.last {
            self.at = self.snapshot.take();
        }
    }

    fn delta(&mut self, delta: &Delta) {
        // While pages come, deltas move the snapshot to come (S23).
        let at = self.snapshot.or(self.at).expect("a delta before a position");
        let from = delta.to - delta.span;
        assert!(from <= at.offset, "L1: a gap: at {}, delta from {from}", at.offset);
        if delta.to <= at.offset {
            return;
        }
        let epoch = delta.epoch.unwrap_or(at.epoch);
        let at = Position { offset: delta.to, epoch };
        match &mut self.snapshot {
            Some(coming) => *coming = at,
            None => self.at = Some(at),
        }
        delta.rows.iter().for_each(|row| self.row(row));
        self.log.push(format!("delta @{} {}", delta.to, self.words()));
    }

    fn row(&mut self, row: &Row) {
        match row {
            Row::Put(put) => self.votes = Some(put.values[1].decode().unwrap()),
            Row::Columns(columns) => {
                for (column, value) in &columns.cells.0 {
                    if *column == 1 {
                        self.votes = Some(value.decode().unwrap());
                    }
                }
            }
            Row::Leave(_) => self.votes = None,
            _ => {}
        }
    }

    fn ack(&mut self, ack: Ack) {
        for (_, seq, outcome) in ack.outcomes {
            let word = match &outcome {
                Outcome::Done(_) => "done",
                Outcome::Refused(_) => "refused",
                _ => "settled",
            };
            self.log.push(format!("ack {seq} {word} @{}", ack.mark));
            if let Some(pending) = self.pending.iter_mut().find(|pending| pending.seq == seq) {
                pending.outcome = Some((ack.mark, outcome));
            }
        }
    }

    /// L4: a pending mutation is dropped in the step in which the position reaches its mark.
    fn settle(&mut self) {
        let offset = self.at.map_or(0, |at| at.offset);
        if self.snapshot.is_some() {
            return;
        }
        let settled = &mut self.settled;
        self.pending.retain(|pending| match &pending.outcome {
            Some((mark, outcome)) if *mark <= offset || !matches!(outcome, Outcome::Done(_)) => {
                settled.push((pending.seq, outcome.clone()));
                false
            }
            _ => true,
        });
        let first_open = self.pending.iter().filter(|p| p.outcome.is_none()).map(|p| p.seq).min();
        self.got = first_open.map_or(self.next_seq - 1, |seq| seq - 1);
    }

    fn words(&self) -> String {
        self.votes.map_or("nothing".to_owned(), |votes| format!("{votes}"))
    }
}
