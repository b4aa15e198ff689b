//! The topic worker: the one place on a node where a topic's rows change, in turns. Pure: events in, effects out.
//!
//! At most one operation on the store is under way at a time (load, read, commit, catch up), so what an answer
//! says is never older than the worker was when it asked (S24).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use realtime_protocol::{
    LaneId, Position, Topic, code,
    frame::{
        Codec, ServerFrame,
        v1::{Ack, how},
    },
    session::limit::Note,
};

use super::{
    batch::{self, Answer, Batch, Ground, Waiting},
    channel::{self, Channel, Numbers},
    event::{ConnId, Effect, Event, HeldLane, Kind, Now, ReadAnswer, Stamp, SubKey, Subscriber},
    failure::RETRY_MS,
    lanes::Lanes,
    own::Owns,
    queue::Queue,
    race::Race,
    rows::Rows,
    sight::Roles,
    tail::Tail,
    versions::Versions,
};
use crate::{
    handler::Registry,
    store::{CommitError, Head, Record, Replay, StoreError},
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// Nothing is known: the next turn loads.
    Cold,
    Loading,
    Ready,
    /// The store failed: wait.
    Broken,
}

/// One topic on one node.
pub(crate) struct Worker {
    pub(super) registry: Arc<Registry>,
    pub(super) topic: Topic,
    pub(super) root: usize,
    pub(super) state: State,
    /// An operation on the store is under way.
    pub(super) busy: bool,
    pub(super) head: Position,
    pub(super) floor: u64,
    pub(super) epoch: u32,
    pub(super) form: u32,
    pub(super) rows: Arc<Rows>,
    /// The bytes of its rows.
    pub(super) size: usize,
    pub(super) versions: Versions,
    pub(super) subs: BTreeMap<SubKey, Subscriber>,
    /// Subscribers that wait for their answer.
    pub(super) joining: Vec<SubKey>,
    /// Those of them whose lanes and replays are being read.
    pub(super) reading: Vec<SubKey>,
    /// What was read for them, while the worker catches up with it.
    pub(super) held: Option<ReadAnswer>,
    pub(super) lanes: Lanes,
    /// Lanes that a mutation named for the first time.
    pub(super) unread: Vec<LaneId>,
    pub(super) waiting: Queue,
    /// What the program itself asks for.
    pub(super) owns: Owns,
    committing: Option<Batch>,
    pub(super) race: Race,
    pub(super) channels: Vec<Channel>,
    numbers: Arc<Numbers>,
    /// The last commits.
    pub(super) tail: Tail,
    /// Up to where readers were sent everything; the head, unless the topic is flushed at intervals.
    pub(super) flushed: Position,
    pub(super) flush_due: bool,
    /// Whose mutations are in what was not flushed yet.
    pub(super) authors: BTreeSet<SubKey>,
    /// Readers that have room again, and where they stand.
    pub(super) drained: BTreeMap<SubKey, Stamp>,
    pub(super) doubt: bool,
    /// The store could not say what is missing: it is asked again after a wait.
    pub(super) doubts_later: bool,
}

impl Worker {
    /// Makes one for `topic`, whose root is the model at `root`; channels take their numbers from `numbers`.
    pub(crate) fn new(registry: Arc<Registry>, topic: Topic, root: usize, numbers: Arc<Numbers>) -> Self {
        Self {
            registry,
            topic,
            root,
            state: State::Cold,
            busy: false,
            head: Position::default(),
            floor: 0,
            epoch: 0,
            form: 0,
            rows: Arc::default(),
            size: 0,
            versions: Versions::new(),
            subs: BTreeMap::new(),
            joining: Vec::new(),
            reading: Vec::new(),
            held: None,
            lanes: Lanes::default(),
            unread: Vec::new(),
            waiting: Queue::default(),
            owns: Owns::default(),
            committing: None,
            race: Race::default(),
            channels: Vec::new(),
            numbers,
            tail: Tail::default(),
            flushed: Position::default(),
            flush_due: false,
            authors: BTreeSet::new(),
            drained: BTreeMap::new(),
            doubt: false,
            doubts_later: false,
        }
    }

