//! One worker over a memory store, with readers of different rights: what each is sent, and what it makes of it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use futures_util::FutureExt;
use realtime_protocol::{
    Day, LaneId, Position, Raw, Topic,
    frame::{
        Codec, ServerFrame,
        v1::{Row as WireRow, how, view},
    },
    schema::mutator_number,
};
use serde::Serialize;

use super::{
    super::{
        batch::Waiting,
        channel::Numbers,
        event::{ConnId, Effect, Event, HeldLane, Kind, Loaded, Now, ReadAnswer, Stamp, SubKey, Subscriber},
        rows::RowKey,
        sight::{self, Eyes},
        worker::Worker,
    },
    rooms::registry,
};
use crate::{
    field::{Seed, Timestamp},
    handler::{Call, Registry},
    principal::Anyone,
    store::{Memory, Read, Replay, Store},
    tx::Context,
};

/// What a reader has.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) who: String,
    pub(crate) at: Option<Position>,
    pub(crate) class: u64,
    pub(crate) rows: BTreeMap<(u16, String), BTreeMap<u16, Raw>>,
    pub(crate) coming: bool,
    channel: u32,
    /// What came, in words.
    pub(crate) log: Vec<String>,
}

/// The stage.
pub(crate) struct Stage {
    pub(crate) worker: Worker,
    store: Arc<Memory>,
    topic: Topic,
    registry: Arc<Registry>,
    pub(crate) io: VecDeque<Effect>,
    pub(crate) readers: BTreeMap<SubKey, Reader>,
    /// Frames that have not reached a reader, for those that read slowly.
    queues: BTreeMap<SubKey, Vec<(bytes::Bytes, Kind)>>,
    slow: std::collections::BTreeSet<SubKey>,
    /// Where readers stand.
    stamps: BTreeMap<SubKey, Arc<Stamp>>,
    /// From where snapshots go on.
    cursors: BTreeMap<SubKey, Option<RowKey>>,
    flushes: u32,
    seq: u64,
    next: u64,
    epoch: u32,
    /// What was sent to readers whose connections a test plays itself.
    pub(crate) taps: BTreeMap<SubKey, Vec<(bytes::Bytes, Kind)>>,
    /// What the store is asked waits until a test says so.
    pub(crate) holds: bool,
}

impl Stage {
    pub(crate) fn new(every: Option<u32>) -> Self {
        let (registry, topic) = (registry(every), Topic::new("room/r").unwrap());
        let numbers = Arc::new(Numbers::new(7));
        Self {
            worker: Worker::new(Arc::clone(&registry), topic.clone(), 0, numbers),
            store: Arc::new(Memory::new()),
            topic,
            registry,
            io: VecDeque::new(),
            readers: BTreeMap::new(),
            queues: BTreeMap::new(),
            slow: std::collections::BTreeSet::new(),
            stamps: BTreeMap::new(),
            cursors: BTreeMap::new(),
            flushes: 0,
            seq: 0,
            next: 1,
            epoch: 1,
            taps: BTreeMap::new(),
            holds: false,
        }
    }

    /// Opens the topic for `who`, from where `resume` says.
    pub(crate) fn join(&mut self, who: &str, resume: Option<Reader>) -> SubKey {
        let key = self.next_key();
        self.next += 1;
        let ann = Arc::new(Anyone { id: who.into() });
        let mut subscriber =
            Subscriber::new(Codec::Json, view::ALL, ann, who.len() as u64 + 1, Arc::default());
        let (index, day) = (0, today());
        let id = lane(who);
        subscriber.lanes.push(HeldLane { id, index, day, wanted: true });
        let mut reader = resume.unwrap_or_default();
        subscriber.resume = reader.at.map(|at| (at, reader.class));
        (reader.who, reader.coming) = (who.to_owned(), false);
        self.readers.insert(key, reader);
        self.step(Event::Subscribe { key, subscriber });
        self.settle();
        key
    }

    pub(crate) fn leave(&mut self, key: SubKey) -> Reader {
        self.step(Event::Unsubscribe { key });
        self.settle();
        self.queues.remove(&key);
        self.slow.remove(&key);
        self.stamps.remove(&key);
        self.cursors.remove(&key);
        self.readers.remove(&key).unwrap()
    }

    /// A generic mutation by the reader's user, over a subscription of its own: the reader's frames stay few.
    pub(crate) fn call(&mut self, model: &str, what: &str, key: &str, args: &[(u16, &str)]) {
        let from = match self.worker_of("root") {
            Some(from) => from,
            None => self.join("root", None),
        };
        self.seq += 1;
        self.call_as(from, ("root", self.seq), (model, what, key), args);
    }

