//! A browser's disk: what its pages keep for those that come after them, and may lose the last of (S3, S7).

use std::collections::{BTreeMap, BTreeSet};

use realtime_protocol::{Day, LaneName, Topic};

use super::{base::Base, queue::Asked};

/// A lane by its name: the text sorts.
pub(in crate::testing::world) type Lane = String;

/// One browser: the disk that its pages share, and who holds which lane.
#[derive(Debug, Default)]
pub(in crate::testing::world) struct Browser {
    log: Vec<Write>,
    locks: BTreeMap<Lane, usize>,
}

/// One transaction.
#[derive(Clone, Debug)]
pub(in crate::testing::world) enum Write {
    /// A lane was minted, at a time.
    Mint { lane: Lane, day: Day, at: u64 },
    /// A mutation was called.
    Put { lane: Lane, topic: Topic, seq: u64, asked: Asked },
    /// The confirmed state, of a page that holds `by`, and what need not be kept any more (S7).
    Base { by: BTreeSet<Lane>, topic: Topic, base: Option<Base>, gone: Vec<(Lane, u64)> },
}

/// What lies on the disk.
#[derive(Debug, Default)]
pub(in crate::testing::world) struct Stored {
    pub(in crate::testing::world) lanes: BTreeMap<Lane, (Day, u64)>,
    pub(in crate::testing::world) entries: BTreeMap<(Lane, Topic), BTreeMap<u64, Asked>>,
    /// The newest last.
    bases: Vec<(BTreeSet<Lane>, Topic, Base)>,
}

impl Browser {
    pub(in crate::testing::world) fn write(&mut self, write: Write) {
        self.log.push(write);
    }

    /// The power fails: the last writes had not come to the disk.
    pub(in crate::testing::world) fn lose(&mut self, writes: usize) {
        self.log.truncate(self.log.len().saturating_sub(writes));
    }

    pub(in crate::testing::world) fn read(&self) -> Stored {
        let mut stored = Stored::default();
        self.log.iter().for_each(|write| stored.apply(write));
        stored
    }

    /// Takes a lane's lock, unless another page has it.
    pub(in crate::testing::world) fn lock(&mut self, lane: &str, page: usize) -> bool {
        *self.locks.entry(lane.to_owned()).or_insert(page) == page
    }

    pub(in crate::testing::world) fn unlock_all(&mut self, page: usize) {
        self.locks.retain(|_, holder| *holder != page);
    }
}

impl Stored {
    fn apply(&mut self, write: &Write) {
        match write {
            Write::Mint { lane, day, at } => {
                self.lanes.insert(lane.clone(), (*day, *at));
            }
            Write::Put { lane, topic, seq, asked } => {
                let entries = self.entries.entry((lane.clone(), topic.clone())).or_default();
                entries.insert(*seq, asked.clone());
            }
            Write::Base { by, topic, base, gone } => {
                for (lane, seq) in gone {
                    if let Some(entries) = self.entries.get_mut(&(lane.clone(), topic.clone())) {
                        entries.remove(seq);
                    }
                }
                if let Some(base) = base {
                    self.bases.retain(|(old, of, _)| of != topic || old != by);
                    self.bases.push((by.clone(), topic.clone(), base.clone()));
                }
            }
        }
    }

    /// The lanes that have something to be sent.
    pub(in crate::testing::world) fn open(&self) -> BTreeSet<Lane> {
        let open = self.entries.iter().filter(|(_, entries)| !entries.is_empty());
        open.map(|((lane, _), _)| lane.clone()).collect()
    }

    /// The newest base that a holder of one of these lanes has written.
    pub(in crate::testing::world) fn base(&self, topic: &Topic, lanes: &BTreeSet<Lane>) -> Option<&Base> {
        let fits = |(by, of, _): &&(BTreeSet<Lane>, Topic, Base)| of == topic && !by.is_disjoint(lanes);
        self.bases.iter().rev().find(fits).map(|(_, _, base)| base)
    }
}

/// Returns a lane's name as frames have it.
///
/// # Panics
///
/// Never: the world mints names of the right shape.
pub(in crate::testing::world) fn name(lane: &str) -> LaneName {
    LaneName::try_from(lane.to_owned()).expect("16 characters of base64url")
}
