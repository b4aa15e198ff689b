//! What comes back after weeks, and topics that end and begin again: nothing runs twice (S2, S44, S45).

use realtime_protocol::frame::v1::Outcome;

use super::{
    Poll,
    client::Pending,
    own::{Told, ask},
    world::World,
};
use crate::{topic::own::OwnCall, tx::Tx};

/// Where in the life of one mutation the clock jumps. The connection is lost with it, but for the last.
#[derive(Clone, Copy, Debug)]
enum Jump {
    /// Called, not sent.
    BeforeSend,
    /// Sent, not committed.
    BeforeCommit,
    /// Committed; the ack is lost.
    BeforeAck,
    /// Told; an image of the disk from before brings it back.
    AfterAck,
    /// It is back, and its lane was read, but it was not sent again yet.
    AfterRestore,
}

/// Plays a vote with a jump of so many days; returns the votes that were counted, and whether its client knows of one.
fn play(jump: Jump, days: u64) -> (u32, bool) {
    let mut world = World::new(1);
    let ann = world.add_client(0);
    world.connect(ann, 0);
    world.settle();
    let seq = world.clients[ann].call("vote");
    if !matches!(jump, Jump::BeforeSend) {
        world.send(ann);
        world.until_commit(0);
        if !matches!(jump, Jump::BeforeCommit) {
            assert!(world.store_step(0));
        }
        if matches!(jump, Jump::AfterAck | Jump::AfterRestore) {
            world.settle();
            assert_eq!(world.clients[ann].settled.len(), 1);
            world.clients[ann].settled.clear();
            world.clients[ann].got = 0;
            world.clients[ann].pending.push(Pending { seq, name: "vote", outcome: None });
        }
    }
    if !matches!(jump, Jump::AfterRestore) {
        world.drop_connection(ann);
        world.pass(days);
        world.settle();
    }
    world.connect(ann, 0);
    world.settle();
    if matches!(jump, Jump::AfterRestore) {
        world.pass(days);
    }
    world.send(ann);
    world.settle();
    let knows = world.clients[ann].settled.iter().any(|(_, outcome)| matches!(outcome, Outcome::Done(_)));
    (world.votes(), knows)
}

#[test]
fn s2_a_clock_that_jumps_by_weeks_at_any_step_makes_no_mutation_run_twice() {
    use Jump::{AfterAck, AfterRestore, BeforeAck, BeforeCommit, BeforeSend};
    // 29 days: the row is there still, but a lane without one counts as old.
    let table = [
        (BeforeSend, 15, (1, true)),
        (BeforeSend, 29, (0, false)),
        (BeforeSend, 40, (0, false)),
        (BeforeAck, 15, (1, true)),
        (BeforeAck, 29, (1, true)),
        (BeforeAck, 40, (1, false)),
        (AfterAck, 15, (1, true)),
        (AfterAck, 29, (1, true)),
        (AfterAck, 40, (1, false)),
        (AfterRestore, 15, (1, true)),
        (AfterRestore, 29, (1, true)),
        (AfterRestore, 40, (1, true)),
    ];
    for (jump, days, want) in table {
        assert_eq!(play(jump, days), want, "{jump:?} {days}");
    }
    // What was sent and dropped with its connection is either not run, or run once.
    for days in [15, 29, 40] {
        let (votes, knows) = play(BeforeCommit, days);
        assert!(votes <= 1 && (!knows || votes == 1), "{days}: {votes} {knows}");
    }
}

fn delete(tx: &mut Tx<Poll>) -> u32 {
    tx.remove::<Poll>("lunch").map_or(0, |poll| poll.votes)
}

fn create(tx: &mut Tx<Poll>) -> u32 {
    tx.insert(Poll { id: "lunch".into(), votes: 0, closed: false }).votes
}

fn program(world: &mut World, node: usize, run: fn(&mut Tx<Poll>) -> u32) {
    let told = Told::default();
    world.step(node, ask(&told, OwnCall::Write, run));
    world.settle();
    assert!(matches!(told.lock().unwrap().as_slice(), [Ok(_)]));
}

#[test]
fn s44_deleted_and_made_again_queues_and_resumes_end_at_what_the_store_holds() {
    let mut world = World::new(2);
    let (ann, bob, cy) = (world.add_client(0), world.add_client(1), world.add_client(1));
    [ann, bob, cy].into_iter().for_each(|client| world.connect(client, client % 2));
    world.settle();
    world.clients[ann].call("vote");
    world.send(ann);
    world.settle();
    // Ann calls while she is away; Cy is away all the time.
    world.drop_connection(ann);
    world.drop_connection(cy);
    world.clients[ann].call("vote");
    let before = world.head().offset;
    program(&mut world, 1, delete);
    assert_eq!(world.clients[bob].votes, None, "who watches sees it go");
    world.connect(ann, 0);
    world.settle();
    world.send(ann);
    world.settle();
    assert!(
        matches!(world.clients[ann].settled.last(), Some((2, Outcome::Refused(_)))),
        "nothing to vote for"
    );
    program(&mut world, 0, create);
    assert_eq!(world.head().offset, before + 2, "offsets go on");
    world.clients[ann].call("vote");
    world.send(ann);
    world.settle();
    assert!(matches!(world.clients[ann].settled.last(), Some((3, Outcome::Done(_)))), "and so does the lane");
    world.connect(cy, 0);
    world.settle();
    for client in [ann, bob, cy] {
        assert_eq!(world.clients[client].votes, Some(1), "client {client}: a new row, not the old one");
        assert_eq!(world.clients[client].at, Some(world.head()));
    }
}

#[test]
fn s44_what_was_confirmed_before_the_end_is_not_run_again_after_it() {
    let mut world = World::new(1);
    let ann = world.add_client(0);
    world.connect(ann, 0);
    world.settle();
    world.clients[ann].call("vote");
    world.send(ann);
    world.settle();
    program(&mut world, 0, delete);
    program(&mut world, 0, create);
    // An image of the disk from before brings it back.
    world.clients[ann].pending.push(Pending { seq: 1, name: "vote", outcome: None });
    world.clients[ann].got = 0;
    world.connect(ann, 0);
    world.settle();
    world.send(ann);
    world.settle();
    assert_eq!(world.votes(), 0);
}
