//! The laws under random interleavings and faults: two nodes, four clients, a broker that loses.

use realtime_protocol::frame::v1::Outcome;

use super::{
    super::event::Event,
    world::{Dice, World},
};

const CLIENTS: usize = 4;
const STEPS: usize = 400;

/// How many seeds: more where the long matrices are asked for.
fn seeds() -> u64 {
    if std::env::var_os("REALTIME_TEST_ALL").is_some() { 20_000 } else { 400 }
}

#[test]
fn l1_l3_l4_l8_hold_whatever_is_lost_repeated_or_killed() {
    for seed in 0..seeds() {
        let mut dice = Dice::new(seed);
        let mut world = World::new(2);
        for client in 0..CLIENTS {
            let node = client % 2;
            world.add_client(node);
            world.connect(client, node);
        }
        (0..STEPS).for_each(|_| act(&mut world, &mut dice));
        calm(&mut world);
        check(&world, seed);
    }
}

fn act(world: &mut World, dice: &mut Dice) {
    let (client, node) = (dice.below(CLIENTS), dice.below(2));
    match dice.below(100) {
        0..15 => {
            // S6: at most 64 without an outcome.
            if world.clients[client].pending.len() < 60 {
                world.clients[client].call(["vote", "vote", "vote", "idle", "overflow"][dice.below(5)]);
            }
            world.send(client);
        }
        // Sending twice what was sent already is harmless.
        15..20 => world.send(client),
        20..55 => {
            world.store_step(node);
        }
        55..75 => {
            let conns: Vec<_> = world.wires.keys().copied().collect();
            if !conns.is_empty() {
                world.deliver(conns[dice.below(conns.len())]);
            }
        }
        75..83 => {
            if let Some(record) = world.nodes[node].inbox.pop_front()
                && dice.below(4) != 0
            {
                world.step(node, Event::Published(record));
            }
        }
        83..87 => world.step(node, Event::Doubt),
        87..91 => world.drop_connection(client),
        91..96 => world.connect(client, node),
        96..98 => world.lose_commit_answer(node, dice.below(2) == 0),
        98 => world.crash(node, dice.below(2) == 0),
        _ => world.step(node, Event::Retry),
    }
}

/// Faults stop; everyone comes back and sends what is open, until nothing is.
fn calm(world: &mut World) {
    for round in 0..6 {
        for client in 0..CLIENTS {
            if round == 0 || !world.connected(client) {
                world.connect(client, client % 2);
            }
        }
        settle(world);
        (0..CLIENTS).for_each(|client| world.send(client));
        settle(world);
    }
    (0..2).for_each(|node| world.step(node, Event::Doubt));
    world.settle();
}

/// All that is under way comes to its end, waits too.
fn settle(world: &mut World) {
    world.settle();
    while !world.waits.is_empty() {
        for (node, _) in std::mem::take(&mut world.waits) {
            world.step(node, Event::Retry);
        }
        world.settle();
    }
}

fn check(world: &World, seed: u64) {
    let mut voted = 0;
    for client in &world.clients {
        assert!(client.pending.is_empty(), "seed {seed}: pending for ever: {:?}", client.pending);
        let mut seqs: Vec<_> = client.settled.iter().map(|(seq, _)| *seq).collect();
        seqs.sort_unstable();
        let all: Vec<_> = (1..client.next_seq).collect();
        assert_eq!(seqs, all, "seed {seed}: each mutation is told once");
        let done = client.settled.iter().filter_map(|(_, outcome)| match outcome {
            Outcome::Done(done) => done.value.as_ref(),
            _ => None,
        });
        voted += done.count();
        // L8: every open view equals the store.
        assert_eq!(client.votes, Some(world.votes()), "seed {seed}");
        assert_eq!(client.at, Some(world.head()), "seed {seed}");
    }
    // L3: `vote` alone returns a value; each one that was told `done` counted exactly once.
    assert_eq!(u32::try_from(voted).unwrap(), world.votes(), "seed {seed}");
}
