//! A rolling deploy over real connections: the older node retires when the store is promoted (S32).

use std::sync::Arc;

use realtime_core::{
    HandleError,
    prelude::*,
    protocol::{code, frame::v1::Outcome},
    store::Store,
};

use super::support::{List, Server, raw};

#[tokio::test]
async fn s32_after_the_promotion_the_older_node_sends_its_clients_to_the_newer_one() {
    let store = Arc::new(Memory::new());
    let list = List { id: "a".into(), title: "A".into(), items: vec![], done: false };
    let app = |form| App::new().model::<List>().seed(list.clone()).store(Arc::clone(&store)).form(form);
    let (older, newer) = (app(1), app(2));
    let own = older.handle(Guest { id: "robot".into() }).topic::<List>("a");
    let (older, newer) = (Server::serve(older).await, Server::serve(newer).await);
    let ((mut ann, _), (mut bob, _)) = (older.guest().await, newer.guest().await);
    ann.sub(1, "list/a").await;
    bob.sub(1, "list/a").await;
    assert!(matches!(ann.outcome("List.add", Some("a"), vec![raw("old")]).await, Outcome::Done(_)));
    assert!(matches!(bob.outcome("List.add", Some("a"), vec![raw("new")]).await, Outcome::Done(_)));
    store.promote(2).await.unwrap();
    ann.mutate("List.add", Some("a"), vec![raw("late")]).await;
    assert_eq!(ann.parted().await.code, code::DRAINING.code);
    let mut again = older.connect(realtime_core::protocol::frame::Codec::Json).await;
    assert_eq!(again.parted().await.code, code::DRAINING.code, "whoever comes is sent on");
    assert!(matches!(own.read(|_| ()).await, Ok(())), "reads go on");
    let write = own.commit(|tx| Ok::<_, Never>(tx.get_mut::<List>("a").map(|list| list.done = true)));
    assert!(matches!(write.await, Err(HandleError::Outdated)));
    // It was not kept: the newer node runs it, once.
    let (mut ann, _) = newer.guest().await;
    ann.sub(1, "list/a").await;
    assert!(matches!(ann.outcome("List.add", Some("a"), vec![raw("late")]).await, Outcome::Done(_)));
    assert!(matches!(bob.outcome("List.finish", Some("a"), vec![]).await, Outcome::Done(_)));
}
