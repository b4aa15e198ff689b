//! Readers that are slow: one catch-up for all they missed, the next pages, or the topic anew (S15, S23).

use std::sync::Arc;

use bytes::Bytes;
use realtime_protocol::{Position, frame::v1::reason, session::resume};

use super::{
    catch_up::catch_up,
    channel::Channel,
    event::{Effect, Kind, Stamp, SubKey, Subscriber},
    record::RecordBody,
    sight,
    step::{self, Step, View},
    worker::Worker,
};
use crate::store::Replay;

impl Worker {
    /// What is sent to it from now on is dropped on the way, until its catch-up.
    pub(super) fn behind(&mut self, key: SubKey) {
        if let Some(sub) = self.subs.get_mut(&key) {
            sub.behind = true;
        }
    }

    /// It has room again: it goes on from `at`, or from where it joined, where nothing has reached it.
    /// What it says of a `subscribed` before the last is void: where the last leads it, it says once it is there.
    pub(super) fn drained(&mut self, key: SubKey, at: Option<Arc<Stamp>>, count: u32) {
        let current = |sub: &&Subscriber| sub.live && sub.count == count;
        let Some(sub) = self.subs.get(&key).filter(current) else { return };
        let at = at.map_or_else(|| sub.start.clone(), |stamp| (*stamp).clone());
        self.drained.insert(key, at);
    }

    /// Where the log must be read from for readers that have room again; those for whom it need not are answered.
    pub(super) fn answer_drained(
        &mut self,
        replays: &[(Position, Replay)],
        fx: &mut Vec<Effect>,
    ) -> Vec<Position> {
        let mut unknown = Vec::new();
        for (key, stamp) in std::mem::take(&mut self.drained) {
            let is_known = stamp.at == self.head
                || self.tail.after(stamp.at).is_some()
                || replays.iter().any(|(at, _)| *at == stamp.at);
            if is_known {
                self.go_on(key, &stamp, replays, fx);
            } else {
                unknown.push(stamp.at);
                self.drained.insert(key, stamp);
            }
        }
        unknown
    }

    fn go_on(&mut self, key: SubKey, stamp: &Stamp, replays: &[(Position, Replay)], fx: &mut Vec<Effect>) {
        let Some(sub) = self.subs.get_mut(&key).filter(|sub| sub.live) else { return };
        (sub.behind, sub.cursor) = (false, stamp.next.clone());
        // A flush that is still to come reaches it too.
        let Some(frame) = self.catch_up_frame(key, stamp.at, replays) else {
            return self.start_over(key, reason::LAGGED, fx);
        };
        let kind = Kind::CatchUp(Arc::new(Stamp { at: self.head, next: stamp.next.clone() }));
        fx.push(Effect::Send { to: key, frame, kind });
        if let Some(next) = &stamp.next {
            self.send_pages(key, next, false, fx);
        }
    }

    /// Returns the one delta that leads a reader from `from` to now; `None`: a snapshot is due.
    pub(super) fn catch_up_frame(
        &mut self,
        key: SubKey,
        from: Position,
        replays: &[(Position, Replay)],
    ) -> Option<Bytes> {
        let sub = self.subs.get(&key)?;
        let at = self.channels.iter().position(|channel| channel.number == sub.channel)?;
        let shared = !sight::is_by_row(&self.channels[at].roles);
        let rows = self.missed(sub, &self.channels[at], from, replays)?;
        let head = self.head;
        Some(self.channels[at].catch_up(from, head, shared, || rows))
    }

    fn missed(
        &self,
        sub: &Subscriber,
        channel: &Channel,
        from: Position,
        replays: &[(Position, Replay)],
    ) -> Option<Vec<realtime_protocol::frame::v1::Row>> {
        if from == self.head {
            return Some(Vec::new());
        }
        if let Some(commits) = self.tail.after(from) {
            if !self.is_guarded() {
                return Some(catch_up(&self.registry, &self.rows, commits.map(|commit| &commit.record)));
            }
            return Some(self.seen(sub, channel, commits.filter_map(|commit| commit.step.as_ref())));
        }
        let records = self.records(from, replays)?;
        if !self.is_guarded() {
            return Some(catch_up(&self.registry, &self.rows, records.iter()));
        }
        let steps = step::steps_of(&self.registry, self.root, &self.rows, &records).ok()?;
        Some(self.seen(sub, channel, steps.iter()))
    }

    fn seen<'a>(
        &self,
        sub: &Subscriber,
        channel: &Channel,
        steps: impl Iterator<Item = &'a Step> + Clone,
    ) -> Vec<realtime_protocol::frame::v1::Row> {
        View::of(&self.eyes(&channel.roles, &sub.principal), steps.clone()).rows(&self.rows, steps)
    }

    /// The log from `from` to where the worker stands; what the store knows beyond that will come as deltas.
    fn records(&self, from: Position, replays: &[(Position, Replay)]) -> Option<Vec<RecordBody>> {
        let (_, replay) = replays.iter().find(|(at, _)| *at == from)?;
        let Replay::Records { records, more: false, .. } = replay else { return None };
        let known = records.iter().filter(|record| record.at.offset <= self.head.offset);
        let records: Result<Vec<_>, _> = known.map(|record| RecordBody::decode(&record.bytes)).collect();
        let records = records.ok()?;
        // One that ends before leaves out what the rows hold already.
        let ends_here = replayed_to(replay, self.head);
        let touched: usize = records.iter().map(|record| record.rows.len()).sum();
        (ends_here && touched <= resume::MAX_CATCH_UP_ROWS).then_some(records)
    }
}

/// Tells whether a replay has a position on its way.
fn replayed_to(replay: &Replay, at: Position) -> bool {
    match replay {
        Replay::Records { records, head, .. } => {
            head.at == at || records.iter().any(|record| record.at == at)
        }
        Replay::Gap { .. } => false,
    }
}
