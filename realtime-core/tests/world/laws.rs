//! L1 to L10 and L13 in simulated worlds.

use realtime_core::testing::{Call, Faults, Verdict, World};

use crate::poll::{Poll, any, app, guest};

#[test]
fn l5_a_vote_shows_at_once_and_is_confirmed_for_everybody() {
    World::check(app, |w| {
        let [ann, bob] = w.clients([guest("ann"), guest("bob")]);
        bob.open::<Poll>("lunch");
        ann.open::<Poll>("lunch");
        w.settle();
        let vote = ann.call::<Poll>("lunch", "vote", (1,));
        assert_eq!(ann.see::<Poll>("lunch").votes, [0, 1], "shown before it is confirmed");
        assert_eq!(ann.confirmed::<Poll>("lunch").votes, [0, 0]);
        w.settle();
        assert!(vote.is_confirmed());
        assert_eq!(bob.see::<Poll>("lunch").votes, [0, 1]);
    });
}

#[test]
fn l3_votes_made_offline_count_once_whatever_goes_wrong() {
    World::check(app, |w| {
        let [ann, bob] = w.clients([guest("ann"), guest("bob")]);
        ann.open::<Poll>("lunch");
        w.settle();
        ann.go_offline();
        ann.call::<Poll>("lunch", "vote", (1,));
        w.faults(Faults::all().failovers(false).pages(false));
        ann.go_online();
        w.settle();
        assert_eq!(bob.see::<Poll>("lunch").votes, [0, 1]);
    });
}

#[test]
fn s22_a_page_that_was_idle_and_away_is_told_that_a_failover_lost_its_vote() {
    World::check_seeds(0..3, app, |w| {
        let [ann] = w.clients([guest("ann")]);
        ann.open::<Poll>("lunch");
        w.settle();
        let vote = ann.call::<Poll>("lunch", "vote", (1,));
        w.settle();
        assert!(vote.is_confirmed());
        ann.go_offline();
        w.happen("failover 1");
        ann.go_online();
        w.settle();
        assert_eq!(vote.verdict(), Some(Verdict::Lost));
        assert_eq!(ann.see::<Poll>("lunch").votes, [0, 0]);
    });
}

#[test]
fn l1_to_l10_hold_whatever_goes_wrong() {
    for (name, faults) in [
        ("nothing", Faults::none()),
        ("connections", Faults::none().connections(true)),
        ("broker", Faults::none().broker(true)),
        ("nodes", Faults::none().nodes(true)),
        ("store", Faults::none().store(true)),
        ("pages", Faults::none().pages(true)),
        ("failovers", Faults::none().failovers(true)),
        ("all", Faults::all()),
    ] {
        let report = World::check(app, |w| {
            let [ann, bob, eve] = w.clients([guest("ann"), guest("bob"), guest("eve")]);
            let also_ann = w.another_page(&ann);
            let all = [&ann, &bob, &eve, &also_ann];
            for client in all {
                client.open::<Poll>("lunch");
            }
            w.settle();
            w.calls(60, &all, any);
            w.faults(faults);
            w.settle();
        });
        println!("{name}: {report}");
    }
}

#[test]
fn l13_the_same_seed_gives_the_same_run_byte_for_byte() {
    let run = |seed| {
        World::trace(seed, app, |w| {
            let [ann, bob] = w.clients([guest("ann"), guest("bob")]);
            ann.open::<Poll>("lunch");
            bob.open::<Poll>("lunch");
            w.calls(40, &[&ann, &bob], any);
            w.faults(Faults::all());
            w.settle();
        })
    };
    for seed in 0..5 {
        let (one, two) = (run(seed).trace, run(seed).trace);
        assert!(one.len() > 1_000);
        assert_eq!(one, two, "seed {seed}");
    }
    assert_ne!(run(1).trace, run(2).trace);
}

#[test]
#[should_panic(expected = "call p0 poll/lunch Poll.vote")]
fn l13_a_failing_seed_is_shrunk_to_the_lines_that_matter() {
    World::check(app, |w| {
        let [ann, bob] = w.clients([guest("ann"), guest("bob")]);
        w.calls(20, &[&ann], |_| Call::new::<Poll>("poll/lunch", "lunch", "vote", (0,)));
        w.faults(Faults::none().connections(true));
        w.settle();
        assert!(bob.see::<Poll>("lunch").votes[0] < 3, "too many votes");
    });
}
