//! What the program itself asks of a topic: batched, tried again, and told what became of it (S40).

use std::sync::{Arc, Mutex};

use super::{
    super::{
        event::Event,
        own::{Answer, Own, OwnCall, OwnError, Reply},
    },
    Poll,
    world::World,
};
use crate::{
    field::{Seed, Timestamp},
    principal::Anyone,
    tx::{Context, Run, Tx},
};

/// What was answered, in the order of the answers.
pub(super) type Told = Arc<Mutex<Vec<Result<u32, OwnError>>>>;

fn vote(tx: &mut Tx<Poll>) -> u32 {
    let poll = tx.get_mut::<Poll>("lunch").unwrap();
    poll.votes += 1;
    poll.votes
}

fn votes(tx: &mut Tx<Poll>) -> u32 {
    tx.get::<Poll>("lunch").unwrap().votes
}

pub(super) fn ask(
    told: &Told,
    call: fn(crate::topic::own::OwnRun) -> OwnCall,
    run: fn(&mut Tx<Poll>) -> u32,
) -> Event {
    let told = Arc::clone(told);
    let reply = Reply(Box::new(move |result: Result<Answer, OwnError>| {
        let result = result.map(|answer| *answer.downcast::<u32>().unwrap());
        told.lock().unwrap().push(result);
    }));
    let erased = move |lent: &mut Run| Ok(Box::new(lent.with::<Poll, _>(run)) as Answer);
    let zero = Timestamp::from_ms(0);
    let context = Context {
        principal: Arc::new(Anyone { id: "robot".into() }),
        now: zero,
        server_now: zero,
        seed: Seed::default(),
        ids: 0,
        random: None,
    };
    Event::Own(Own { call: call(Arc::new(erased)), context, reply })
}

fn told(told: &Told) -> Vec<u32> {
    told.lock().unwrap().iter().map(|result| *result.as_ref().unwrap()).collect()
}

/// A node that stands ready.
fn ready(nodes: usize) -> (World, Told) {
    let (mut world, told) = (World::new(nodes), Told::default());
    (0..nodes).for_each(|node| world.step(node, ask(&told, OwnCall::Look, votes)));
    world.settle();
    told.lock().unwrap().clear();
    (world, told)
}

#[test]
fn s40_what_waits_while_a_commit_is_under_way_is_one_commit() {
    let (mut world, log) = ready(1);
    let before = world.head().offset;
    (0..4).for_each(|_| world.step(0, ask(&log, OwnCall::Write, vote)));
    assert!(told(&log).is_empty(), "nothing is told before it is kept");
    world.settle();
    assert_eq!(told(&log), [1, 2, 3, 4]);
    assert_eq!(world.head().offset, before + 2, "the first alone, the others together");
}

#[test]
fn s40_who_loses_a_race_runs_again_over_what_the_other_wrote() {
    let (mut world, log) = ready(2);
    world.step(0, ask(&log, OwnCall::Write, vote));
    world.step(1, ask(&log, OwnCall::Write, vote));
    assert!(world.store_step(1));
    assert!(world.store_step(0), "behind");
    world.settle();
    assert_eq!(told(&log), [1, 2]);
    assert_eq!(world.votes(), 2);
}

#[test]
fn s40_a_lost_answer_is_told_as_unknown_whether_it_happened_or_not() {
    for happens in [false, true] {
        let (mut world, log) = ready(1);
        world.step(0, ask(&log, OwnCall::Write, vote));
        world.lose_commit_answer(0, happens);
        world.settle();
        assert!(matches!(log.lock().unwrap().as_slice(), [Err(OwnError::Unknown)]));
        assert_eq!(world.votes(), u32::from(happens));
        log.lock().unwrap().clear();
        world.step(0, ask(&log, OwnCall::Write, vote));
        world.settle();
        assert_eq!(told(&log), [u32::from(happens) + 1], "the topic goes on");
    }
}

#[test]
fn s40_a_look_sees_what_is_kept_and_writes_nothing() {
    let (mut world, log) = ready(1);
    world.step(0, ask(&log, OwnCall::Write, vote));
    world.step(0, ask(&log, OwnCall::Look, vote));
    assert_eq!(
        told(&log),
        [1],
        "over the rows of before, as the commit is under way; its own write is dropped"
    );
    world.settle();
    world.step(0, ask(&log, OwnCall::Look, votes));
    assert_eq!(told(&log), [1, 1, 1]);
    assert_eq!(world.votes(), 1);
}

#[test]
fn l11_more_than_may_wait_are_told_to_come_back() {
    let (mut world, log) = ready(1);
    (0..1_100).for_each(|_| world.step(0, ask(&log, OwnCall::Write, vote)));
    let busy = log.lock().unwrap().iter().filter(|told| matches!(told, Err(OwnError::Busy))).count();
    assert_eq!(busy, 1_100 - 1 - 1_024, "one is under way");
    log.lock().unwrap().clear();
    world.settle();
    assert_eq!(told(&log).len(), 1_025);
    assert_eq!(world.votes(), 1_025);
}
