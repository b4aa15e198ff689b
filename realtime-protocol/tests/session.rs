//! The session machine, event by event: the server's clauses of docs/SESSION.md.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use realtime_protocol::{
    Day, LaneName, Raw, Topic,
    code::{self, CloseCode},
    frame::v1::{
        Auth, Call, ClientFrame, Defer, Hello, Lane, Mutate, Pong, ServerFrame, Sub, Subscribed, Unsub,
        Welcome, how, view,
    },
    session::{
        Ask, End, Event, Facts, Limits, Machine,
        limit::{Conduct, Note},
        machine::Catalog,
        state::State,
    },
};

/// A server with one model, whose topics begin with `list/`.
struct Lists;

impl Catalog for Lists {
    fn knows_model(&self, number: u16, fingerprint: u64) -> bool {
        (number, fingerprint) == (1, 11)
    }
    fn knows_topic(&self, topic: &Topic) -> bool {
        topic.as_str().starts_with("list/")
    }
    fn name(&self) -> String {
        "abcd".to_owned()
    }
}

/// A connection, its clock and what else it is judged by.
struct Peer {
    machine: Machine,
    conduct: Conduct,
    now: u64,
    in_flight: usize,
}

impl Peer {
    fn new() -> Self {
        Self::with(Limits::DEFAULT)
    }

    fn with(limits: Limits) -> Self {
        let conduct = Conduct::new(&limits, 0);
        Self { machine: Machine::new(limits, 0), conduct, now: 0, in_flight: 0 }
    }

    /// One who was welcomed as `ann`, has one lane and reads `list/a` as 1.
    fn ann() -> Self {
        let mut peer = Self::new();
        peer.greet(hello(&["AAAAAAAAAAAAAAAA"]), None);
        peer.frame(sub(1, "list/a")).unwrap();
        peer
    }

    fn greet(&mut self, hello: Hello, expires: Option<u64>) {
        self.frame(hello).unwrap();
        self.step(admitted("ann", expires)).unwrap();
    }

    fn frame(&mut self, frame: impl Into<ClientFrame>) -> Result<Vec<Ask>, End> {
        self.step(Event::Frame(frame.into()))
    }

    fn step(&mut self, event: Event) -> Result<Vec<Ask>, End> {
        let (in_flight, now_ms) = (self.in_flight, self.now);
        let conduct = &mut self.conduct;
        let mut facts = Facts { catalog: &Lists, conduct, in_flight, may_begin: true, now_ms };
        self.machine.step(event, &mut facts)
    }

    /// What became of mutations `from..from + count`: how many may run, and what is deferred.
    fn mutate(&mut self, from: u64, count: u64) -> (usize, Option<Defer>) {
        let asks = self.frame(mutate(1, 0, from, count)).unwrap();
        let run = asks.iter().find_map(|ask| match ask {
            Ask::Run(run) => Some(run.calls.len()),
            _ => None,
        });
        let deferred = asks.into_iter().find_map(|ask| match ask {
            Ask::Send(ServerFrame::Defer(defer)) => Some(defer),
            _ => None,
        });
        (run.unwrap_or(0), deferred)
    }
}

fn hello(lanes: &[&str]) -> Hello {
    let lane = |name: &&str| (LaneName::try_from((*name).to_owned()).unwrap(), Day(20_000));
    Hello {
        min: 1,
        max: 1,
        token: Some("t".into()),
        lanes: lanes.iter().map(lane).collect(),
        schema: vec![(1, 11)],
    }
}

fn admitted(who: &str, expires: Option<u64>) -> Event {
    let welcome = Welcome {
        protocol: 1,
        now: 0,
        max_frame: 65_536,
        ping_every: 15_000,
        durability: 0,
        principal_id: who.to_owned(),
        principal: Raw::null(),
        guest: None,
    };
    Event::Admitted { welcome: Box::new(welcome), expires }
}

fn sub(id: u32, topic: &str) -> Sub {
    Sub { id, topic: Topic::new(topic).unwrap(), view: view::ALL, lanes: vec![(0, 0, true)], resume: None }
}

