//! A page's life: it loads, dials, calls, saves, freezes, crashes, and takes over what others left (S3, S7).

use std::{collections::BTreeSet, sync::Arc};

use realtime_protocol::{
    Day, Topic,
    frame::{
        Codec,
        v1::{self, view},
    },
};

use super::{
    Held, Lane, Link, Page, State, View, Who,
    base::Base,
    disk::{self, Stored, Write},
    queue::{Asked, Entry, Queue, Verdict},
};
use crate::testing::world::{core::Ground, sim::Timer};

/// How long a page waits at most before it dials again, in milliseconds.
const DIAL_MS: u64 = 400;

impl Page {
    /// Loads a page in a browser.
    pub(in crate::testing::world) fn load(
        me: usize,
        browser: usize,
        who: Arc<Who>,
        codec: Codec,
        ground: &mut Ground,
    ) -> Self {
        let mut page = Self {
            me,
            browser,
            who,
            codec,
            life: 0,
            state: State::Crashed,
            link: None,
            unplugged: false,
            lanes: Vec::new(),
            own: None,
            topics: std::collections::BTreeMap::new(),
            next_sub: 0,
            clock: 0,
            skew_ms: 0,
            attempts: 0,
            resend: false,
            save: false,
        };
        page.start(ground);
        page
    }

    /// A new page life: what earlier ones left is taken over, then it dials.
    pub(in crate::testing::world) fn start(&mut self, ground: &mut Ground) {
        let open: Vec<_> =
            self.topics.values().map(|view| (view.topic.clone(), view.root, view.wants)).collect();
        self.life += 1;
        self.state = State::Up;
        (self.link, self.own) = (None, None);
        self.lanes.clear();
        (self.clock, self.attempts, self.resend, self.save) = (0, 0, false, false);
        self.topics = open
            .into_iter()
            .map(|(topic, root, wants)| (topic.clone(), reopened(topic, root, wants)))
            .collect();
        ground.ledger.born(self.me, self.life);
        let stored = ground.browsers[self.browser].read();
        let mine: BTreeSet<Lane> = self.lock_free(&stored, ground);
        let topics: Vec<_> = self.topics.keys().cloned().collect();
        for topic in topics {
            if let Some(base) = stored.base(&topic, &mine) {
                self.restore(&topic, base.clone());
            }
        }
        self.adopt(&stored, &mine, ground);
        self.dial(ground);
    }

    fn restore(&mut self, topic: &Topic, base: Base) {
        if let Some(view) = self.topics.get_mut(topic).filter(|view| view.wants == view::ALL) {
            view.base = Some(base);
        }
    }

    /// Takes the locks of lanes that nobody holds and that have something to be sent (S3).
    fn lock_free(&self, stored: &Stored, ground: &mut Ground) -> BTreeSet<Lane> {
        let browser = &mut ground.browsers[self.browser];
        stored.open().into_iter().filter(|lane| !self.holds(lane) && browser.lock(lane, self.me)).collect()
    }

    fn holds(&self, lane: &str) -> bool {
        self.lanes.iter().any(|held| held.lane == lane)
    }

    /// Shows and sends the entries of these lanes as they are, and adds nothing to them.
    fn adopt(&mut self, stored: &Stored, lanes: &BTreeSet<Lane>, ground: &mut Ground) {
        for lane in lanes {
            let Some((day, minted)) = stored.lanes.get(lane).copied() else { continue };
            ground.sim.count("lanes adopted");
            self.lanes.push(Held { lane: lane.clone(), day, minted, index: None });
        }
        self.lanes.sort_by_key(|held| (self.own.as_ref() == Some(&held.lane), held.minted));
        for ((lane, topic), entries) in stored.entries.iter().filter(|((lane, _), _)| lanes.contains(lane)) {
            let Some(root) = ground.registry.root_of(topic) else { continue };
            let view = self.topics.entry(topic.clone()).or_insert_with(|| View::new(topic.clone(), root));
            let shown = view.base.as_ref().is_some_and(|base| base.named.contains(lane));
            take_over(&mut view.queue, lane, entries, shown);
            let order = |lane: &str| self.lanes.iter().position(|held| held.lane == lane);
            view.queue.tracks.sort_by_key(|track| order(&track.lane));
        }
        for lane in lanes {
            ground.ledger.adopted(self.lane_id(lane));
        }
    }

    /// Looks for lanes that have become free.
    pub(in crate::testing::world) fn look_for_lanes(&mut self, ground: &mut Ground) {
        if self.state == State::Crashed || self.state == State::Frozen {
            return;
        }
        let stored = ground.browsers[self.browser].read();
        let lanes = self.lock_free(&stored, ground);
        if lanes.is_empty() {
            return;
        }
        self.adopt(&stored, &lanes, ground);
        let topics: Vec<_> = self.topics.keys().cloned().collect();
        topics.iter().for_each(|topic| self.subscribe(topic, false, ground));
    }

