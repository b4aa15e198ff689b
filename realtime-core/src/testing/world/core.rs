//! The world's inside: what happens, carried out on pages, nodes, store and broker.

use std::sync::Arc;

use super::{
    broker::Brokers,
    call::Call,
    history::Entry,
    laws::{self, Canary},
    ledger::Ledger,
    net::Net,
    nodes::Nodes,
    page::{Browser, Page, State},
    recorder::Recorder,
    script::{Line, Step},
    sim::{Event, Sim, Timer},
    store::Stores,
};
use crate::{
    handler::Registry,
    host::{clock, simulated},
};

/// What pages stand on.
pub(super) struct Ground {
    pub(super) sim: Arc<Sim>,
    pub(super) net: Arc<Net>,
    pub(super) stores: Arc<Stores>,
    pub(super) registry: Arc<Registry>,
    pub(super) browsers: Vec<Browser>,
    pub(super) ledger: Ledger,
    pub(super) canaries: Vec<Canary>,
    pub(super) recorder: Recorder,
    pub(super) nodes: usize,
    pub(super) failovers: u32,
}

impl Ground {
    /// The milliseconds since the beginning.
    pub(super) fn now(&self) -> u64 {
        simulated::elapsed_ms()
    }

    /// The right time, in milliseconds since 1970.
    pub(super) fn clock_ms(&self) -> u64 {
        clock::now_ms()
    }
}

/// Everything.
pub(super) struct Core {
    pub(super) ground: Ground,
    pub(super) pages: Vec<Page>,
    pub(super) nodes: Nodes,
    pub(super) brokers: Arc<Brokers>,
    /// What the script has in store, by its place in the queue.
    pub(super) lines: Vec<Line>,
    pub(super) lines_done: usize,
}

impl Core {
    pub(super) fn happen(&mut self, event: Event) {
        match event {
            Event::Accept { conn } => self.accept(conn),
            Event::ToNode { conn, frame } => self.ground.net.arrive_up(conn, frame),
            Event::ToPage { conn, frame } => {
                let Some(page) = self.ground.net.page_of(conn) else { return };
                if let Some(frame) = self.ground.net.arrive_down(conn, frame)
                    && self.pages[page].link.as_ref().is_some_and(|link| link.conn == conn)
                {
                    self.pages[page].take(&frame, &mut self.ground);
                }
            }
            Event::PageLost { conn, code } => {
                let Some(page) = self.ground.net.page_of(conn) else { return };
                if self.pages[page].link.as_ref().is_some_and(|link| link.conn == conn) {
                    self.pages[page].lost(code, &mut self.ground);
                }
            }
            Event::NodeLost { conn } => self.ground.net.node_gone(conn),
            Event::Timer { page, life, timer } => self.timer(page, life, timer),
            Event::News { node, life, news } => {
                if self.nodes.is_life(node, life) {
                    self.brokers.arrive(node, news);
                }
            }
            Event::Start { node } => self.nodes.restart(node),
            Event::Line(at) => {
                self.lines_done += 1;
                let step = self.lines[at].step.clone();
                self.perform(&step);
            }
        }
    }

    fn accept(&mut self, conn: u64) {
        let Some(node) = self.ground.net.node_of(conn) else { return };
        let is_up = self.nodes.served(node).is_some();
        let taken = is_up.then(|| self.ground.net.accept(conn)).flatten();
        let served = taken.is_some_and(|(page, socket)| {
            let codec = self.pages[page].codec;
            self.nodes.serve(node, socket, codec)
        });
        if !served {
            self.ground.net.node_gone(conn);
            let after = self.ground.sim.latency();
            self.ground.sim.after(after, Event::PageLost { conn, code: None });
        }
    }

    fn timer(&mut self, page: usize, life: u32, timer: Timer) {
        let page = &mut self.pages[page];
        let is_down = matches!(page.state, State::Frozen | State::Crashed);
        if page.life == life && (timer == Timer::Return || !is_down) {
            page.woken(timer, &mut self.ground);
        }
    }

