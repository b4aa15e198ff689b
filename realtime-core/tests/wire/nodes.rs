//! Several nodes over one store and one broker: L7, S24.

use std::sync::Arc;

use realtime_core::{
    broker::{MemoryBroker, MemoryHub},
    prelude::*,
    protocol::frame::{
        ServerFrame,
        v1::{Outcome, Row, how},
    },
};

use super::support::{Client, List, Server, raw};

/// Two nodes that share a store.
async fn nodes() -> (Server, Server) {
    let (store, hub) = (Arc::new(Memory::new()), MemoryBroker::hub());
    (node(&store, &hub).await, node(&store, &hub).await)
}

async fn node(store: &Arc<Memory>, hub: &MemoryHub) -> Server {
    let list = List { id: "a".into(), title: "A".into(), items: vec![], done: false };
    let app = App::new().model::<List>().seed(list).store(Arc::clone(store)).broker(hub.node());
    Server::serve(app).await
}

/// Reads until the list has so many items; returns them, and the position.
async fn items(client: &mut Client, count: usize) -> (Vec<String>, u64) {
    loop {
        let ServerFrame::Delta(delta) = client.next().await else { continue };
        for row in &delta.rows {
            let Row::Columns(columns) = row else { continue };
            for (_, value) in &columns.cells.0 {
                let found: Vec<String> = value.decode().unwrap_or_default();
                if found.len() == count {
                    return (found, delta.to);
                }
            }
        }
    }
}

#[tokio::test]
async fn l7_a_mutation_on_one_node_shows_on_the_other_as_a_delta() {
    let (one, two) = nodes().await;
    let ((mut ann, _), (mut bob, _)) = (one.guest().await, two.guest().await);
    ann.sub(1, "list/a").await;
    let subscribed = bob.sub(1, "list/a").await;
    assert_eq!(subscribed.offset, 1, "the seed is written once, by whichever node is first");
    ann.outcome("List.add", Some("a"), vec![raw("milk")]).await;
    assert_eq!(items(&mut bob, 1).await, (vec!["milk".to_owned()], 2));
    bob.outcome("List.add", Some("a"), vec![raw("eggs")]).await;
    assert_eq!(items(&mut ann, 2).await, (vec!["milk".to_owned(), "eggs".to_owned()], 3));
}

#[tokio::test]
async fn l7_writers_of_one_topic_on_two_nodes_at_once_lose_nothing() {
    let (one, two) = nodes().await;
    for round in 0..10 {
        // A client has one lane, whose mutations go to one topic: so each round has its own clients.
        let ((mut ann, _), (mut bob, _)) = (one.guest().await, two.guest().await);
        let (id, topic) = (format!("l{round}"), format!("list/l{round}"));
        let create = vec![raw(0), raw(&id), raw(1), raw("B"), raw(2), raw([""; 0])];
        ann.sub(1, &topic).await;
        ann.outcome("List.create", Some(&id), create).await;
        bob.sub(1, &topic).await;
        let write = async |client: &mut Client, name: &str| {
            let added = client.outcome("List.add", Some(&id), vec![raw(name)]).await;
            assert!(matches!(added, Outcome::Done(_)), "{added:?}");
            client.outcome("List.patch", Some(&id), vec![raw(1), raw(name)]).await
        };
        let (patched_ann, patched_bob) = tokio::join!(write(&mut ann, "ann"), write(&mut bob, "bob"));
        assert!(matches!((patched_ann, patched_bob), (Outcome::Done(_), Outcome::Done(_))));
        let ((mut at_one, _), (mut at_two, _)) = (one.guest().await, two.guest().await);
        let (head_one, head_two) = (at_one.sub(1, &topic).await, at_two.sub(1, &topic).await);
        assert_eq!(head_one.offset, 5, "a create, and two commits of each");
        let (rows_one, rows_two) = (page(&mut at_one).await, page(&mut at_two).await);
        assert_eq!(
            (head_one.offset, head_one.epoch, &rows_one),
            (head_two.offset, head_two.epoch, &rows_two)
        );
        let [Row::Put(list)] = rows_one.as_slice() else { panic!("{rows_one:?}") };
        let mut added: Vec<String> = list.values[2].decode().unwrap();
        added.sort();
        assert_eq!(added, ["ann", "bob"], "both are there, in either order");
    }
}

async fn page(client: &mut Client) -> Vec<Row> {
    loop {
        if let ServerFrame::Page(page) = client.next().await {
            return page.rows;
        }
    }
}

#[tokio::test]
async fn s24_who_comes_back_at_another_node_gets_one_delta_and_no_snapshot() {
    let (one, two) = nodes().await;
    let (mut ann, _) = one.guest().await;
    let first = ann.sub(1, "list/a").await;
    ann.close().await;
    let (mut bob, _) = one.guest().await;
    bob.sub(1, "list/a").await;
    for item in ["x", "y"] {
        bob.outcome("List.add", Some("a"), vec![raw(item)]).await;
    }
    let (mut ann, _) = two.guest().await;
    let again = ann.resume(1, "list/a", Some((first.offset, first.epoch, first.class))).await;
    assert_eq!((again.how, again.offset, again.until), (how::RESUMED, 1, 3));
    assert_eq!(items(&mut ann, 2).await, (vec!["x".to_owned(), "y".to_owned()], 3));
}
