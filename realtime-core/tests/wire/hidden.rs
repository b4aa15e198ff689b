//! What one may not read: no byte of it, in whatever frame, in either codec (L9, S18, S34, S35); and who may set what.

use realtime_core::{
    AuthError,
    prelude::*,
    protocol::frame::{
        Codec, ServerFrame,
        v1::{Outcome, how},
    },
};
use serde_json::json;

use super::support::{Client, Server, raw};

/// Each text that somebody may not read begins with this.
const CANARY: &str = "CANARY";

/// A desk, of which one column is the boss's, and one is for who holds it.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "desk/{id}", principal = Guest, create = boss)]
struct Desk {
    #[sync(key)]
    id: String,
    #[sync(write = boss || holder)]
    title: String,
    #[sync(read = boss, write = boss)]
    secret: String,
    holder: String,
    #[sync(read = holder)]
    note: String,
}

/// A slip of paper, which its addressee and the boss may read.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Desk, read = addressee || boss_of_slips, create = anyone, patch(to, text) = anyone, delete = anyone)]
struct Slip {
    #[sync(key)]
    id: Id,
    to: String,
    text: String,
}

#[policy]
fn boss(guest: &Guest) -> bool {
    guest.id == "boss"
}

fn boss_of_slips(guest: &Guest, _: &Slip, _: &Desk) -> bool {
    boss(guest)
}

#[policy]
fn holder(guest: &Guest, desk: &Desk) -> bool {
    guest.id == desk.holder
}

#[policy]
fn addressee(guest: &Guest, slip: &Slip) -> bool {
    guest.id == slip.to
}

#[mutations]
impl Desk {
    #[mutation(allow = boss)]
    fn both(&mut self, title: String, secret: String) {
        self.title = title;
        self.secret = secret;
    }

    /// Hands the desk on, and says something about who had it.
    #[mutation(allow = boss)]
    fn hand(&mut self, to: String, note: String) {
        self.holder = to;
        self.note = note;
    }
}

#[mutations]
impl Slip {
    fn stamp(&mut self) {
        self.text.push('*');
    }
}

/// A server on which a token is the name of its bearer.
async fn server() -> Server {
    let by_name = async |hello: Hello| -> Result<Guest, AuthError> {
        let id = hello.token.ok_or_else(|| AuthError::Denied("say who you are".into()))?;
        Ok(Guest { id })
    };
    let desk = Desk {
        id: "d".into(),
        title: "Desk".into(),
        secret: format!("{CANARY}-0"),
        holder: "ann".into(),
        note: format!("{CANARY}-for-ann"),
    };
    let app = App::authenticate(by_name).model::<Desk>().model::<Slip>();
    Server::serve(app.seed(desk).store(Memory::new())).await
}

/// Somebody at the desk.
async fn person(server: &Server, name: &str, codec: Codec) -> Client {
    let mut client = server.connect(codec).await;
    client.hello(Some(name.into())).await;
    assert_eq!(client.sub(1, "desk/d").await.how, how::SNAPSHOT);
    client
}

#[track_caller]
fn done(outcome: Outcome) {
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
}

/// What the boss does, so that every kind of change comes to whoever may not see it.
async fn work(boss: &mut Client) {
    let canary = |n: u32| raw(format!("{CANARY}-{n}"));
    done(boss.outcome("Desk.patch", Some("d"), vec![raw(2), canary(2)]).await);
    done(boss.outcome("Slip.patch", Some("s1"), vec![raw(2), canary(3)]).await);
    let plain = vec![raw(1), raw("bob"), raw(2), raw("for bob")];
    done(boss.outcome("Slip.create", Some("s2"), plain).await);
    done(boss.outcome("Slip.patch", Some("s2"), vec![raw(1), raw("ann"), raw(2), canary(4)]).await);
    done(boss.outcome("Desk.both", Some("d"), vec![raw("half"), canary(5)]).await);
    done(boss.outcome("Slip.delete", Some("s1"), vec![]).await);
    done(boss.outcome("Desk.patch", Some("d"), vec![raw(1), raw("THE-END")]).await);
}

