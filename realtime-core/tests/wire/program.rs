//! The program's own reads and writes, through handles: S26, S40, S44.

use std::sync::Arc;

use realtime_core::{
    App, HandleError, Refusal, TopicHandle,
    prelude::*,
    protocol::{
        Position,
        frame::{
            ServerFrame,
            v1::{Outcome, Row, how},
        },
    },
    store::{Replay, Store, Topic},
};

use super::support::{List, Server, raw};

/// An item apart from its list.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = List)]
struct Item {
    #[sync(key)]
    id: String,
    text: String,
}

#[derive(Debug, PartialEq, Eq)]
struct NoList;

fn robot() -> Guest {
    Guest { id: "robot".into() }
}

fn list(title: &str) -> List {
    List { id: "a".into(), title: title.into(), items: vec![], done: false }
}

fn app(store: &Arc<Memory>) -> App {
    App::new().model::<List>().model::<Item>().store(Arc::clone(store))
}

/// A served app, a handle on its list, and the store beneath.
async fn served() -> (Server, TopicHandle<List>, Arc<Memory>) {
    let store = Arc::new(Memory::new());
    let app = app(&store).seed(list("A"));
    let handle = app.handle(robot()).topic::<List>("a");
    (Server::serve(app).await, handle, store)
}

fn add(item: &'static str) -> impl Fn(&mut Tx<List>) -> Result<usize, NoList> {
    move |tx| {
        let list = tx.get_mut::<List>("a").ok_or(NoList)?;
        list.items.push(item.to_owned());
        Ok(list.items.len())
    }
}

#[tokio::test]
async fn s40_the_program_commits_and_its_clients_see_it() {
    let (server, handle, _) = served().await;
    let (mut ann, _) = server.guest().await;
    ann.sub(1, "list/a").await;
    assert_eq!(handle.commit(add("milk")).await.unwrap(), 1);
    let delta = loop {
        if let ServerFrame::Delta(delta) = ann.next().await {
            break delta;
        }
    };
    assert_eq!((delta.to, delta.rows.len()), (2, 1));
    assert!(matches!(ann.outcome("List.add", Some("a"), vec![raw("eggs")]).await, Outcome::Done(_)));
    let items = handle.read(|tx| tx.get::<List>("a").map(|list| list.items.clone())).await.unwrap();
    assert_eq!(items.unwrap(), ["milk", "eggs"]);
    assert_eq!(handle.commit(|tx| Ok::<_, Never>(tx.principal().id.clone())).await.unwrap(), "robot");
}

#[tokio::test]
async fn s40_many_commits_at_once_are_all_kept_and_each_has_its_answer() {
    let (_server, handle, _) = served().await;
    let commits = (0..300).map(|_| {
        handle.commit(|tx| {
            let list = tx.get_mut::<List>("a").ok_or(NoList)?;
            // Counted in the title: at most ten letters.
            let count: u32 = list.title.parse().unwrap_or(0);
            list.title = (count + 1).to_string();
            Ok::<_, NoList>(count + 1)
        })
    });
    let mut counts: Vec<u32> =
        futures_util::future::join_all(commits).await.into_iter().map(Result::unwrap).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=300).collect::<Vec<_>>());
}

#[tokio::test]
async fn s40_a_refusal_a_broken_rule_and_a_panic_write_nothing_and_are_told() {
    let (_server, handle, store) = served().await;
    let refused = handle.commit(|tx| {
        tx.get_mut::<List>("a").unwrap().title = "lost".into();
        Err::<(), _>(NoList)
    });
    assert!(matches!(refused.await, Err(HandleError::Refused(NoList))));
    let long = handle.commit(|tx| {
        tx.get_mut::<List>("a").unwrap().title = "longer than ten letters".into();
        Ok::<_, Never>(())
    });
    assert!(matches!(long.await, Err(HandleError::Rule(Refusal::Invalid(_)))));
    let panics = handle.commit(|_| -> Result<(), Never> { panic!("on purpose") });
    assert!(matches!(panics.await, Err(HandleError::Rule(Refusal::Fault(_)))));
    let twice = handle.commit(|tx| {
        tx.insert(list("B"));
        Ok::<_, Never>(())
    });
    assert!(matches!(twice.await, Err(HandleError::Rule(Refusal::Exists))));
    let head = store.heads(&[Topic::new("list/a").unwrap()]).await.unwrap()[0];
    assert_eq!(head.at.offset, 1);
}

