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
use crate::hook::{Committed, Happened, Published};

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

    /// What hooks observe of a commit of this node; `moved`: it changed rows.
    pub(super) fn observe(
        &self,
        ran: &[Waiting],
        outcomes: &[LaneOutcome],
        moved: bool,
        fx: &mut Vec<Effect>,
    ) {
        if self.registry.hooks.is_empty() {
            return;
        }
        for (entry, outcome) in ran.iter().zip(outcomes) {
            let committed = Committed {
                principal: entry.who.id().to_owned(),
                topic: self.topic.clone(),
                mutation: self.registry.name_of(entry.call.mutator),
                key: entry.call.key.clone(),
                at: self.head,
                refused: matches!(outcome.outcome, Outcome::Refused(_)),
            };
            fx.push(Effect::Observe(Happened::Committed(committed)));
        }
        if moved {
            let published = Published { topic: self.topic.clone(), at: self.head };
            fx.push(Effect::Observe(Happened::Published(published)));
        }
    }

    /// A hook has another answer than before: who was reading stops, who was not begins (S36).
    pub(super) fn barred(&mut self, key: SubKey, barred: Option<&'static str>, fx: &mut Vec<Effect>) {
        let Some(sub) = self.subs.get_mut(&key) else { return };
        let before = std::mem::replace(&mut sub.barred, barred);
        // One that was not answered yet is answered by this.
        if sub.count == 0 || before == barred {
            return;
        }
        if barred.is_some() && sub.live {
            self.revoke(key, fx);
        } else if before.is_some() && !self.joining.contains(&key) && !self.reading.contains(&key) {
            self.joining.push(key);
        }
    }
}