    /// Tells whether nobody needs it: nothing is open, nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.subs.is_empty() && self.waiting.is_empty() && self.owns.is_empty() && !self.busy
    }

    /// Tells whether its topic was never written, as far as is known: then nothing is lost with it.
    pub(crate) fn is_blank(&self) -> bool {
        self.head == Position::default()
    }

    /// The bytes of its rows.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The connections that subscribe.
    pub(crate) fn conns(&self) -> impl Iterator<Item = ConnId> {
        self.subs.keys().map(|key| key.conn)
    }

    /// Takes one turn.
    pub(crate) fn step(&mut self, event: Event, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.race.turn(now);
        let fx = &mut effects;
        match event {
            Event::Subscribe { key, subscriber } => self.subscribe(key, subscriber, now),
            Event::Unsubscribe { key } => self.unsubscribe(key),
            Event::Renewed { key, principal, identity } => self.renewed(key, principal, identity, fx),
            Event::Mutate { key, count, lane, entries } => self.mutate(key, count, lane, entries, now, fx),
            Event::Loaded(loaded) => self.loaded(loaded, now, fx),
            Event::Read(answer) => self.read(answer, fx),
            Event::Replayed(replay) => self.replayed(replay, fx),
            Event::Committed(result) => self.committed(result, now, fx),
            Event::Published(record) => self.published(&record, fx),
            Event::Doubt => self.doubt = true,
            Event::Retry => self.retry(),
            Event::Own(own) => self.own(own, fx),
            Event::Sweep => self.sweep(true, now, fx),
            Event::Barred { key, barred } => self.barred(key, barred, fx),
            Event::Behind { key } => self.behind(key),
            Event::Drained { key, at, count } => self.drained(key, at, count),
            Event::Flush => {
                self.flush_due = false;
                self.flush(fx);
            }
        }
        self.look(fx);
        self.turn(fx);
        effects
    }

    fn subscribe(&mut self, key: SubKey, subscriber: Subscriber, now: Now) {
        for lane in &subscriber.lanes {
            self.lanes.hold(lane.id, lane.day, now.today, key, lane.index);
        }
        self.subs.insert(key, subscriber);
        self.joining.push(key);
    }

    fn unsubscribe(&mut self, key: SubKey) {
        self.subs.remove(&key);
        self.joining.retain(|joining| *joining != key);
        self.reading.retain(|reading| *reading != key);
        self.drained.remove(&key);
        self.authors.remove(&key);
        self.waiting.let_go(key);
        self.lanes.let_go(key);
    }

    /// A frame runs only under the `subscribed` for which it was sent (S22): another is dropped unanswered.
    fn mutate(
        &mut self,
        key: SubKey,
        count: u32,
        lane: HeldLane,
        entries: Vec<Waiting>,
        now: Now,
        fx: &mut Vec<Effect>,
    ) {
        // One that is about to be answered sends all of it again after that.
        if self.joining.contains(&key) || self.reading.contains(&key) {
            return;
        }
        let known = self.subs.get(&key).is_some_and(|sub| sub.count == count && count > 0);
        let Some(first) = entries.first().map(|entry| entry.seq).filter(|_| known) else { return };
        let full = match self.state {
            State::Broken => Err(code::STORE_UNAVAILABLE),
            _ => self.waiting.extend(key.conn, entries),
        };
        if let Err(code) = full {
            return self.defer(key, lane.index, first, code, fx);
        }
        let Some(sub) = self.subs.get_mut(&key) else { return };
        if !sub.lanes.iter().any(|held| held.id == lane.id) {
            sub.lanes.push(lane);
            self.lanes.hold(lane.id, lane.day, now.today, key, lane.index);
        }
        if !self.lanes.is_read(lane.id) && !self.unread.contains(&lane.id) {
            self.unread.push(lane.id);
        }
    }

    /// Begins the next operation, if none is under way: load, then doubts, then readers, then mutations.
    fn turn(&mut self, fx: &mut Vec<Effect>) {
        if self.busy {
            return;
        }
        match self.state {
            State::Loading | State::Broken => return self.read_on(fx),
            State::Cold if self.is_idle() => return,
            State::Cold => {
                self.state = State::Loading;
                return self.begin(Effect::Load, fx);
            }
            State::Ready => {}
        }
        if std::mem::take(&mut self.doubt) {
            return self.begin(Effect::Replay { after: self.head }, fx);
        }
        if !self.joining.is_empty() || !self.unread.is_empty() || !self.drained.is_empty() {
            return self.begin_read(fx);
        }
        let waits = !self.waiting.is_empty() || !self.owns.is_empty();
        if waits && !self.race.waits() {
            self.run_batch(fx);
        }
    }

    pub(super) fn begin(&mut self, effect: Effect, fx: &mut Vec<Effect>) {
        self.busy = true;
        fx.push(effect);
    }

    fn begin_read(&mut self, fx: &mut Vec<Effect>) {
        self.reading = std::mem::take(&mut self.joining);
        let mut lanes = std::mem::take(&mut self.unread);
        let mut replays = self.answer_drained(&[], fx);
        for sub in self.reading.iter().filter_map(|key| self.subs.get(key)) {
            // Who may not resume is told of all lanes that it names: only so does an idle page learn of a loss (S22).
            let resumes = self.resumes_surely(sub);
            lanes.extend(sub.lanes.iter().filter(|lane| lane.wanted || !resumes).map(|lane| lane.id));
            let unknown = |at: &Position| *at != self.head && self.tail.after(*at).is_none();
            replays.extend(sub.resume.map(|(at, _)| at).filter(unknown));
        }
        lanes.sort_unstable();
        lanes.dedup();
        replays.sort_unstable_by_key(|at: &Position| (at.offset, at.epoch));
        replays.dedup();
        if lanes.is_empty() && replays.is_empty() {
            self.join_all(&[], fx);
            return self.turn(fx);
        }
        self.begin(Effect::Read { lanes, replays }, fx);
    }

    fn resumes_surely(&self, sub: &Subscriber) -> bool {
        let is_known = |at: Position| at == self.head || self.tail.after(at).is_some();
        sub.resume.is_some_and(|(at, class)| class == self.class(sub) && is_known(at))
    }

    fn read(&mut self, answer: Result<ReadAnswer, StoreError>, fx: &mut Vec<Effect>) {
        self.busy = false;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.fail(&error, fx),
        };
        if self.is_ahead(&answer) {
            // The store is further than this node: take its steps first (S20, S24).
            self.held = Some(answer);
            return self.begin(Effect::Replay { after: self.head }, fx);
        }
        self.finish_read(answer, fx);
    }

    /// Rows, lanes and readers must not be of a later position than the worker.
    fn is_ahead(&self, answer: &ReadAnswer) -> bool {
        let lanes = !answer.lanes.is_empty() && answer.head.at != self.head;
        let reader = |(from, replay): &(Position, Replay)| {
            matches!(replay, Replay::Records { .. }) && from.offset > self.head.offset
        };
        lanes || answer.replays.iter().any(reader)
    }

    fn finish_read(&mut self, answer: ReadAnswer, fx: &mut Vec<Effect>) {
        for (lane, row) in answer.lanes {
            self.lanes.set_row(lane, row);
        }
        self.join_all(&answer.replays, fx);
    }

    fn join_all(&mut self, replays: &[(Position, Replay)], fx: &mut Vec<Effect>) {
        for key in std::mem::take(&mut self.reading) {
            self.join(key, replays, fx);
        }
        self.answer_drained(replays, fx);
    }

    fn run_batch(&mut self, fx: &mut Vec<Effect>) {
        if let Some(batch) = self.trim_batch() {
            return self.try_commit(batch, fx);
        }
        let ground = Ground {
            registry: &self.registry,
            topic: &self.topic,
            root: self.root,
            head: self.head,
            epoch: self.epoch,
            form: self.form,
            rows: &self.rows,
            lanes: &self.lanes,
            versions: &self.versions,
            watched: self.is_guarded(),
            size: self.size,
        };
        let (batch, answers) = batch::run(&ground, &mut self.waiting, &mut self.owns);
        answers.into_iter().for_each(|answer| self.answer(answer, fx));
        let batch = batch.or_else(|| self.trim_batch());
        if let Some(batch) = batch {
            self.try_commit(batch, fx);
        }
    }

    fn try_commit(&mut self, mut batch: Batch, fx: &mut Vec<Effect>) {
        let nothing = batch::empty(self.head, self.epoch, self.form).commit;
        let commit = std::mem::replace(&mut batch.commit, nothing);
        batch.commit.record = commit.record.clone();
        self.committing = Some(batch);
        self.race.begin();
        self.begin(Effect::Commit(commit), fx);
    }

    fn answer(&mut self, answer: Answer, fx: &mut Vec<Effect>) {
        match answer {
            Answer::Kept { to, index, seq, mark, outcome } => {
                self.note(to, Note::Ran { lane: index, refused: 0 }, fx);
                self.send(to, &Ack { sub: to.sub, mark, outcomes: vec![(index, seq, outcome)] }.into(), fx);
                self.progress(to, fx);
            }
            Answer::Own { own, result } => fx.push(Effect::Reply { to: own.reply, result }),
            Answer::Defer { to, index, seq, code } => {
                self.defer(to, index, seq, code, fx);
                if code == code::GAP {
                    self.note(to, Note::Gap, fx);
                }
            }
            Answer::Misbehaved { by } => fx.push(Effect::Close {
                conn: by.conn,
                code: code::MISBEHAVED,
                reason: "a mutation's number was sent again with other content".into(),
            }),
        }
    }

    fn committed(&mut self, result: Result<Head, CommitError>, now: Now, fx: &mut Vec<Effect>) {
        self.busy = false;
        let Some(batch) = self.committing.take() else { return };
        match result {
            Ok(head) => {
                let (swept, grew) = (batch.sweeps(), batch.grows());
                self.kept(batch, head, fx);
                if swept || grew {
                    self.sweep(swept, now, fx);
                }
            }
            Err(error) => self.lost(batch, error, now, fx),
        }
    }

    fn published(&mut self, record: &Record, fx: &mut Vec<Effect>) {
        if self.state != State::Ready || record.at.offset <= self.head.offset {
            return;
        }
        let next = record.at.offset == self.head.offset + 1 && record.prev_epoch == self.head.epoch;
        if self.busy || !next {
            self.doubt = true;
        } else {
            self.take_records(std::slice::from_ref(record), fx);
        }
    }

    fn replayed(&mut self, replay: Result<Replay, StoreError>, fx: &mut Vec<Effect>) {
        self.busy = false;
        match replay {
            Ok(Replay::Records { records, more, .. }) => {
                self.doubt = more;
                self.catch_up_held(&records, fx);
            }
            Ok(Replay::Gap { .. }) => self.reload(fx),
            Err(error) => {
                self.fail(&error, fx);
                // What may be missing still is.
                self.doubts_later = true;
                if self.state == State::Ready {
                    fx.push(Effect::RetryAfter { ms: RETRY_MS });
                }
            }
        }
    }

    /// Takes the steps that a read waited for, then answers it: lanes as read first, so that each step moves them on.
    fn catch_up_held(&mut self, records: &[Record], fx: &mut Vec<Effect>) {
        let held = self.held.take();
        if let Some(answer) = &held {
            for (lane, row) in &answer.lanes {
                self.lanes.set_row(*lane, row.clone());
            }
        }
        self.take_records(records, fx);
        if let Some(mut answer) = held.filter(|_| self.state == State::Ready) {
            answer.replays.iter_mut().for_each(|(_, replay)| lengthen(replay, records));
            self.join_all(&answer.replays, fx);
        }
    }

    pub(super) fn open_channel(&mut self, codec: Codec, roles: Roles) -> u32 {
        let number = self.numbers.next();
        self.channels.push(Channel::new(codec, roles, number, self.head));
        number
    }

    pub(super) fn channel_of(&self, sub: &Subscriber) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.number == sub.channel)
    }

    pub(super) fn send(&self, to: SubKey, frame: &ServerFrame, fx: &mut Vec<Effect>) {
        if let Some(sub) = self.subs.get(&to) {
            let kind = match frame {
                ServerFrame::Subscribed(s) => Kind::Subscribed { resumes: s.how == how::RESUMED },
                ServerFrame::Reset(_) => Kind::Barrier,
                _ => Kind::Control,
            };
            let frame = channel::encode(sub.codec, frame);
            fx.push(Effect::Send { to, frame, kind });
        }
    }
}

/// A replay ends where the store stood when it was read: what came since is added, or a catch-up would leave it out.
fn lengthen(replay: &mut Replay, taken: &[Record]) {
    let Replay::Records { records, head, more: false } = replay else { return };
    for record in taken {
        if record.at.offset <= head.at.offset {
            continue;
        }
        if record.at.offset != head.at.offset + 1 || record.prev_epoch != head.at.epoch {
            *replay = Replay::Gap { head: *head };
            return;
        }
        head.at = record.at;
        records.push(record.clone());
    }
}
