//! Liars and floods (S47): what they are kept to, and that nobody else feels it.

use realtime_core::{
    Limits,
    prelude::*,
    protocol::{
        Topic,
        frame::{
            Codec, ServerFrame,
            v1::{Defer, Hello, Mutate, Sub, Unsub, reason, view},
        },
    },
};
use tokio_tungstenite::tungstenite::Message;

use super::support::{Client, List, Server, call, raw};

async fn server(limits: Limits) -> Server {
    let list = |id: &str| List { id: id.into(), title: "A".into(), items: vec![], done: false };
    let app = App::new().model::<List>().seed(list("a")).seed(list("b")).seed(list("c"));
    Server::serve(app.store(Memory::new()).limits(limits)).await
}

/// Sends `finish` under one number after another, in one frame.
async fn finish(client: &mut Client, sub: u32, from: u64, count: u64, got: u64) {
    let entries = (from..from + count).map(|seq| call(seq, "List.finish", Some("a"), vec![])).collect();
    client.send(Mutate { sub, count: 1, lane: 0, got, entries }).await;
}

/// Waits for a deferral, and returns it with the number of outcomes that came before.
async fn deferred(client: &mut Client) -> (usize, Defer) {
    let mut outcomes = 0;
    loop {
        match client.next().await {
            ServerFrame::Ack(ack) => outcomes += ack.outcomes.len(),
            ServerFrame::Defer(defer) => return (outcomes, defer),
            _ => {}
        }
    }
}

#[tokio::test]
async fn s47_mutations_over_the_rate_are_deferred_with_a_time_and_the_connection_stays() {
    let server = server(Limits::new().mutations_per_second(1, 20)).await;
    let (mut flood, _) = server.guest().await;
    flood.sub(1, "list/a").await;
    finish(&mut flood, 1, 1, 50, 50).await;
    let (_, defer) = deferred(&mut flood).await;
    assert_eq!((&*defer.code, defer.seq), ("limit", 21));
    assert!((250..=1_000).contains(&defer.after), "{}", defer.after);
    let (mut fair, _) = server.guest().await;
    fair.sub(1, "list/a").await;
    fair.outcome("List.finish", Some("a"), vec![]).await;
    flood.sub(2, "list/b").await;
}

#[tokio::test]
async fn s47_ten_gaps_in_a_row_are_the_end_even_across_subscriptions() {
    let server = server(Limits::new()).await;
    let (mut liar, _) = server.guest().await;
    for round in 1..=9 {
        liar.sub(round, "list/a").await;
        finish(&mut liar, round, 5, 1, 0).await;
        assert_eq!(deferred(&mut liar).await.1.code, "gap");
        liar.send(Unsub { id: round }).await;
    }
    liar.sub(10, "list/a").await;
    finish(&mut liar, 10, 5, 1, 0).await;
    let parted = liar.parted().await;
    assert!(parted.code == 4505 && parted.reason.contains("10 mutations in a row"), "{parted:?}");
    server.still_serves().await;
}

#[tokio::test]
async fn s47_a_principal_makes_only_so_many_lanes_and_another_makes_his_own() {
    let server = server(Limits::new().lane_rows_per_minute(2)).await;
    let (mut guest, welcome) = server.guest().await;
    for (id, topic) in [(1, "list/a"), (2, "list/b"), (3, "list/c")] {
        guest.sub(id, topic).await;
        let key = topic.strip_prefix("list/");
        let entries = vec![call(1, "List.finish", key, vec![])];
        guest.send(Mutate { sub: id, count: 1, lane: 0, got: 0, entries }).await;
        if id < 3 {
            while !matches!(guest.next().await, ServerFrame::Ack(_)) {}
        }
    }
    let (outcomes, defer) = deferred(&mut guest).await;
    assert_eq!((outcomes, &*defer.code, defer.sub), (0, "limit", 3));
    let mut again = server.connect(Codec::Json).await;
    again.hello(welcome.guest).await;
    again.sub(1, "list/c").await;
    finish(&mut again, 1, 1, 1, 0).await;
    assert_eq!(deferred(&mut again).await.1.code, "limit", "another connection is the same principal");
    let (mut fair, _) = server.guest().await;
    fair.sub(1, "list/c").await;
    fair.outcome("List.finish", Some("c"), vec![]).await;
}

#[tokio::test]
async fn s47_a_lane_of_refusals_is_slowed() {
    let server = server(Limits::new().refusals_per_second(2)).await;
    let (mut guest, _) = server.guest().await;
    guest.sub(1, "list/a").await;
    for _ in 0..2 {
        let refusal = guest.refusal("List.add", Some("a"), vec![raw("too long")]).await;
        assert_eq!(refusal["code"], "rt/invalid");
    }
    guest.mutate("List.add", Some("a"), vec![raw("eggs")]).await;
    assert_eq!(deferred(&mut guest).await.1.code, "limit");
}

#[tokio::test]
async fn s47_who_resumes_from_nowhere_again_and_again_is_closed() {
    let server = server(Limits::new().subscriptions(3)).await;
    let (mut liar, _) = server.guest().await;
    let class = liar.sub(1, "list/a").await.class;
    liar.send(Unsub { id: 1 }).await;
    for id in 2..=4 {
        let answer = liar.resume(id, "list/a", Some((77, 78, class))).await;
        assert_eq!(answer.reason.as_deref(), Some(reason::FORK));
        liar.send(Unsub { id }).await;
    }
    let topic = Topic::new("list/a").unwrap();
    liar.send(Sub { id: 5, topic, view: view::ALL, lanes: vec![], resume: Some((77, 78, class)) }).await;
    assert_eq!(liar.parted().await.code, 4505);
}

#[tokio::test]
async fn s47_a_stranger_owns_four_kibibytes() {
    let server = server(Limits::new()).await;
    let token = Some("x".repeat(5_000));
    let mut stranger = server.connect(Codec::Json).await;
    stranger.send(Hello { min: 1, max: 1, token, lanes: vec![], schema: vec![] }).await;
    assert_eq!(stranger.parted().await.code, 4501);
    let (mut guest, _) = server.guest().await;
    guest.raw(Message::text(format!("[4,9,{:?}]", "x".repeat(5_000)))).await;
    guest.sub(1, "list/a").await;
}

#[tokio::test]
async fn s47_a_server_may_allow_a_thousand_subscriptions_and_no_more() {
    let server = server(Limits::new().subscriptions(1_000)).await;
    let (mut guest, _) = server.guest().await;
    for id in 1..=200 {
        guest.sub(id, &format!("list/{id}")).await;
    }
    let app = App::new().model::<List>().store(Memory::new()).limits(Limits::new().subscriptions(1_001));
    let error = app.into_router::<()>().await.unwrap_err().to_string();
    assert!(error.contains("App::limits") && error.contains("from 1 to 1000"), "{error}");
}
