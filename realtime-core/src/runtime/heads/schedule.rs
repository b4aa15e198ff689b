//! When a node repeats the heads that it moved, and when it asks the store for heads: a function of time (S27, S28).

use std::collections::{BTreeMap, BTreeSet};

use realtime_protocol::{Position, Topic};

/// How long after a commit its head is repeated first, and last, in milliseconds.
const REPEAT_SOON: u64 = 1_000;
const REPEAT_LATE: u64 = 5_000;
/// How long after its last news a topic's head is asked for, and how often from then on.
const QUIET: u64 = 30_000;
const ASK_EVERY: u64 = 60_000;
/// Over how long the topics of a doubt are spread.
const SPREAD: u64 = 5_000;
/// How often a head is asked for while the broker is down, and the broker tried.
const DOWN_EVERY: u64 = 2_000;
/// How many heads one call asks for, and a second.
const MAX_CALL: usize = 1_000;
const PER_SECOND: u64 = 2_000;
/// How many moved heads wait to be repeated; of more than these, others learn by asking.
const MAX_MOVED: usize = 65_536;

/// What is due when. Times are milliseconds from any one start.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    watched: BTreeMap<Topic, Watched>,
    /// One entry for each watched topic.
    asks: BTreeSet<(u64, Topic)>,
    /// Not before: what was asked last fills the second up to here.
    next_call: u64,
    moved: BTreeMap<Topic, Moved>,
    /// One entry for each moved topic.
    repeats: BTreeSet<(u64, Topic)>,
    /// Topics whose joining failed.
    unjoined: BTreeSet<Topic>,
    /// The broker does not answer: when it is tried next.
    down: Option<u64>,
}

#[derive(Debug)]
struct Watched {
    due: u64,
    /// When something was last heard of it.
    heard: u64,
    /// News do not put this look off.
    doubted: bool,
}

#[derive(Debug)]
struct Moved {
    at: Position,
    due: u64,
    last: u64,
}

impl Schedule {
    /// A worker holds the topic from now on.
    pub(super) fn watch(&mut self, topic: &Topic, now: u64) {
        self.unwatch(topic);
        let due = now + if self.down.is_some() { DOWN_EVERY } else { QUIET };
        self.watched.insert(topic.clone(), Watched { due, heard: now, doubted: false });
        self.asks.insert((due, topic.clone()));
    }

    /// No worker holds it any more.
    pub(super) fn unwatch(&mut self, topic: &Topic) {
        self.unjoined.remove(topic);
        if let Some(watched) = self.watched.remove(topic) {
            self.asks.remove(&(watched.due, topic.clone()));
        }
    }

    pub(super) fn is_watched(&self, topic: &Topic) -> bool {
        self.watched.contains_key(topic)
    }

    /// A record of the topic came: nothing has to be asked for a while.
    pub(super) fn heard(&mut self, topic: &Topic, now: u64) {
        if let Some(watched) = self.watched.get_mut(topic) {
            watched.heard = now;
        }
    }

    /// This node moved the topic's head: `told`, whether a record that carries it goes out now.
    pub(super) fn moved(&mut self, topic: &Topic, at: Position, told: bool, now: u64) {
        self.heard(topic, now);
        let first = if told { now + REPEAT_SOON } else { now };
        let due = match self.moved.remove(topic) {
            Some(moved) => {
                self.repeats.remove(&(moved.due, topic.clone()));
                moved.due.min(first)
            }
            None if self.moved.len() >= MAX_MOVED => return,
            None => first,
        };
        self.moved.insert(topic.clone(), Moved { at, due, last: now + REPEAT_LATE });
        self.repeats.insert((due, topic.clone()));
    }

    /// Something may have been lost, of these topics or of any: each is asked for, spread over a while.
    pub(super) fn doubt(&mut self, topics: Option<Vec<Topic>>, now: u64) {
        self.doubt_over(topics, SPREAD, now);
    }

    /// What the store did not answer is asked again.
    pub(super) fn unanswered(&mut self, topics: Vec<Topic>, now: u64) {
        for topic in topics {
            self.ask_at(&topic, now + DOWN_EVERY, true);
        }
    }

    fn doubt_over(&mut self, topics: Option<Vec<Topic>>, spread: u64, now: u64) {
        let topics = topics.unwrap_or_else(|| self.watched.keys().cloned().collect());
        let count = topics.len() as u64;
        for (i, topic) in (0..).zip(&topics) {
            let due = now + spread * i / count;
            let sooner = self.watched.get(topic).map_or(due, |watched| watched.due.max(now).min(due));
            self.ask_at(topic, sooner, true);
        }
    }

