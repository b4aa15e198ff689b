//! What becomes of one entry of `mutate`: the whole table of S4.

use crate::lane::WINDOW;

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
    fn s4_every_case_of_the_table() {
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
