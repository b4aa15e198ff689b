//! The store is away: nothing is acked, nothing is lost, reads go on (S28).

use realtime_protocol::frame::v1::Outcome;

use super::{
    Poll,
    own::{Told, ask},
    world::World,
};
use crate::{
    topic::event::Event,
    topic::own::{OwnCall, OwnError},
    tx::Tx,
};

fn votes(tx: &mut Tx<Poll>) -> u32 {
    tx.get::<Poll>("lunch").unwrap().votes
}

fn vote(tx: &mut Tx<Poll>) -> u32 {
    let poll = tx.get_mut::<Poll>("lunch").unwrap();
    poll.votes += 1;
    poll.votes
}

/// Each thing that the node asks of the store fails, until it asks for nothing.
fn cut(world: &mut World) {
    while world.fail_store(0) {}
    for conn in world.wires.keys().copied().collect::<Vec<_>>() {
        while world.deliver(conn) {}
    }
}

#[test]
fn s28_without_the_store_mutations_are_deferred_reads_go_on_and_nothing_is_acked_or_lost() {
    let mut world = World::new(1);
    let (ann, bob) = (world.add_client(0), world.add_client(0));
    world.connect(ann, 0);
    world.settle();
    let told = Told::default();
    // The first thing that it needs of the store meets the cut, and then its commit.
    world.clients[ann].call("vote");
    world.send(ann);
    cut(&mut world);
    assert_eq!(world.clients[ann].log.last().unwrap(), "defer 1 unavailable");
    world.send(ann);
    world.until_commit(0);
    cut(&mut world);
    assert_eq!(world.clients[ann].log.last().unwrap(), "defer 1 unavailable");
    assert!(world.clients[ann].settled.is_empty() && world.votes() == 0);
    // Who comes now reads what the node knows, and so does the program.
    world.connect(bob, 0);
    cut(&mut world);
    assert_eq!((world.clients[bob].votes, world.clients[ann].votes), (Some(0), Some(0)));
    world.step(0, ask(&told, OwnCall::Look, votes));
    world.step(0, ask(&told, OwnCall::Write, vote));
    cut(&mut world);
    assert!(matches!(told.lock().unwrap().as_slice(), [Ok(0), Err(OwnError::Unavailable(_))]));
    // So do those who come while others wait for what only the store knows.
    let (cy, dan) = (world.add_client(0), world.add_client(0));
    world.clients[cy].call("vote");
    world.connect(cy, 0);
    cut(&mut world);
    world.connect(dan, 0);
    cut(&mut world);
    assert_eq!((world.clients[dan].votes, world.clients[cy].votes), (Some(0), None));
    world.step(0, ask(&told, OwnCall::Look, votes));
    assert!(matches!(told.lock().unwrap().last(), Some(Ok(0))));
    world.step(0, Event::Retry);
    cut(&mut world);
    assert_eq!(world.clients[dan].votes, Some(0), "it is away still");
    world.step(0, Event::Retry);
    world.settle();
    world.send(cy);
    world.settle();
    assert_eq!(world.votes(), 1);
    // It is back: what was deferred is sent again, and counts once.
    world.send(ann);
    world.settle();
    assert!(matches!(world.clients[ann].settled.as_slice(), [(1, Outcome::Done(_))]));
    assert_eq!((world.votes(), world.clients[bob].votes, world.clients[dan].votes), (2, Some(2), Some(2)));
}
