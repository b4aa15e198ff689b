//! Joining: what a subscriber is told, and from where it goes on (S20, S22, S24).

use std::sync::Arc;

use bytes::Bytes;
use realtime_protocol::{
    Position, code,
    frame::v1::{Reset, Subscribed, how, view},
    session::{
        limit::Note,
        resume::{self, Ground, Log, Reader, Way},
    },
};

use super::{
    event::{Effect, Kind, Stamp, SubKey, Subscriber},
    pages::{self, Part},
    rows::{self, Value},
    sight::{self, Roles},
    worker::Worker,
};
use crate::{handler::Door, policy::Answer, store::Replay};

/// The most sets of roles that read a topic at a time, for each codec (S18).
const MAX_ROLES: usize = 64;

impl Worker {
    /// Answers one `sub`, in a turn in which rows, channels and lanes stand at one position.
    pub(super) fn join(&mut self, key: SubKey, replays: &[(Position, Replay)], fx: &mut Vec<Effect>) {
        let Some(sub) = self.subs.get_mut(&key) else { return };
        sub.count += 1;
        self.drained.remove(&key);
        (sub.live, sub.channel, sub.cursor, sub.behind) = (false, 0, None, false);
        let (principal, sees) = (Arc::clone(&sub.principal), sub.view != view::NONE);
        let resume = sub.resume;
        let roles = self.roles(&principal);
        let refused = if sees { self.admit(key, &principal, roles).err() } else { None };
        let reader = Reader { only_writes: !sees, from: resume };
        let ground = Ground {
            may_open: refused.map_or(Ok(()), Err),
            class: self.subs.get(&key).map_or(0, |sub| self.class(sub)),
            head: self.head,
            snapshot_bytes: self.size,
        };
        let mut way = resume::decide(reader, &ground, self.log(resume, replays));
        let mut missed = None;
        if let Way::Resume { from } = way
            && from != self.head
        {
            missed = self.catch_up_frame(key, from, replays);
            // How much it is, is known once it is made.
            let log = missed.as_ref().map_or(Log::Unreadable, |frame| records(frame.len(), false));
            way = resume::decide(reader, &ground, log);
        }
        let is_first = self.subs.get(&key).is_some_and(|sub| sub.count == 1);
        if is_first && way.is_strange() {
            self.note(key, Note::StrangeResume, fx);
        }
        self.send_subscribed(key, &way, fx);
        match way {
            Way::Lanes | Way::Refuse { .. } => {}
            Way::Snapshot { .. } => self.begin_snapshot(key, fx),
            Way::Resume { from } => self.begin_resume(key, from, missed, fx),
        }
        if let Some(sub) = self.subs.get_mut(&key) {
            sub.resume = None;
        }
    }