#[tokio::test]
async fn s40_a_handle_says_what_it_lacks() {
    let store = Arc::new(Memory::new());
    let app = app(&store);
    let handle = app.handle(robot());
    let early = handle.topic::<List>("a").read(|_| ()).await;
    assert!(matches!(early, Err(HandleError::NotRunning)));
    let _router = app.into_router::<()>().await.unwrap();
    let wrong = handle.topic::<List>(["a", "b"]).read(|_| ()).await;
    let Err(HandleError::NoTopic { model: "List", why }) = wrong else { panic!("{wrong:?}") };
    assert!(why.contains("1 fields, 2 were given"), "{why}");
    let (nowhere, b) = (handle.topic::<List>("nowhere"), handle.topic::<List>("b"));
    let orphan = nowhere.commit(|tx| {
        tx.insert(Item { id: "1".into(), text: String::new() });
        Ok::<_, Never>(())
    });
    assert!(matches!(orphan.await, Err(HandleError::Rule(Refusal::Missing))));
    let another = b.commit(|tx| {
        tx.insert(list("A"));
        Ok::<_, Never>(())
    });
    assert!(matches!(another.await, Err(HandleError::Rule(Refusal::Fault(_)))), "`a` is not of `list/b`");
}

#[tokio::test]
async fn s40_a_handle_outlives_its_server_and_says_so() {
    let store = Arc::new(Memory::new());
    let app = app(&store);
    let handle = app.handle(robot()).topic::<List>("a");
    drop(app.into_router::<()>().await.unwrap());
    assert!(matches!(handle.read(|_| ()).await, Err(HandleError::Ended)));
}

#[tokio::test]
async fn s26_what_was_erased_is_in_no_row_and_no_record() {
    let (server, handle, store) = served().await;
    let (mut ann, _) = server.guest().await;
    let before = ann.sub(1, "list/a").await;
    for id in ["1", "2"] {
        let insert = move |tx: &mut Tx<List>| {
            tx.insert(Item { id: id.into(), text: format!("secret {id}") });
            Ok::<_, Never>(())
        };
        handle.commit(insert).await.unwrap();
    }
    handle.erase::<Item>(&["1".to_owned(), "of nobody".to_owned()]).await.unwrap();
    let left = handle.read(|tx| tx.all::<Item>().map(|item| item.id.clone()).collect::<Vec<_>>());
    assert_eq!(left.await.unwrap(), ["2"]);
    let topic = Topic::new("list/a").unwrap();
    let head = store.heads(std::slice::from_ref(&topic)).await.unwrap()[0];
    assert_eq!((head.at.offset, head.floor), (5, 4));
    let last = Position { offset: 4, epoch: head.at.epoch };
    let Replay::Records { records, .. } = store.replay(&topic, last, usize::MAX).await.unwrap() else {
        panic!("the last record stays")
    };
    let holds = |needle: &[u8]| records.iter().any(|r| r.bytes.windows(needle.len()).any(|w| w == needle));
    assert!(records.len() == 1 && !holds(b"secret"));
    handle.erase::<Item>(&["1".to_owned()]).await.unwrap();
    // Nor does its node remember: who was away gets what is there.
    let (mut bob, _) = server.guest().await;
    let back = bob.resume(1, "list/a", Some((before.offset, before.epoch, before.class))).await;
    assert_eq!((back.how, back.reason.as_deref()), (how::SNAPSHOT, Some("trimmed")));
}

#[tokio::test]
async fn s44_a_deleted_topic_goes_on_after_its_end_and_its_lanes_with_it() {
    let (server, handle, store) = served().await;
    let (mut ann, _) = server.guest().await;
    let subscribed = ann.sub(1, "list/a").await;
    ann.outcome("List.add", Some("a"), vec![raw("milk")]).await;
    handle
        .commit(|tx| Ok::<_, Never>(tx.insert(Item { id: "1".into(), text: "x".into() }).id.clone()))
        .await
        .unwrap();
    handle.delete().await.unwrap();
    let left = loop {
        match ann.next().await {
            ServerFrame::Delta(delta) if delta.to == 4 => break delta.rows,
            _ => {}
        }
    };
    assert!(left.len() == 2 && left.iter().all(|row| matches!(row, Row::Leave(_))), "{left:?}");
    let topic = Topic::new("list/a").unwrap();
    let head = async || store.heads(std::slice::from_ref(&topic)).await.unwrap()[0];
    let gone = head().await;
    assert_eq!((gone.at.offset, gone.cleared), (4, true));
    handle.delete().await.unwrap();
    assert_eq!(head().await, gone, "deleting nothing is nothing");
    handle.commit(|tx| Ok::<_, Never>(tx.insert(list("anew")).id.clone())).await.unwrap();
    assert_eq!((head().await.at.offset, head().await.cleared), (5, false));
    // Who was away goes on from before the end, and the lane from where it stood.
    let (mut again, _) = server.guest().await;
    let resume = Some((subscribed.offset, subscribed.epoch, subscribed.class));
    let back = again.resume(1, "list/a", resume).await;
    assert_eq!((back.how, back.until), (how::RESUMED, 5));
    assert!(matches!(ann.outcome("List.add", Some("a"), vec![raw("eggs")]).await, Outcome::Done(_)));
    assert_eq!(handle.read(|tx| tx.all::<Item>().count()).await.unwrap(), 0);
}
