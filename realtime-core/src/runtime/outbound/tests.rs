//! Readers behind real outbound queues and sockets that take what they like: at rest each has the truth (L1, L8, S15).

use std::{collections::VecDeque, sync::Arc, task::Poll, time::Duration};

use bytes::Bytes;
use realtime_protocol::Position;
use tokio::time::Instant;

use super::Outbound;
use crate::{
    store::{CommitError, Replay, StoreError},
    topic::{
        event::{Effect, Event, Stamp, SubKey},
        tests::{
            stage::{Reader, Stage},
            world::Dice,
        },
    },
};

const USERS: [&str; 4] = ["root", "ann", "ben", "eve"];

/// One reader's connection.
struct Line {
    key: SubKey,
    out: Arc<Outbound>,
    who: &'static str,
    /// What its task has told the worker, and has not arrived yet.
    told: VecDeque<Event>,
}

struct Floor {
    stage: Stage,
    lines: Vec<Line>,
    dice: Dice,
}

impl Floor {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut stage = Stage::new([None, Some(50)][dice.below(2)]);
        stage.call("Room", "create", "r", &[(1, "ann"), (2, "true"), (3, "notes")]);
        for n in 0..40 {
            stage.call("Note", "create", &format!("n{n:02}"), &[(1, "eve"), (2, &long(n)), (3, "p")]);
        }
        stage.flush();
        let mut floor = Self { stage, lines: Vec::new(), dice };
        USERS.iter().for_each(|who| floor.open(who, None));
        floor.stage.holds = true;
        floor
    }

    fn open(&mut self, who: &'static str, resume: Option<Reader>) {
        let key = self.stage.next_key();
        self.stage.taps.insert(key, Vec::new());
        assert_eq!(self.stage.join(who, resume), key);
        self.lines.push(Line { key, out: Arc::default(), who, told: VecDeque::new() });
    }

    /// What the worker has sent is queued.
    fn queue(&mut self, at: usize) {
        let Line { key, out, .. } = &self.lines[at];
        for (frame, kind) in self.stage.taps.get_mut(key).map(std::mem::take).unwrap_or_default() {
            let frame = out.frame(&frame, &mut Default::default());
            out.queue(key.sub, frame, &kind, Instant::now());
        }
    }

    /// The socket takes so many frames.
    fn write(&mut self, at: usize, mut room: usize) {
        self.queue(at);
        let key = self.lines[at].key;
        let mut got = Vec::new();
        let _ = self.lines[at].out.poll_write(|frames| {
            let taken: Vec<_> = frames.iter().take(room).map(|frame| Bytes::copy_from_slice(frame)).collect();
            room -= taken.len();
            let bytes = taken.iter().map(Bytes::len).sum();
            got.extend(taken);
            if bytes == 0 { Poll::Pending } else { Poll::Ready(Ok(bytes)) }
        });
        got.iter().for_each(|frame| self.stage.receive(key, frame));
    }

    /// The connection's task looks; `late`: what waits is too old.
    fn look(&mut self, at: usize, late: bool) -> bool {
        self.queue(at);
        let line = &mut self.lines[at];
        let key = line.key;
        let wait = Duration::from_secs(if late { 11 } else { 0 });
        let work = line.out.work(Instant::now() + wait);
        assert!(work.parting.is_none());
        let asked = work.behind.len() + work.due.len();
        line.told.extend(work.behind.iter().map(|_| Event::Behind { key }));
        line.told.extend(work.due.into_iter().map(|(_, at, count)| Event::Drained { key, at, count }));
        asked > 0
    }

    fn hear(&mut self, at: usize) -> bool {
        let Some(event) = self.lines[at].told.pop_front() else { return false };
        self.stage.step(event);
        true
    }

    fn call(&mut self, model: &str, what: &str, key: &str, args: &[(u16, &str)]) {
        let from = self.lines[0].key;
        let seq = self.stage.next_seq("root");
        self.stage.call_as(from, ("root", seq), (model, what, key), args);
    }

    fn again(&mut self, at: usize) {
        let line = self.lines.remove(at);
        let reader = self.stage.leave(line.key);
        self.stage.taps.remove(&line.key);
        let whole = !reader.coming && self.dice.below(4) != 0;
        self.open(line.who, whole.then_some(reader));
        let line = self.lines.pop().unwrap();
        self.lines.insert(at, line);
    }

    /// The commit under way gets no answer, whether it was kept or not.
    fn lose_answer(&mut self) {
        if let Some(Effect::Commit(_)) = self.stage.io.front() {
            let Some(Effect::Commit(commit)) = self.stage.io.pop_front() else { return };
            if self.dice.below(2) == 0 {
                self.stage.keep(commit);
            }
            let error = CommitError::Store(StoreError::Unknown("lost".into()));
            self.stage.step(Event::Committed(Err(error)));
        }
    }

    /// The store cannot say what came after the worker's position.
    fn doubt(&mut self) {
        self.stage.step(Event::Doubt);
        if let Some(Effect::Replay { .. }) = self.stage.io.front() {
            self.stage.io.pop_front();
            let head = self.stage.head();
            self.stage.step(Event::Replayed(Ok(Replay::Gap { head })));
        }
    }

    fn act(&mut self) {
        let (at, n) = (self.dice.below(USERS.len()), self.dice.below(40));
        let (note, who) = (format!("n{n:02}"), USERS[1 + self.dice.below(3)]);
        match self.dice.below(30) {
            0 => self.call("Note", "delete", &note, &[]),
            1 | 2 => self.call("Note", "create", &note, &[(1, who), (2, &long(n)), (3, "p")]),
            3 | 4 => self.call("Note", "patch", &note, &[(1, who), (2, &long(n + 1))]),
            5 => self.call("Room", "patch", "r", &[(1, who)]),
            6 => self.call("Room", "patch", "r", &[(2, ["true", "false"][n % 2])]),
            7 => self.lose_answer(),
            8 => self.doubt(),
            9 => self.again(at),
            10 => self.stage.flush(),
            11 => drop(self.look(at, true)),
            12..16 => drop(self.look(at, false)),
            16..20 => drop(self.hear(at)),
            20..25 => drop(self.stage.answer_one()),
            _ => {
                let room = self.dice.below(12);
                self.write(at, room);
            }
        }
    }

    /// Everything that is under way arrives.
    fn rest(&mut self) {
        self.stage.holds = false;
        for _ in 0..400 {
            self.stage.settle();
            self.stage.flush();
            let mut moved = false;
            for at in 0..self.lines.len() {
                self.write(at, usize::MAX);
                moved |= self.look(at, false);
                while self.hear(at) {
                    moved = true;
                    self.stage.settle();
                }
            }
            if !moved {
                return;
            }
        }
        panic!("it never comes to rest");
    }
}

