//! Joining: what a subscriber is told, and from where it goes on (S20, S22, S24).

use std::sync::Arc;

use bytes::Bytes;
use realtime_protocol::{
    Position, code,
    frame::v1::{Subscribed, how, reason, view},
    session::limit::Note,
};

use super::{
    catch_up::catch_up,
    event::{Effect, Kind, Stamp, SubKey, Subscriber},
    record::RecordBody,
    rows::{Overlay, Value},
    worker::Worker,
};
use crate::{
    handler::{Door, root_row},
    policy::Answer,
    store::Replay,
};

/// The most rows that a catch-up may touch (S20).
const MAX_CATCH_UP_ROWS: usize = 10_000;

/// How a subscriber goes on.
enum Way {
    /// Without rows: it only writes.
    Lanes,
    Resume {
        from: Position,
        records: Vec<RecordBody>,
    },
    Snapshot {
        reason: Option<&'static str>,
    },
    Refuse {
        code: &'static str,
    },
}

impl Worker {
    /// Answers one `sub`, in a turn in which rows, channels and lanes stand at one position.
    pub(super) fn join(&mut self, key: SubKey, replays: &[(Position, Replay)], fx: &mut Vec<Effect>) {
        let Some(sub) = self.subs.get_mut(&key) else { return };
        sub.count += 1;
        let sub = sub.clone();
        let way = self.way(&sub, replays);
        if sub.count == 1 && matches!(way, Way::Snapshot { reason: Some(reason::FORK | reason::CLASS) }) {
            self.note(key, Note::StrangeResume, fx);
        }
        self.send(key, &self.subscribed(key, &sub, &way).into(), fx);
        let stamp = Kind::Data(Arc::new(Stamp { at: self.head, next: None }));
        for frame in self.first_frames(&sub, &way) {
            fx.push(Effect::Send { to: key, frame, kind: stamp.clone() });
        }
        let live = matches!(way, Way::Resume { .. } | Way::Snapshot { .. });
        if let Some(sub) = self.subs.get_mut(&key) {
            sub.live = live;
            sub.resume = None;
        }
    }

    /// Before the topic is loaded afresh: a reader will go on from here, if the history is still the same.
    pub(super) fn hold_where_it_stands(&mut self, key: SubKey) {
        let (head, class) = (self.head, self.class());
        if let Some(sub) = self.subs.get_mut(&key) {
            if sub.live {
                sub.resume = Some((head, class));
                sub.live = false;
            }
            sub.lanes.iter_mut().for_each(|lane| lane.wanted = true);
        }
    }

    fn class(&self) -> u64 {
        self.registry.class(self.root)
    }

    /// Asks who may open: of a topic that does not exist, only who may create it learns so (S44).
    pub(super) fn may_open(&self, principal: &Value) -> Result<(), &'static str> {
        let root = &self.registry.model(self.root);
        match root_row(root, &Overlay::over(self.rows.clone())) {
            Some((_, row)) => match root.model.ask(Door::Open, principal, Some(&row), Some(&row)) {
                Answer::Yes => Ok(()),
                Answer::No | Answer::Unknown => Err(code::DENIED),
            },
            None => match root.model.ask(Door::Create, principal, None, None) {
                Answer::Yes => Ok(()),
                Answer::No | Answer::Unknown => Err(code::DENIED),
            },
        }
    }

    fn way(&self, sub: &Subscriber, replays: &[(Position, Replay)]) -> Way {
        if sub.view == view::NONE {
            return Way::Lanes;
        }
        if let Err(code) = self.may_open(&sub.principal) {
            return Way::Refuse { code };
        }
        let Some((from, class)) = sub.resume else { return Way::Snapshot { reason: None } };
        if class != self.class() {
            return Way::Snapshot { reason: Some(reason::CLASS) };
        }
        if from == self.head {
            return Way::Resume { from, records: Vec::new() };
        }
        match replays.iter().find(|(at, _)| *at == from).map(|(_, replay)| replay) {
            Some(Replay::Records { records, more: false, .. }) => self.resume(from, records),
            Some(Replay::Records { .. }) => Way::Snapshot { reason: Some(reason::LARGE) },
            Some(Replay::Gap { head }) if from.offset < head.floor => {
                Way::Snapshot { reason: Some(reason::TRIMMED) }
            }
            _ => Way::Snapshot { reason: Some(reason::FORK) },
        }
    }

    /// What the store knows beyond the worker's own position will come as deltas.
    fn resume(&self, from: Position, records: &[crate::store::Record]) -> Way {
        let known = records.iter().filter(|record| record.at.offset <= self.head.offset);
        let records: Result<Vec<_>, _> = known.map(|record| RecordBody::decode(&record.bytes)).collect();
        match records {
            Ok(records) if rows_touched(&records) <= MAX_CATCH_UP_ROWS => Way::Resume { from, records },
            _ => Way::Snapshot { reason: Some(reason::LARGE) },
        }
    }

    fn subscribed(&self, key: SubKey, sub: &Subscriber, way: &Way) -> Subscribed {
        let (how, from, reason) = match way {
            Way::Lanes => (how::LANES, self.head, None),
            Way::Resume { from, .. } => (how::RESUMED, *from, None),
            Way::Snapshot { reason } => (how::SNAPSHOT, self.head, *reason),
            // The same answer whether the topic has a history or not (S34).
            Way::Refuse { code } => (how::REFUSED, Position::default(), Some(*code)),
        };
        let refused = matches!(way, Way::Refuse { .. });
        let lanes = sub.lanes.iter().filter(|lane| self.lanes.is_read(lane.id));
        Subscribed {
            id: key.sub,
            count: sub.count,
            channel: self.channel_of(sub).filter(|_| !refused).map_or(0, |channel| channel.number),
            how,
            offset: from.offset,
            epoch: from.epoch,
            until: if refused { 0 } else { self.head.offset },
            class: if refused { 0 } else { self.class() },
            lanes: lanes
                .filter_map(|lane| self.lanes.get(lane.id).map(|known| known.wire(lane.index)))
                .collect(),
            reason: reason.map(str::to_owned),
            partial: None,
        }
    }

    fn first_frames(&mut self, sub: &Subscriber, way: &Way) -> Vec<Bytes> {
        let Some(channel) = self.channels.iter_mut().find(|channel| channel.codec == sub.codec) else {
            return Vec::new();
        };
        match way {
            Way::Lanes | Way::Refuse { .. } => Vec::new(),
            Way::Snapshot { .. } => channel.snapshot(&self.rows),
            Way::Resume { from, .. } if *from == self.head => Vec::new(),
            Way::Resume { from, records } => {
                vec![channel.catch_up(*from, catch_up(&self.registry, &self.rows, records))]
            }
        }
    }
}

fn rows_touched(records: &[RecordBody]) -> usize {
    records.iter().map(|record| record.rows.len()).sum()
}
