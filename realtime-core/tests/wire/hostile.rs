//! What a hostile client, or the program's own code under it, can do: it is told so, and nobody else feels it.

use realtime_core::{
    AuthError,
    prelude::*,
    protocol::{
        Day, Topic,
        frame::{
            Codec, ServerFrame,
            v1::{Auth, Call, Entry, Hello as HelloFrame, Lane, Mutate, Outcome, Row, Sub, how, view},
        },
        schema::mutator_number,
    },
};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::support::{Client, Server, call, raw};

/// A board that its member may open; whatever can go wrong in a program is in it.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "team/{team}/board/{id}", principal = Guest)]
#[sync(open = member, create = anyone, delete = member, patch(team, frame) = member)]
struct Board {
    #[sync(key)]
    id: String,
    team: String,
    member: String,
    frame: Frame,
    text: String,
    nest: Nest,
    touchy: Touchy,
}

#[derive(SyncType, Clone, Serialize, Deserialize)]
struct Frame {
    #[sync(length(min = 1, max = 5))]
    label: String,
    #[sync(range(min = 0, max = 10))]
    width: f64,
}

#[derive(SyncType, Clone, Serialize, Deserialize)]
enum Nest {
    Empty,
    In(Box<Nest>),
}

/// A number that cannot be written as 7.
#[derive(SyncType, Clone, Deserialize)]
struct Touchy {
    n: u32,
}

impl Serialize for Touchy {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        assert_ne!(self.n, 7, "on purpose");
        json!({ "n": self.n }).serialize(to)
    }
}

/// A card on a board.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Board, principal = Guest, create = anyone)]
struct Card {
    #[sync(key)]
    id: String,
    text: String,
}

fn member(guest: &Guest, board: &Board) -> bool {
    assert_ne!(board.member, "panic", "on purpose");
    guest.id == board.member
}

#[mutations]
impl Board {
    #[mutation(optimistic = none)]
    fn write(&mut self, text: String) {
        self.text = text;
    }

    #[mutation(optimistic = none)]
    fn double(&mut self) {
        self.text = self.text.repeat(2);
    }

    #[mutation(optimistic = none)]
    fn touch(&mut self, n: u32) {
        self.touchy.n = n;
    }

    #[mutation(optimistic = none)]
    fn lend(&mut self, to: String) {
        self.member = to;
    }

    #[mutation(optimistic = none)]
    fn migrate(&mut self, team: String) {
        self.team = team;
    }

    #[mutation(optimistic = none)]
    fn deepen(&mut self) {
        for _ in 0..100 {
            self.nest = Nest::In(Box::new(self.nest.clone()));
        }
    }

    #[mutation(optimistic = none)]
    fn measure(&mut self, frame: Frame) -> f64 {
        frame.width
    }
}

const TOPIC: &str = "team/a/board/b";

/// A server on which a token is the name of its bearer, with a board of Ann's. `boom` panics at the door.
async fn server() -> Server {
    let by_name = async |hello: Hello| -> Result<Guest, AuthError> {
        let id = hello.token.unwrap_or_default();
        assert_ne!(id, "boom", "on purpose");
        // `ann/bob`: Ann by her id, with other claims.
        Ok(Guest { id: id.split('/').next().unwrap_or_default().to_owned() })
    };
    let frame = Frame { label: "oak".into(), width: 1.0 };
    let (nest, touchy) = (Nest::Empty, Touchy { n: 0 });
    let (id, team, member) = ("b".into(), "a".into(), "ann".into());
    let board = Board { id, team, member, frame, text: "secret".into(), nest, touchy };
    let app = App::authenticate(by_name).model::<Board>().model::<Card>();
    Server::serve(app.seed(board).store(Memory::new())).await
}

async fn person(server: &Server, name: &str, codec: Codec) -> Client {
    let mut client = server.connect(codec).await;
    client.hello(Some(name.into())).await;
    client
}

async fn ann(server: &Server, codec: Codec) -> Client {
    let mut ann = person(server, "ann", codec).await;
    assert_eq!(ann.sub(1, TOPIC).await.how, how::SNAPSHOT);
    ann
}

