//! One who abuses a topic beside many who use it, in simulated time: what the limits of S47 leave to each.
//!
//! Sessions' machines and a topic's queue are the real ones; a turn takes up to 256 mutations and 10 ms.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use realtime_protocol::{
    Day, LaneName, Raw, Topic,
    frame::v1::{self, Hello, Mutate, ServerFrame, Sub, Welcome, view},
    session::{Ask, Event, Facts, Limits, Machine, limit::Note, machine::Catalog, mutate::Running},
};

use super::super::{
    batch::Waiting,
    conduct::Conduct,
    event::{ConnId, SubKey},
    queue::Queue,
};
use crate::{
    field::{Seed, Timestamp},
    handler,
    principal::Anyone,
    tx::Context,
};

/// How long a turn takes, in milliseconds, and how many mutations it takes at most.
const TURN: (u64, usize) = (10, 256);
/// How many use the topic fairly: each calls twice a second.
const FAIR: u64 = 100;
/// How long it goes on, in milliseconds.
const LENGTH: u64 = 20_000;

struct Polls;

impl Catalog for Polls {
    fn knows_model(&self, _: u16, _: u64) -> bool {
        true
    }
    fn knows_topic(&self, _: &Topic) -> bool {
        true
    }
    fn name(&self) -> String {
        "polls".into()
    }
}

/// One connection with one lane, and what it saw.
struct Person {
    machine: Machine,
    conduct: Arc<Conduct>,
    seq: u64,
    /// When its mutation came, while that waits.
    came: Option<u64>,
    slowest: u64,
    ran: u64,
    deferred: u64,
}

struct Scene {
    people: Vec<Person>,
    queue: Queue,
    now: u64,
}

impl Scene {
    fn new(limits: &Limits) -> Self {
        let rows = Arc::default();
        let people = (0..=FAIR).map(|n| Person::new(n, limits, &rows)).collect();
        Self { people, queue: Queue::default(), now: 0 }
    }

    /// Sends `count` mutations, from the first on that has no answer.
    fn send(&mut self, n: usize, count: u64) {
        let person = &mut self.people[n];
        let frame = mutate(person.seq, count);
        for ask in person.step(Event::Frame(frame.into()), self.now) {
            match ask {
                Ask::Run(running) => {
                    let entries = waiting(n, running, &person.conduct);
                    if self.queue.extend(ConnId(n as u64), entries).is_err() {
                        person.deferred += 1;
                    }
                }
                Ask::Send(ServerFrame::Defer(_)) => person.deferred += 1,
                other => panic!("{other:?}"),
            }
        }
    }

    fn turn(&mut self) {
        self.now += TURN.0;
        for entry in (0..TURN.1).map_while(|_| self.queue.pop_front()).collect::<Vec<_>>() {
            let person = &mut self.people[usize::try_from(entry.from.conn.0).unwrap()];
            if entry.seq == person.seq {
                person.seq += 1;
                person.ran += 1;
                let waited = person.came.take().map_or(0, |came| self.now - came);
                person.slowest = person.slowest.max(waited);
                let ran = Note::Ran { lane: 0, refused: 0 };
                person.conduct.note(ran, self.now).unwrap();
            }
        }
    }

    /// Plays all of it; `greed`: how many the abuser asks for in each turn.
    fn play(mut self, greed: u64) -> Vec<Person> {
        while self.now < LENGTH {
            // The abuser is always first, and pays no heed to what he is told.
            if greed > 0 {
                (0..4).for_each(|_| self.send(0, greed));
            }
            for n in 1..self.people.len() {
                let is_his_time = (self.now / TURN.0 + n as u64).is_multiple_of(50);
                if is_his_time && self.people[n].came.is_none() {
                    self.people[n].came = Some(self.now);
                    self.send(n, 1);
                }
            }
            self.turn();
        }
        self.people
    }
}