#[tokio::test]
async fn l9_no_byte_of_what_one_may_not_read_is_in_any_frame_of_either_codec() {
    for codec in Codec::ALL {
        let server = server().await;
        let mut boss = person(&server, "boss", codec).await;
        let first = vec![raw(1), raw("ann"), raw(2), raw(format!("{CANARY}-1"))];
        done(boss.outcome("Slip.create", Some("s1"), first).await);
        let mut ann = person(&server, "ann", codec).await;
        let mut bob = server.connect(codec).await;
        bob.hello(Some("bob".into())).await;
        let joined = bob.sub(1, "desk/d").await;
        work(&mut boss).await;
        ann.hear("THE-END").await;
        bob.hear("THE-END").await;
        assert!(bob.heard("for bob") && !bob.heard(CANARY), "{codec:?}: live");
        for (n, may) in [(0, false), (1, true), (2, false), (3, true), (4, true), (5, false)] {
            assert_eq!(ann.heard(&format!("{CANARY}-{n}")), may, "{codec:?}: ann and {n}");
        }
        assert!(boss.heard(&format!("{CANARY}-2")) && boss.heard(&format!("{CANARY}-5")), "{codec:?}");

        let mut again = server.connect(codec).await;
        again.hello(Some("bob".into())).await;
        let from = (joined.offset, joined.epoch, joined.class);
        assert_eq!(again.resume(1, "desk/d", Some(from)).await.how, how::RESUMED);
        again.hear("THE-END").await;
        assert!(!again.heard(CANARY), "{codec:?}: resumed");

        let mut new = person(&server, "bob", codec).await;
        new.hear("THE-END").await;
        assert!(!new.heard(CANARY), "{codec:?}: a snapshot");
    }
}

#[tokio::test]
async fn s35_a_commit_that_hands_a_right_on_is_read_by_who_has_it_now() {
    for codec in Codec::ALL {
        let server = server().await;
        let mut boss = person(&server, "boss", codec).await;
        let (mut ann, mut bob) = (person(&server, "ann", codec).await, person(&server, "bob", codec).await);
        ann.hear(&format!("{CANARY}-for-ann")).await;
        let about_ann = format!("{CANARY}-about-ann");
        done(boss.outcome("Desk.hand", Some("d"), vec![raw("bob"), raw(&about_ann)]).await);
        done(boss.outcome("Desk.patch", Some("d"), vec![raw(1), raw("THE-END")]).await);
        bob.hear(&about_ann).await;
        let reset = loop {
            if let ServerFrame::Reset(reset) = ann.next().await {
                break reset;
            }
        };
        assert_eq!(reset.reason, "class", "{codec:?}: her page drops what it showed");
        ann.hear("THE-END").await;
        assert!(!ann.heard(&about_ann), "{codec:?}");
        assert!(!bob.heard(&format!("{CANARY}-for-ann")), "{codec:?}: what was before is not his");
    }
}

#[tokio::test]
async fn s34_what_is_hidden_and_what_does_not_exist_have_one_answer() {
    let server = server().await;
    let mut boss = person(&server, "boss", Codec::Json).await;
    let cells = vec![raw(1), raw("ann"), raw(2), raw(CANARY)];
    done(boss.outcome("Slip.create", Some("s1"), cells).await);
    let mut bob = person(&server, "bob", Codec::Json).await;
    let missing = json!({ "code": "rt/missing" });
    for key in ["s1", "none"] {
        let patched = bob.refusal("Slip.patch", Some(key), vec![raw(2), raw("x")]).await;
        assert_eq!(patched, missing, "{key}");
        assert_eq!(bob.refusal("Slip.delete", Some(key), vec![]).await, missing, "{key}");
        assert_eq!(bob.refusal("Slip.stamp", Some(key), vec![]).await, missing, "{key}");
    }
    assert!(!bob.heard(CANARY));
    let mut ann = person(&server, "ann", Codec::Json).await;
    done(ann.outcome("Slip.stamp", Some("s1"), vec![]).await);
}

#[tokio::test]
async fn r4_a_column_with_a_write_of_its_own_is_set_by_whom_that_names_and_by_no_other() {
    let server = server().await;
    let denied = json!({ "code": "rt/denied" });
    let mut bob = person(&server, "bob", Codec::Json).await;
    assert_eq!(bob.refusal("Desk.patch", Some("d"), vec![raw(1), raw("mine")]).await, denied);
    assert_eq!(bob.refusal("Desk.patch", Some("d"), vec![raw(2), raw("mine")]).await, denied);
    let invalid = bob.refusal("Desk.patch", Some("d"), vec![raw(3), raw("bob")]).await;
    assert_eq!((&invalid["code"], &invalid["path"]), (&json!("rt/invalid"), &json!("holder")));
    let mut ann = person(&server, "ann", Codec::Json).await;
    done(ann.outcome("Desk.patch", Some("d"), vec![raw(1), raw("by ann")]).await);
    let one_of_two = vec![raw(1), raw("by ann"), raw(2), raw("by ann")];
    assert_eq!(ann.refusal("Desk.patch", Some("d"), one_of_two).await, denied);
    let mut boss = person(&server, "boss", Codec::Json).await;
    boss.hear(&format!("{CANARY}-0")).await;
    done(boss.outcome("Desk.patch", Some("d"), vec![raw(1), raw("t"), raw(2), raw("s")]).await);
}
