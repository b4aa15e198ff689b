//! Fan-out of one commit: who lost the right to see it, private acks, then shared bytes (S13, S35).

use std::{collections::BTreeMap, sync::Arc};

use realtime_protocol::{
    code,
    frame::v1::{Ack, Outcome, Reset, Subscribed, how},
};

use super::{
    catch_up::catch_up,
    channel::Channel,
    event::{Effect, Kind, Stamp, SubKey, Subscriber},
    record::RecordBody,
    rows::Value,
    worker::Worker,
};

impl Worker {
    /// Hands a commit, which has been applied, to everyone who is to know of it; `moved`: it took an offset.
    pub(super) fn fan_out(&mut self, record: &RecordBody, moved: bool, fx: &mut Vec<Effect>) {
        self.ack(record, fx);
        if !moved {
            return;
        }
        self.withdraw(record, fx);
        for at in 0..self.channels.len() {
            self.deliver(at, record, fx);
        }
    }

    /// Tells each holder of a lane in the record what became of its mutations.
    fn ack(&self, record: &RecordBody, fx: &mut Vec<Effect>) {
        let mut private: BTreeMap<SubKey, Vec<(u16, u64, Outcome)>> = BTreeMap::new();
        for outcome in &record.lanes {
            let holders = self.lanes.get(outcome.lane).into_iter().flat_map(|known| &known.holders);
            for (holder, index) in holders {
                private.entry(*holder).or_default().push((*index, outcome.seq, outcome.outcome.clone()));
            }
        }
        // One that was not answered yet learns it from its lanes' rows, together with the rows (S24).
        let answered = |to: &SubKey| self.subs.get(to).is_some_and(|sub| sub.count > 0);
        for (to, outcomes) in private.into_iter().filter(|(to, _)| answered(to)) {
            self.send(to, &Ack { sub: to.sub, mark: self.head.offset, outcomes }.into(), fx);
        }
    }

    /// A commit that changes the root may take away the right to open: nothing of it reaches who lost it (S35).
    fn withdraw(&mut self, record: &RecordBody, fx: &mut Vec<Effect>) {
        let root = self.registry.model(self.root);
        let number = root.model.number();
        let guarded = root.model.guards_opening();
        if !guarded || !record.rows.iter().any(|change| change.id().0 == number) {
            return;
        }
        let live = self.subs.iter().filter(|(_, sub)| sub.live);
        let lost: Vec<SubKey> =
            live.filter(|(_, sub)| self.may_open(&sub.principal).is_err()).map(|(key, _)| *key).collect();
        for key in lost {
            self.revoke(key, fx);
        }
    }

    /// A connection's token was renewed: claims may have gone with the old one (S35).
    pub(super) fn renewed(&mut self, key: SubKey, principal: Value, fx: &mut Vec<Effect>) {
        let Some(sub) = self.subs.get_mut(&key) else { return };
        sub.principal = principal;
        if sub.live && self.may_open(&self.subs[&key].principal).is_err() {
            self.revoke(key, fx);
        }
    }

    /// The client drops the channel's rows; its lanes stay open, so that it learns what became of its mutations.
    fn revoke(&mut self, key: SubKey, fx: &mut Vec<Effect>) {
        let Some(sub) = self.subs.get_mut(&key) else { return };
        sub.live = false;
        sub.count += 1;
        let sub = sub.clone();
        let channel = self.channel_of(&sub).map_or(0, |channel| channel.number);
        self.send(key, &Reset { channel, reason: "revoked".into() }.into(), fx);
        let refused = Subscribed {
            id: key.sub,
            count: sub.count,
            channel,
            how: how::REFUSED,
            offset: self.head.offset,
            epoch: self.head.epoch,
            until: self.head.offset,
            class: 0,
            lanes: sub
                .lanes
                .iter()
                .filter(|lane| self.lanes.is_read(lane.id))
                .filter_map(|lane| self.lanes.get(lane.id).map(|known| known.wire(lane.index)))
                .collect(),
            reason: Some(code::DENIED.to_owned()),
            partial: None,
        };
        self.send(key, &refused.into(), fx);
    }

    /// Makes a channel's delta once, and sends it to all of its subscribers.
    fn deliver(&mut self, at: usize, record: &RecordBody, fx: &mut Vec<Effect>) {
        let codec = self.channels[at].codec;
        let readers = self.subs.iter().filter(|(_, sub)| sub.live && sub.codec == codec);
        let to: Arc<[SubKey]> = readers.map(|(key, _)| *key).collect();
        if to.is_empty() {
            self.channels[at].restart(self.head);
            return;
        }
        let rows = catch_up(&self.registry, &self.rows, std::slice::from_ref(record));
        let frame = self.channels[at].advance(self.head, rows);
        let kind = Kind::Data(Arc::new(Stamp { at: self.head, next: None }));
        fx.push(Effect::SendAll { to, frame, kind });
    }

    pub(super) fn channel_of(&self, sub: &Subscriber) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.codec == sub.codec)
    }
}