fn mutate(sub: u32, lane: u16, from: u64, count: u64) -> Mutate {
    let call = |seq| Call {
        seq,
        mutator: 7,
        version: 1,
        now: 0,
        key: None,
        args: Vec::new(),
        after: None,
        seed: None,
        seen: None,
    };
    Mutate {
        sub,
        count: 1,
        lane,
        got: 0,
        entries: (from..from + count).map(|seq| call(seq).into()).collect(),
    }
}

#[track_caller]
fn ends(result: Result<Vec<Ask>, End>, want: CloseCode) {
    assert_eq!(result.map_err(|end| end.code), Err(want));
}

fn lane(name: &str) -> Lane {
    Lane { name: LaneName::try_from(name.to_owned()).unwrap(), day: Day(20_000) }
}

#[test]
fn sv2_hello_comes_first_and_once_and_is_answered_by_the_authenticator() {
    for frame in [
        ClientFrame::from(sub(1, "list/a")),
        Auth { token: "t".into() }.into(),
        Pong { t: 1, got: vec![] }.into(),
        mutate(1, 0, 1, 1).into(),
    ] {
        ends(Peer::new().frame(frame), code::OUT_OF_ORDER);
    }
    let mut peer = Peer::new();
    let asks = peer.frame(hello(&[])).unwrap();
    assert_eq!(asks, vec![Ask::Authenticate { token: Some("t".into()) }]);
    assert_eq!(peer.machine.max_frame(), 4 * 1024, "s47: a stranger owns little");
    let asks = peer.step(admitted("ann", None)).unwrap();
    assert!(matches!(&asks[..], [Ask::Send(ServerFrame::Welcome(w))] if w.principal_id == "ann"));
    assert_eq!((peer.machine.max_frame(), peer.machine.state()), (64 * 1024, State::Live));
    ends(peer.frame(hello(&[])), code::OUT_OF_ORDER);
}

#[test]
fn sv3_another_protocol_or_schema_ends_it_with_what_to_do() {
    ends(Peer::new().frame(Hello { min: 2, max: 9, ..hello(&[]) }), code::PROTOCOL);
    let end = Peer::new().frame(Hello { schema: vec![(1, 12)], ..hello(&[]) }).unwrap_err();
    assert_eq!(end.code, code::SCHEMA);
    assert!(end.reason.contains("realtime generate") && end.reason.contains("abcd"));
}

#[test]
fn sv4_deadlines_end_who_says_nothing_and_whom_nobody_knows() {
    let mut silent = Peer::new();
    assert_eq!(silent.machine.deadline(), Some(5_000));
    silent.now = 4_999;
    assert_eq!(silent.step(Event::Time), Ok(vec![]));
    silent.now = 5_000;
    ends(silent.step(Event::Time), code::HELLO_TIMEOUT);
    let mut greeted = Peer::new();
    greeted.now = 3_000;
    greeted.frame(hello(&[])).unwrap();
    greeted.now = 8_000;
    ends(greeted.step(Event::Time), code::UNAVAILABLE);
    let mut denied = Peer::new();
    denied.frame(hello(&[])).unwrap();
    ends(denied.step(Event::Denied("no".into())), code::UNAUTHENTICATED);
    let mut unsure = Peer::new();
    unsure.frame(hello(&[])).unwrap();
    ends(unsure.step(Event::Unavailable("later".into())), code::UNAVAILABLE);
}

#[test]
fn sv5_a_connection_acts_for_one_principal() {
    let mut peer = Peer::ann();
    assert_eq!(
        peer.frame(Auth { token: "new".into() }),
        Ok(vec![Ask::Authenticate { token: Some("new".into()) }])
    );
    assert_eq!(peer.step(admitted("ann", None)), Ok(vec![Ask::Renew]));
    ends(peer.step(admitted("mallory", None)), code::MISBEHAVED);
}