fn long(n: usize) -> String {
    format!("{n} {}", "x".repeat(2_500))
}

/// How many seeds: more where the long matrices are asked for.
fn seeds() -> u64 {
    if std::env::var_os("REALTIME_TEST_ALL").is_some() { 20_000 } else { 40 }
}

#[test]
fn s15_l1_l8_whatever_sockets_take_and_whenever_the_topic_is_loaded_anew_readers_end_with_the_truth() {
    for seed in 0..seeds() {
        let mut floor = Floor::new(seed);
        for _ in 0..250 {
            floor.act();
        }
        floor.rest();
        for line in &floor.lines {
            let reader = &floor.stage.readers[&line.key];
            let keys = |rows: &std::collections::BTreeMap<_, _>| -> Vec<(u16, String)> {
                rows.keys().cloned().collect()
            };
            let truth = floor.stage.truth(line.who);
            assert_eq!(keys(&reader.rows), keys(&truth), "seed {seed}, {}", line.who);
            assert!(reader.rows == truth && !reader.coming, "seed {seed}, {}", line.who);
        }
    }
}

#[test]
fn s28_a_store_that_fails_is_not_asked_again_before_the_wait_is_over() {
    let unavailable = || StoreError::Unavailable("gone".into());
    let mut floor = Floor::new(1);
    floor.rest();
    floor.stage.holds = true;
    let key = floor.lines[1].key;
    let elsewhere = Stamp { at: Position { offset: 1, epoch: 77 }, next: None };
    floor.stage.step(Event::Drained { key, at: Some(Arc::new(elsewhere)), count: 1 });
    assert!(matches!(floor.stage.io.pop_front(), Some(Effect::Read { .. })));
    floor.stage.step(Event::Read(Err(unavailable())));
    assert!(floor.stage.io.is_empty(), "a reader that waits for its catch-up waits on");
    floor.stage.step(Event::Retry);
    floor.rest();
    floor.stage.holds = true;
    floor.stage.step(Event::Doubt);
    assert!(matches!(floor.stage.io.pop_front(), Some(Effect::Replay { .. })));
    floor.stage.step(Event::Replayed(Err(unavailable())));
    assert!(floor.stage.io.is_empty());
    floor.stage.step(Event::Retry);
    assert!(matches!(floor.stage.io.front(), Some(Effect::Replay { .. })), "what was in doubt still is");
}