    /// The same, as another user's mutation of this number, over this subscription.
    pub(crate) fn call_as(
        &mut self,
        from: SubKey,
        (who, seq): (&str, u64),
        (model, what, key): (&str, &str, &str),
        args: &[(u16, &str)],
    ) {
        let args = args.iter().flat_map(|(at, text)| [raw(at), value(text)]).collect();
        let mutator = mutator_number(model, what);
        let context = Context {
            principal: Arc::new(Anyone { id: who.into() }),
            now: Timestamp::from_ms(0),
            server_now: Timestamp::from_ms(0),
            seed: Seed::default(),
            ids: 0,
            random: None,
        };
        let lane = HeldLane { id: lane(who), index: 0, day: today(), wanted: true };
        let call = Call { mutator, key: Some(key.into()), args, seen: None };
        let hash = u32::try_from(seq).unwrap();
        let entry = Waiting {
            from,
            lane: lane.id,
            index: 0,
            seq,
            after: None,
            got: seq - 1,
            hash,
            call,
            context,
            may_begin: true,
            who: Arc::default(),
            veto: None,
            ticket: None,
        };
        let count = self.worker.subs[&from].count;
        self.step(Event::Mutate { key: from, count, lane, entries: vec![entry] });
        self.settle();
    }

    fn worker_of(&self, who: &str) -> Option<SubKey> {
        self.readers.iter().find(|(_, reader)| reader.who == who).map(|(key, _)| *key)
    }

    pub(crate) fn step(&mut self, event: Event) {
        self.epoch += 1;
        for effect in self.worker.step(event, Now { today: today(), epoch: self.epoch, ms: 0 }) {
            match effect {
                Effect::Send { to, frame, kind } => self.deliver(to, frame, kind),
                Effect::SendAll { to, frame, kind } => {
                    to.iter().for_each(|to| self.deliver(*to, frame.clone(), kind.clone()));
                }
                Effect::Publish(_) | Effect::RetryAfter { .. } | Effect::Skip { .. } => {}
                Effect::FlushAfter { .. } => self.flushes += 1,
                Effect::Close { reason, .. } => panic!("{reason}"),
                other => self.io.push_back(other),
            }
        }
    }

    /// A reader stops reading: data for it is dropped, and it is behind.
    pub(crate) fn stall(&mut self, key: SubKey) {
        self.slow.insert(key);
    }

    /// It reads again: control frames come, then it asks for what it missed.
    pub(crate) fn drain(&mut self, key: SubKey) {
        if !self.slow.remove(&key) {
            return;
        }
        for (frame, _) in self.queues.remove(&key).unwrap_or_default() {
            self.receive(key, &frame);
        }
        let at = self.stamps.get(&key).cloned();
        let count = self.worker.subs[&key].count;
        self.step(Event::Drained { key, at, count });
        self.settle();
    }

    /// The store has nothing to say of where the worker stands: it loads afresh.
    pub(crate) fn reload(&mut self) {
        self.step(Event::Doubt);
        self.io.clear();
        let head = self.head();
        self.step(Event::Replayed(Ok(Replay::Gap { head })));
        self.settle();
    }

    /// Where a reader stands.
    pub(crate) fn stamp(&self, key: SubKey) -> Option<Arc<Stamp>> {
        self.stamps.get(&key).cloned()
    }

    /// The reader has taken all: more pages, if its snapshot is not complete.
    pub(crate) fn more(&mut self, key: SubKey) -> bool {
        let Some(next) = self.cursors.remove(&key).flatten() else { return false };
        let at = self.readers[&key].at.expect("a position");
        let count = self.worker.subs[&key].count;
        self.step(Event::Drained { key, at: Some(Arc::new(Stamp { at, next: Some(next) })), count });
        self.settle();
        true
    }

    /// As the connection's queue does it: a reader that stalls is behind from the first data that it does not take.
    fn deliver(&mut self, to: SubKey, frame: bytes::Bytes, kind: Kind) {
        if let Some(reader) = self.readers.get_mut(&to) {
            reader.log.push(words(&frame));
            let who = reader.who.clone();
            self.check_no_leak(&who, &frame);
        }
        if let Some(taken) = self.taps.get_mut(&to) {
            return taken.push((frame, kind));
        }
        if !self.slow.contains(&to) {
            return self.arrive(to, &frame, &kind);
        }
        match kind {
            Kind::Control | Kind::Barrier | Kind::Subscribed { .. } => {
                self.queues.entry(to).or_default().push((frame, kind))
            }
            Kind::CatchUp(_) => {
                self.slow.remove(&to);
                for (frame, _) in self.queues.remove(&to).unwrap_or_default() {
                    self.receive(to, &frame);
                }
                self.arrive(to, &frame, &kind);
            }
            Kind::Data(_) => {
                self.worker.step(Event::Behind { key: to }, Now { today: today(), epoch: 0, ms: 0 });
            }
        }
    }

