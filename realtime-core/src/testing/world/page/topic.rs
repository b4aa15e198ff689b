//! One topic as a simulated page knows it: subscription, confirmed state, and what is pending over it.

use std::{collections::BTreeSet, sync::Arc};

use realtime_protocol::{
    Position, Topic,
    frame::v1::{Ack, Delta, LaneRow, Page as PageFrame, Reset, Subscribed, how, view},
};

use super::{
    base::{Base, Table, table},
    disk::Lane,
    predict,
    queue::{Entry, Queue, Verdict},
};
use crate::{handler::Registry, topic::rows::Value};

/// The topic.
#[derive(Debug)]
pub(in crate::testing::world) struct View {
    pub(in crate::testing::world) topic: Topic,
    /// The place of its root among the models.
    pub(in crate::testing::world) root: usize,
    /// What is wanted: `view::NONE` or `view::ALL`.
    pub(in crate::testing::world) wants: u8,
    pub(in crate::testing::world) sub: u32,
    pub(in crate::testing::world) count: u32,
    pub(in crate::testing::world) channel: Option<u32>,
    pub(in crate::testing::world) base: Option<Base>,
    /// A snapshot that is coming.
    pub(in crate::testing::world) stage: Option<Base>,
    /// What was in the old state while the new one comes: not shown over it again (S22).
    in_old: BTreeSet<(Lane, u64)>,
    pub(in crate::testing::world) refusal: Option<String>,
    pub(in crate::testing::world) queue: Queue,
    /// Lanes whose rows came, and where the catch-up ends that they belong to (S7).
    named: Vec<Lane>,
    until: u64,
    may_go_back: bool,
    /// Nothing is sent before.
    pub(in crate::testing::world) held: bool,
    pub(in crate::testing::world) dirty: bool,
    pub(in crate::testing::world) visible: Table,
}

/// What a frame leads to, beside a new state.
#[derive(Debug, Default)]
pub(in crate::testing::world) struct Then {
    pub(in crate::testing::world) told: Vec<(Lane, u64, Verdict)>,
    /// Subscribe again; whether from nothing.
    pub(in crate::testing::world) again: Option<bool>,
    /// What law the server broke.
    pub(in crate::testing::world) broken: Option<String>,
}

impl View {
    pub(in crate::testing::world) fn new(topic: Topic, root: usize) -> Self {
        Self {
            topic,
            root,
            wants: view::NONE,
            sub: 0,
            count: 0,
            channel: None,
            base: None,
            stage: None,
            in_old: BTreeSet::new(),
            refusal: None,
            queue: Queue::default(),
            named: Vec::new(),
            until: 0,
            may_go_back: false,
            held: false,
            dirty: false,
            visible: Table::new(),
        }
    }

    /// Its subscription is over.
    pub(in crate::testing::world) fn lost(&mut self) {
        self.stage = None;
        self.in_old.clear();
        (self.sub, self.count, self.channel, self.held) = (0, 0, None, false);
        self.named.clear();
        self.queue.ground();
    }

    pub(in crate::testing::world) fn is_in_step(&self) -> bool {
        self.count > 0 && self.stage.is_none()
    }

    pub(in crate::testing::world) fn subscribed(
        &mut self,
        frame: &Subscribed,
        lane_of: impl Fn(u16) -> Option<Lane>,
    ) -> Then {
        let mut then = Then::default();
        let at = Position { offset: frame.offset, epoch: frame.epoch };
        (self.count, self.channel) = (frame.count, Some(frame.channel));
        self.stage = None;
        self.held = false;
        self.queue.ground();
        self.in_old = self.queue.entries.iter().filter(|e| e.done).map(|e| (e.lane.clone(), e.seq)).collect();
        match frame.how {
            how::SNAPSHOT => {
                self.may_go_back |= frame.reason.as_deref() == Some("fork");
                let partial = frame.partial.iter().flatten().copied().collect();
                let named = BTreeSet::new();
                self.stage = Some(Base {
                    at,
                    guessed: false,
                    class: frame.class,
                    table: Table::new(),
                    partial,
                    named,
                });
            }
            how::RESUMED => {
                self.refusal = None;
                // After a load a node knows no more than where its last reader stands at least: what it sends covers
                // what this one has, too (S14).
                if self.base.as_ref().is_none_or(|base| at.offset > base.at.offset) {
                    then.broken = Some(format!("S20: resumed at {at}, which it has not reached"));
                }
            }
            how::REFUSED => (self.base, self.refusal) = (None, frame.reason.clone()),
            _ => (self.base, self.refusal) = (None, None),
        }
        self.believe(&frame.lanes, frame.until, lane_of, &mut then);
        if frame.how == how::SNAPSHOT && frame.reason.as_deref() == Some("fork") {
            self.queue.saw_nothing();
        }
        self.advance(false, &mut then);
        then
    }

    fn believe(
        &mut self,
        rows: &[LaneRow],
        until: u64,
        lane_of: impl Fn(u16) -> Option<Lane>,
        then: &mut Then,
    ) {
        self.until = until;
        self.named.clear();
        for row in rows {
            let index = match row {
                LaneRow::Fresh(row) => row.lane,
                LaneRow::Expired(row) => row.lane,
                LaneRow::Known(row) => row.lane,
                _ => continue,
            };
            let Some(lane) = lane_of(index) else { continue };
            let told = self.queue.believe(&lane, row, until);
            then.told.extend(told.into_iter().map(|(seq, verdict)| (lane.clone(), seq, verdict)));
            self.named.push(lane);
        }
    }