#[test]
fn sv6_s36_an_expired_token_defers_mutations_then_ends_it_and_auth_renews_it_in_place() {
    let mut peer = Peer::new();
    peer.greet(hello(&["AAAAAAAAAAAAAAAA"]), Some(60_000));
    peer.frame(sub(1, "list/a")).unwrap();
    peer.now = 59_999;
    assert_eq!(peer.mutate(1, 1).0, 1);
    peer.now = 60_000;
    let (run, deferred) = peer.mutate(2, 3);
    let deferred = deferred.unwrap();
    assert_eq!((run, &*deferred.code, deferred.seq), (0, code::TOKEN, 2));
    assert_eq!(peer.machine.state(), State::Expired);
    peer.frame(Pong { t: 1, got: vec![] }).unwrap();
    peer.frame(Auth { token: "new".into() }).unwrap();
    peer.now = 70_000;
    peer.step(admitted("ann", Some(100_000))).unwrap();
    assert_eq!(peer.mutate(2, 1).0, 1, "at once, whatever was deferred before");
    peer.now = 124_999;
    assert_eq!(peer.step(Event::Time), Ok(vec![]));
    assert_eq!(peer.machine.deadline(), Some(125_000));
    peer.now = 125_000;
    ends(peer.step(Event::Time), code::TOKEN_EXPIRED);
    assert!(code::TOKEN_EXPIRED.reconnects());
    let mut late = Peer::new();
    late.now = 4_000;
    late.frame(hello(&[])).unwrap();
    late.step(admitted("ann", Some(3_000))).unwrap();
    assert_eq!(late.machine.state(), State::Expired, "it had expired before it came");
}

#[test]
fn sv7_s1_lanes_hold_the_principal_are_bounded_and_named_once() {
    let mut peer = Peer::ann();
    peer.frame(lane("BBBBBBBBBBBBBBBB")).unwrap();
    ends(peer.frame(lane("BBBBBBBBBBBBBBBB")), code::MISBEHAVED);
    let mut many = Peer::ann();
    let mut all = (1..=64).map(|n| many.frame(lane(&format!("{n:016}"))));
    assert!(all.by_ref().take(63).all(|result| result.is_ok()));
    ends(all.next().unwrap(), code::LIMIT);
    let opened = |who: &str| {
        let mut peer = Peer::new();
        peer.frame(hello(&["AAAAAAAAAAAAAAAA"])).unwrap();
        peer.step(admitted(who, None)).unwrap();
        match &peer.frame(sub(1, "list/a")).unwrap()[..] {
            [Ask::Open(opening)] => opening.lanes[0].id,
            asks => panic!("{asks:?}"),
        }
    };
    assert_ne!(opened("ann"), opened("mallory"));
}

#[test]
fn sv8_s47_subscriptions_ascend_are_bounded_and_open_a_topic_once() {
    let mut peer = Peer::ann();
    ends(Peer::ann().frame(sub(1, "list/b")), code::MISBEHAVED);
    ends(Peer::ann().frame(sub(2, "list/a")), code::MISBEHAVED);
    ends(Peer::ann().frame(Sub { view: 9, ..sub(2, "list/b") }), code::MALFORMED);
    ends(Peer::ann().frame(Sub { lanes: vec![(3, 0, true)], ..sub(2, "list/b") }), code::MISBEHAVED);
    let twice = Sub { lanes: vec![(0, 0, true), (0, 1, true)], ..sub(2, "list/b") };
    ends(Peer::ann().frame(twice), code::MISBEHAVED);
    assert!((2..=128).all(|id| peer.frame(sub(id, &format!("list/{id}"))).is_ok()));
    ends(peer.frame(sub(129, "list/x")), code::LIMIT);
    let asks = peer.frame(Unsub { id: 1 }).unwrap();
    assert!(matches!(&asks[..], [Ask::Leave { sub: 1, topic }] if topic.as_str() == "list/a"));
    assert_eq!(peer.frame(Unsub { id: 1 }), Ok(vec![]), "what is closed is closed");
    assert!(peer.frame(sub(129, "list/a")).is_ok());
}

