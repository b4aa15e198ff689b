//! Rights: closed unless said, no oracle, withdrawn in the same turn (S34, S35, S44).

use realtime_core::{
    AuthError,
    prelude::*,
    protocol::frame::{
        Codec, ServerFrame,
        v1::{Outcome, how},
    },
};
use serde_json::json;

use super::support::{Client, Note, Server, raw};

/// A server on which a token is the name of its bearer, with a note of Ann's.
async fn server() -> Server {
    let by_name = async |hello: Hello| -> Result<Guest, AuthError> {
        let id = hello.token.ok_or_else(|| AuthError::Denied("say who you are".into()))?;
        Ok(Guest { id })
    };
    let note = Note { id: "n".into(), owner: "ann".into(), text: "secret".into() };
    Server::serve(App::authenticate(by_name).model::<Note>().seed(note).store(Memory::new())).await
}

async fn person(server: &Server, name: &str) -> Client {
    let mut client = server.connect(Codec::Json).await;
    assert_eq!(client.hello(Some(name.into())).await.principal_id, name);
    client
}

#[tokio::test]
async fn s34_what_may_not_be_opened_is_refused_like_what_does_not_exist() {
    let server = server().await;
    let mut bob = person(&server, "bob").await;
    for (id, topic) in [(1, "note/n"), (2, "note/none"), (3, "other/n"), (4, "$realtime/secret")] {
        let refused = bob.sub(id, topic).await;
        assert_eq!((refused.how, refused.reason.as_deref()), (how::REFUSED, Some("rt/denied")), "{topic}");
    }
    let denied = json!({ "code": "rt/denied" });
    assert_eq!(bob.refusal("Note.write", Some("n"), vec![raw("mine")]).await, denied);
}

#[tokio::test]
async fn r4_the_generic_mutations_are_closed_until_an_attribute_opens_them() {
    let server = server().await;
    let mut ann = person(&server, "ann").await;
    assert_eq!(ann.sub(1, "note/n").await.how, how::SNAPSHOT);
    let denied = json!({ "code": "rt/denied" });
    assert_eq!(ann.refusal("Note.patch", Some("n"), vec![raw(2), raw("x")]).await, denied);
    assert_eq!(ann.refusal("Note.delete", Some("n"), vec![]).await, denied);
    assert_eq!(ann.refusal("Note.create", Some("m"), vec![]).await, denied);
    assert_eq!(ann.refusal("Note.burn", Some("n"), vec![]).await, denied);
    assert!(matches!(ann.outcome("Note.write", Some("n"), vec![raw("x")]).await, Outcome::Done(_)));
}

#[tokio::test]
async fn s35_who_loses_the_right_to_open_learns_the_outcome_and_nothing_of_the_commit() {
    let server = server().await;
    let mut ann = person(&server, "ann").await;
    ann.sub(1, "note/n").await;
    ann.next().await;
    ann.mutate("Note.give", Some("n"), vec![raw("bob")]).await;
    let ServerFrame::Ack(ack) = ann.next().await else { panic!("no ack") };
    assert!(matches!(ack.outcomes[0].2, Outcome::Done(_)));
    let ServerFrame::Reset(reset) = ann.next().await else { panic!("no reset") };
    assert_eq!(reset.reason, "revoked");
    let ServerFrame::Subscribed(refused) = ann.next().await else { panic!("not told") };
    assert_eq!((refused.how, refused.count, refused.reason.as_deref()), (how::REFUSED, 2, Some("rt/denied")));
    let mut bob = person(&server, "bob").await;
    assert_eq!(bob.sub(1, "note/n").await.how, how::SNAPSHOT);
}
