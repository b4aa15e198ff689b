//! Ten nodes write one topic, near and far from the store: nobody starves, no outcome is lost (S12).

use std::collections::BTreeMap;

use realtime_protocol::frame::v1::Outcome;

use super::{super::event::Event, world::World};

/// The nodes' round trips to the store, in milliseconds.
const ROUND_TRIPS: [u64; 10] = [1, 2, 3, 4, 6, 8, 11, 14, 17, 20];
/// How long a client rests between two votes.
const REST: u64 = 100;
/// How long a deferred client waits.
const AFTER: u64 = 1_000;

enum What {
    Arrives,
    Answered(Event),
    WaitOver,
    Send,
    Call,
}

/// What happens when: nothing else moves time.
struct Race {
    world: World,
    agenda: BTreeMap<(u64, usize), (usize, What)>,
    planned: usize,
    /// When the client of each node called what it waits for, and how long it waited at most.
    called: [u64; 10],
    longest: [u64; 10],
    busy: usize,
}

impl Race {
    fn new() -> Self {
        let mut world = World::new(ROUND_TRIPS.len());
        for node in 0..ROUND_TRIPS.len() {
            let client = world.add_client(node);
            world.connect(client, node);
        }
        world.settle();
        let agenda = BTreeMap::new();
        let mut race = Self { world, agenda, planned: 0, called: [0; 10], longest: [0; 10], busy: 0 };
        (0..ROUND_TRIPS.len()).for_each(|node| race.plan(node, node as u64, What::Call));
        race
    }

    fn plan(&mut self, node: usize, after: u64, what: What) {
        self.planned += 1;
        self.agenda.insert((self.world.now_ms + after, self.planned), (node, what));
    }

    /// Plays until `votes` of each client have their outcome.
    fn until_each_has(&mut self, votes: usize) {
        while self.world.clients.iter().any(|client| client.settled.len() < votes) {
            let ((now, _), (node, what)) = self.agenda.pop_first().expect("something goes on");
            self.world.now_ms = now;
            match what {
                What::Call => {
                    self.called[node] = now;
                    self.world.clients[node].call("vote");
                    self.world.send(node);
                }
                What::Send => self.world.send(node),
                What::WaitOver => self.world.step(node, Event::Retry),
                What::Arrives => {
                    if let Some(event) = self.world.ask_store(node) {
                        self.plan(node, ROUND_TRIPS[node].div_ceil(2), What::Answered(event));
                    }
                }
                What::Answered(event) => self.world.step(node, event),
            }
            self.follow(node);
        }
    }

    /// Sends on what the node asked for, and lets its client go on.
    fn follow(&mut self, node: usize) {
        let asks = self.world.nodes[node].io.len();
        let under_way =
            self.agenda.values().filter(|(of, what)| *of == node && matches!(what, What::Arrives));
        if asks > under_way.count() {
            self.plan(node, ROUND_TRIPS[node] / 2, What::Arrives);
        }
        for (of, ms) in std::mem::take(&mut self.world.waits) {
            self.plan(of, u64::from(ms), What::WaitOver);
        }
        let before = self.world.clients[node].settled.len();
        let told = self.world.clients[node].log.len();
        for conn in self.world.wires.keys().copied().collect::<Vec<_>>() {
            while self.world.deliver(conn) {}
        }
        let client = &self.world.clients[node];
        if client.settled.len() > before {
            self.longest[node] = self.longest[node].max(self.world.now_ms - self.called[node]);
            self.plan(node, REST, What::Call);
        } else if client.log[told..].iter().any(|line| line.starts_with("defer")) {
            self.busy += 1;
            self.plan(node, AFTER, What::Send);
        }
    }
}

#[test]
fn s12_of_ten_nodes_at_unequal_speeds_none_starves_and_no_outcome_is_lost() {
    let mut race = Race::new();
    race.until_each_has(30);
    let votes = race.world.votes();
    let mut counts: Vec<u32> = Vec::new();
    for client in &race.world.clients {
        for (_, outcome) in &client.settled {
            let Outcome::Done(done) = outcome else { panic!("{outcome:?}") };
            counts.push(done.value.as_ref().unwrap().decode().unwrap());
        }
    }
    counts.sort_unstable();
    let told = counts.len();
    counts.dedup();
    assert_eq!(counts.len(), told, "each vote counted once");
    assert!(votes as usize >= told && votes as usize - told <= ROUND_TRIPS.len(), "{votes} of {told}");
    assert!(race.busy > 0, "some gave way, and came again");
    assert!(race.longest.iter().all(|ms| *ms < 10_000), "waited at most: {:?}", race.longest);
}
