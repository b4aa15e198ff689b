//! What was called, and what each caller was told of it in the end.

use std::collections::{BTreeMap, BTreeSet};

use realtime_protocol::{LaneId, Topic};

use super::{history::Entry, page::Verdict, sim::Sim};

/// One call.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) page: usize,
    pub(super) life: u32,
    /// The final words, in order: more than one where a failover changed it.
    pub(super) told: Vec<Verdict>,
    /// Another page took its lane over.
    pub(super) adopted: bool,
}

/// All calls of a run.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) calls: BTreeMap<(Topic, Entry), Called>,
    alive: BTreeSet<(usize, u32)>,
}

impl Ledger {
    pub(super) fn born(&mut self, page: usize, life: u32) {
        self.alive.retain(|(of, _)| *of != page);
        self.alive.insert((page, life));
    }

    pub(super) fn died(&mut self, page: usize, life: u32) {
        self.alive.remove(&(page, life));
    }

    /// Tells whether the page life that made a call goes on.
    pub(super) fn is_alive(&self, called: &Called) -> bool {
        self.alive.contains(&(called.page, called.life))
    }

    pub(super) fn called(&mut self, topic: &Topic, entry: Entry, page: usize, life: u32) {
        let called = Called { page, life, told: Vec::new(), adopted: false };
        self.calls.insert((topic.clone(), entry), called);
    }

    pub(super) fn adopted(&mut self, lane: LaneId) {
        let of_lane = self.calls.iter_mut().filter(|((_, (of, _)), _)| *of == lane);
        of_lane.for_each(|(_, called)| called.adopted = true);
    }

    pub(super) fn tell(&mut self, topic: &Topic, entry: Entry, verdict: Verdict, sim: &Sim) {
        sim.note(|| format!("told {} of {:?}: {verdict:?}", entry.1, entry.0));
        sim.count(match verdict {
            Verdict::Confirmed(_) => "told confirmed",
            Verdict::Refused(_) => "told refused",
            Verdict::Settled => "told settled",
            Verdict::Lost => "told lost",
            Verdict::Unknown => "told unknown",
        });
        match self.calls.get_mut(&(topic.clone(), entry)) {
            Some(called) => called.told.push(verdict),
            None => {
                sim.violated(format!("S1: an outcome for {} of {:?}, which nobody called", entry.1, entry.0))
            }
        }
    }

    pub(super) fn of(&self, topic: &Topic, entry: Entry) -> Option<&Called> {
        self.calls.get(&(topic.clone(), entry))
    }
}
