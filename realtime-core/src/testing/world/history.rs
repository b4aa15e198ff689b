//! What the world knows and no node does: every state that a topic was ever in, and what ran on the way to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use realtime_protocol::{LaneId, Position, Topic, frame::v1::Outcome};

use crate::{
    store::{Commit, LaneMove},
    topic::{lanes, rows::Rows},
};

/// Number of a lane, and of a mutation in it.
pub(super) type Entry = (LaneId, u64);

/// All topics.
#[derive(Default)]
pub(super) struct History(BTreeMap<Topic, Life>);

/// One topic.
#[derive(Default)]
struct Life {
    points: BTreeMap<Key, Point>,
    /// Where it stands: the histories that were lost stay among the points.
    head: Position,
    /// What was refused or changed nothing, since a failover or ever: no offset tells of it.
    aside: BTreeMap<Entry, Outcome>,
    /// Of these, all that ever changed nothing: a failover that loses one loses no effect.
    idle: BTreeSet<Entry>,
}

type Key = (u64, u32);

fn key(at: Position) -> Key {
    (at.offset, at.epoch)
}

/// One state.
struct Point {
    before: Position,
    rows: Arc<Rows>,
    ran: BTreeMap<Entry, Outcome>,
}

impl History {
    /// A commit was kept; returns the law that it breaks.
    pub(super) fn committed(
        &mut self,
        topic: &Topic,
        commit: &Commit,
        at: Position,
        rows: Rows,
    ) -> Option<String> {
        let life = self.0.entry(topic.clone()).or_default();
        let ran: BTreeMap<Entry, Outcome> = outcomes(commit).collect();
        let twice = ran.keys().find(|entry| life.has_run(**entry, life.head)).copied();
        if at == life.head {
            let idle = ran.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done(_)));
            life.idle.extend(idle.map(|(entry, _)| *entry));
            life.aside.extend(ran);
        } else {
            let known = life.points.contains_key(&key(at));
            if life.is_as_before(&rows) {
                return Some(format!("S10: {at} of {topic} took an offset and changed nothing"));
            }
            let point = Point { before: life.head, rows: Arc::new(rows), ran };
            life.points.insert(key(at), point);
            if known {
                return Some(format!("S21: two commits of {topic} bear the position {at}"));
            }
            if at.offset != life.head.offset + 1 {
                return Some(format!("L1: {topic} went from {} to {at}", life.head));
            }
            life.head = at;
        }
        twice.map(|(lane, seq)| format!("L3: {seq} of lane {lane:?} ran twice in {topic}"))
    }

    /// The last commits are gone; those that are left and took no offset are `aside`.
    pub(super) fn failed_over<'a>(
        &mut self,
        topic: &Topic,
        head: Position,
        aside: impl Iterator<Item = &'a Commit>,
    ) {
        if let Some(life) = self.0.get_mut(topic) {
            life.head = head;
            life.aside = aside.flat_map(outcomes).collect();
        }
    }

    /// Returns the rows of a position; `None`: no commit ever bore it.
    pub(super) fn rows(&self, topic: &Topic, at: Position) -> Option<Arc<Rows>> {
        if at == Position::default() {
            return Some(Arc::default());
        }
        Some(Arc::clone(&self.0.get(topic)?.points.get(&key(at))?.rows))
    }

    /// Returns the positions of an offset, in whatever history.
    pub(super) fn of_offset(&self, topic: &Topic, offset: u64) -> Vec<Position> {
        let points = self.0.get(topic).into_iter().flat_map(|life| life.points.range((offset, 0)..));
        let of_offset = points.take_while(|((of, _), _)| *of == offset);
        of_offset.map(|((offset, epoch), _)| Position { offset: *offset, epoch: *epoch }).collect()
    }

    /// Returns what an entry came to in the history that leads to `at`, where it changed the topic.
    pub(super) fn ran(&self, topic: &Topic, entry: Entry, at: Position) -> Option<&Outcome> {
        self.0.get(topic)?.ran(entry, at)
    }

    /// Returns what an entry came to in the history that survived.
    pub(super) fn outcome(&self, topic: &Topic, entry: Entry) -> Option<&Outcome> {
        let life = self.0.get(topic)?;
        life.ran(entry, life.head).or_else(|| life.aside.get(&entry))
    }

    /// Tells whether an entry ever ran and changed nothing.
    pub(super) fn was_idle(&self, topic: &Topic, entry: Entry) -> bool {
        self.0.get(topic).is_some_and(|life| life.idle.contains(&entry))
    }

    /// Every entry that ran in the history that survived.
    pub(super) fn all_done(&self, topic: &Topic) -> BTreeSet<Entry> {
        let Some(life) = self.0.get(topic) else { return BTreeSet::new() };
        let done =
            |(entry, outcome): (&Entry, &Outcome)| matches!(outcome, Outcome::Done(_)).then_some(*entry);
        life.back(life.head).flat_map(|point| point.ran.iter().filter_map(done)).collect()
    }

    pub(super) fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.0.keys()
    }
}

fn outcomes(commit: &Commit) -> impl Iterator<Item = (Entry, Outcome)> {
    let of = |moved: &LaneMove| {
        let lane = moved.lane;
        moved.kept.iter().map(move |kept| ((lane, kept.seq), lanes::outcome_of(kept))).collect::<Vec<_>>()
    };
    commit.lanes.iter().flat_map(of)
}

impl Life {
    /// The points from one back to the beginning.
    fn back(&self, from: Position) -> impl Iterator<Item = &Point> {
        std::iter::successors(self.points.get(&key(from)), |point| self.points.get(&key(point.before)))
    }

    fn ran(&self, entry: Entry, at: Position) -> Option<&Outcome> {
        self.back(at).find_map(|point| point.ran.get(&entry))
    }

    fn is_as_before(&self, rows: &Rows) -> bool {
        let before = self.points.get(&key(self.head)).map(|point| &point.rows);
        let same = |before: &Arc<Rows>| {
            let mut pairs = before.iter().zip(rows);
            before.len() == rows.len()
                && pairs.all(|((key, one), (other, two))| key == other && one.cells == two.cells)
        };
        before.is_some_and(same)
    }

    fn has_run(&self, entry: Entry, at: Position) -> bool {
        self.ran(entry, at).is_some() || self.aside.contains_key(&entry)
    }
}
