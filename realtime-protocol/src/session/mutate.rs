//! `mutate`: what of it may run now (S36, S47), and what becomes of each entry: the whole table of S4.

use super::{End, Facts, Machine, machine::Ask, state::State, subscribe::Held};
use crate::{
    Topic, code,
    frame::v1::{Call, Defer, Entry, Mutate},
    lane::WINDOW,
};

/// The bound of a mutation's number: a number in TypeScript, and in every store.
const MAX_SEQ: u64 = (1 << 53) - 1;
/// How long a deferral for a limit lasts at least, in milliseconds: longer than a frame is under way.
const DEFER_MS: u32 = 250;
/// How long one for an expired token lasts: `auth` ends it sooner.
const TOKEN_MS: u32 = 1_000;

/// Mutations that may run.
#[derive(Clone, PartialEq, Debug)]
pub struct Running {
    /// The subscription to whose topic they belong.
    pub sub: u32,
    /// Its topic.
    pub topic: Topic,
    /// The `count` of the `subscribed` under which they were sent (S22).
    pub count: u32,
    /// Their lane.
    pub lane: Held,
    /// Outcomes up to here are known (S6).
    pub got: u64,
    /// Whether they may make a row of the lane, where there is none (S47).
    pub may_begin: bool,
    /// One or more.
    pub calls: Vec<Call>,
}

impl Machine {
    pub(super) fn mutate(&mut self, mutate: Mutate, facts: &mut Facts<'_>) -> Result<Vec<Ask>, End> {
        if mutate.entries.len() > self.limits.entries {
            let reason = format!("a frame has at most {} mutations", self.limits.entries);
            return Err(End::new(code::LIMIT, reason));
        }
        let lane = self.held((mutate.lane, mutate.got, true))?;
        let mut calls: Vec<Call> = mutate.entries.into_iter().map(|Entry::Call(call)| call).collect();
        let is_numbered = |call: &Call| {
            (1..=MAX_SEQ).contains(&call.seq) && call.after.is_none_or(|after| after < call.seq)
        };
        if !calls.iter().all(is_numbered) {
            let reason = "a mutation's number is from 1 to 2^53 - 1, and above the one that it follows";
            return Err(End::new(code::MISBEHAVED, reason));
        }
        // One that was just closed: what was sent before is sent again under the next (S22).
        let Some(topic) = self.subs.get(&mutate.sub).cloned() else { return Ok(Vec::new()) };
        let key = (mutate.sub, mutate.lane);
        let deferred = self.defer(key, &mut calls, facts);
        let (sub, count, got, may_begin) = (mutate.sub, mutate.count, mutate.got, facts.may_begin);
        let run = Running { sub, topic, count, lane, got, may_begin, calls };
        let run = Some(Ask::Run(run)).filter(|ask| !matches!(ask, Ask::Run(run) if run.calls.is_empty()));
        Ok(run.into_iter().chain(deferred).collect())
    }

    /// Takes off what may not run now, from the first such entry on, and returns what to say of it.
    fn defer(&mut self, key: (u32, u16), calls: &mut Vec<Call>, facts: &mut Facts<'_>) -> Option<Ask> {
        let first = calls.first()?.seq;
        let (run, code, after) = self.verdict(key, first, calls.len(), facts);
        let seq = calls.get(run)?.seq;
        calls.truncate(run);
        self.held.insert(key, (seq, facts.now_ms.saturating_add(u64::from(after))));
        let (sub, lane) = key;
        Some(Ask::Send(Defer { sub, lane, seq, code: code.to_owned(), after }.into()))
    }

    /// How many of `count` entries may run; of the others, why not, and for how long.
    fn verdict(
        &mut self,
        key: (u32, u16),
        first: u64,
        count: usize,
        facts: &mut Facts<'_>,
    ) -> (usize, &'static str, u32) {
        if self.state == State::Expired {
            return (0, code::TOKEN, TOKEN_MS);
        }
        // What follows a deferred one, sent before its sender knew: it would look like a gap.
        if let Some((seq, until)) = self.held.remove(&key)
            && seq < first
            && facts.now_ms < until
        {
            return (0, code::FULL, u32::try_from(until - facts.now_ms).unwrap_or(DEFER_MS));
        }
        let slowed = facts.conduct.slowed(key.1, facts.now_ms);
        if slowed > 0 {
            return (0, code::FULL, slowed.max(DEFER_MS));
        }
        let room = self.limits.in_flight.saturating_sub(facts.in_flight).min(count);
        let wanted = u32::try_from(room).unwrap_or(u32::MAX);
        let taken = self.rate.take(wanted, facts.now_ms) as usize;
        (taken, code::FULL, self.rate.wait(facts.now_ms).max(DEFER_MS))
    }
}

/// A lane's row, as far as the decision needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneState {
    /// No row, and young enough to be new.
    Fresh,
    /// No row, and too old to know (S2).
    Expired,
    /// The row's `last` and `got`.
    Known {
        /// The highest seq that has an outcome.
        last: u64,
        /// Outcomes up to here are known to the client.
        got: u64,
    },
}

/// What to do with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is the next one, or jumps over what will never be sent.
    Run,
    /// It ran: answer with the outcome that was kept, or `settled` where none is.
    Repeat,
    /// Deferred: neither a repeat nor the next, and `after` is not the row's `last`.
    Gap,
    /// Deferred: more than 64 unacknowledged seqs in the lane (S6).
    Full,
    /// Nobody can know whether it ran.
    Expired,
}

/// Judges the entry `seq`, which follows `after` (absent: `seq − 1`), of a lane in `state`, whose client has `got`.
#[must_use]
pub fn judge(state: LaneState, seq: u64, after: Option<u64>, got: u64) -> Judgement {
    let (last, got) = match state {
        LaneState::Expired => return Judgement::Expired,
        LaneState::Fresh => (0, got),
        LaneState::Known { last, got: known } => (last, got.max(known)),
    };
    if seq <= last {
        return Judgement::Repeat;
    }
    if seq != last + 1 && after != Some(last) {
        return Judgement::Gap;
    }
    if seq > got.saturating_add(WINDOW) {
        return Judgement::Full;
    }
    Judgement::Run
}

#[cfg(test)]
mod tests {
    use super::{
        Judgement::{self, Expired, Full, Gap, Repeat, Run},
        LaneState::{self, Fresh, Known},
        judge,
    };

    #[test]
    fn sv13_s4_every_case_of_the_table() {
        let known = |last| Known { last, got: 0 };
        let table: [(LaneState, u64, Option<u64>, Judgement); 12] = [
            (known(5), 5, None, Repeat),
            (known(5), 1, None, Repeat),
            (known(5), 6, None, Run),
            (known(5), 9, Some(5), Run),
            (known(5), 9, Some(8), Gap),
            (known(5), 9, None, Gap),
            (known(5), 6, Some(4), Run),
            (Fresh, 1, None, Run),
            (Fresh, 3, Some(0), Run),
            (Fresh, 3, None, Gap),
            (LaneState::Expired, 1, None, Expired),
            (LaneState::Expired, 9, Some(5), Expired),
        ];
        for (state, seq, after, want) in table {
            assert_eq!(judge(state, seq, after, 0), want, "{state:?} seq {seq} after {after:?}");
        }
    }

    #[test]
    fn s6_a_lane_has_at_most_64_unacknowledged() {
        let state = Known { last: 70, got: 3 };
        assert_eq!(judge(state, 71, None, 6), Full);
        assert_eq!(judge(state, 71, None, 7), Run);
        assert_eq!(judge(Known { last: 70, got: 9 }, 71, None, 0), Run);
    }
}