#[tokio::test]
async fn s8_a_panic_in_a_policy_or_in_serialize_is_a_refusal_and_the_topic_lives_on() {
    let server = server().await;
    let mut ann = ann(&server, Codec::Json).await;
    assert_eq!(ann.refusal("Board.touch", Some("b"), vec![raw(7)]).await, json!({ "code": "rt/fault" }));
    assert!(matches!(ann.outcome("Board.touch", Some("b"), vec![raw(8)]).await, Outcome::Done(_)));
    // From now on the policy panics: for Ann, who is live, for what she sends, and for who comes.
    ann.mutate("Board.lend", Some("b"), vec![raw("panic")]).await;
    loop {
        if let ServerFrame::Subscribed(refused) = ann.next().await {
            break assert_eq!((refused.how, refused.reason.as_deref()), (how::REFUSED, Some("rt/denied")));
        }
    }
    let mut bob = person(&server, "bob", Codec::Json).await;
    assert_eq!(bob.sub(1, TOPIC).await.how, how::REFUSED);
    let denied = bob.refusal("Board.write", Some("b"), vec![raw("x")]).await;
    assert_eq!(denied, json!({ "code": "rt/denied" }));
}

#[tokio::test]
async fn a_panic_of_the_authenticator_is_4006_at_any_time() {
    let server = server().await;
    let mut client = server.connect(Codec::Json).await;
    client.greet(Some("boom".into())).await;
    assert_eq!(client.parted().await.code, 4006);
    let mut ann = ann(&server, Codec::Json).await;
    ann.send(Auth { token: "boom".into() }).await;
    assert_eq!(ann.parted().await.code, 4006);
}

#[tokio::test]
async fn rules_hold_for_every_form_in_which_a_value_may_come() {
    let server = server().await;
    let mut ann = ann(&server, Codec::MessagePack).await;
    let rule = |error: Value| (error["code"].clone(), error["rule"].clone());
    let wrong = |rule: &str| (json!("rt/invalid"), json!(rule));
    for (frame, want) in [
        (raw(json!({ "label": "", "width": 1 })), "length"),
        (raw(json!({ "label": "oak", "width": 11 })), "range"),
        (raw(("", 11.0)), "type"),
        (raw(Frame { label: "oak".into(), width: f64::NAN }), "type"),
        (raw(Frame { label: "oak".into(), width: f64::INFINITY }), "type"),
    ] {
        let measured = ann.refusal("Board.measure", Some("b"), vec![frame.clone()]).await;
        assert_eq!(rule(measured), wrong(want), "{frame:?}");
        let patched = ann.refusal("Board.patch", Some("b"), vec![raw(3), frame.clone()]).await;
        assert_eq!(patched["code"], "rt/invalid", "{frame:?}");
    }
    // What is kept is the value, not the form in which it came.
    let patch = vec![raw(3), raw(("elm", 2.0))];
    assert!(matches!(ann.outcome("Board.patch", Some("b"), patch).await, Outcome::Done(_)));
    let ServerFrame::Delta(delta) = ann.next().await else { panic!("no delta") };
    let [Row::Columns(columns)] = delta.rows.as_slice() else { panic!("{delta:?}") };
    assert_eq!(columns.cells.0, [(3, raw(Frame { label: "elm".into(), width: 2.0 }))]);
}

#[tokio::test]
async fn s34_no_mutation_moves_a_root_out_of_its_topic() {
    let server = server().await;
    let mut ann = ann(&server, Codec::Json).await;
    let patched = ann.refusal("Board.patch", Some("b"), vec![raw(1), raw("other")]).await;
    assert_eq!((&patched["code"], &patched["rule"]), (&json!("rt/invalid"), &json!("topic")));
    let fault = json!({ "code": "rt/fault" });
    assert_eq!(ann.refusal("Board.migrate", Some("b"), vec![raw("other")]).await, fault);
}

#[tokio::test]
async fn s44_l9_with_its_root_a_topic_goes_whole() {
    let server = server().await;
    let mut ann = ann(&server, Codec::Json).await;
    let card = vec![raw(0), raw("c"), raw(1), raw("about bob")];
    assert!(matches!(ann.outcome("Card.create", Some("c"), card).await, Outcome::Done(_)));
    assert!(matches!(ann.outcome("Board.delete", Some("b"), vec![]).await, Outcome::Done(_)));
    // Whoever may create a board may open the topic now: nothing of the former board is there.
    let mut bob = person(&server, "bob", Codec::Json).await;
    assert_eq!(bob.sub(1, TOPIC).await.how, how::SNAPSHOT);
    let ServerFrame::Page(page) = bob.next().await else { panic!("no page") };
    assert_eq!(page.rows, []);
}

