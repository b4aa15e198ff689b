//! Malformed, oversized, out of order: a typed goodbye with the right code, and the server lives on.

use realtime_core::protocol::{
    Day,
    frame::{
        Codec,
        v1::{Hello, Mutate, Sub},
    },
};
use tokio_tungstenite::tungstenite::Message;

use super::support::{Client, Server, call, raw};

fn hello() -> Hello {
    Hello { min: 1, max: 1, token: None, lanes: vec![], schema: vec![] }
}

async fn parts_with(server: &Server, client: &mut Client, code: u16, says: &str) {
    let parted = client.parted().await;
    assert_eq!((parted.code, parted.close), (code, code), "{parted:?}");
    assert!(parted.reason.contains(says), "{parted:?}");
    server.still_serves().await;
}

#[tokio::test]
async fn what_is_no_frame_is_4500() {
    let server = Server::start().await;
    for text in [
        "",
        "{}",
        "[]",
        "[99]",
        "[3]",
        "nonsense",
        "[1,1,1,null,[],[]] and more",
        "[1,1,1,null,[[\"x\",1]],[]]",
    ] {
        let mut client = server.connect(Codec::Json).await;
        client.raw(Message::text(text)).await;
        parts_with(&server, &mut client, 4500, "no frame of this protocol").await;
    }
    let mut client = server.connect(Codec::Json).await;
    client.raw(Message::binary(vec![0x91, 9])).await;
    parts_with(&server, &mut client, 4500, "text messages").await;
    let mut client = server.connect(Codec::MessagePack).await;
    client.raw(Message::text("[4,1]")).await;
    parts_with(&server, &mut client, 4500, "binary").await;
    let mut client = server.connect(Codec::MessagePack).await;
    client.raw(Message::binary([vec![0x91; 500], vec![0xc0]].concat())).await;
    parts_with(&server, &mut client, 4500, "no frame of this protocol").await;
}

#[tokio::test]
async fn too_large_a_frame_is_4501() {
    let server = Server::start().await;
    let (mut client, _) = server.guest().await;
    client.raw(Message::text(format!("[6,\"{}\"]", "x".repeat(65_536)))).await;
    parts_with(&server, &mut client, 4501, "65536 bytes").await;
}

#[tokio::test]
async fn what_may_not_come_now_is_4502() {
    let server = Server::start().await;
    let mut client = server.connect(Codec::Json).await;
    client.raw(Message::text("[4,1]")).await;
    parts_with(&server, &mut client, 4502, "first frame").await;
    let (mut client, _) = server.guest().await;
    client.send(hello()).await;
    parts_with(&server, &mut client, 4502, "once").await;
}

#[tokio::test]
async fn a_version_or_a_schema_that_is_not_served_is_said_so() {
    let server = Server::start().await;
    let mut client = server.connect(Codec::Json).await;
    client.send(Hello { min: 2, max: 9, ..hello() }).await;
    parts_with(&server, &mut client, 4511, "version 1").await;
    let mut client = server.connect(Codec::Json).await;
    client.send(Hello { schema: vec![(1, 2)], ..hello() }).await;
    parts_with(&server, &mut client, 4510, "realtime generate").await;
}

#[tokio::test]
async fn no_subprotocol_and_a_foreign_origin_are_refused_in_band() {
    let server = Server::start().await;
    let mut client = server.connect_with(None, None, Codec::Json).await;
    parts_with(&server, &mut client, 4511, "subprotocol").await;
    let protocol = Some(Codec::Json.subprotocol());
    let mut client = server.connect_with(protocol, Some("http://evil.example"), Codec::Json).await;
    parts_with(&server, &mut client, 4504, "App::origin").await;
}

#[tokio::test]
async fn s3_s47_broken_promises_are_4505() {
    let server = Server::start().await;
    let (mut client, _) = server.guest().await;
    client.sub(1, "list/a").await;
    client.outcome("List.add", Some("a"), vec![raw("x")]).await;
    let other = call(1, "List.add", Some("a"), vec![raw("y")]);
    client.send(Mutate { sub: 1, count: 1, lane: 0, got: 0, entries: vec![other] }).await;
    parts_with(&server, &mut client, 4505, "other content").await;
    let (mut client, _) = server.guest().await;
    client.sub(7, "list/a").await;
    let topic = realtime_core::protocol::Topic::new("list/a").unwrap();
    client.send(Sub { id: 7, topic: topic.clone(), view: 1, lanes: vec![], resume: None }).await;
    parts_with(&server, &mut client, 4505, "used once").await;
    let (mut client, _) = server.guest().await;
    client.send(Sub { id: 1, topic, view: 1, lanes: vec![(9, 0, true)], resume: None }).await;
    parts_with(&server, &mut client, 4505, "index 9").await;
}

#[tokio::test]
async fn s47_too_many_subscriptions_or_lanes_are_4506() {
    let server = Server::start().await;
    let (mut client, _) = server.guest().await;
    for id in 1..=128 {
        client.sub(id, "nothing/here").await;
    }
    client.sub(129, "list/a").await;
    let mut client = server.connect(Codec::Json).await;
    let lane = |i: usize| (format!("{i:016}").try_into().unwrap(), Day(20_000));
    client.send(Hello { lanes: (0..65).map(lane).collect(), ..hello() }).await;
    parts_with(&server, &mut client, 4506, "64 lanes").await;
}