    pub(in crate::testing::world) fn dial(&mut self, ground: &mut Ground) {
        if self.state != State::Up || self.unplugged || self.link.is_some() || ground.nodes == 0 {
            return;
        }
        let node = usize::try_from(ground.sim.below(ground.nodes as u64)).unwrap_or(0);
        let conn = ground.net.dial(self.me, node);
        self.lanes.iter_mut().for_each(|held| held.index = None);
        let mut order: Vec<_> = self.lanes.iter_mut().collect();
        order.reverse();
        let mut lanes = Vec::new();
        for (index, held) in (0..).zip(order) {
            held.index = Some(index);
            lanes.push((disk::name(&held.lane), held.day));
        }
        let next_index = u16::try_from(lanes.len()).unwrap_or(u16::MAX);
        let heard = ground.now();
        self.link = Some(Link { conn, live: false, heard, ping_every: 15_000, next_index });
        let schema = ground.registry.schema.models.iter().map(|m| (m.number, m.fingerprint)).collect();
        let (min, max, token) = (v1::VERSION, v1::VERSION, Some(self.who.place.to_string()));
        self.send(v1::Hello { min, max, token, lanes, schema }.into(), ground);
        self.timer(ground, 10_000, Timer::Beat);
    }

    /// The connection is gone.
    pub(in crate::testing::world) fn lost(&mut self, code: Option<u16>, ground: &mut Ground) {
        let Some(link) = self.link.take() else { return };
        ground.net.page_gone(link.conn);
        ground.recorder.lost(self.me);
        ground.sim.note(|| format!("p{} lost its connection {code:?}", self.me));
        if code.is_some_and(|code| code >= 4500) {
            ground.sim.violated(format!("p{}: the server ended the connection for good: {code:?}", self.me));
        }
        self.topics.values_mut().for_each(View::lost);
        self.attempts += 1;
        self.timer(ground, 20 + ground.sim.below(DIAL_MS), Timer::Dial);
    }

    /// A timer is over.
    pub(in crate::testing::world) fn woken(&mut self, timer: Timer, ground: &mut Ground) {
        match timer {
            Timer::Dial => self.dial(ground),
            Timer::Beat => self.beat(ground),
            Timer::Resend => self.send_again(ground),
            Timer::Save => self.write_base(ground),
            Timer::Adopt => self.look_for_lanes(ground),
            Timer::Return => self.come_back(ground),
            Timer::Read => self.read_on(ground),
        }
    }

    /// Two intervals without any frame are the end (CL7).
    fn beat(&mut self, ground: &mut Ground) {
        let Some(link) = &self.link else { return };
        let (heard, every) = (link.heard, link.ping_every);
        let silent = ground.now().saturating_sub(heard);
        if silent >= 2 * every || !link.live && silent >= 10_000 {
            self.lost(None, ground);
        } else {
            self.timer(ground, every, Timer::Beat);
        }
    }

    fn send_again(&mut self, ground: &mut Ground) {
        self.resend = false;
        for view in self.topics.values_mut() {
            view.held = false;
            view.queue.ground();
        }
        self.flush(ground);
    }

    pub(in crate::testing::world) fn save_soon(&mut self, ground: &mut Ground) {
        if !self.save && self.topics.values().any(|view| view.dirty) {
            self.save = true;
            self.timer(ground, 20 + ground.sim.below(100), Timer::Save);
        }
    }

    /// One transaction stores the base, names the lanes whose truth it has, and removes what it holds (S7).
    fn write_base(&mut self, ground: &mut Ground) {
        self.save = false;
        let by: BTreeSet<Lane> = self.lanes.iter().map(|held| held.lane.clone()).collect();
        for view in self.topics.values_mut().filter(|view| view.dirty && view.stage.is_none()) {
            view.dirty = false;
            if let Some(base) = &mut view.base {
                let shown = view.queue.tracks.iter().filter(|track| track.shown);
                base.named = shown.map(|track| track.lane.clone()).collect();
            }
            let (base, gone) = (view.base.clone(), view.queue.forget_done());
            let topic = view.topic.clone();
            ground.browsers[self.browser].write(Write::Base { by: by.clone(), topic, base, gone });
        }
    }

    /// Makes a mutation: applied before this returns.
    pub(in crate::testing::world) fn call(
        &mut self,
        topic: &Topic,
        root: usize,
        asked: Asked,
        ground: &mut Ground,
    ) -> (Lane, u64) {
        let lane = self.own_lane(ground);
        self.open(topic, root, false, ground);
        let Some(view) = self.topics.get_mut(topic) else { return (lane, 0) };
        let seen = view.base.as_ref().map_or(0, |base| base.at.offset);
        let asked = Asked { seen: asked.seen.map(|_| seen), ..asked };
        let seq = view.queue.call(&lane, asked.clone());
        ground.ledger.called(topic, (self.lane_id(&lane), seq), self.me, self.life);
        ground.recorder.called(self.me, topic, &asked, ground.registry.as_ref());
        ground.sim.count("calls");
        let put = Write::Put { lane: lane.clone(), topic: topic.clone(), seq, asked };
        ground.browsers[self.browser].write(put);
        self.publish(topic, ground);
        self.flush(ground);
        (lane, seq)
    }

