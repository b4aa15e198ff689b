//! What a topic's worker finds out about who uses it, and tells their connections (S47).

use std::{collections::BTreeMap, sync::Arc};

use realtime_protocol::{
    frame::v1::Outcome,
    session::{limit::Note, mutate::LaneState},
};

use super::{
    batch::Waiting,
    event::{Effect, SubKey},
    record::LaneOutcome,
    worker::Worker,
};

impl Worker {
    pub(super) fn note(&self, of: SubKey, note: Note, fx: &mut Vec<Effect>) {
        if let Some(sub) = self.subs.get(&of) {
            fx.push(Effect::Note { conn: of.conn, conduct: Arc::clone(&sub.conduct), note });
        }
    }

    /// What ran, before the lanes move: how much of each lane was refused, and which lanes have a row from now on.
    pub(super) fn note_ran(&self, ran: &[Waiting], outcomes: &[LaneOutcome], fx: &mut Vec<Effect>) {
        let mut refused: BTreeMap<(SubKey, u16), u32> = BTreeMap::new();
        let mut begun = Vec::new();
        for (entry, outcome) in ran.iter().zip(outcomes) {
            let is_refused = matches!(outcome.outcome, Outcome::Refused(_));
            *refused.entry((entry.from, entry.index)).or_default() += u32::from(is_refused);
            let is_fresh = self.lanes.get(entry.lane).is_some_and(|known| known.state() == LaneState::Fresh);
            if is_fresh && !begun.contains(&entry.lane) {
                begun.push(entry.lane);
                self.note(entry.from, Note::LaneRow, fx);
            }
        }
        for ((of, lane), refused) in refused {
            self.note(of, Note::Ran { lane, refused }, fx);
        }
    }
}
