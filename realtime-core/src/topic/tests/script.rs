//! Rules as scripts: one interleaving each, written down step by step.

use realtime_protocol::frame::v1::Outcome;

use super::{
    super::event::{ConnId, Effect, Event},
    world::World,
};
use crate::store::StoreError;

/// One client, connected and settled.
fn one() -> (World, usize) {
    let mut world = World::new(1);
    let ann = world.add_client(0);
    world.connect(ann, 0);
    world.settle();
    (world, ann)
}

fn call(world: &mut World, client: usize, names: &[&'static str]) {
    names.iter().for_each(|name| {
        world.clients[client].call(name);
    });
    world.send(client);
    world.settle();
}

fn log(world: &mut World, client: usize) -> Vec<String> {
    std::mem::take(&mut world.clients[client].log)
}

#[test]
fn s13_an_ack_goes_before_the_delta_that_holds_its_effect() {
    let (mut world, ann) = one();
    let bob = world.add_client(0);
    world.connect(bob, 0);
    world.settle();
    log(&mut world, bob);
    call(&mut world, ann, &["vote"]);
    assert_eq!(log(&mut world, ann), ["snapshot @1", "page 0", "ack 1 done @2", "delta @2 1"]);
    assert_eq!(log(&mut world, bob), ["delta @2 1"]);
}

#[test]
fn s8_a_batch_is_one_commit_and_a_refusal_or_a_panic_in_the_middle_harms_nobody_else() {
    let (mut world, ann) = one();
    log(&mut world, ann);
    call(&mut world, ann, &["vote", "panics", "overflow", "vote", "idle"]);
    assert_eq!(
        log(&mut world, ann),
        [
            "ack 1 done @2",
            "ack 2 refused @2",
            "ack 3 refused @2",
            "ack 4 done @2",
            "ack 5 done @2",
            "delta @2 2"
        ]
    );
    assert_eq!((world.votes(), world.head().offset), (2, 2));
}

#[test]
fn s10_refusals_and_changes_of_nothing_take_no_offset() {
    let (mut world, ann) = one();
    call(&mut world, ann, &["close"]);
    let head = world.head();
    log(&mut world, ann);
    call(&mut world, ann, &["vote", "idle", "vote"]);
    assert_eq!(log(&mut world, ann), ["ack 2 refused @2", "ack 3 done @2", "ack 4 refused @2"]);
    assert_eq!(world.head(), head);
}

#[test]
fn s8_a_mutation_that_refuses_conflicts_is_told_of_what_others_did_since_its_author_looked() {
    let (mut world, ann) = one();
    let bob = world.add_client(0);
    world.connect(bob, 0);
    world.settle();
    // Bob has not seen ann's vote when he decides.
    world.clients[ann].call("vote");
    world.clients[bob].call("decide");
    world.send(ann);
    world.send(bob);
    world.settle();
    let refused = world.clients[bob].settled.pop().unwrap().1;
    let Outcome::Refused(refused) = refused else { panic!("{refused:?}") };
    let error: serde_json::Value = refused.error.decode().unwrap();
    assert_eq!(error, serde_json::json!({ "code": "rt/stale", "version": 2 }));
    assert_eq!(world.votes(), 1);
    // Now he has; and what he does himself in a row is no conflict.
    call(&mut world, bob, &["decide", "decide"]);
    assert_eq!(world.votes(), 201);
}

#[test]
fn s8_another_nodes_commit_is_a_conflict_too() {
    let mut world = World::new(2);
    let (ann, bob) = (world.add_client(0), world.add_client(1));
    world.connect(ann, 0);
    world.connect(bob, 1);
    world.settle();
    let at = world.clients[bob].at;
    call(&mut world, ann, &["vote"]);
    world.clients[bob].at = at;
    call(&mut world, bob, &["decide"]);
    assert_eq!(world.votes(), 1);
}

#[test]
fn s4_a_repeat_is_answered_with_the_outcome_that_was_kept() {
    let (mut world, ann) = one();
    call(&mut world, ann, &["vote"]);
    log(&mut world, ann);
    world.send_calls(ann, &[(1, "vote")]);
    world.settle();
    assert_eq!(log(&mut world, ann), ["ack 1 done @2"]);
    assert_eq!(world.votes(), 1);
}

#[test]
fn s4_a_gap_is_deferred_once_and_nothing_behind_it_runs() {
    let (mut world, ann) = one();
    log(&mut world, ann);
    world.clients[ann].next_seq = 9;
    world.send_calls(ann, &[(3, "vote"), (4, "vote")]);
    world.settle();
    assert_eq!(log(&mut world, ann), ["defer 3 gap"]);
    assert_eq!(world.votes(), 0);
}

#[test]
fn s3_another_content_under_the_same_number_ends_the_connection() {
    let (mut world, ann) = one();
    call(&mut world, ann, &["vote"]);
    world.send_calls(ann, &[(1, "close")]);
    world.settle();
    assert!(!world.connected(ann));
    assert_eq!(world.votes(), 1);
}

#[test]
fn s22_a_frame_that_was_sent_under_an_older_subscribed_is_dropped_unanswered() {
    let (mut world, ann) = one();
    log(&mut world, ann);
    world.clients[ann].count += 1;
    call(&mut world, ann, &["vote"]);
    assert!(log(&mut world, ann).is_empty());
    assert_eq!(world.votes(), 0);
}

#[test]
fn s15_a_returning_reader_gets_one_catch_up() {
    let (mut world, ann) = one();
    let bob = world.add_client(0);
    world.connect(bob, 0);
    world.settle();
    world.drop_connection(bob);
    log(&mut world, bob);
    (0..3).for_each(|_| call(&mut world, ann, &["vote"]));
    world.connect(bob, 0);
    world.settle();
    assert_eq!(log(&mut world, bob), ["resumed @1", "delta @4 3"]);
    world.connect(bob, 0);
    world.settle();
    assert_eq!(log(&mut world, bob), ["resumed @4"]);
}

#[test]
fn s21_another_epoch_is_a_snapshot_even_where_the_offset_would_fit() {
    let (mut world, ann) = one();
    call(&mut world, ann, &["vote"]);
    world.drop_connection(ann);
    log(&mut world, ann);
    world.clients[ann].at.as_mut().unwrap().epoch ^= 1;
    world.connect(ann, 0);
    world.settle();
    assert_eq!(log(&mut world, ann), ["snapshot @2 fork", "page 1"]);
}

#[test]
fn s20_another_class_is_a_snapshot() {
    let (mut world, ann) = one();
    world.drop_connection(ann);
    log(&mut world, ann);
    world.clients[ann].class += 1;
    world.connect(ann, 0);
    world.settle();
    assert_eq!(log(&mut world, ann), ["snapshot @1 class", "page 0"]);
}

#[test]
fn s24_a_mutation_that_commits_while_its_author_reconnects_is_told_with_the_rows() {
    let (mut world, ann) = one();
    world.clients[ann].call("vote");
    world.send(ann);
    // The lane was read and the commit is under way; the author comes back before it ends.
    world.store_step(0);
    world.connect(ann, 0);
    log(&mut world, ann);
    world.settle();
    assert_eq!(log(&mut world, ann), ["resumed @1", "delta @2 1"]);
    assert_eq!(world.clients[ann].settled.len(), 1);
    assert!(world.clients[ann].pending.is_empty());
}

#[test]
fn s12_a_lost_race_applies_what_was_missed_and_runs_again() {
    let mut world = World::new(2);
    let (ann, bob) = (world.add_client(0), world.add_client(1));
    world.connect(ann, 0);
    world.connect(bob, 1);
    world.settle();
    for client in [ann, bob] {
        world.clients[client].call("vote");
        world.send(client);
    }
    world.settle();
    assert_eq!(world.votes(), 2);
    assert_eq!((world.clients[ann].votes, world.clients[bob].votes), (Some(2), Some(2)));
}

#[test]
fn s9_a_mutation_that_runs_three_times_changes_nothing_but_when() {
    let mut world = World::new(2);
    let (ann, bob) = (world.add_client(0), world.add_client(1));
    world.connect(ann, 0);
    world.connect(bob, 1);
    world.settle();
    world.clients[ann].call("vote");
    world.send(ann);
    for _ in 0..2 {
        while !matches!(world.nodes[0].io.front(), Some(Effect::Commit(_))) {
            assert!(world.store_step(0));
        }
        // Its commit is on the way, and another node's is first.
        world.clients[bob].call("vote");
        world.send(bob);
        while world.store_step(1) {}
        world.nodes[0].inbox.clear();
        world.store_step(0);
    }
    world.settle();
    assert_eq!(world.votes(), 3);
    assert_eq!((world.clients[ann].votes, world.clients[bob].votes), (Some(3), Some(3)));
    assert_eq!(world.clients[ann].settled.len(), 1, "one outcome, however often it ran");
}

#[test]
fn s11_two_nodes_never_give_one_seq_two_outcomes() {
    let mut world = World::new(2);
    let (ann, bob) = (world.add_client(0), world.add_client(0));
    world.connect(ann, 0);
    world.connect(bob, 0);
    world.settle();
    call(&mut world, bob, &["close"]);
    world.clients[ann].call("vote");
    world.send(ann);
    // Its refusal is being kept; the connection breaks, and the other node is asked the same.
    world.connect(ann, 1);
    while world.nodes[1].io.front().is_some() {
        world.store_step(1);
    }
    for conn in world.wires.keys().copied().collect::<Vec<ConnId>>() {
        while world.deliver(conn) {}
    }
    world.send(ann);
    world.settle();
    world.send(ann);
    world.settle();
    assert!(matches!(world.clients[ann].settled.as_slice(), [(1, Outcome::Refused(_))]));
}

#[test]
fn s27_a_lost_last_message_is_found_when_the_broker_says_so() {
    let mut world = World::new(2);
    let (ann, bob) = (world.add_client(0), world.add_client(1));
    world.connect(ann, 0);
    world.connect(bob, 1);
    world.settle();
    world.clients[ann].call("vote");
    world.send(ann);
    while world.store_step(0) {}
    world.nodes[1].inbox.clear();
    world.settle();
    assert_eq!(world.clients[bob].votes, Some(0));
    world.step(1, Event::Doubt);
    world.settle();
    assert_eq!(world.clients[bob].votes, Some(1));
}

#[test]
fn s22_a_frame_that_comes_while_its_sender_is_answered_again_is_dropped() {
    let (mut world, ann) = one();
    world.clients[ann].call("vote");
    world.send(ann);
    while !matches!(world.nodes[0].io.front(), Some(Effect::Commit(_))) {
        world.store_step(0);
    }
    // The commit's answer is lost: the topic is loaded, and Ann is to be answered again.
    world.lose_commit_answer(0, true);
    log(&mut world, ann);
    world.clients[ann].next_seq = 3;
    world.send_calls(ann, &[(2, "close")]);
    world.settle();
    assert_eq!(log(&mut world, ann), ["resumed @1", "delta @2 1"]);
    assert_eq!((world.votes(), world.head().offset), (1, 2));
}

#[test]
fn l8_a_reader_that_stayed_while_the_store_was_away_learns_what_others_wrote_meanwhile() {
    let mut world = World::new(2);
    let (ann, bob, carol) = (world.add_client(0), world.add_client(0), world.add_client(1));
    world.connect(ann, 0);
    world.connect(carol, 1);
    world.settle();
    // Bob comes while the first node cannot reach the store.
    world.clients[bob].call("idle");
    world.connect(bob, 0);
    world.nodes[0].io.clear();
    world.step(0, Event::Read(Err(StoreError::Unavailable("cut".into()))));
    call(&mut world, carol, &["vote"]);
    world.nodes[0].inbox.clear();
    log(&mut world, ann);
    world.step(0, Event::Retry);
    world.settle();
    assert_eq!(log(&mut world, ann), ["resumed @1", "delta @2 1"]);
    assert_eq!((world.clients[ann].votes, world.clients[bob].votes), (Some(1), Some(1)));
}

#[test]
fn l11_one_that_floods_is_deferred_and_others_are_not() {
    let (mut world, mallory) = one();
    let bob = world.add_client(0);
    world.connect(bob, 0);
    world.settle();
    log(&mut world, mallory);
    let votes = |from: u64| (from..from + 200).map(|seq| (seq, "vote")).collect::<Vec<_>>();
    world.clients[mallory].next_seq = 1_000;
    (0..30).for_each(|frame| world.send_calls(mallory, &votes(1 + frame * 200)));
    world.clients[bob].call("vote");
    world.send(bob);
    world.settle();
    let deferred = |line: &String| line.starts_with("defer ") && line.ends_with(" limit");
    assert!(log(&mut world, mallory).iter().any(deferred));
    assert!(matches!(world.clients[bob].settled.as_slice(), [(1, Outcome::Done(_))]));
}