    /// Carries out a line of the script.
    pub(super) fn perform(&mut self, step: &Step) {
        self.ground.sim.note(|| format!("** {step}"));
        self.ground.sim.count(step.name());
        let (nodes, pages) = (self.nodes.count(), self.pages.len());
        match step {
            Step::Call { page, call } if *page < pages => {
                self.call(*page, call);
            }
            Step::Discard { page, topic } if *page < pages => {
                self.pages[*page].discard(topic, &mut self.ground);
            }
            Step::Cut { page } => self.on_wire(*page, Net::cut),
            Step::Silence { page } => self.on_wire(*page, Net::silence),
            Step::Stall { page, ms } => {
                self.on_wire(*page, |net, conn| drop(net.stall(conn, true)));
                self.back_after(*page, *ms, Timer::Read);
            }
            Step::Unplug { page, ms } => self.away(*page, *ms, Page::unplug),
            Step::Freeze { page, ms } => self.away(*page, *ms, Page::freeze),
            Step::Crash { page, ms, lose } => self.crash(*page, *ms, *lose),
            Step::CrashNode { node, ms } if *node < nodes => {
                self.nodes.crash(*node);
                self.ground.sim.after(*ms, Event::Start { node: *node });
            }
            Step::Skew { node, ms } if *node < nodes => self.nodes.skew(*node, *ms),
            Step::Away { node, ms } => self.ground.stores.away(*node, *ms),
            Step::Slow { node, ms } => self.ground.stores.slow(*node, *ms),
            Step::Unsure { node, how } => self.ground.stores.unsure(*node, *how),
            Step::FailOver { lose } => {
                self.ground.failovers += 1;
                self.ground.stores.fail_over(*lose);
            }
            Step::Drop { node } => self.brokers.drop_next(*node),
            Step::Repeat { node } => self.brokers.repeat_next(*node),
            Step::Delay { node, ms } => self.brokers.delay_next(*node, *ms),
            Step::Partition { node, ms, told } => self.brokers.cut(*node, *ms, *told),
            _ => {}
        }
    }

    /// A page calls; returns the mutation, where the page runs.
    ///
    /// # Panics
    ///
    /// Where there is nothing of this name: the test is wrong.
    pub(super) fn call(&mut self, page: usize, call: &Call) -> Option<Entry> {
        let page = &mut self.pages[page];
        if matches!(page.state, State::Frozen | State::Crashed) {
            return None;
        }
        let sim = Arc::clone(&self.ground.sim);
        let word = || u32::try_from(sim.below(1 << 32)).unwrap_or(0);
        let seed = (word(), word(), word(), word());
        let now = self.ground.clock_ms();
        let found = call.find(&self.ground.registry, now, seed);
        let (root, asked) = found.unwrap_or_else(|why| panic!("the test calls what is not there: {why}"));
        let (lane, seq) = page.call(&call.topic, root, asked, &mut self.ground);
        Some((page.lane_id(&lane), seq))
    }

    fn on_wire(&self, page: usize, act: impl FnOnce(&Net, u64)) {
        if let Some(link) = self.pages.get(page).and_then(|page| page.link.as_ref()) {
            act(&self.ground.net, link.conn);
        }
    }

    fn away(&mut self, page: usize, ms: u64, act: impl FnOnce(&mut Page, &mut Ground)) {
        let Some(it) = self.pages.get_mut(page).filter(|page| page.state == State::Up) else { return };
        act(it, &mut self.ground);
        self.back_after(page, ms, Timer::Return);
        self.siblings_look(page);
    }

    /// A page dies; where the power fails, so do the other pages of its browser.
    fn crash(&mut self, page: usize, ms: u64, lose: usize) {
        let Some(browser) = self.pages.get(page).map(|page| page.browser) else { return };
        for at in 0..self.pages.len() {
            let it = &mut self.pages[at];
            let dies = at == page || lose > 0 && it.browser == browser;
            if dies && it.state != State::Crashed {
                it.crash(&mut self.ground);
                self.back_after(at, ms, Timer::Return);
            }
        }
        self.ground.browsers[browser].lose(lose);
        self.siblings_look(page);
    }

    fn back_after(&self, page: usize, ms: u64, timer: Timer) {
        if let Some(it) = self.pages.get(page) {
            self.ground.sim.after(ms, Event::Timer { page, life: it.life, timer });
        }
    }

    /// A lane may have become free.
    fn siblings_look(&self, page: usize) {
        let browser = self.pages[page].browser;
        for other in self.pages.iter().filter(|other| other.browser == browser && other.me != page) {
            self.back_after(other.me, 30, Timer::Adopt);
        }
    }

    /// Faults are over: nothing new befalls anybody.
    pub(super) fn heal(&mut self) {
        self.ground.stores.heal();
        for node in 0..self.nodes.count() {
            self.nodes.restart(node);
        }
        self.ask_again();
    }

    /// Who was refused asks once more, as a user does who loads the page again.
    pub(super) fn ask_again(&mut self) {
        for page in &mut self.pages {
            let ground = &self.ground;
            let refused = page.topics.values().filter(|view| view.refusal.is_some());
            let refused = refused.filter(|view| laws::may_see(ground, &page.who, view));
            let refused: Vec<_> = refused.map(|view| view.topic.clone()).collect();
            refused.iter().for_each(|topic| page.subscribe(topic, true, &mut self.ground));
        }
    }

    /// What is not as it must be at rest.
    pub(super) fn at_rest(&self) -> Vec<String> {
        if !self.nodes.all_up() {
            return vec!["a node does not start".to_owned()];
        }
        let waits = |page: &&Page| {
            page.state != State::Up || !page.link.as_ref().is_some_and(|l| l.live) || !page.is_in_step()
        };
        let waiting = self.pages.iter().filter(|page| !page.unplugged).find(waits);
        if let Some(page) = waiting {
            return vec![format!("L8: p{} does not come back: {:?}", page.me, page.state)];
        }
        laws::at_rest(&self.ground, &self.pages)
    }
}
