//! `lane`, `sub` and `unsub`: what a connection may open, and which lanes it names.

use std::collections::HashSet;

use super::{End, Facts, Machine, machine::Ask};
use crate::{
    Day, LaneId, LaneName, Position, Topic, code,
    frame::v1::{Sub, SubLane, Subscribed, how, view},
};

/// A lane, as a subscription or a mutation names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held {
    /// Its key, which holds the principal (S1).
    pub id: LaneId,
    /// Its index on the connection.
    pub index: u16,
    /// The day on which it was minted.
    pub day: Day,
    /// Whether its row is wanted.
    pub wanted: bool,
}

/// A topic that is to be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opening {
    /// The client's number for the subscription.
    pub sub: u32,
    /// Which topic: one of a model's.
    pub topic: Topic,
    /// One of [`view`].
    pub view: u8,
    /// The lanes with a history in it.
    pub lanes: Vec<Held>,
    /// Where the client stands, and its class.
    pub resume: Option<(Position, u64)>,
}

impl Machine {
    /// Takes a lane; its place is its index.
    pub(super) fn lane(&mut self, name: &LaneName, day: Day) -> Result<(), End> {
        let Some(principal) = &self.principal else { return Ok(()) };
        if self.lanes.len() >= self.limits.lanes {
            let reason = format!("a connection has at most {} lanes", self.limits.lanes);
            return Err(End::new(code::LIMIT, reason));
        }
        let id = LaneId::new("", principal, name);
        if self.lanes.iter().any(|(known, _)| *known == id) {
            return Err(End::new(code::MISBEHAVED, "a lane has one index on a connection"));
        }
        self.lanes.push((id, day));
        Ok(())
    }

    pub(super) fn sub(&mut self, sub: Sub, facts: &Facts<'_>) -> Result<Vec<Ask>, End> {
        self.check(&sub)?;
        self.last_sub = sub.id;
        let lanes: Result<Vec<_>, _> = sub.lanes.iter().map(|lane| self.held(*lane)).collect();
        let lanes = lanes?;
        if sub.topic.is_reserved() || !facts.catalog.knows_topic(&sub.topic) {
            return Ok(vec![Ask::Send(refusal(sub.id, code::DENIED).into())]);
        }
        self.subs.insert(sub.id, sub.topic.clone());
        let resume = sub.resume.map(|(offset, epoch, class)| (Position { offset, epoch }, class));
        let (id, topic, view) = (sub.id, sub.topic, sub.view);
        Ok(vec![Ask::Open(Opening { sub: id, topic, view, lanes, resume })])
    }

    fn check(&self, sub: &Sub) -> Result<(), End> {
        let misbehaved = |reason: &str| Err(End::new(code::MISBEHAVED, reason));
        if sub.id <= self.last_sub {
            return misbehaved("subscription numbers ascend, and are used once");
        }
        if self.subs.len() >= self.limits.subscriptions {
            let reason = format!("a connection has at most {} subscriptions", self.limits.subscriptions);
            return Err(End::new(code::LIMIT, reason));
        }
        if !matches!(sub.view, view::NONE | view::ALL) {
            return Err(End::new(code::MALFORMED, format!("{} is no view", sub.view)));
        }
        // Two would be told of each change twice, on one channel (S16).
        if self.subs.values().any(|topic| *topic == sub.topic) {
            return misbehaved("a topic is open once on a connection: `unsub` first");
        }
        let mut named = HashSet::new();
        if !sub.lanes.iter().all(|(index, ..)| named.insert(*index)) {
            return misbehaved("a subscription names each lane once");
        }
        Ok(())
    }

    pub(super) fn held(&self, (index, _, wanted): SubLane) -> Result<Held, End> {
        match self.lanes.get(usize::from(index)) {
            Some(&(id, day)) => Ok(Held { id, index, day, wanted }),
            None => Err(End::new(code::MISBEHAVED, format!("no lane has the index {index}"))),
        }
    }

    pub(super) fn unsub(&mut self, sub: u32) -> Vec<Ask> {
        self.held.retain(|(of, _), _| *of != sub);
        self.subs.remove(&sub).map(|topic| Ask::Leave { sub, topic }).into_iter().collect()
    }

    /// A hook refused what the machine has opened: the client is told, and the number is free of its topic.
    ///
    /// Returns the frame to send.
    pub fn refuse(&mut self, sub: u32, code: &str) -> Subscribed {
        self.subs.remove(&sub);
        refusal(sub, code)
    }
}

/// The same answer for a topic of no model and for one that may not be opened (S34).
fn refusal(id: u32, code: &str) -> Subscribed {
    Subscribed {
        id,
        count: 1,
        channel: 0,
        how: how::REFUSED,
        offset: 0,
        epoch: 0,
        until: 0,
        class: 0,
        lanes: Vec::new(),
        reason: Some(code.to_owned()),
        partial: None,
    }
}