impl Person {
    fn new(n: u64, limits: &Limits, rows: &Arc<Mutex<realtime_protocol::session::limit::LaneRows>>) -> Self {
        let conduct = Conduct::new(limits.clone(), Arc::clone(rows), 0);
        let machine = Machine::new(limits.clone(), 0);
        let mut person = Self { machine, conduct, seq: 1, came: None, slowest: 0, ran: 0, deferred: 0 };
        let name = LaneName::try_from("AAAAAAAAAAAAAAAA".to_owned()).unwrap();
        let lanes = vec![(name, Day(20_000))];
        let hello = Hello { min: 1, max: 1, token: None, lanes, schema: vec![] };
        person.step(Event::Frame(hello.into()), 0);
        person.step(Event::Admitted { welcome: Box::new(welcome(n)), expires: None }, 0);
        let topic = Topic::new("poll/lunch").unwrap();
        let sub = Sub { id: 1, topic, view: view::NONE, lanes: vec![(0, 0, true)], resume: None };
        person.step(Event::Frame(sub.into()), 0);
        person
    }

    fn step(&mut self, event: Event, now_ms: u64) -> Vec<Ask> {
        let (conduct, in_flight) = (&mut self.conduct.own(), self.conduct.in_flight());
        let mut facts = Facts { catalog: &Polls, conduct, in_flight, may_begin: true, now_ms };
        self.machine.step(event, &mut facts).unwrap()
    }
}

fn welcome(n: u64) -> Welcome {
    Welcome {
        protocol: 1,
        now: 0,
        max_frame: 0,
        ping_every: 0,
        durability: 0,
        principal_id: format!("person {n}"),
        principal: Raw::null(),
        guest: None,
    }
}

fn mutate(from: u64, count: u64) -> Mutate {
    let call = |seq| v1::Call {
        seq,
        mutator: 1,
        version: 1,
        now: 0,
        key: None,
        args: Vec::new(),
        after: None,
        seed: None,
        seen: None,
    };
    let entries = (from..from + count).map(|seq| call(seq).into()).collect();
    Mutate { sub: 1, count: 1, lane: 0, got: 0, entries }
}

fn waiting(n: usize, running: Running, conduct: &Conduct) -> Vec<Waiting> {
    let from = SubKey { conn: ConnId(n as u64), sub: 1 };
    let context = Context {
        principal: Arc::new(Anyone { id: n.to_string() }),
        now: Timestamp::from_ms(0),
        server_now: Timestamp::from_ms(0),
        seed: Seed::default(),
        ids: 0,
        random: None,
    };
    let entry = |call: v1::Call| Waiting {
        from,
        lane: running.lane.id,
        index: 0,
        seq: call.seq,
        after: None,
        got: 0,
        hash: 0,
        call: handler::Call { mutator: 1, key: None, args: Vec::new(), seen: None },
        context: context.clone(),
        may_begin: true,
        who: Arc::default(),
        veto: None,
        ticket: Some(conduct.ticket()),
    };
    running.calls.into_iter().map(entry).collect()
}

/// The slowest answer among the fair ones, in turns, and how much ran of theirs.
fn fair(people: &[Person]) -> (u64, u64, BTreeMap<u64, usize>) {
    let mut ran = BTreeMap::new();
    people[1..].iter().for_each(|person| *ran.entry(person.ran).or_default() += 1);
    let slowest = people[1..].iter().map(|person| person.slowest).max().unwrap();
    (slowest / TURN.0, people[1..].iter().map(|person| person.deferred).sum(), ran)
}

#[test]
fn s47_who_floods_a_topic_gets_his_rate_and_delays_nobody_by_more_than_a_turn() {
    let alone = Scene::new(&Limits::new()).play(0);
    let beside = Scene::new(&Limits::new()).play(256);
    let (alone, (slowest, deferred, ran)) = (fair(&alone), fair(&beside));
    assert_eq!((alone.0, alone.1), (1, 0));
    assert_eq!(deferred, 0, "nobody but the abuser is put off");
    assert!(slowest <= alone.0 + 1, "{slowest} turns");
    assert_eq!(ran.keys().min(), alone.2.keys().min(), "as much of theirs ran as without him");
    let most = 256 + 60 * (LENGTH / 1_000);
    assert!(beside[0].ran <= most, "{} of the abuser's ran", beside[0].ran);
    assert!(beside[0].deferred > 0 && beside[0].ran >= 60 * (LENGTH / 1_000));
}
