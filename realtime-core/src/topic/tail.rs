//! The last commits, as a worker remembers them: most catch-ups need no read of the store (S15).

use std::collections::VecDeque;

use realtime_protocol::Position;

use super::{record::RecordBody, step::Step};

/// How many commits are remembered.
const MAX_COMMITS: usize = 256;
/// About how many bytes of them.
const MAX_BYTES: usize = 256 * 1024;

/// One commit.
#[derive(Debug)]
pub(crate) struct Recent {
    /// Where the topic stood before.
    pub(crate) from: Position,
    pub(crate) at: Position,
    pub(crate) record: RecordBody,
    /// What it did to rows, where rights depend on them.
    pub(crate) step: Option<Step>,
}

impl Recent {
    fn weight(&self) -> usize {
        let rows = self.record.rows.iter().map(super::record::RowChange::weight).sum::<usize>();
        rows + self.step.as_ref().map_or(0, Step::weight) + self.record.lanes.len() * 64 + 128
    }
}

/// The last commits, without a hole.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    commits: VecDeque<Recent>,
    bytes: usize,
}

impl Tail {
    /// Adds the newest; `unflushed`: those after this position stay, whatever they weigh.
    pub(crate) fn push(&mut self, commit: Recent, unflushed: Position) {
        self.bytes += commit.weight();
        self.commits.push_back(commit);
        while let Some(oldest) = self.commits.front()
            && (self.commits.len() > MAX_COMMITS || self.bytes > MAX_BYTES)
            && oldest.at.offset <= unflushed.offset
        {
            self.bytes -= oldest.weight();
            self.commits.pop_front();
        }
    }

    /// Forgets all: the topic was loaded afresh.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the commits after a position, oldest first; `None`: it is not known here.
    pub(crate) fn after(&self, from: Position) -> Option<impl Iterator<Item = &Recent> + Clone> {
        let known = |commit: &Recent| commit.from == from;
        let start = match self.commits.iter().position(known) {
            Some(start) => start,
            None if self.commits.back().is_some_and(|last| last.at == from) => self.commits.len(),
            None => return None,
        };
        Some(self.commits.range(start..))
    }
}
