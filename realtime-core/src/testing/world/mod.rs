//! The simulator: several nodes, stores, brokers and pages under simulated time, in one thread, from a seed.
//!
//! It runs the real code of all but the sockets, over your own models, policies and mutators, and checks the laws
//! at every notification and at rest. A failing seed is shrunk to a script that reproduces it.

mod broker;
mod call;
mod check;
mod client;
mod connection;
mod core;
mod faults;
mod history;
mod laws;
mod ledger;
mod net;
mod nodes;
mod page;
mod recorder;
mod script;
mod sim;
mod store;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    rc::Rc,
    sync::{Arc, PoisonError},
    time::Duration,
};

use realtime_protocol::frame::Codec;
use tokio::{runtime::Runtime, time::sleep_until};

use self::{
    broker::Brokers,
    check::Run,
    core::{Core, Ground},
    laws::Canary,
    net::Net,
    nodes::Nodes,
    page::{Browser, Page, SeenBy, Who},
    recorder::Recorder,
    script::{Line, Script, Step},
    sim::{Event, Sim},
    store::Stores,
};
pub use self::{
    call::Call,
    check::Report,
    client::{Client, Mutation, TopicView},
    faults::Faults,
    page::Verdict,
};
use super::Random;
use crate::{
    app::{App, Principals},
    host::simulated::{self, Entered},
    principal::{Guest, Principal},
};

/// How long a world may take to come to rest, in milliseconds of simulated time.
const REST_MS: u64 = 180_000;
/// How long it is watched once it is at rest.
const AFTER_MS: u64 = 2_500;

/// A simulated world: nodes that serve an app, a store and a broker between them, and pages.
pub struct World<P: Principal = Guest> {
    pub(self) inner: Rc<Inner>,
    principals: Principals<P>,
    app: Rc<dyn Fn() -> App<P>>,
}

/// A world without the type of its principals.
struct Inner {
    core: RefCell<Core>,
    sim: Arc<Sim>,
    run: Rc<Run>,
    runtime: Runtime,
    _entered: Entered,
}