    fn ask_at(&mut self, topic: &Topic, due: u64, doubted: bool) {
        let Some(watched) = self.watched.get_mut(topic) else { return };
        self.asks.remove(&(watched.due, topic.clone()));
        (watched.due, watched.doubted) = (due, doubted);
        self.asks.insert((due, topic.clone()));
    }

    /// What the broker answered to the last call: it works, or it does not.
    pub(super) fn link(&mut self, works: bool, now: u64) {
        match (works, self.down) {
            (true, Some(_)) => {
                self.down = None;
                self.doubt(None, now);
            }
            (false, None) => {
                self.down = Some(now + DOWN_EVERY);
                self.doubt_over(None, DOWN_EVERY, now);
            }
            (true, None) | (false, Some(_)) => {}
        }
    }

    /// The broker did not take a join: it is asked again once it answers.
    pub(super) fn unjoined(&mut self, topic: &Topic) {
        if self.is_watched(topic) || topic.is_reserved() {
            self.unjoined.insert(topic.clone());
        }
    }

    /// Returns the topics to be joined again, unless the broker is down.
    pub(super) fn rejoin(&mut self) -> Vec<Topic> {
        if self.down.is_some() {
            Vec::new()
        } else {
            std::mem::take(&mut self.unjoined).into_iter().collect()
        }
    }

    /// Tells whether the broker is to be tried with a message that says nothing.
    pub(super) fn tries(&mut self, now: u64) -> bool {
        let due = self.down.is_some_and(|due| due <= now);
        if due {
            self.down = Some(now + DOWN_EVERY);
        }
        due
    }

    /// Returns the heads that are to be told now.
    pub(super) fn repeat(&mut self, now: u64) -> Vec<(Topic, Position)> {
        let mut heads = Vec::new();
        while let Some((due, topic)) = self.repeats.pop_first() {
            if due > now {
                self.repeats.insert((due, topic));
                break;
            }
            let Some(moved) = self.moved.get_mut(&topic) else { continue };
            heads.push((topic.clone(), moved.at));
            if moved.last > now {
                moved.due = moved.last;
                self.repeats.insert((moved.due, topic));
            } else {
                self.moved.remove(&topic);
            }
        }
        heads
    }

    /// Returns the topics whose heads are to be asked for now, in one call.
    pub(super) fn ask(&mut self, now: u64) -> Vec<Topic> {
        let mut topics = Vec::new();
        while now >= self.next_call && topics.len() < MAX_CALL {
            let Some((due, topic)) = self.asks.first().cloned().filter(|(due, _)| *due <= now) else { break };
            let Some(watched) = self.watched.get(&topic) else { break };
            let quiet = watched.doubted || self.down.is_some() || watched.heard + QUIET <= due;
            if quiet {
                topics.push(topic.clone());
                let every = if self.down.is_some() { DOWN_EVERY } else { ASK_EVERY };
                self.ask_at(&topic, now + every, false);
            } else {
                self.ask_at(&topic, watched.heard + QUIET, false);
            }
        }
        if !topics.is_empty() {
            self.next_call = now + (topics.len() as u64 * 1_000).div_ceil(PER_SECOND);
        }
        topics
    }

    /// When something is to be told next.
    pub(super) fn next_repeat(&self) -> Option<u64> {
        let rejoin = (self.down.is_none() && !self.unjoined.is_empty()).then_some(0);
        self.repeats.first().map(|(due, _)| *due).into_iter().chain(self.down).chain(rejoin).min()
    }

