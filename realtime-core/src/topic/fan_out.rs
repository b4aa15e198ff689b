//! Fan-out of commits: private acks, who lost or changed his rights, then bytes that are shared (S13, S18, S35).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use realtime_protocol::{
    Position,
    frame::v1::{Ack, Outcome},
};

use super::{
    catch_up::catch_up,
    event::{Effect, Kind, Stamp, SubKey, Subscriber},
    record::RecordBody,
    rows::Value,
    sight::{self, Eyes},
    step::{Step, Touch, View},
    tail::Recent,
    worker::Worker,
};

/// How many commits may wait for a flush; then it comes early.
const MAX_UNFLUSHED: usize = 64;

/// What a channel's readers get: equal rows share bytes.
struct Share {
    to: Vec<SubKey>,
    rows: Vec<realtime_protocol::frame::v1::Row>,
}

impl Worker {
    /// Hands a commit, which has been applied, to everyone who is to know of it; `from`: where the topic stood.
    pub(super) fn fan_out(
        &mut self,
        record: RecordBody,
        from: Position,
        touched: Vec<Touch>,
        fx: &mut Vec<Effect>,
    ) {
        let authors = self.ack(&record, fx);
        if from == self.head {
            // What changed nothing has the head as its mark (S10).
            return authors.into_iter().for_each(|author| self.progress(author, fx));
        }
        self.channels.iter_mut().for_each(super::channel::Channel::moved);
        let root_moved = self.touches_root(&record);
        let guarded = self.is_guarded();
        let step = guarded.then(|| Step::new(&self.registry, self.root, &self.rows, touched));
        self.tail.push(Recent { from, at: self.head, record, step }, self.flushed);
        self.authors.extend(authors);
        if root_moved {
            self.reconsider(fx);
        }
        self.flush_or_wait(fx);
    }

    fn touches_root(&self, record: &RecordBody) -> bool {
        let number = self.registry.model(self.root).model.number();
        record.rows.iter().any(|change| change.id().0 == number)
    }

    /// Tells each holder of a lane in the record what became of its mutations; returns whom.
    fn ack(&self, record: &RecordBody, fx: &mut Vec<Effect>) -> BTreeSet<SubKey> {
        let mut private: BTreeMap<SubKey, Vec<(u16, u64, Outcome)>> = BTreeMap::new();
        for outcome in &record.lanes {
            let holders = self.lanes.get(outcome.lane).into_iter().flat_map(|known| &known.holders);
            for (holder, index) in holders {
                private.entry(*holder).or_default().push((*index, outcome.seq, outcome.outcome.clone()));
            }
        }
        // One that was not answered yet learns it from its lanes' rows, together with the rows (S24).
        private.retain(|to, _| self.subs.get(to).is_some_and(|sub| sub.count > 0));
        let authors = private.keys().copied().collect();
        for (to, outcomes) in private {
            self.send(to, &Ack { sub: to.sub, mark: self.head.offset, outcomes }.into(), fx);
        }
        authors
    }

    /// The root has changed: whoever lost the right to open gets nothing of it, whoever has other roles now gets the
    /// topic as they see it, instead of the change (S35).
    fn reconsider(&mut self, fx: &mut Vec<Effect>) {
        if !self.is_guarded() && !self.registry.model(self.root).model.guards_opening() {
            return;
        }
        let live = self.subs.iter().filter(|(_, sub)| sub.live).map(|(key, _)| *key);
        for key in live.collect::<Vec<_>>() {
            self.reconsider_one(key, false, fx);
        }
    }

    /// Asks one reader's rights anew; `anew`: it is another principal in the eyes of the policies.
    fn reconsider_one(&mut self, key: SubKey, anew: bool, fx: &mut Vec<Effect>) {
        let Some(sub) = self.subs.get(&key) else { return };
        if self.may_open(&sub.principal).is_err() {
            return self.revoke(key, fx);
        }
        let roles = self.roles(&sub.principal);
        let same = self.channel_of(sub).is_some_and(|channel| channel.roles == roles);
        if !same || (anew && sight::is_by_row(&roles)) {
            self.start_over(key, "class", fx);
        }
    }

    /// A connection's token was renewed: claims may have gone with the old one (S35).
    pub(super) fn renewed(&mut self, key: SubKey, principal: Value, identity: u64, fx: &mut Vec<Effect>) {
        let Some(sub) = self.subs.get_mut(&key) else { return };
        let anew = sub.identity != identity;
        (sub.principal, sub.identity) = (principal, identity);
        if sub.live {
            self.reconsider_one(key, anew, fx);
        }
    }

    /// A topic with `every` is flushed when its time has come, or when too much waits.
    fn flush_or_wait(&mut self, fx: &mut Vec<Effect>) {
        let waiting = self.tail.after(self.flushed).map_or(usize::MAX, Iterator::count);
        match self.registry.schema_of(self.registry.model(self.root)).every {
            Some(ms) if waiting < MAX_UNFLUSHED => {
                if !self.flush_due {
                    self.flush_due = true;
                    fx.push(Effect::FlushAfter { ms });
                }
            }
            _ => self.flush(fx),
        }
    }

    /// Sends every reader what was committed since the last flush.
    pub(super) fn flush(&mut self, fx: &mut Vec<Effect>) {
        let prev = std::mem::replace(&mut self.flushed, self.head);
        let authors = std::mem::take(&mut self.authors);
        if prev == self.head {
            return;
        }
        self.drop_empty_channels();
        for at in 0..self.channels.len() {
            self.deliver(at, prev, &authors, fx);
        }
    }

