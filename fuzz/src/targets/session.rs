//! The session machine: sequences of frames, answers and time, and what must hold after each.

use realtime_protocol::{
    Day, LaneName, Raw, Topic,
    frame::v1::{
        Auth, Call, ClientFrame, Entry, Hello, Lane, Mutate, Pong, ServerFrame, Sub, Unsub, Welcome,
    },
    session::{
        Ask, Event, Facts, Limits, Machine,
        limit::{Conduct, Note},
        machine::Catalog,
        state::State,
    },
};

use super::{reached, words};
use crate::Target;

pub(super) const SESSION: Target = Target { name: "session", run: session, seeds };

const TOPICS: [&str; 6] = ["list/a", "list/b", "list/c", "note/a", "rt/heads", "list/d"];

struct Lists;

impl Catalog for Lists {
    fn knows_model(&self, number: u16, fingerprint: u64) -> bool {
        (number, fingerprint) == (1, 1)
    }
    fn knows_topic(&self, topic: &Topic) -> bool {
        topic.as_str().starts_with("list/")
    }
    fn name(&self) -> String {
        "lists".into()
    }
}

/// The input, read as numbers; zeros at its end.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn take(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |(first, rest)| (*first, rest));
        self.0 = rest;
        first
    }
}

/// A connection as the script drives it.
struct Play {
    machine: Machine,
    conduct: Conduct,
    limits: Limits,
    now: u64,
    in_flight: usize,
    ran: u64,
    last: String,
}

fn session(input: &[u8]) -> u64 {
    let limits = Limits::new().subscriptions(4).mutations_per_second(10, 40).in_flight(30);
    let (machine, conduct) = (Machine::new(limits.clone(), 0), Conduct::new(&limits, 0));
    let mut play = Play { machine, conduct, limits, now: 0, in_flight: 0, ran: 0, last: String::new() };
    let mut numbers = Numbers(input);
    let mut steps = 0;
    while !numbers.0.is_empty() && steps < 4_096 {
        steps += 1;
        if let Err(end) = play.step(&mut numbers) {
            return reached((end, play.last, steps.min(8)));
        }
    }
    reached((play.machine.state(), play.last, play.machine.open().count(), steps.min(8)))
}

impl Play {
    fn step(&mut self, numbers: &mut Numbers<'_>) -> Result<(), String> {
        let event = match numbers.take() % 14 {
            0 => Event::Frame(hello(numbers)?.into()),
            1 => admitted(numbers),
            2 => Event::Frame(sub(numbers)?.into()),
            3 => Event::Frame(Unsub { id: numbers.take().into() }.into()),
            4..=6 => Event::Frame(mutate(numbers).into()),
            7 => Event::Frame(Lane { name: lane(numbers.take())?, day: Day(20_000) }.into()),
            8 => Event::Frame(Auth { token: "t".into() }.into()),
            9 => Event::Frame(Pong { t: 0, got: vec![] }.into()),
            10 => {
                self.now += u64::from(numbers.take()) * 97;
                Event::Time
            }
            11 => return self.note(numbers.take()),
            12 => {
                self.in_flight = usize::from(numbers.take() % 40);
                Event::Time
            }
            _ => Event::Denied("no".into()),
        };
        self.take(event)
    }

    fn take(&mut self, event: Event) -> Result<(), String> {
        let sent: Vec<u64> = match &event {
            Event::Frame(ClientFrame::Mutate(mutate)) => mutate.entries.iter().filter_map(seq).collect(),
            _ => Vec::new(),
        };
        let (in_flight, now_ms) = (self.in_flight, self.now);
        let mut facts =
            Facts { catalog: &Lists, conduct: &mut self.conduct, in_flight, may_begin: true, now_ms };
        let asks = match self.machine.step(event, &mut facts) {
            Ok(asks) => asks,
            Err(end) => {
                assert!((4_000..5_000).contains(&end.code.code) && !end.reason.is_empty(), "{end:?}");
                return Err(format!("{}{}", end.code.name, words(&end.reason)));
            }
        };
        self.check(&asks, &sent);
        Ok(())
    }