    /// Takes back the last mutation that is surely unsent; its number is never used (S4).
    pub(in crate::testing::world) fn discard(&mut self, topic: &Topic, ground: &mut Ground) -> bool {
        let Some(view) = self.topics.get_mut(topic) else { return false };
        let own = self.own.as_ref();
        let is_unsent = |entry: &Entry| Some(&entry.lane) == own && !entry.sent && entry.is_open();
        let Some(at) = view.queue.entries.iter().rposition(is_unsent) else { return false };
        let entry = view.queue.entries.remove(at);
        let gone = vec![(entry.lane.clone(), entry.seq)];
        let by = [entry.lane.clone()].into();
        ground.browsers[self.browser].write(Write::Base { by, topic: topic.clone(), base: None, gone });
        let verdict = Verdict::Refused("rt/discarded".to_owned());
        ground.ledger.tell(topic, (self.lane_id(&entry.lane), entry.seq), verdict, &ground.sim);
        self.publish(topic, ground);
        true
    }

    /// The lane of new calls: minted in memory, never taken from storage (S3).
    fn own_lane(&mut self, ground: &mut Ground) -> Lane {
        if let Some(lane) = &self.own {
            return lane.clone();
        }
        let lane = format!("{:016x}", ground.sim.below(u64::MAX));
        let minted = ground.now();
        let day = Day::of_ms(self.clock_ms(ground).saturating_add_signed(self.clock));
        let browser = &mut ground.browsers[self.browser];
        browser.write(Write::Mint { lane: lane.clone(), day, at: minted });
        browser.lock(&lane, self.me);
        self.lanes.push(Held { lane: lane.clone(), day, minted, index: None });
        self.own = Some(lane.clone());
        lane
    }

    /// The page dies; `lose`: so many of its browser's last writes had not come to the disk.
    pub(in crate::testing::world) fn crash(&mut self, ground: &mut Ground) {
        self.state = State::Crashed;
        self.let_go(ground);
        ground.browsers[self.browser].unlock_all(self.me);
        ground.ledger.died(self.me, self.life);
    }

    /// Put away: the locks and the connection are let go of, the memory stays.
    pub(in crate::testing::world) fn freeze(&mut self, ground: &mut Ground) {
        if self.state == State::Up {
            self.state = State::Frozen;
            self.let_go(ground);
            ground.browsers[self.browser].unlock_all(self.me);
        }
    }

    pub(in crate::testing::world) fn unplug(&mut self, ground: &mut Ground) {
        if self.state == State::Up {
            self.state = State::Offline;
            self.let_go(ground);
        }
    }

    fn let_go(&mut self, ground: &mut Ground) {
        if let Some(link) = self.link.take() {
            ground.net.page_gone(link.conn);
            ground.recorder.lost(self.me);
        }
        self.topics.values_mut().for_each(View::lost);
    }

    /// It is there again.
    pub(in crate::testing::world) fn come_back(&mut self, ground: &mut Ground) {
        match self.state {
            State::Up => {}
            State::Crashed => self.start(ground),
            State::Offline => {
                self.state = State::Up;
                self.dial(ground);
            }
            State::Frozen => self.thaw(ground),
        }
    }

    /// It goes on with what it holds; where its own lane's lock is taken meanwhile, new calls go to a new lane (S3).
    fn thaw(&mut self, ground: &mut Ground) {
        self.state = State::Up;
        let browser = &mut ground.browsers[self.browser];
        for held in &self.lanes {
            let free = browser.lock(&held.lane, self.me);
            if !free && self.own.as_ref() == Some(&held.lane) {
                self.own = None;
            }
        }
        // Timers of before did not run meanwhile; some were due.
        (self.resend, self.save) = (false, false);
        self.topics.values_mut().for_each(|view| view.dirty = true);
        self.save_soon(ground);
        self.dial(ground);
    }

    /// It reads again.
    fn read_on(&mut self, ground: &mut Ground) {
        let Some(conn) = self.link.as_ref().map(|link| link.conn) else { return };
        for frame in ground.net.stall(conn, false) {
            if self.link.as_ref().is_some_and(|link| link.conn == conn) {
                self.take(&frame, ground);
            }
        }
    }
}

fn reopened(topic: Topic, root: usize, wants: u8) -> View {
    let mut view = View::new(topic, root);
    view.wants = wants;
    view
}

/// Puts a lane's entries into a queue: each may have been sent.
fn take_over(queue: &mut Queue, lane: &str, entries: &std::collections::BTreeMap<u64, Asked>, shown: bool) {
    let next = entries.keys().last().map_or(1, |last| last + 1);
    let track = queue.track(lane);
    (track.shown, track.next) = (shown, next.max(track.next));
    for (seq, asked) in entries {
        let (sent, flying, parked, done) = (true, false, false, false);
        let lane = lane.to_owned();
        queue.entries.push(Entry {
            lane,
            seq: *seq,
            asked: asked.clone(),
            sent,
            flying,
            parked,
            answer: None,
            done,
        });
    }
}