    fn drop_empty_channels(&mut self) {
        let used: BTreeSet<u32> = self.subs.values().filter(|s| s.live).map(|s| s.channel).collect();
        self.channels.retain(|channel| used.contains(&channel.number));
    }

    /// Makes a channel's deltas, and sends them to its readers.
    fn deliver(&mut self, at: usize, prev: Position, authors: &BTreeSet<SubKey>, fx: &mut Vec<Effect>) {
        let shares = self.shares(at, prev);
        let head = self.head;
        let (empty, full): (Vec<_>, Vec<_>) = shares.into_iter().partition(|share| share.rows.is_empty());
        let kind = Kind::Data(Arc::new(Stamp { at: head, next: None }));
        for share in full {
            let frame = self.channels[at].delta(prev, head, share.rows);
            self.send_data(share.to, frame, &kind, fx);
        }
        // Nothing for them: but who waits for his mark is told that it is reached (S13).
        let waiting = |key: &SubKey| authors.contains(key);
        let skipped: Vec<SubKey> = empty.iter().flat_map(|share| &share.to).copied().collect();
        let told: Vec<SubKey> = skipped.iter().copied().filter(waiting).collect();
        if !told.is_empty() {
            let frame = self.channels[at].delta(prev, head, Vec::new());
            self.send_data(told.clone(), frame, &kind, fx);
        }
        if told.len() == skipped.len() {
            return self.channels[at].advance(head);
        }
        let is_whole = |key: &SubKey| self.subs.get(key).is_some_and(|sub| sub.cursor.is_none());
        let to = skipped.into_iter().filter(|key| !waiting(key) && is_whole(key)).collect();
        fx.push(Effect::Skip { to, channel: self.channels[at].number, head: head.offset });
    }

    /// A reader waits for a mark that may lie in a commit that held nothing for it: it is told that it is reached.
    pub(super) fn progress(&mut self, key: SubKey, fx: &mut Vec<Effect>) {
        if self.flushed != self.head {
            self.authors.insert(key);
            return;
        }
        let Some(sub) = self.subs.get(&key).filter(|sub| sub.live) else { return };
        let Some(channel) = self.channel_of(sub).filter(|channel| !channel.is_even(self.head)) else {
            return;
        };
        let frame = channel.delta(self.head, self.head, Vec::new());
        let kind = Kind::Data(Arc::new(Stamp { at: self.head, next: None }));
        self.send_data(vec![key], frame, &kind, fx);
    }

    /// Data to readers: those whose snapshot is not complete are told where it goes on.
    fn send_data(&self, to: Vec<SubKey>, frame: Bytes, kind: &Kind, fx: &mut Vec<Effect>) {
        let is_paging = |key: &SubKey| self.subs.get(key).is_some_and(|sub| sub.cursor.is_some());
        let (paging, done): (Vec<_>, Vec<_>) = match self.subs.values().any(|sub| sub.cursor.is_some()) {
            true => to.into_iter().partition(is_paging),
            false => (Vec::new(), to),
        };
        for to in paging {
            let next = self.subs.get(&to).and_then(|sub| sub.cursor.clone());
            let kind = Kind::Data(Arc::new(Stamp { at: self.head, next }));
            fx.push(Effect::Send { to, frame: frame.clone(), kind });
        }
        if !done.is_empty() {
            fx.push(Effect::SendAll { to: done.into(), frame, kind: kind.clone() });
        }
    }

    fn shares(&self, at: usize, prev: Position) -> Vec<Share> {
        let channel = &self.channels[at];
        // Who has just got the topic as it stands needs no delta to it.
        let reads = |sub: &Subscriber| sub.live && sub.channel == channel.number && sub.start.at != self.head;
        let readers: Vec<SubKey> =
            self.subs.iter().filter(|(_, sub)| reads(sub)).map(|(key, _)| *key).collect();
        let Some(commits) = self.tail.after(prev) else { return Vec::new() };
        if !self.is_guarded() {
            let rows = catch_up(&self.registry, &self.rows, commits.map(|commit| &commit.record));
            return vec![Share { to: readers, rows }];
        }
        let steps = commits.filter_map(|commit| commit.step.as_ref());
        let mut views: BTreeMap<View, Vec<SubKey>> = BTreeMap::new();
        if sight::is_by_row(&channel.roles) {
            for key in readers {
                let view = View::of(&self.eyes(&channel.roles, &self.subs[&key].principal), steps.clone());
                views.entry(view).or_default().push(key);
            }
        } else if let Some(first) = readers.first() {
            let view = View::of(&self.eyes(&channel.roles, &self.subs[first].principal), steps.clone());
            views.insert(view, readers);
        }
        let share =
            |(view, to): (View, Vec<SubKey>)| Share { to, rows: view.rows(&self.rows, steps.clone()) };
        views.into_iter().map(share).collect()
    }

    pub(super) fn eyes<'a>(&'a self, roles: &'a [crate::policy::Answer], principal: &'a Value) -> Eyes<'a> {
        Eyes { registry: &self.registry, root: self.root, roles, principal }
    }

    /// Tells whether a `read` hides anything from anybody.
    pub(super) fn is_guarded(&self) -> bool {
        !self.registry.guards(self.root).is_empty()
    }
}