    /// What holds after each step, whatever came.
    fn check(&mut self, asks: &[Ask], sent: &[u64]) {
        let machine = &self.machine;
        let is_known = matches!(machine.state(), State::Live | State::Expired);
        assert_eq!(is_known, machine.principal().is_some());
        assert!(
            machine.deadline().is_none_or(|due| due > self.now),
            "a deadline that has passed has meant something"
        );
        assert!(machine.open().count() <= self.limits.subscriptions);
        let mut passed = 0;
        for ask in asks {
            self.last = format!("{ask:?}").chars().take(9).collect();
            match ask {
                Ask::Run(run) => {
                    assert_eq!(machine.state(), State::Live, "nothing runs under a proof that has expired");
                    assert!(machine.open().any(|(sub, topic)| (sub, topic) == (run.sub, &run.topic)));
                    assert!(self.in_flight + run.calls.len() <= self.limits.in_flight);
                    passed = run.calls.len();
                    self.ran += passed as u64;
                    let seqs: Vec<u64> = run.calls.iter().map(|call| call.seq).collect();
                    assert_eq!(seqs, sent[..passed], "what runs is the beginning of what was sent");
                }
                Ask::Send(ServerFrame::Defer(defer)) => {
                    assert_eq!(sent.get(passed), Some(&defer.seq), "the first that does not run is told");
                    assert!(defer.after > 0);
                }
                Ask::Open(opening) => assert!(is_known && opening.topic.as_str().starts_with("list/")),
                _ => {}
            }
        }
        assert!(self.ran <= 40 + self.now / 100, "{} ran in {} ms", self.ran, self.now);
    }

    fn note(&mut self, number: u8) -> Result<(), String> {
        let note = match number % 3 {
            0 => Note::Gap,
            1 => Note::Ran { lane: u16::from(number / 16), refused: u32::from(number % 16) },
            _ => Note::StrangeResume,
        };
        self.conduct.note(note, &self.limits, self.now).map_err(|end| words(&end.reason))
    }
}

fn seq(entry: &Entry) -> Option<u64> {
    match entry {
        Entry::Call(call) => Some(call.seq),
        _ => None,
    }
}

fn lane(number: u8) -> Result<LaneName, String> {
    LaneName::try_from(format!("{number:016}")).map_err(ToOwned::to_owned)
}

fn hello(numbers: &mut Numbers<'_>) -> Result<Hello, String> {
    let shape = numbers.take();
    let lanes =
        (0..shape % 4).map(|_| Ok((lane(numbers.take())?, Day(20_000)))).collect::<Result<_, String>>()?;
    let schema = vec![(1, u64::from(shape < 240))];
    Ok(Hello { min: 1, max: if shape == 239 { 0 } else { 1 }, token: None, lanes, schema })
}

fn admitted(numbers: &mut Numbers<'_>) -> Event {
    let shape = numbers.take();
    let welcome = Welcome {
        protocol: 1,
        now: 0,
        max_frame: 0,
        ping_every: 0,
        durability: 0,
        principal_id: if shape > 250 { "mallory".into() } else { "ann".into() },
        principal: Raw::null(),
        guest: None,
    };
    let expires = shape.is_multiple_of(3).then(|| u64::from(numbers.take()) * 1_000);
    Event::Admitted { welcome: Box::new(welcome), expires }
}

fn sub(numbers: &mut Numbers<'_>) -> Result<Sub, String> {
    let (id, at, shape) = (numbers.take().into(), numbers.take(), numbers.take());
    let topic = Topic::new(TOPICS[usize::from(at) % TOPICS.len()]).map_err(|error| error.to_string())?;
    let lanes = (0..shape % 3).map(|_| (u16::from(numbers.take() % 4), 0, true)).collect();
    let resume = (shape > 128).then(|| (u64::from(shape), 1, 1));
    Ok(Sub { id, topic, view: u8::from(!shape.is_multiple_of(16)) + u8::from(shape == 77), lanes, resume })
}

fn mutate(numbers: &mut Numbers<'_>) -> Mutate {
    let (sub, lane, from, count) = (numbers.take(), numbers.take() % 4, numbers.take(), numbers.take());
    let after = (count > 200).then(|| u64::from(numbers.take()));
    let call = |seq| Call {
        seq,
        mutator: 1,
        version: 1,
        now: 0,
        key: None,
        args: vec![],
        after,
        seed: None,
        seen: None,
    };
    let entries = (0..u64::from(count % 64)).map(|n| call(u64::from(from) + n).into()).collect();
    Mutate { sub: sub.into(), count: 1, lane: lane.into(), got: 0, entries }
}

fn seeds() -> Vec<Vec<u8>> {
    let open = [0, 1, 5, 1, 1, 2, 1, 0, 1, 0];
    let with = |rest: &[u8]| [&open[..], rest].concat();
    vec![
        with(&[4, 1, 0, 1, 10, 4, 1, 0, 11, 50, 10, 20, 4, 1, 0, 21, 20]),
        with(&[8, 1, 3, 5, 10, 80, 4, 1, 0, 1, 1, 10, 255, 10, 255]),
        with(&[2, 2, 1, 1, 0, 2, 3, 2, 1, 0, 3, 1, 4, 1, 0, 1, 1, 2, 4, 0, 1, 0]),
        with(&[11, 0, 11, 0, 11, 1, 11, 0, 4, 1, 0, 1, 1, 12, 39, 4, 1, 0, 2, 9]),
        vec![10, 255, 10, 255],
        vec![2, 1, 0, 1],
    ]
}