#[tokio::test]
async fn l11_what_a_mutation_may_write_is_bounded() {
    let server = server().await;
    let mut ann = ann(&server, Codec::Json).await;
    assert_eq!(ann.refusal("Board.deepen", Some("b"), vec![]).await, json!({ "code": "rt/fault" }));
    ann.outcome("Board.write", Some("b"), vec![raw("x".repeat(50_000))]).await;
    for _ in 0..2 {
        assert!(matches!(ann.outcome("Board.double", Some("b"), vec![]).await, Outcome::Done(_)));
    }
    let large = json!({ "code": "rt/limit", "what": "the size of an entity" });
    assert_eq!(ann.refusal("Board.double", Some("b"), vec![]).await, large);
    let key = "k".repeat(1025);
    let long = ann.refusal("Card.create", Some(&key), vec![raw(1), raw("")]).await;
    assert_eq!(long, json!({ "code": "rt/limit", "what": "the length of a key" }));
}

#[tokio::test]
async fn l11_a_topic_stays_small_enough_to_be_opened() {
    let server = server().await;
    let mut ann = ann(&server, Codec::Json).await;
    let text = raw("x".repeat(60_000));
    let mut cards = 0;
    let refusal = loop {
        let card = call(cards + 1, "Card.create", Some(&format!("c{cards}")), vec![raw(1), text.clone()]);
        ann.send(Mutate { sub: 1, count: 1, lane: 0, got: cards, entries: vec![card] }).await;
        let ack = loop {
            if let ServerFrame::Ack(ack) = ann.next().await {
                break ack;
            }
        };
        match &ack.outcomes[0].2 {
            Outcome::Refused(refused) => break refused.error.decode::<Value>().unwrap(),
            _ => cards += 1,
        }
    };
    assert_eq!(refusal, json!({ "code": "rt/limit", "what": "the size of a topic" }));
    assert!(cards > 60, "{cards}");
    let mut again = person(&server, "ann", Codec::Json).await;
    assert_eq!(again.sub(1, TOPIC).await.how, how::SNAPSHOT);
    loop {
        if let ServerFrame::Page(page) = again.next().await
            && page.last
        {
            break;
        }
    }
}

#[tokio::test]
async fn s34_who_may_not_open_gets_the_same_answer_for_a_topic_that_was_never_written() {
    let owned = |id: &str| super::support::Note { id: id.into(), owner: "ann".into(), text: "t".into() };
    let by_name = async |hello: Hello| -> Result<Guest, AuthError> {
        Ok(Guest { id: hello.token.unwrap_or_default() })
    };
    let app = App::authenticate(by_name).model::<super::support::Note>().seed(owned("n"));
    let server = Server::serve(app.store(Memory::new())).await;
    let mut bob = person(&server, "bob", Codec::Json).await;
    let there = bob.sub(1, "note/n").await;
    for (id, topic) in [(2, "note/never"), (3, "other/n")] {
        let mut absent = bob.sub(id, topic).await;
        absent.id = 1;
        absent.lanes.clone_from(&there.lanes);
        assert_eq!(absent, there, "{topic}");
    }
}

#[tokio::test]
async fn s35_claims_that_go_with_a_renewed_token_take_the_rows_with_them() {
    let by_name = async |hello: Hello| -> Result<User, AuthError> {
        let token = hello.token.unwrap_or_default();
        Ok(User { id: "ann".into(), admin: token == "admin" })
    };
    let hall = Hall { id: "h".into(), text: "secret".into() };
    let server =
        Server::serve(App::authenticate(by_name).model::<Hall>().seed(hall).store(Memory::new())).await;
    let mut ann = person(&server, "admin", Codec::Json).await;
    assert_eq!(ann.sub(1, "hall/h").await.how, how::SNAPSHOT);
    ann.next().await;
    ann.send(Auth { token: "user".into() }).await;
    let ServerFrame::Reset(reset) = ann.next().await else { panic!("no reset") };
    assert_eq!(reset.reason, "revoked");
}

#[derive(Principal, Clone, Serialize, Deserialize)]
struct User {
    #[principal(id)]
    id: String,
    admin: bool,
}

fn admin(user: &User) -> bool {
    user.admin
}

/// A hall for admins.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "hall/{id}", principal = User, open = admin)]
struct Hall {
    #[sync(key)]
    id: String,
    text: String,
}

/// A call with numbers of its own choice.
fn numbered(seq: u64, after: Option<u64>) -> Entry {
    let Entry::Call(made) = call(seq, "Board.write", Some("b"), vec![raw("x")]) else { panic!("no call") };
    Call { after, ..made }.into()
}