    /// When something is to be asked next.
    pub(super) fn next_ask(&self) -> Option<u64> {
        self.asks.first().map(|(due, _)| (*due).max(self.next_call))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(n: usize) -> Topic {
        Topic::new(format!("poll/{n}")).unwrap()
    }

    fn at(offset: u64) -> Position {
        Position { offset, epoch: 7 }
    }

    /// Plays time up to `end`, and returns when each call asked for how many heads.
    fn calls(schedule: &mut Schedule, end: u64) -> Vec<(u64, usize)> {
        let mut calls = Vec::new();
        while let Some(now) = schedule.next_ask().filter(|now| *now <= end) {
            let asked = schedule.ask(now);
            if !asked.is_empty() {
                calls.push((now, asked.len()));
            }
        }
        calls
    }

    #[test]
    fn s27_a_head_that_was_moved_is_repeated_after_one_second_and_after_five() {
        let mut schedule = Schedule::default();
        schedule.moved(&topic(1), at(1), true, 100);
        schedule.moved(&topic(1), at(2), true, 600);
        let mut told = Vec::new();
        while let Some(now) = schedule.next_repeat() {
            told.extend(schedule.repeat(now).into_iter().map(|(_, head)| (now, head)));
        }
        assert_eq!(told, [(1_100, at(2)), (5_600, at(2))]);
    }

    #[test]
    fn s28_a_head_whose_record_is_too_large_is_told_at_once() {
        let mut schedule = Schedule::default();
        schedule.moved(&topic(1), at(1), false, 100);
        assert_eq!(schedule.repeat(100), [(topic(1), at(1))]);
    }

    #[test]
    fn s27_a_quiet_topic_is_asked_for_after_thirty_seconds_then_each_sixty() {
        let mut schedule = Schedule::default();
        schedule.watch(&topic(1), 0);
        schedule.heard(&topic(1), 10_000);
        assert_eq!(calls(&mut schedule, 200_000), [(40_000, 1), (100_000, 1), (160_000, 1)]);
        schedule.unwatch(&topic(1));
        assert_eq!(schedule.next_ask(), None);
    }

    #[test]
    fn s27_a_hundred_thousand_quiet_topics_cost_two_calls_a_second() {
        let mut schedule = Schedule::default();
        (0..100_000).for_each(|n| schedule.watch(&topic(n), n as u64));
        let calls = calls(&mut schedule, 360_000);
        let later: usize = calls.iter().filter(|(now, _)| *now > 300_000).map(|(_, count)| count).sum();
        assert_eq!(later, 100_000, "each of them once a minute");
        assert!(calls.iter().all(|(_, count)| *count <= 1_000));
        assert!(calls.windows(2).all(|pair| pair[1].0 - pair[0].0 >= pair[0].1 as u64 / 2), "2,000 a second");
    }

    #[test]
    fn s27_a_doubt_is_spread_over_five_seconds_and_news_do_not_put_it_off() {
        let mut schedule = Schedule::default();
        (0..100).for_each(|n| schedule.watch(&topic(n), 0));
        schedule.doubt(None, 1_000);
        (0..100).for_each(|n| schedule.heard(&topic(n), 1_001));
        let calls = calls(&mut schedule, 6_000);
        assert_eq!(calls.iter().map(|(_, count)| count).sum::<usize>(), 100);
        assert_eq!(calls.first().unwrap().0, 1_000);
        assert!(calls.last().unwrap().0 >= 5_900);
        schedule.doubt(Some(vec![topic(7)]), 7_000);
        assert_eq!(schedule.ask(7_000), [topic(7)]);
    }

    #[test]
    fn s28_while_the_broker_is_down_heads_are_asked_each_two_seconds() {
        let mut schedule = Schedule::default();
        (0..10).for_each(|n| schedule.watch(&topic(n), 0));
        schedule.link(false, 1_000);
        schedule.watch(&topic(9), 1_000);
        let asked: usize = calls(&mut schedule, 6_999).iter().map(|(_, count)| count).sum();
        assert_eq!(asked, 9 * 3 + 2, "one was opened later");
        assert_eq!(schedule.next_repeat(), Some(3_000), "the broker is tried");
        assert!(schedule.tries(3_000) && !schedule.tries(3_001));
        schedule.link(true, 8_000);
        calls(&mut schedule, 13_000);
        assert_eq!(calls(&mut schedule, 60_000), [], "as before");
    }

    #[test]
    fn s28_what_could_not_be_joined_is_joined_once_the_broker_answers() {
        let mut schedule = Schedule::default();
        schedule.watch(&topic(1), 0);
        schedule.link(false, 0);
        schedule.unjoined(&topic(1));
        assert!(schedule.rejoin().is_empty());
        schedule.link(true, 2_000);
        assert_eq!(schedule.rejoin(), [topic(1)]);
        assert!(schedule.rejoin().is_empty());
        // One that was left meanwhile is not; the one over which nodes talk always is.
        schedule.unjoined(&topic(2));
        schedule.unjoined(&Topic::new("$realtime/heads").unwrap());
        assert_eq!(schedule.rejoin(), [Topic::new("$realtime/heads").unwrap()]);
    }

    #[test]
    fn l11_more_moved_heads_than_the_limit_are_left_to_those_who_ask() {
        let mut schedule = Schedule::default();
        (0..MAX_MOVED + 10).for_each(|n| schedule.moved(&topic(n), at(1), true, 0));
        assert_eq!(schedule.repeat(1_000).len(), MAX_MOVED);
        assert_eq!(schedule.repeat(5_000).len(), MAX_MOVED);
        assert_eq!(schedule.next_repeat(), None);
    }

    #[test]
    fn s28_a_store_that_gave_no_heads_is_asked_again() {
        let mut schedule = Schedule::default();
        schedule.watch(&topic(1), 0);
        assert_eq!(schedule.ask(30_000), [topic(1)]);
        schedule.unanswered(vec![topic(1)], 30_000);
        assert_eq!(calls(&mut schedule, 40_000), [(32_000, 1)]);
    }
}