impl<P: Principal> World<P> {
    /// Begins a world of two nodes.
    fn begin(app: Rc<dyn Fn() -> App<P>>, run: Rc<Run>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a tokio runtime");
        let entered = runtime.block_on(async { simulated::enter(run.seed()) });
        let registry = Arc::new(app().models().unwrap_or_else(|error| panic!("{error}")));
        let sim = Arc::new(Sim::new(run.seed(), run.traced));
        let net = Arc::new(Net::new(Arc::clone(&sim)));
        let stores = Arc::new(Stores::new(Arc::clone(&sim)));
        stores.know(Arc::clone(&registry));
        let brokers = Arc::new(Brokers::new(Arc::clone(&sim)));
        let principals = Principals::<P>::default();
        let start = {
            let (app, principals) = (Rc::clone(&app), Arc::clone(&principals));
            Box::new(move |store, broker| -> futures_core::future::BoxFuture<'static, _> {
                Box::pin(app().simulate(store, broker, Arc::clone(&principals)))
            })
        };
        let (nodes_sim, nodes_net) = (Arc::clone(&sim), Arc::clone(&net));
        let nodes = Nodes::new(nodes_sim, nodes_net, Arc::clone(&stores), Arc::clone(&brokers), start);
        let ground = Ground {
            sim: Arc::clone(&sim),
            net,
            stores,
            registry,
            browsers: Vec::new(),
            ledger: ledger::Ledger::default(),
            canaries: Vec::new(),
            recorder: Recorder::default(),
            nodes: 0,
            failovers: 0,
        };
        let core = Core { ground, pages: Vec::new(), nodes, brokers, lines: Vec::new(), lines_done: 0 };
        let inner = Inner { core: RefCell::new(core), sim, run, runtime, _entered: entered };
        let world = Self { inner: Rc::new(inner), principals, app };
        world.nodes(2);
        world
    }

    /// Adds nodes until there are `count`.
    ///
    /// # Panics
    ///
    /// Where the app cannot be served.
    pub fn nodes(&self, count: usize) {
        self.inner.act(|core| {
            core.nodes.add(count.saturating_sub(core.nodes.count()));
            core.ground.nodes = core.nodes.count();
        });
        let up = self.inner.run_until(10_000, |core| core.nodes.all_up());
        assert!(up, "the app cannot be served: {}", self.inner.sim.trace());
    }

    /// Adds pages, each in a browser of its own.
    ///
    /// # Panics
    ///
    /// Never: as many come out as go in.
    pub fn clients<const N: usize>(&self, principals: [P; N]) -> [Client; N] {
        let clients: Vec<Client> = principals.into_iter().map(|principal| self.client(principal)).collect();
        clients.try_into().expect("one for each")
    }

    /// Adds one page, in a browser of its own.
    pub fn client(&self, principal: P) -> Client {
        let seen = self.inner.act(|core| (self.app)().seen(&core.ground.registry, &principal));
        let mut known = self.principals.lock().unwrap_or_else(PoisonError::into_inner);
        let id = principal.id().to_owned();
        let who = Arc::new(Who { id, place: known.len(), seen: seen.into_iter().map(SeenBy).collect() });
        known.push(principal);
        drop(known);
        self.inner.act(|core| {
            core.ground.browsers.push(Browser::default());
            let browser = core.ground.browsers.len() - 1;
            Inner::load(core, browser, who)
        });
        self.last_page()
    }

    /// Opens another page in the browser of `client`, for the same principal: they share its disk.
    pub fn another_page(&self, client: &Client) -> Client {
        self.inner.act(|core| {
            let page = &core.pages[client.page];
            let (browser, who) = (page.browser, Arc::clone(&page.who));
            Inner::load(core, browser, who);
        });
        self.last_page()
    }

    fn last_page(&self) -> Client {
        let page = self.inner.core.borrow().pages.len() - 1;
        Client { inner: Rc::clone(&self.inner), page }
    }

    /// Lets things go wrong from now on, for six seconds of simulated time: what, and when, is by chance.
    pub fn faults(&self, faults: Faults) {
        let (pages, nodes) = {
            let core = self.inner.core.borrow();
            (core.pages.len(), core.nodes.count())
        };
        self.inner.phase(|phase, dice| faults.plan(phase, pages, nodes, dice));
    }

    /// Lets these clients call, `count` times in all during the next six seconds of simulated time: who and when is
    /// by chance; what, `call` says. Now and then one takes back what it has not sent yet.
    pub fn calls(&self, count: u64, clients: &[&Client], mut call: impl FnMut(&mut Random) -> Call) {
        self.inner.phase(|phase, dice| {
            let mut one = |_| {
                let at = usize::try_from(dice.below(clients.len() as u64)).unwrap_or(0);
                let (page, ms) = (clients[at].page, faults::moment(dice));
                let call = call(dice);
                let step = if dice.chance(4) {
                    Step::Discard { page, topic: call.topic }
                } else {
                    Step::Call { page, call }
                };
                Line { phase, ms, step }
            };
            let mut lines: Vec<Line> = (0..count).map(&mut one).collect();
            lines.sort_by_key(|line| line.ms);
            lines
        });
    }

    /// Lets this much time pass.
    ///
    /// # Panics
    ///
    /// Where a law is broken meanwhile.
    pub fn run_for(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.inner.run_until(ms, |_| false);
    }

    /// Lets everything that is to happen happen, then heals all, and waits until the world is at rest; then the
    /// laws are checked.
    ///
    /// # Panics
    ///
    /// Where a law is broken, or the world does not come to rest within three minutes of its time.
    pub fn settle(&self) {
        self.inner.rest();
    }

    /// Says that `text` stands in columns or rows that only principals may see for whom `may` holds: it is searched
    /// in every byte that goes to the others (L9).
    pub fn secret(&self, text: &str, may: impl Fn(&P) -> bool) {
        let known = self.principals.lock().unwrap_or_else(PoisonError::into_inner);
        let canary = Canary { text: text.to_owned(), may: known.iter().map(may).collect() };
        drop(known);
        self.inner.act(|core| core.ground.canaries.push(canary));
    }

    /// Carries out one step of a script now: `cut p0`, `crash-node n1 250`, `failover 2`; pages and nodes are
    /// numbered from 0.
    ///
    /// # Panics
    ///
    /// Where `step` is none.
    pub fn happen(&self, step: &str) {
        let step = Step::read(step).unwrap_or_else(|| panic!("`{step}` is no step of a script"));
        self.inner.act(|core| core.perform(&step));
    }

    /// Begins to write down what `client` calls, sends, receives and shows: see [`World::recorded`].
    pub fn record(&self, client: &Client) {
        self.inner.act(|core| core.ground.recorder = Recorder::of(client.page));
    }

    /// Returns what was written down, as `clients/vectors/README.md` describes it, for another client to replay.
    #[must_use]
    pub fn recorded(&self) -> Vec<serde_json::Value> {
        self.inner.core.borrow().ground.recorder.steps()
    }

    /// Returns what happened so far, and how often.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.inner.sim.counts()
    }
}