#[test]
fn sv9_s34_a_topic_of_no_model_is_refused_like_one_that_may_not_be_opened() {
    for topic in ["note/a", "rt/heads"] {
        let mut peer = Peer::ann();
        let asks = peer.frame(sub(2, topic)).unwrap();
        let [Ask::Send(ServerFrame::Subscribed(Subscribed { id, how, reason, .. }))] = &asks[..] else {
            panic!("{asks:?}")
        };
        assert_eq!((*id, *how, reason.as_deref()), (2, how::REFUSED, Some(code::DENIED)));
        assert_eq!(peer.machine.open().count(), 1);
    }
}

#[test]
fn sv10_s47_mutations_over_the_rate_are_deferred_with_a_time_and_what_follows_them_too() {
    let mut peer = Peer::ann();
    assert_eq!(peer.mutate(1, 256), (256, None));
    let (run, deferred) = peer.mutate(257, 10);
    let deferred = deferred.unwrap();
    assert_eq!((run, deferred.seq, &*deferred.code, deferred.after), (0, 257, code::FULL, 250));
    peer.now = 100;
    let (run, deferred) = peer.mutate(267, 5);
    assert_eq!((run, deferred.unwrap().after), (0, 150), "sent before its sender knew: no gap is made of it");
    peer.now = 250;
    let (run, deferred) = peer.mutate(257, 20);
    assert_eq!((run, deferred.unwrap().seq), (15, 272), "60 a second");
}

#[test]
fn sv11_s47_what_waits_for_an_answer_is_bounded_over_all_topics() {
    let mut peer = Peer::ann();
    peer.in_flight = 250;
    let (run, deferred) = peer.mutate(1, 10);
    assert_eq!((run, deferred.unwrap().seq), (6, 7));
}

#[test]
fn sv12_s47_a_lane_that_was_refused_too_often_is_slowed_and_its_neighbour_is_not() {
    let mut peer = Peer::ann();
    peer.frame(lane("BBBBBBBBBBBBBBBB")).unwrap();
    peer.conduct.note(Note::Ran { lane: 0, refused: 40 }, &Limits::DEFAULT, 0).unwrap();
    let (run, deferred) = peer.mutate(1, 1);
    assert_eq!((run, deferred.unwrap().after), (0, 1_050));
    let other = peer.frame(mutate(1, 1, 1, 1)).unwrap();
    assert!(matches!(&other[..], [Ask::Run(run)] if run.calls.len() == 1));
    peer.now = 1_050;
    assert_eq!(peer.mutate(1, 1), (1, None));
}

#[test]
fn sv13_s4_a_number_that_no_store_can_keep_ends_it() {
    for (seq, after) in [(0, None), (1 << 53, None), (3, Some(3))] {
        let mut peer = Peer::ann();
        let mut frame = mutate(1, 0, 1, 1);
        let realtime_protocol::frame::v1::Entry::Call(call) = &mut frame.entries[0] else { panic!("a call") };
        (call.seq, call.after) = (seq, after);
        ends(peer.frame(frame), code::MISBEHAVED);
    }
    ends(Peer::ann().frame(mutate(1, 0, 1, 257)), code::LIMIT);
    ends(Peer::ann().frame(mutate(1, 5, 1, 1)), code::MISBEHAVED);
}

#[test]
fn sv14_s22_what_was_sent_under_a_closed_subscription_is_passed_over() {
    let mut peer = Peer::ann();
    peer.frame(Unsub { id: 1 }).unwrap();
    assert_eq!(peer.frame(mutate(1, 0, 1, 1)), Ok(vec![]));
}

#[test]
fn sv15_s47_the_limits_are_data_and_a_server_may_set_its_own() {
    let limits = Limits::new().subscriptions(1_000).mutations_per_second(1, 2);
    let mut peer = Peer::with(limits);
    peer.greet(hello(&["AAAAAAAAAAAAAAAA"]), None);
    assert!((1..=1_000).all(|id| peer.frame(sub(id, &format!("list/{id}"))).is_ok()));
    assert_eq!(peer.mutate(1, 5).0, 2);
}