    /// Lets a reader in, and gives it a channel.
    fn admit(&mut self, key: SubKey, principal: &Value, roles: Roles) -> Result<(), &'static str> {
        if let Some(code) = self.subs.get(&key).and_then(|sub| sub.barred) {
            return Err(code);
        }
        self.may_open(principal)?;
        let Some(codec) = self.subs.get(&key).map(|sub| sub.codec) else { return Ok(()) };
        let fits = |channel: &super::channel::Channel| channel.codec == codec && channel.roles == roles;
        let number = match self.channels.iter().find(|channel| fits(channel)) {
            Some(channel) => channel.number,
            None if self.channels.iter().filter(|c| c.codec == codec).count() >= MAX_ROLES => {
                return Err(code::LIMIT_REACHED);
            }
            None => self.open_channel(codec, roles),
        };
        if let Some(sub) = self.subs.get_mut(&key) {
            (sub.live, sub.channel) = (true, number);
        }
        Ok(())
    }

    /// Before the topic is loaded afresh: a reader will go on from here, if the history is still the same.
    pub(super) fn hold_where_it_stands(&mut self, key: SubKey) {
        let Some(sub) = self.subs.get(&key) else { return };
        // What was sent to one that is behind may not have reached it, and half a snapshot is none.
        let is_whole = sub.live && !sub.behind && sub.cursor.is_none();
        // It may stand behind the head where what was committed since holds nothing for it.
        let floor = self.channel_of(sub).map(super::channel::Channel::floor);
        let resume = floor.filter(|_| is_whole).map(|floor| (floor, self.class(sub)));
        let was_live = sub.live;
        if let Some(sub) = self.subs.get_mut(&key) {
            if was_live {
                sub.resume = resume;
                sub.live = false;
            }
            sub.lanes.iter_mut().for_each(|lane| lane.wanted = true);
        }
    }

    pub(super) fn roles(&self, principal: &Value) -> Roles {
        sight::roles(&self.registry, self.root, principal, self.root_value().as_ref())
    }

    pub(super) fn root_value(&self) -> Option<Value> {
        rows::root_value(&self.rows, self.registry.model(self.root).model.number())
    }

    /// The class of a reader: schema, roles, and who it is where rights depend on rows (S20).
    pub(super) fn class(&self, sub: &Subscriber) -> u64 {
        let roles = self.roles(&sub.principal);
        let fold = |hash: u64, part: u64| (hash ^ part).wrapping_mul(0x100_0000_01b3).rotate_left(23);
        let answers =
            roles.iter().fold(self.registry.class(self.root), |hash, role| fold(hash, *role as u64 + 1));
        let class = if sight::is_by_row(&roles) { fold(answers, sub.identity) } else { answers };
        class & ((1 << 48) - 1)
    }

    /// Asks who may open: of a topic that does not exist, only who may create it learns so (S44).
    pub(super) fn may_open(&self, principal: &Value) -> Result<(), &'static str> {
        let model = &self.registry.model(self.root).model;
        let answer = match self.root_value() {
            Some(root) => model.ask(Door::Open, principal, Some(&root), Some(&root)),
            None => model.ask(Door::Create, principal, None, None),
        };
        if answer == Answer::Yes { Ok(()) } else { Err(code::DENIED) }
    }

    /// What the log says about where a reader stands: the worker's own last commits, or what was read for it.
    fn log(&self, resume: Option<(Position, u64)>, replays: &[(Position, Replay)]) -> Log {
        let Some((from, _)) = resume else { return Log::Unasked };
        if self.tail.after(from).is_some() {
            return records(0, false);
        }
        match replays.iter().find(|(at, _)| *at == from).map(|(_, replay)| replay) {
            Some(Replay::Records { more, .. }) => records(0, *more),
            Some(Replay::Gap { head }) => Log::Gap { floor: head.floor },
            None => Log::Unasked,
        }
    }

    fn begin_resume(&mut self, key: SubKey, from: Position, missed: Option<Bytes>, fx: &mut Vec<Effect>) {
        // One that was answered before may stand behind this, where data was dropped on the way.
        if let Some(sub) = self.subs.get_mut(&key).filter(|sub| sub.count == 1) {
            sub.start = Stamp { at: from, next: None };
        }
        if let Some(frame) = missed {
            let kind = Kind::CatchUp(Arc::new(Stamp { at: self.head, next: None }));
            fx.push(Effect::Send { to: key, frame, kind });
        }
    }

    fn begin_snapshot(&mut self, key: SubKey, fx: &mut Vec<Effect>) {
        if let Some(sub) = self.subs.get_mut(&key) {
            sub.start = Stamp { at: self.head, next: Some(pages::first()) };
        }
        self.send_pages(key, &pages::first(), true, fx);
    }

    /// Sends the next pages of a snapshot, as the rows stand now.
    pub(super) fn send_pages(&mut self, key: SubKey, from: &rows::RowKey, first: bool, fx: &mut Vec<Effect>) {
        let Some(sub) = self.subs.get(&key) else { return };
        let Some(at) = self.channels.iter().position(|channel| channel.number == sub.channel) else { return };
        let channel = &self.channels[at];
        let shared = *from == pages::first() && !sight::is_by_row(&channel.roles);
        let parts: Vec<Part> = match channel.snapshot.as_ref().filter(|_| shared) {
            Some(known) => known.clone(),
            None => {
                let eyes = self.eyes(&channel.roles, &sub.principal);
                let root = self.root_value();
                pages::pages(&eyes, (channel.codec, channel.number), &self.rows, root.as_ref(), from)
            }
        };
        if shared {
            self.channels[at].snapshot = Some(parts.clone());
        }
        for (i, part) in parts.into_iter().enumerate() {
            let stamp = Arc::new(Stamp { at: self.head, next: part.next.clone() });
            let kind = if first && i == 0 { Kind::CatchUp(stamp) } else { Kind::Data(stamp) };
            if let Some(sub) = self.subs.get_mut(&key) {
                sub.cursor = part.next;
            }
            fx.push(Effect::Send { to: key, frame: part.frame, kind });
        }
    }

    /// What the reader has is void: it gets the topic as it sees it now.
    pub(super) fn start_over(&mut self, key: SubKey, reason: &'static str, fx: &mut Vec<Effect>) {
        let Some(sub) = self.subs.get_mut(&key) else { return };
        let channel = sub.channel;
        sub.count += 1;
        self.drained.remove(&key);
        (sub.live, sub.channel, sub.cursor, sub.behind) = (false, 0, None, false);
        let principal = Arc::clone(&sub.principal);
        self.send(key, &Reset { channel, reason: reason.into() }.into(), fx);
        let roles = self.roles(&principal);
        let way = match self.admit(key, &principal, roles) {
            Ok(()) => Way::Snapshot { reason: Some(reason) },
            Err(code) => Way::Refuse { code },
        };
        self.send_subscribed(key, &way, fx);
        if matches!(way, Way::Snapshot { .. }) {
            self.begin_snapshot(key, fx);
        }
    }

    /// The client drops the channel's rows; its lanes stay open, so that it learns what became of its mutations.
    pub(super) fn revoke(&mut self, key: SubKey, fx: &mut Vec<Effect>) {
        let Some(sub) = self.subs.get_mut(&key) else { return };
        let channel = sub.channel;
        sub.count += 1;
        self.drained.remove(&key);
        (sub.live, sub.channel, sub.cursor, sub.behind) = (false, 0, None, false);
        self.send(key, &Reset { channel, reason: "revoked".into() }.into(), fx);
        self.send_subscribed(key, &Way::Refuse { code: code::DENIED }, fx);
    }

    fn send_subscribed(&self, key: SubKey, way: &Way, fx: &mut Vec<Effect>) {
        if let Some(sub) = self.subs.get(&key) {
            self.send(key, &self.subscribed(key, sub, way).into(), fx);
        }
    }

    fn subscribed(&self, key: SubKey, sub: &Subscriber, way: &Way) -> Subscribed {
        let (how, from, reason) = match way {
            Way::Lanes => (how::LANES, self.head, None),
            Way::Resume { from } => (how::RESUMED, *from, None),
            Way::Snapshot { reason } => (how::SNAPSHOT, self.head, *reason),
            // The same answer whether the topic has a history or not (S34).
            Way::Refuse { code } => (how::REFUSED, Position::default(), Some(*code)),
        };
        let refused = matches!(way, Way::Refuse { .. });
        let lanes = sub.lanes.iter().filter(|lane| self.lanes.is_read(lane.id));
        let partial = self.channel_of(sub).and_then(|c| self.eyes(&c.roles, &sub.principal).partial());
        Subscribed {
            id: key.sub,
            count: sub.count,
            channel: sub.channel,
            how,
            offset: from.offset,
            epoch: from.epoch,
            until: if refused { 0 } else { self.head.offset },
            class: if refused { 0 } else { self.class(sub) },
            lanes: lanes
                .filter_map(|lane| self.lanes.get(lane.id).map(|known| known.wire(lane.index)))
                .collect(),
            reason: reason.map(str::to_owned),
            partial,
        }
    }
}

/// Records of so many bytes; how many rows they touch is looked at where they are read.
const fn records(bytes: usize, more: bool) -> Log {
    Log::Records { rows: 0, bytes, more }
}
