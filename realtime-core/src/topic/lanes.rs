//! The lanes that a worker knows: their rows, and who is to be told of them.

use std::collections::{BTreeMap, HashMap};

use realtime_protocol::{
    Day, LaneId,
    frame::v1::{Expired, Fresh, Known, LaneRow, Outcome, Settled},
    lane::LANE_TTL_DAYS,
    session::mutate::LaneState,
};

use super::{event::SubKey, record::LaneOutcome};
use crate::store::{Kept, Lane, Position};

/// A lane's row as it was read, kept in step with every commit since.
#[derive(Debug, Default)]
pub(crate) struct KnownLane {
    /// Read from the store, and what it said.
    pub(crate) row: Option<Option<Lane>>,
    /// Who holds it: the subscription, and the lane's index there.
    pub(crate) holders: BTreeMap<SubKey, u16>,
    pub(crate) young: bool,
}

/// All lanes of a worker.
#[derive(Debug, Default)]
pub(crate) struct Lanes(HashMap<LaneId, KnownLane>);

impl Lanes {
    /// Registers a holder: from now on its acks are collected (S24).
    pub(crate) fn hold(&mut self, lane: LaneId, day: Day, today: Day, holder: SubKey, index: u16) {
        let known = self.0.entry(lane).or_default();
        known.young = day.is_young(today, LANE_TTL_DAYS);
        known.holders.insert(holder, index);
    }

    /// Lets go of all that `holder` held.
    pub(crate) fn let_go(&mut self, holder: SubKey) {
        self.0.retain(|_, known| {
            known.holders.remove(&holder);
            !known.holders.is_empty()
        });
    }

    /// Forgets what was read: the store is asked again.
    pub(crate) fn forget_rows(&mut self) {
        self.0.values_mut().for_each(|known| known.row = None);
    }

    pub(crate) fn set_row(&mut self, lane: LaneId, row: Option<Lane>) {
        if let Some(known) = self.0.get_mut(&lane) {
            known.row = Some(row);
        }
    }

    pub(crate) fn get(&self, lane: LaneId) -> Option<&KnownLane> {
        self.0.get(&lane)
    }

    pub(crate) fn is_read(&self, lane: LaneId) -> bool {
        self.0.get(&lane).is_some_and(|known| known.row.is_some())
    }

    /// Takes over what a commit did to its lanes.
    pub(crate) fn advance(
        &mut self,
        at: Option<Position>,
        outcomes: &[LaneOutcome],
        got: &HashMap<LaneId, u64>,
    ) {
        for outcome in outcomes {
            let Some(known) = self.0.get_mut(&outcome.lane) else { continue };
            let Some(row) = known.row.as_mut() else { continue };
            let row = row.get_or_insert_with(|| Lane { last: 0, got: 0, kept: Vec::new() });
            if outcome.seq <= row.last {
                continue;
            }
            row.last = outcome.seq;
            row.got = row.got.max(got.get(&outcome.lane).copied().unwrap_or(0));
            row.kept.push(kept(at, outcome));
            let got = row.got;
            row.kept.retain(|kept| kept.seq > got);
        }
    }
}

impl KnownLane {
    /// Returns the state that S4 judges by; it must have been read.
    pub(crate) fn state(&self) -> LaneState {
        match self.row.as_ref().and_then(Option::as_ref) {
            Some(row) => LaneState::Known { last: row.last, got: row.got },
            None if self.young => LaneState::Fresh,
            None => LaneState::Expired,
        }
    }

    /// Returns what is kept of `seq`.
    pub(crate) fn kept(&self, seq: u64) -> Option<&Kept> {
        self.row.as_ref()?.as_ref()?.kept.iter().find(|kept| kept.seq == seq)
    }

    /// Returns the row as `subscribed` brings it.
    pub(crate) fn wire(&self, lane: u16) -> LaneRow {
        match (self.state(), self.row.as_ref().and_then(Option::as_ref)) {
            (LaneState::Known { last, got }, Some(row)) => {
                let kept =
                    row.kept.iter().map(|kept| (kept.seq, kept.at.map(|at| at.offset), outcome_of(kept)));
                Known { lane, last, got, kept: kept.collect() }.into()
            }
            (LaneState::Expired, _) => Expired { lane }.into(),
            _ => Fresh { lane }.into(),
        }
    }
}

/// Returns an outcome as a lane's row keeps it; one that was refused has no mark: it has no effects.
pub(crate) fn kept(at: Option<Position>, outcome: &LaneOutcome) -> Kept {
    let ran = matches!(outcome.outcome, Outcome::Done(_));
    Kept {
        seq: outcome.seq,
        hash: outcome.hash,
        at: at.filter(|_| ran),
        outcome: rmp_serde::to_vec(&outcome.outcome).unwrap_or_default().into(),
    }
}

/// Returns the outcome that was kept; one that does not decode was settled by another program.
pub(crate) fn outcome_of(kept: &Kept) -> Outcome {
    rmp_serde::from_slice(&kept.outcome).unwrap_or_else(|_| Settled {}.into())
}
