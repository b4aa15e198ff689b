//! Mutations: acks, repeats, refusals, validation, the generic ones.

use realtime_core::protocol::frame::{
    ServerFrame,
    v1::{Mutate, Outcome},
};
use serde_json::json;

use super::support::{Server, call, raw};

#[tokio::test]
async fn s13_the_ack_comes_first_and_brings_what_the_mutator_returned() {
    let server = Server::start().await;
    let (mut ann, _) = server.guest().await;
    ann.sub(1, "list/a").await;
    ann.next().await;
    ann.mutate("List.add", Some("a"), vec![raw("milk")]).await;
    let ServerFrame::Ack(ack) = ann.next().await else { panic!("no ack") };
    let Outcome::Done(done) = &ack.outcomes[0].2 else { panic!("{ack:?}") };
    assert_eq!((ack.mark, done.value.clone()), (2, Some(raw(1))));
    let ServerFrame::Delta(delta) = ann.next().await else { panic!("no delta") };
    assert_eq!((delta.to, delta.span), (2, 1));
}

#[tokio::test]
async fn l3_a_repeat_is_answered_and_not_run_and_a_gap_is_deferred() {
    let server = Server::start().await;
    let (mut ann, _) = server.guest().await;
    ann.sub(1, "list/a").await;
    ann.next().await;
    let first = ann.outcome("List.add", Some("a"), vec![raw("milk")]).await;
    ann.next().await;
    let again = call(1, "List.add", Some("a"), vec![raw("milk")]);
    ann.send(Mutate { sub: 1, count: 1, lane: 0, got: 0, entries: vec![again] }).await;
    let ServerFrame::Ack(ack) = ann.next().await else { panic!("no ack") };
    assert_eq!((ack.mark, &ack.outcomes[0].2), (2, &first));
    let gap = call(5, "List.add", Some("a"), vec![raw("eggs")]);
    ann.send(Mutate { sub: 1, count: 1, lane: 0, got: 0, entries: vec![gap] }).await;
    let ServerFrame::Defer(defer) = ann.next().await else { panic!("not deferred") };
    assert_eq!((defer.seq, defer.code.as_str()), (5, "gap"));
}

#[tokio::test]
async fn an_authors_error_is_flat_and_keeps_its_fields() {
    let server = Server::start().await;
    let (mut ann, _) = server.guest().await;
    ann.sub(1, "list/a").await;
    for item in ["a", "b", "c"] {
        ann.outcome("List.add", Some("a"), vec![raw(item)]).await;
    }
    let full = ann.refusal("List.add", Some("a"), vec![raw("d")]).await;
    assert_eq!(full, json!({ "code": "Full", "limit": 3 }));
    ann.outcome("List.finish", Some("a"), vec![]).await;
    assert_eq!(ann.refusal("List.add", Some("a"), vec![raw("d")]).await, json!({ "code": "Done" }));
}

#[tokio::test]
async fn arguments_are_checked_before_anything_runs() {
    let server = Server::start().await;
    let (mut ann, _) = server.guest().await;
    ann.sub(1, "list/a").await;
    for (args, path, rule) in [
        (vec![raw("")], "item", "length"),
        (vec![raw("too long")], "item", "length"),
        (vec![raw(7)], "item", "type"),
        (vec![], "item", "type"),
        (vec![raw("x"), raw("y")], "", "arguments"),
    ] {
        let error = ann.refusal("List.add", Some("a"), args.clone()).await;
        assert_eq!(error["code"], "rt/invalid", "{args:?}");
        assert_eq!((&error["path"], &error["rule"]), (&json!(path), &json!(rule)), "{error}");
    }
    let gone = ann.refusal("List.add", Some("zzz"), vec![raw("x")]).await;
    assert_eq!(gone, json!({ "code": "rt/missing" }));
    let unknown = ann.refusal("List.nothing", Some("a"), vec![]).await;
    assert_eq!(unknown["rule"], "mutation");
}

#[tokio::test]
async fn the_generic_mutations_keep_the_models_rules() {
    let server = Server::start().await;
    let (mut ann, _) = server.guest().await;
    ann.sub(1, "list/a").await;
    let create = |id: &str, title: &str| vec![raw(0), raw(id), raw(1), raw(title), raw(2), raw([""; 0])];
    for (key, args, code, rule) in [
        ("a", create("a", "A"), "rt/exists", None),
        ("a", create("b", "B"), "rt/invalid", Some("required")),
        ("b", create("b", "B"), "rt/invalid", Some("topic")),
        ("a", create("a", "much too long"), "rt/invalid", Some("length")),
        ("a", vec![raw(0), raw("a")], "rt/invalid", Some("required")),
        ("a", vec![raw(9), raw("a")], "rt/invalid", Some("column")),
        ("a", vec![raw(0)], "rt/invalid", Some("arguments")),
    ] {
        let error = ann.refusal("List.create", Some(key), args.clone()).await;
        assert_eq!(error["code"], code, "{key} {args:?}: {error}");
        assert_eq!(error["rule"].as_str(), rule, "{key} {args:?}: {error}");
    }
    let done = ann.outcome("List.patch", Some("a"), vec![raw(1), raw("New")]).await;
    assert!(matches!(done, Outcome::Done(_)));
    let closed = ann.refusal("List.patch", Some("a"), vec![raw(3), raw(true)]).await;
    assert_eq!((&closed["path"], &closed["rule"]), (&json!("done"), &json!("column")));
    let long = ann.refusal("List.patch", Some("a"), vec![raw(1), raw("much too long")]).await;
    assert_eq!((&long["path"], &long["rule"]), (&json!("title"), &json!("length")));
    assert!(matches!(ann.outcome("List.delete", Some("a"), vec![]).await, Outcome::Done(_)));
    assert_eq!(ann.refusal("List.delete", Some("a"), vec![]).await["code"], "rt/missing");
}
