//! L1 to L10 and L13 in simulated worlds.

use realtime_core::testing::World;

use crate::poll::{Poll, app, guest};

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
fn l3_votes_made_offline_count_once() {
    World::check(app, |w| {
        let [ann, bob] = w.clients([guest("ann"), guest("bob")]);
        ann.open::<Poll>("lunch");
        w.settle();
        ann.go_offline();
        ann.call::<Poll>("lunch", "vote", (1,));
        ann.go_online();
        w.settle();
        assert_eq!(bob.see::<Poll>("lunch").votes, [0, 1]);
    });
}