    /// Carries out all that the worker wants of the store, and flushes what waits.
    pub(crate) fn settle(&mut self) {
        while !self.holds && self.answer_one() {}
    }

    /// Carries out what the worker wanted first; tells whether there was something.
    pub(crate) fn answer_one(&mut self) -> bool {
        let Some(effect) = self.io.pop_front() else { return false };
        let event = match effect {
            Effect::Load => Event::Loaded(self.load()),
            Effect::Read { lanes, replays } => Event::Read(self.read(&lanes, replays)),
            Effect::Replay { after } => Event::Replayed(now(self.store.replay(&self.topic, after, 1 << 20))),
            Effect::Commit(commit) => Event::Committed(now(self.store.commit(&self.topic, commit))),
            _ => return true,
        };
        self.step(event);
        true
    }

    /// The key of who joins next.
    pub(crate) fn next_key(&self) -> SubKey {
        SubKey { conn: ConnId(self.next), sub: 1 }
    }

    /// A commit whose answer nobody gets.
    pub(crate) fn keep(&self, commit: crate::store::Commit) {
        let _ = now(self.store.commit(&self.topic, commit));
    }

    pub(crate) fn head(&self) -> crate::store::Head {
        now(self.store.heads(std::slice::from_ref(&self.topic))).unwrap().remove(0)
    }

    /// The number of the next mutation of a user's lane.
    pub(crate) fn next_seq(&self, who: &str) -> u64 {
        let (_, lanes) = now(self.store.lanes(&self.topic, &[lane(who)])).unwrap();
        lanes[0].as_ref().map_or(0, |lane| lane.last) + 1
    }

    pub(crate) fn flush(&mut self) {
        while std::mem::take(&mut self.flushes) > 0 {
            self.step(Event::Flush);
            self.settle();
        }
    }

    fn load(&self) -> Result<Loaded, crate::store::StoreError> {
        let what = Read::Scan { model: None, index: 0, after: None, max_rows: 10_000, max_bytes: 1 << 24 };
        let page = now(self.store.read(&self.topic, what))?;
        Ok(Loaded { head: page.head, rows: page.rows })
    }

    fn read(&self, lanes: &[LaneId], after: Vec<Position>) -> Result<ReadAnswer, crate::store::StoreError> {
        let replay = |at| Ok((at, now(self.store.replay(&self.topic, at, 1 << 20))?));
        let replays = after.into_iter().map(replay).collect::<Result<_, crate::store::StoreError>>()?;
        let (head, rows) = now(self.store.lanes(&self.topic, lanes))?;
        Ok(ReadAnswer { head, lanes: lanes.iter().copied().zip(rows).collect(), replays })
    }

    /// L9: what a frame holds is what its reader may see just now.
    fn check_no_leak(&self, who: &str, frame: &[u8]) {
        let rows = match Codec::Json.decode(frame).unwrap() {
            ServerFrame::Page(page) => page.rows,
            ServerFrame::Delta(delta) => delta.rows,
            _ => return,
        };
        let truth = self.truth(who);
        for row in rows {
            let (id, cells): (_, Vec<(u16, Raw)>) = match row {
                WireRow::Put(put) => ((put.model, put.key), (0..).zip(put.values).collect()),
                WireRow::Part(part) => ((part.model, part.key), part.cells.0),
                WireRow::Columns(columns) => ((columns.model, columns.key), columns.cells.0),
                _ => continue,
            };
            let seen = truth.get(&id).unwrap_or_else(|| panic!("L9: {who} was sent {id:?}"));
            let leaked = cells.iter().find(|(at, value)| seen.get(at) != Some(value));
            assert_eq!(leaked, None, "L9: {who} was sent a column of {id:?}");
        }
    }

    /// A frame reaches the reader: that is where it stands, should it stall now.
    fn arrive(&mut self, to: SubKey, frame: &[u8], kind: &Kind) {
        self.receive(to, frame);
        if let Kind::Data(stamp) | Kind::CatchUp(stamp) = kind {
            self.stamps.insert(to, Arc::clone(stamp));
            self.cursors.insert(to, stamp.next.clone());
        }
    }