impl Inner {
    fn load(core: &mut Core, browser: usize, who: Arc<Who>) {
        let me = core.pages.len();
        let codec = Codec::ALL[me % 2];
        let page = Page::load(me, browser, who, codec, &mut core.ground);
        core.pages.push(page);
    }

    /// Does something inside of the runtime: its time is the world's.
    fn act<T>(&self, act: impl FnOnce(&mut Core) -> T) -> T {
        let _inside = self.runtime.enter();
        act(&mut self.core.borrow_mut())
    }

    /// Begins a phase: its lines are drawn, or are those of the script.
    fn phase(&self, draw: impl FnOnce(usize, &mut Random) -> Vec<Line>) {
        let lines = self.run.phase(draw);
        self.act(|core| {
            for line in lines {
                self.sim.after(line.ms, Event::Line(core.lines.len()));
                core.lines.push(line);
            }
        });
    }

    /// Lets time pass, up to so many milliseconds, until `done`; returns whether it is.
    fn run_until(&self, ms: u64, done: impl Fn(&Core) -> bool) -> bool {
        let is_done = self.runtime.block_on(async {
            let limit = simulated::elapsed_ms() + ms;
            loop {
                let now = simulated::elapsed_ms();
                if self.sim.violation().is_some() {
                    return false;
                }
                if let Some(event) = self.sim.take(now) {
                    self.core.borrow_mut().happen(event);
                    tokio::task::yield_now().await;
                    continue;
                }
                if done(&self.core.borrow()) {
                    return true;
                }
                if now >= limit {
                    return false;
                }
                let next = self.sim.next().unwrap_or(limit).min(limit);
                tokio::select! {
                    biased;
                    () = self.sim.woken.notified() => {}
                    () = sleep_until(simulated::instant(next)) => {}
                }
            }
        });
        if let Some(what) = self.sim.violation() {
            panic!("{what}");
        }
        is_done
    }

    fn rest(&self) {
        self.run_until(2 * faults::SPAN_MS, |core| core.lines_done == core.lines.len());
        self.act(Core::heal);
        self.wait_for_rest();
        self.run_until(AFTER_MS, |_| false);
        // A connection that had fallen silent may have been found out meanwhile.
        self.wait_for_rest();
    }

    fn wait_for_rest(&self) {
        let mut waited = 0;
        while !self.act(|core| core.at_rest()).is_empty() {
            assert!(waited < REST_MS, "{}", self.act(|core| core.at_rest()).join("; "));
            waited += 100;
            self.run_until(100, |_| false);
            if waited % 5_000 == 0 {
                self.act(Core::ask_again);
            }
        }
    }
}

impl<P: Principal> fmt::Debug for World<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("counts", &self.counts()).finish_non_exhaustive()
    }
}
