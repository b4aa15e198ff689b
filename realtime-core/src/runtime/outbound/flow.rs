//! What a connection's queue knows of each of its subscriptions: what waits, and where the reader stands.

use std::sync::Arc;

use super::queue::Dropped;
use crate::topic::event::Stamp;

/// A subscription that may go on, the last that has reached its socket, and how many `subscribed` have.
pub(crate) type Due = (u32, Option<Arc<Stamp>>, u32);

/// One subscription.
#[derive(Debug)]
pub(super) struct Flow {
    sub: u32,
    /// What waits of its data.
    bytes: usize,
    frames: usize,
    /// How many of its barriers wait.
    pub(super) barriers: usize,
    /// The last of its data that the kernel took, after the last barrier.
    written: Option<Arc<Stamp>>,
    /// How many `subscribed` the kernel took.
    answers: u32,
    /// A barrier was queued that makes all before it void, and not yet the first data after it.
    anew: bool,
    /// Its data was dropped: none is queued until the catch-up.
    pub(super) behind: bool,
    /// Its worker was not told so.
    untold: bool,
    /// Its worker was told that there is room, and has not answered.
    asked: bool,
    /// Its channel, and the head that it stands at once nothing waits: what was committed since held nothing for it.
    skipped: Option<(u32, u64)>,
}

impl Flow {
    fn new(sub: u32) -> Self {
        Self {
            sub,
            bytes: 0,
            frames: 0,
            barriers: 0,
            written: None,
            answers: 0,
            anew: false,
            behind: false,
            untold: false,
            asked: false,
            skipped: None,
        }
    }

    /// Data of it was queued.
    pub(super) fn queued(&mut self, cost: usize, catch_up: bool) {
        self.bytes += cost;
        self.frames += 1;
        (self.behind, self.skipped) = (false, None);
        self.asked &= !catch_up;
        self.anew &= !catch_up;
    }

    /// Tells whether a catch-up stands for all that was dropped: one that nobody asked for, of a reader that resumes,
    /// begins where its worker believes that it stands.
    pub(super) fn expects_catch_up(&self) -> bool {
        self.asked || self.anew
    }

    /// A barrier of it was queued: what its worker was asked before will not be answered.
    pub(super) fn barrier(&mut self, anew: bool) {
        self.barriers += 1;
        self.anew |= anew;
        (self.asked, self.skipped) = (false, None);
    }

    pub(super) fn fell_behind(&mut self, dropped: Dropped) {
        self.bytes = self.bytes.saturating_sub(usize::try_from(dropped.bytes).unwrap_or(usize::MAX));
        self.frames = self.frames.saturating_sub(usize::try_from(dropped.frames).unwrap_or(usize::MAX));
        (self.behind, self.untold, self.asked, self.skipped) = (true, true, false, None);
    }

    /// It is behind, or its snapshot goes on.
    fn is_hungry(&self) -> bool {
        !self.asked && (self.behind || self.written.as_ref().is_some_and(|stamp| stamp.next.is_some()))
    }
}

/// All of a connection's.
#[derive(Default, Debug)]
pub(super) struct Flows {
    /// By number.
    flows: Vec<Flow>,
    /// Some may be hungry.
    pub(super) hungry: bool,
    /// Some may be newly behind.
    pub(super) fell_behind: bool,
}

impl Flows {
    pub(super) fn of(&mut self, sub: u32) -> &mut Flow {
        let at = match self.find(sub) {
            Ok(at) => at,
            Err(at) => {
                self.flows.insert(at, Flow::new(sub));
                at
            }
        };
        &mut self.flows[at]
    }

    pub(super) fn has_barrier(&self, sub: u32) -> bool {
        self.find(sub).is_ok_and(|at| self.flows[at].barriers > 0)
    }

    pub(super) fn remove(&mut self, sub: u32) {
        if let Ok(at) = self.find(sub) {
            self.flows.remove(at);
        }
    }

    /// A barrier was queued.
    pub(super) fn barrier(&mut self, sub: u32, anew: bool) {
        let flow = self.of(sub);
        flow.barrier(anew);
        let is_hungry = flow.is_hungry();
        self.hungry |= is_hungry;
    }

    /// The kernel took data.
    pub(super) fn passed(&mut self, sub: u32, cost: usize, stamp: Arc<Stamp>) {
        let Ok(at) = self.find(sub) else { return };
        let flow = &mut self.flows[at];
        flow.bytes = flow.bytes.saturating_sub(cost);
        flow.frames = flow.frames.saturating_sub(1);
        self.hungry |= stamp.next.is_some();
        flow.written = Some(stamp);
    }

    /// The kernel took a barrier: `anew`: what the reader had before it counts no more.
    pub(super) fn passed_barrier(&mut self, sub: u32, anew: bool, answers: bool) {
        let Ok(at) = self.find(sub) else { return };
        let flow = &mut self.flows[at];
        flow.barriers = flow.barriers.saturating_sub(1);
        flow.answers += u32::from(answers);
        if anew {
            flow.written = None;
        }
    }

    /// A commit held nothing for it.
    pub(super) fn skip(&mut self, sub: u32, to: (u32, u64)) {
        let flow = self.of(sub);
        if !flow.behind {
            flow.skipped = Some(to);
        }
    }

    /// Returns the heads at which subscriptions stand without having been told, and for which nothing waits (S27).
    pub(super) fn take_heads(&mut self) -> Vec<(u32, u64)> {
        let idle = self.flows.iter_mut().filter(|flow| flow.frames == 0 && flow.barriers == 0);
        idle.filter_map(|flow| flow.skipped.take()).collect()
    }

    /// The subscription with the most data to drop, without what is under way.
    pub(super) fn fattest(&self, under_way: Option<(u32, usize)>) -> Option<u32> {
        let droppable = |flow: &Flow| match under_way {
            Some((sub, cost)) if sub == flow.sub => flow.bytes.saturating_sub(cost),
            _ => flow.bytes,
        };
        self.flows
            .iter()
            .filter(|flow| droppable(flow) > 0)
            .max_by_key(|flow| droppable(flow))
            .map(|flow| flow.sub)
    }

    /// Returns those that are newly behind.
    pub(super) fn take_behind(&mut self) -> Vec<u32> {
        if !std::mem::take(&mut self.fell_behind) {
            return Vec::new();
        }
        let untold = |flow: &mut Flow| std::mem::take(&mut flow.untold) && flow.behind;
        self.flows.iter_mut().filter_map(|flow| untold(flow).then_some(flow.sub)).collect()
    }

    /// Returns those of which all is written that waits, and more is to come.
    pub(super) fn take_due(&mut self) -> Vec<Due> {
        let mut due = Vec::new();
        self.hungry = false;
        for flow in self.flows.iter_mut().filter(|flow| flow.is_hungry()) {
            if flow.frames == 0 && flow.barriers == 0 {
                flow.asked = true;
                due.push((flow.sub, flow.written.clone(), flow.answers));
            } else {
                self.hungry = true;
            }
        }
        due
    }

    fn find(&self, sub: u32) -> Result<usize, usize> {
        self.flows.binary_search_by_key(&sub, |flow| flow.sub)
    }
}
