//! Opening a topic, resuming, closing: S14, S15, S16, S21.

use realtime_core::protocol::{
    Topic,
    frame::{
        Codec, ServerFrame,
        v1::{Pong, Row, Sub, Unsub, how, view},
    },
};

use super::support::{Server, raw};

#[tokio::test]
async fn both_codecs_bring_the_same_snapshot() {
    let server = Server::start().await;
    for codec in Codec::ALL {
        let mut client = server.connect(codec).await;
        let welcome = client.hello(None).await;
        assert_eq!((welcome.protocol, welcome.max_frame, welcome.durability), (1, 65_536, 0));
        let subscribed = client.sub(1, "list/a").await;
        assert_eq!((subscribed.how, subscribed.count, subscribed.offset), (how::SNAPSHOT, 1, 1), "{codec:?}");
        let ServerFrame::Page(page) = client.next().await else { panic!("no page") };
        let [Row::Put(put)] = page.rows.as_slice() else { panic!("{:?}", page.rows) };
        assert!(page.last && page.channel == subscribed.channel);
        assert_eq!((put.key.as_str(), put.values[1].clone()), ("a", raw("A")));
    }
}

#[tokio::test]
async fn s15_an_old_position_gets_one_delta_and_no_snapshot() {
    let server = Server::start().await;
    let (mut ann, _) = server.guest().await;
    let first = ann.sub(1, "list/a").await;
    let (mut bob, _) = server.guest().await;
    bob.sub(1, "list/a").await;
    for item in ["x", "y"] {
        bob.outcome("List.add", Some("a"), vec![raw(item)]).await;
    }
    ann.close().await;
    let (mut ann, _) = server.guest().await;
    let again = ann.resume(1, "list/a", Some((first.offset, first.epoch, first.class))).await;
    assert_eq!((again.how, again.offset, again.until), (how::RESUMED, 1, 3));
    let ServerFrame::Delta(delta) = ann.next().await else { panic!("no delta") };
    let [Row::Columns(columns)] = delta.rows.as_slice() else { panic!("{:?}", delta.rows) };
    assert_eq!((delta.to, delta.span), (3, 2));
    assert_eq!(columns.cells.0, [(2, raw(["x", "y"]))]);
}

#[tokio::test]
async fn s21_an_unknown_position_gets_a_snapshot_that_says_why() {
    let server = Server::start().await;
    let (mut client, _) = server.guest().await;
    let first = client.sub(1, "list/a").await;
    let class = first.class;
    for (id, resume, reason) in [
        (2, (first.offset, first.epoch ^ 1, class), "fork"),
        (3, (first.offset + 7, first.epoch, class), "fork"),
        (4, (first.offset, first.epoch, class + 1), "class"),
    ] {
        client.send(Unsub { id: id - 1 }).await;
        let subscribed = client.resume(id, "list/a", Some(resume)).await;
        assert_eq!((subscribed.how, subscribed.reason.as_deref()), (how::SNAPSHOT, Some(reason)));
    }
}

#[tokio::test]
async fn s16_after_unsub_nothing_of_the_channel_comes() {
    let server = Server::start().await;
    let (mut ann, _) = server.guest().await;
    ann.sub(1, "list/a").await;
    let ServerFrame::Page(_) = ann.next().await else { panic!("no page") };
    ann.send(Unsub { id: 1 }).await;
    // The answer to the next `sub` is behind the `unsub`: from here on Ann hears of list/b alone.
    ann.sub(2, "list/b").await;
    let ServerFrame::Page(_) = ann.next().await else { panic!("no page") };
    let (mut bob, _) = server.guest().await;
    bob.sub(1, "list/a").await;
    bob.outcome("List.add", Some("a"), vec![raw("x")]).await;
    ann.send(Unsub { id: 2 }).await;
    ann.send(Pong { t: 0, got: vec![] }).await;
    let topic = Topic::new("list/a").unwrap();
    ann.send(Sub { id: 3, topic, view: view::ALL, lanes: vec![], resume: None }).await;
    // What comes next is the answer: nothing of Bob's commit came before it.
    let ServerFrame::Subscribed(answer) = ann.next().await else { panic!("a frame of a closed channel") };
    assert_eq!((answer.id, answer.offset), (3, 2));
}

#[tokio::test]
async fn s44_a_topic_that_was_never_written_is_empty_to_who_may_create_it() {
    let server = Server::start().await;
    let (mut client, _) = server.guest().await;
    let subscribed = client.sub(1, "list/new").await;
    assert_eq!((subscribed.how, subscribed.offset), (how::SNAPSHOT, 0));
    let ServerFrame::Page(page) = client.next().await else { panic!("no page") };
    assert!(page.rows.is_empty() && page.last);
    // As the generated client sends it: the key stands in the call, not among the columns.
    let created = vec![raw(1), raw("New"), raw(2), raw(["x"])];
    client.mutate("List.create", Some("new"), created).await;
    let (ServerFrame::Ack(ack), ServerFrame::Delta(delta)) = (client.next().await, client.next().await)
    else {
        panic!("no ack and delta")
    };
    let [Row::Put(put)] = delta.rows.as_slice() else { panic!("{:?}", delta.rows) };
    assert_eq!((ack.mark, delta.to, put.values.len()), (1, 1, 4));
    assert_eq!(put.values[0], raw("new"));
}