#[tokio::test]
async fn s47_numbers_beyond_what_stores_can_keep_end_the_connection_and_nobody_elses() {
    let server = server().await;
    let mut bystander = ann(&server, Codec::Json).await;
    for (seq, after, got) in
        [(u64::MAX, Some(0), u64::MAX), (1 << 53, Some(0), 1 << 53), (0, None, 0), (3, Some(3), 0)]
    {
        let mut liar = ann(&server, Codec::Json).await;
        let entries = vec![numbered(seq, after)];
        liar.send(Mutate { sub: 1, count: 1, lane: 0, got, entries }).await;
        let parted = liar.parted().await;
        assert_eq!(parted.code, 4505, "{seq}: {parted:?}");
    }
    // A `got` that cannot be true keeps nothing from being kept.
    let mut liar = ann(&server, Codec::Json).await;
    liar.send(Mutate { sub: 1, count: 1, lane: 0, got: u64::MAX, entries: vec![numbered(1, None)] }).await;
    let outcome = bystander.outcome("Board.write", Some("b"), vec![raw("x")]).await;
    assert!(matches!(outcome, Outcome::Done(_)));
}

#[tokio::test]
async fn s47_subscriptions_say_each_thing_once() {
    let server = server().await;
    let topic = Topic::new(TOPIC).unwrap();
    let sub = |id, view, lanes| Sub { id, topic: topic.clone(), view, lanes, resume: None };
    let mut ann = ann(&server, Codec::Json).await;
    ann.send(sub(2, view::ALL, vec![])).await;
    assert!(ann.parted().await.reason.contains("open once"));
    let mut ann = person(&server, "ann", Codec::Json).await;
    ann.send(sub(1, 2, vec![])).await;
    assert_eq!(ann.parted().await.code, 4500);
    let mut ann = person(&server, "ann", Codec::Json).await;
    ann.send(sub(1, view::ALL, vec![(0, 0, true), (0, 0, true)])).await;
    assert!(ann.parted().await.reason.contains("each lane once"));
    let mut ann = person(&server, "ann", Codec::Json).await;
    ann.send(Lane { name: "AAAAAAAAAAAAAAAA".to_owned().try_into().unwrap(), day: Day(20_000) }).await;
    assert!(ann.parted().await.reason.contains("one index"));
}

#[tokio::test]
async fn what_json_cannot_say_is_no_frame_in_messagepack_either() {
    let server = server().await;
    let number = Codec::MessagePack.encode(&mutator_number("Board", "write")).unwrap();
    // [5, 1, 1, 0, 0, [[0, seq, Board.write, 1, 0, "b", [arg]]]]
    let frame = |seq: u8, arg: &[u8]| {
        let head = [0x96, 5, 1, 1, 0, 0, 0x91, 0x97, 0, seq];
        Message::binary([&head, &number[..], &[1, 0, 0xa1, b'b', 0x91], arg].concat())
    };
    let used_never = &[0xc1][..];
    let no_utf8 = &[0xa2, 0xff, 0xfe][..];
    let a_list_that_is_not_there = &[0xdd, 0xff, 0xff, 0xff, 0xff][..];
    for arg in [used_never, a_list_that_is_not_there] {
        let mut ann = ann(&server, Codec::MessagePack).await;
        ann.raw(frame(1, arg)).await;
        assert_eq!(ann.parted().await.code, 4500, "{arg:?}");
    }
    let extension = &[0xd4, 1, 0][..];
    let bytes = &[0xc4, 1, 0xff][..];
    for (seq, arg) in (1..).zip([no_utf8, extension, bytes]) {
        let mut ann = person(&server, "ann", Codec::MessagePack).await;
        ann.sub(1, TOPIC).await;
        ann.next().await;
        ann.raw(frame(seq, arg)).await;
        match ann.next().await {
            ServerFrame::Ack(ack) => {
                assert!(matches!(ack.outcomes[0].2, Outcome::Refused(_)), "{arg:?} {ack:?}")
            }
            ServerFrame::Bye(bye) => assert_eq!(bye.code, 4500, "{arg:?}"),
            other => panic!("{arg:?} {other:?}"),
        }
    }
}

#[tokio::test]
async fn s47_a_ping_does_not_put_hello_off() {
    let server = server().await;
    let mut client = server.connect(Codec::Json).await;
    client.raw(Message::Ping(vec![1].into())).await;
    assert_eq!(client.parted().await.code, 4005);
    let mut client = server.connect(Codec::Json).await;
    client.send(HelloFrame { min: 1, max: 1, token: None, lanes: vec![], schema: vec![] }).await;
    assert!(matches!(client.next().await, ServerFrame::Welcome(_)));
}
