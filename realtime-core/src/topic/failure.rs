//! What a worker does when a commit is lost or the store fails: run again, defer, or load afresh (S12, S22, S28).

use std::collections::BTreeSet;

use realtime_protocol::{Position, code, frame::v1::Defer};

use super::{
    batch::{Batch, Waiting},
    event::{Effect, Now, SubKey},
    own::{Answer, Own, OwnError},
    race::Lost,
    worker::{State, Worker},
};
use crate::store::{CommitError, StoreError};

/// How long to wait after the store failed, in milliseconds.
pub(super) const RETRY_MS: u32 = 1_000;

impl Worker {
    /// The commit did not happen, or nobody knows: what ran goes back to the front of the queue, or is dropped.
    pub(super) fn lost(&mut self, batch: Batch, error: CommitError, now: Now, fx: &mut Vec<Effect>) {
        let again = |worker: &mut Self, ran: Vec<Waiting>| {
            ran.into_iter().rev().for_each(|entry| worker.waiting.push_front(entry));
        };
        match error {
            CommitError::Behind { missed: Some(missed), .. } => {
                match self.race.lost() {
                    Lost::GiveWay => self.give_way(batch.ran, batch.own, fx),
                    lost => {
                        again(self, batch.ran);
                        self.own_again(batch.own);
                        if let Lost::Wait(ms) = lost {
                            fx.push(Effect::RetryAfter { ms });
                        }
                    }
                }
                self.take_records(&missed, fx);
            }
            CommitError::LaneMoved { lane, now: row } => {
                self.lanes.set_row(lane, row);
                again(self, batch.ran);
                self.own_again(batch.own);
                // Its commit may be one that this node has not seen: the mark needs it.
                self.doubt = true;
            }
            CommitError::Behind { .. } | CommitError::Forked { .. } => {
                self.own_again(batch.own);
                self.reload(fx);
            }
            CommitError::Store(StoreError::Unknown(error)) => {
                tracing::warn!(topic = %self.topic, %error, "a commit's answer is unknown; loading afresh");
                self.epoch = now.epoch;
                Self::own_lost(batch.own, || OwnError::Unknown, fx);
                self.reload(fx);
            }
            CommitError::Store(error) => {
                self.defer_all(batch.ran, code::STORE_UNAVAILABLE, fx);
                Self::own_lost(batch.own, || OwnError::Unavailable(error.to_string()), fx);
                self.fail(&error, fx);
            }
            CommitError::Form { now: form } if form <= self.registry.form => {
                self.form = form;
                again(self, batch.ran);
                self.own_again(batch.own);
            }
            CommitError::Form { now: form } => {
                self.defer_all(batch.ran, code::STORE_UNAVAILABLE, fx);
                Self::own_lost(batch.own, || OwnError::Outdated, fx);
                fx.push(Effect::Outdated { form });
            }
            CommitError::Taken { .. } => {
                self.defer_all(batch.ran, code::BUSY, fx);
                Self::own_lost(batch.own, || OwnError::Busy, fx);
            }
        }
    }

    /// Loads afresh: what waits is dropped, and sent again after the `subscribed` to come (S22).
    pub(super) fn reload(&mut self, fx: &mut Vec<Effect>) {
        self.join_all_again();
        self.held = None;
        self.state = State::Loading;
        self.begin(Effect::Load, fx);
    }

    /// The store failed: what waits is deferred, readers wait.
    pub(super) fn fail(&mut self, error: &StoreError, fx: &mut Vec<Effect>) {
        tracing::error!(topic = %self.topic, %error, "the store failed");
        let waiting = self.waiting.take();
        self.defer_all(waiting, code::STORE_UNAVAILABLE, fx);
        self.own_fail(&error.to_string(), fx);
        self.joining.append(&mut self.reading);
        self.held = None;
        self.state = if self.state == State::Ready { State::Ready } else { State::Broken };
        let asks = !self.joining.is_empty() || !self.unread.is_empty() || !self.drained.is_empty();
        if asks || self.state == State::Broken {
            self.state = State::Broken;
            fx.push(Effect::RetryAfter { ms: RETRY_MS });
        }
    }

    /// The store is away: who comes now reads what this node knows, unless he asks for more than that (S28).
    pub(super) fn read_on(&mut self, fx: &mut Vec<Effect>) {
        if !self.knows_rows() {
            return;
        }
        let (now, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.joining).into_iter().partition(|key| self.knows_all_for(*key));
        self.joining = later;
        now.into_iter().for_each(|key| self.join(key, &[], fx));
    }

    /// Tells whether there are rows to be read: those of now, or of before the store was away.
    pub(super) fn knows_rows(&self) -> bool {
        // A form is at least 1: nothing was loaded yet.
        self.state == State::Ready || (self.state == State::Broken && self.form > 0)
    }

    fn knows_all_for(&self, key: SubKey) -> bool {
        let known = |at: Position| at == self.head || self.tail.after(at).is_some();
        self.subs.get(&key).is_some_and(|sub| {
            sub.count == 0
                && sub.resume.is_none_or(|(at, _)| known(at))
                && !sub.lanes.iter().any(|lane| lane.wanted)
        })
    }

    /// Tells whether a head shows something that no message told: `sure`, where the store said so just now (S27).
    pub(crate) fn lacks(&self, head: Position, sure: bool) -> bool {
        let behind = head.offset > self.head.offset || (head.offset == self.head.offset && head != self.head);
        self.state == State::Ready && (behind || (sure && head != self.head && !self.busy))
    }

    /// Other nodes are faster: what ran is deferred, and what follows it in its lanes.
    fn give_way(&mut self, ran: Vec<Waiting>, own: Vec<(Own, Answer)>, fx: &mut Vec<Effect>) {
        Self::own_lost(own, || OwnError::Busy, fx);
        let lanes: BTreeSet<_> = ran.iter().map(|entry| (entry.from, entry.lane)).collect();
        let (follow, others): (Vec<_>, Vec<_>) =
            self.waiting.take().into_iter().partition(|entry| lanes.contains(&(entry.from, entry.lane)));
        others.into_iter().rev().for_each(|entry| self.waiting.push_front(entry));
        self.defer_all(ran.into_iter().chain(follow).collect(), code::BUSY, fx);
    }

    pub(super) fn retry(&mut self) {
        self.race.over();
        self.doubt |= std::mem::take(&mut self.doubts_later);
        if self.state == State::Broken {
            self.state = State::Cold;
            self.lanes.forget_rows();
        }
    }

    /// Each subscriber is answered again, from where it stands; lanes are read again (S22).
    pub(super) fn join_all_again(&mut self) {
        self.waiting.take();
        self.lanes.forget_rows();
        self.unread.clear();
        self.reading.clear();
        self.joining = self.subs.keys().copied().collect();
        for key in self.joining.clone() {
            self.hold_where_it_stands(key);
        }
    }

    fn defer_all(&mut self, entries: Vec<Waiting>, code: &'static str, fx: &mut Vec<Effect>) {
        let mut told = Vec::new();
        for entry in entries {
            if !told.contains(&(entry.from, entry.lane)) {
                told.push((entry.from, entry.lane));
                self.defer(entry.from, entry.index, entry.seq, code, fx);
            }
        }
    }

    pub(super) fn defer(&self, to: SubKey, lane: u16, seq: u64, code: &'static str, fx: &mut Vec<Effect>) {
        let after = if code == code::GAP { 0 } else { RETRY_MS };
        self.send(to, &Defer { sub: to.sub, lane, seq, code: code.into(), after }.into(), fx);
    }
}