    pub(in crate::testing::world) fn page(&mut self, registry: &Registry, frame: &PageFrame) -> Then {
        let mut then = Then::default();
        let Some(stage) = &mut self.stage else { return then };
        then.broken = stage.apply(registry, &frame.rows, true).err();
        if frame.last {
            let back = self.base.as_ref().is_some_and(|base| {
                self.stage.as_ref().is_some_and(|stage| stage.at.offset < base.at.offset)
            });
            if back && !self.may_go_back {
                then.broken.get_or_insert("L7: a snapshot leads back, and no fork was told".to_owned());
            }
            self.base = self.stage.take();
            self.may_go_back = false;
            self.refusal = None;
            self.in_old.clear();
            self.advance(false, &mut then);
        }
        then
    }

    pub(in crate::testing::world) fn delta(&mut self, registry: &Registry, delta: &Delta) -> Then {
        let mut then = Then::default();
        let paging = self.stage.is_some();
        let Some(on) = self.stage.as_mut().or(self.base.as_mut()) else { return then };
        let from = delta.to.saturating_sub(delta.span);
        if delta.to <= on.at.offset {
            return then;
        }
        if from > on.at.offset {
            then.broken =
                Some(format!("L1: a gap: it stands at {}, the delta starts at {from}", on.at.offset));
            then.again = Some(false);
            return then;
        }
        if let Err(why) = on.apply(registry, &delta.rows, paging) {
            then.broken = Some(why);
            then.again = Some(true);
            return then;
        }
        on.guessed &= delta.epoch.is_none();
        on.at = Position { offset: delta.to, epoch: delta.epoch.unwrap_or(on.at.epoch) };
        if !paging {
            self.advance(false, &mut then);
        }
        then
    }

    /// A head with nothing under way: the position is it (S27).
    pub(in crate::testing::world) fn head(&mut self, offset: u64) -> Then {
        let mut then = Then::default();
        if self.stage.is_none()
            && let Some(base) = self.base.as_mut().filter(|base| base.at.offset < offset)
        {
            (base.at.offset, base.guessed) = (offset, true);
            self.advance(false, &mut then);
        }
        then
    }

    pub(in crate::testing::world) fn ack(
        &mut self,
        ack: &Ack,
        lane_of: impl Fn(u16) -> Option<Lane>,
    ) -> Then {
        let mut then = Then::default();
        for (index, seq, outcome) in &ack.outcomes {
            if let Some(lane) = lane_of(*index) {
                self.queue.answer(&lane, *seq, ack.mark, outcome);
            }
        }
        self.advance(true, &mut then);
        then
    }

    pub(in crate::testing::world) fn reset(&mut self, reset: &Reset) -> Then {
        self.count = 0;
        self.stage = None;
        self.channel = None;
        self.may_go_back |= reset.reason == "fork";
        // Only where the old rows may still be seen do they go on being shown until the new ones are whole (S35).
        if reset.reason != "fork" && reset.reason != "lagged" {
            self.base = None;
        }
        Then::default()
    }

    /// Drops what the confirmed state has reached (L4); while a snapshot comes, marks belong to it (S22).
    fn advance(&mut self, at_once: bool, then: &mut Then) {
        let (staging, at) = (self.stage.is_some(), self.base.as_ref().map(|base| base.at.offset));
        then.told.extend(self.queue.settle(|mark, refused| {
            if staging { at_once && refused } else { refused || at.is_none_or(|at| mark <= at) }
        }));
        if !staging && at.is_none_or(|at| at >= self.until) {
            for lane in std::mem::take(&mut self.named) {
                self.queue.track(&lane).shown = true;
                if let Some(base) = &mut self.base {
                    base.named.insert(lane);
                }
            }
        }
        self.dirty = true;
    }

    /// What is pending and shown over the confirmed state, in order.
    pub(in crate::testing::world) fn shown(&self) -> impl Iterator<Item = &Entry> {
        let of_track = |track: &super::queue::Track| {
            let lane = track.lane.clone();
            self.queue.entries.iter().filter(move |entry| entry.lane == lane)
        };
        let tracks = self.queue.tracks.iter().filter(|track| track.shown);
        let entries = tracks.flat_map(of_track).filter(|entry| !entry.done && !entry.parked);
        entries.filter(|entry| !self.in_old.contains(&(entry.lane.clone(), entry.seq)))
    }

    /// Builds the visible state anew: the confirmed one, then what is pending (L5).
    pub(in crate::testing::world) fn replay(
        &mut self,
        registry: &Registry,
        principal: &Value,
        server_now: u64,
    ) {
        let Some(base) = &self.base else {
            self.visible = Table::new();
            return;
        };
        let rows = base.rows(registry);
        let asked: Vec<_> = self.shown().map(|entry| &entry.asked).collect();
        self.visible = match rows {
            Some(rows) if !asked.is_empty() => {
                let place = predict::Place { registry, topic: &self.topic, principal, server_now };
                table(&predict::replay(&place, Arc::new(rows), &asked))
            }
            _ => base.table.clone(),
        };
    }

    /// The seqs of each lane that were confirmed here and have not been told lost since.
    pub(in crate::testing::world) fn confirmed(&self) -> impl Iterator<Item = (&Lane, u64)> {
        let tracks = self.queue.tracks.iter().filter(|_| self.stage.is_none());
        tracks.flat_map(|track| track.confirmed.iter().map(|seq| (&track.lane, *seq)))
    }

    /// What has no final word.
    pub(in crate::testing::world) fn pending(&self) -> usize {
        self.queue.entries.iter().filter(|entry| !entry.done && !entry.parked).count()
    }
}
