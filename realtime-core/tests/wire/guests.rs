//! Guests and other principals: the same one comes back, another one's lanes are others (S1).

use realtime_core::{
    AuthError,
    prelude::*,
    protocol::frame::{
        Codec,
        v1::{LaneRow, Unsub},
    },
};

use super::support::{List, Server, raw};

#[tokio::test]
async fn a_guest_with_a_token_is_the_same_and_needs_no_new_one() {
    let server = Server::start().await;
    let (client, first) = server.guest().await;
    client.close().await;
    let token = first.guest.clone();
    assert!(token.is_some());
    let again = server.connect(Codec::Json).await.hello(token).await;
    assert_eq!((again.principal_id, again.guest), (first.principal_id.clone(), None));
    let forged = server.connect(Codec::Json).await.hello(Some(format!("{}.AAAA", first.principal_id))).await;
    assert!(forged.principal_id != first.principal_id && forged.guest.is_some());
}

#[tokio::test]
async fn s1_another_principal_with_the_same_lane_name_has_another_lane() {
    let server = Server::start().await;
    let (mut ann, _) = server.guest().await;
    ann.sub(1, "list/a").await;
    ann.outcome("List.add", Some("a"), vec![raw("x")]).await;
    let (mut mallory, _) = server.guest().await;
    let subscribed = mallory.sub(1, "list/a").await;
    assert!(matches!(subscribed.lanes.as_slice(), [LaneRow::Fresh(_)]));
    // Mallory replays Ann's frame: it runs as Mallory's own, and Ann's lane has not moved.
    mallory.outcome("List.add", Some("a"), vec![raw("x")]).await;
    ann.send(Unsub { id: 1 }).await;
    let again = ann.sub(2, "list/a").await;
    let [LaneRow::Known(known)] = again.lanes.as_slice() else { panic!("{:?}", again.lanes) };
    assert_eq!(known.last, 1);
}

#[tokio::test]
async fn who_is_not_admitted_is_told_whether_to_come_back() {
    let by_name = async |hello: Hello| -> Result<Guest, AuthError> {
        match hello.token.as_deref() {
            Some("busy") => Err(AuthError::Unavailable("the directory is down".into())),
            _ => Err(AuthError::Denied("no such person".into())),
        }
    };
    let server = Server::serve(App::authenticate(by_name).model::<List>().store(Memory::new())).await;
    for (token, code, reason) in
        [("mallory", 4503, "no such person"), ("busy", 4003, "the directory is down")]
    {
        let mut client = server.connect(Codec::Json).await;
        client.greet(Some(token.into())).await;
        let parted = client.parted().await;
        assert_eq!((parted.code, parted.close, parted.reason.as_str()), (code, code, reason));
    }
}