    pub(crate) fn receive(&mut self, key: SubKey, frame: &[u8]) {
        let Some(reader) = self.readers.get_mut(&key) else { return };
        match Codec::Json.decode(frame).unwrap() {
            ServerFrame::Subscribed(s) => {
                (reader.channel, reader.class) = (s.channel, s.class);
                if s.how == how::SNAPSHOT {
                    (reader.rows, reader.coming) = (BTreeMap::new(), true);
                    reader.at = Some(Position { offset: s.offset, epoch: s.epoch });
                }
                if s.how == how::REFUSED {
                    (reader.rows, reader.at) = (BTreeMap::new(), None);
                }
            }
            ServerFrame::Page(page) if page.channel == reader.channel => {
                page.rows.iter().for_each(|row| reader.row(row));
                reader.coming &= !page.last;
            }
            ServerFrame::Delta(delta) if delta.channel == reader.channel => {
                let at = reader.at.expect("a position");
                assert!(delta.to - delta.span <= at.offset, "L1: a gap: {at:?}, {delta:?}");
                if delta.to > at.offset {
                    let epoch = delta.epoch.unwrap_or(at.epoch);
                    reader.at = Some(Position { offset: delta.to, epoch });
                    delta.rows.iter().for_each(|row| reader.row(row));
                }
            }
            // It has nothing to resume from until the `subscribed` that follows.
            ServerFrame::Reset(_) => (reader.rows, reader.at) = (BTreeMap::new(), None),
            _ => {}
        }
    }

    /// What `who` may see, evaluated from scratch (L8).
    pub(crate) fn truth(&self, who: &str) -> BTreeMap<(u16, String), BTreeMap<u16, Raw>> {
        let principal: super::super::rows::Value = Arc::new(Anyone { id: who.into() });
        let root = self.worker.root_value();
        let roles = sight::roles(&self.registry, 0, &principal, root.as_ref());
        let eyes = Eyes { registry: &self.registry, root: 0, roles: &roles, principal: &principal };
        let first = RowKey::new(0, "");
        let seen = eyes.rows(&self.worker.rows, &first, root.as_ref());
        let mut truth = Reader::default();
        seen.for_each(|(_, _, row)| truth.row(&row));
        truth.rows
    }
}

impl Reader {
    fn row(&mut self, row: &WireRow) {
        match row {
            WireRow::Put(put) => {
                let cells = put.values.iter().cloned().zip(0..).map(|(value, at)| (at, value)).collect();
                self.rows.insert((put.model, put.key.clone()), cells);
            }
            WireRow::Part(part) => {
                let cells = part.cells.0.iter().cloned().collect();
                self.rows.insert((part.model, part.key.clone()), cells);
            }
            WireRow::Columns(columns) => match self.rows.get_mut(&(columns.model, columns.key.clone())) {
                Some(cells) => cells.extend(columns.cells.0.iter().cloned()),
                None => assert!(self.coming, "columns of a row that is not there: {columns:?}"),
            },
            WireRow::Leave(leave) => {
                self.rows.remove(&(leave.model, leave.key.clone()));
            }
            _ => {}
        }
    }
}

/// A frame in short: its name, and what it does to which row.
fn words(frame: &[u8]) -> String {
    let row = |row: &WireRow| match row {
        WireRow::Put(put) => format!("{} whole", put.key),
        WireRow::Part(part) => {
            let columns: Vec<_> = part.cells.0.iter().map(|(at, _)| at.to_string()).collect();
            format!("{} part {}", part.key, columns.join(","))
        }
        WireRow::Columns(columns) => {
            let at: Vec<_> = columns.cells.0.iter().map(|(at, _)| at.to_string()).collect();
            format!("{} columns {}", columns.key, at.join(","))
        }
        WireRow::Leave(leave) => format!("{} leaves", leave.key),
        _ => String::new(),
    };
    let rows = |rows: &[WireRow]| rows.iter().map(row).collect::<Vec<_>>().join("; ");
    match Codec::Json.decode(frame).unwrap() {
        ServerFrame::Subscribed(s) => {
            let how = ["lanes", "resumed", "snapshot", "refused"][usize::from(s.how)];
            [Some(how.to_owned()), s.reason].into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        ServerFrame::Page(page) => format!("page: {}", rows(&page.rows)),
        ServerFrame::Delta(delta) => {
            format!("delta {}+{}: {}", delta.to - delta.span, delta.span, rows(&delta.rows))
        }
        ServerFrame::Reset(reset) => format!("reset {}", reset.reason),
        ServerFrame::Ack(ack) => format!("ack @{}", ack.mark),
        other => format!("{other:?}"),
    }
}

/// The one lane of a user.
fn lane(who: &str) -> LaneId {
    let mut bytes = [9; 16];
    bytes[..who.len()].copy_from_slice(who.as_bytes());
    LaneId(bytes)
}

fn raw(value: impl Serialize) -> Raw {
    Raw::encode(&value).unwrap()
}

fn value(text: &str) -> Raw {
    match text {
        "true" => raw(true),
        "false" => raw(false),
        text => raw(text),
    }
}

fn today() -> Day {
    Day::of_ms(1_800_000_000_000)
}

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().unwrap()
}
