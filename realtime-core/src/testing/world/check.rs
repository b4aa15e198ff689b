//! Seeds, one after the other; the first that fails is shrunk, and printed as a script that reproduces it.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt,
    panic::{self, AssertUnwindSafe},
    rc::Rc,
    sync::Once,
};

use super::{Line, Random, Script, World};
use crate::{app::App, principal::Principal};

/// How many seeds [`World::check`] runs.
const SEEDS: u64 = 25;
/// The same where `REALTIME_TEST_ALL` is set.
const ALL_SEEDS: u64 = 1_000;
/// How many runs the shrinking of a failure takes at most.
const SHRINK_RUNS: usize = 300;
/// How many lines of what happened last a report has.
const LAST_LINES: usize = 60;

/// One run of a test: what happens by chance in it, drawn from the seed or read from a script.
pub(super) struct Run {
    seed: u64,
    script: Option<Script>,
    pub(super) traced: bool,
    phases: Cell<usize>,
    /// All that was to happen.
    lines: RefCell<Vec<Line>>,
}

impl Run {
    fn new(seed: u64, script: Option<Script>, traced: bool) -> Rc<Self> {
        Rc::new(Self { seed, script, traced, phases: Cell::new(0), lines: RefCell::default() })
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn phase(&self, draw: impl FnOnce(usize, &mut Random) -> Vec<Line>) -> Vec<Line> {
        let phase = self.phases.replace(self.phases.get() + 1);
        let lines: Vec<Line> = match &self.script {
            Some(script) => script.lines.iter().filter(|line| line.phase == phase).cloned().collect(),
            None => {
                let mut dice = Random::seed(self.seed.wrapping_mul(31).wrapping_add(phase as u64));
                draw(phase, &mut dice)
            }
        };
        self.lines.borrow_mut().extend(lines.iter().cloned());
        lines
    }
}

/// What a check did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// How many seeds were run.
    pub seeds: u64,
    /// What happened in all of them, and how often: steps and faults by kind, frames, notifications.
    pub counts: BTreeMap<&'static str, u64>,
    /// What was written down, where it was asked for.
    pub trace: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} seeds", self.seeds)?;
        self.counts.iter().try_for_each(|(what, count)| writeln!(f, "{count:>10} {what}"))
    }
}

/// Why a run failed.
struct Failure {
    message: String,
    lines: Vec<Line>,
    trace: String,
}

impl<P: Principal> World<P> {
    /// Runs `test` in a new world for each of 25 seeds (1,000 where `REALTIME_TEST_ALL` is set), each of which makes
    /// other faults, other calls and another order.
    ///
    /// `app` makes the app that each node serves; who connects is whoever the test says, your authenticator is not
    /// asked. `test` must do the same each time it runs.
    ///
    /// # Panics
    ///
    /// Where `test` panics or a law is broken: with the shortest script that was found to lead there.
    pub fn check(app: impl Fn() -> App<P> + 'static, test: impl Fn(&Self)) -> Report {
        let count = if std::env::var_os("REALTIME_TEST_ALL").is_some() { ALL_SEEDS } else { SEEDS };
        Self::check_seeds(0..count, app, test)
    }

    /// The same for these seeds.
    ///
    /// # Panics
    ///
    /// As [`World::check`].
    pub fn check_seeds(
        seeds: impl IntoIterator<Item = u64>,
        app: impl Fn() -> App<P> + 'static,
        test: impl Fn(&Self),
    ) -> Report {
        let app: Rc<dyn Fn() -> App<P>> = Rc::new(app);
        let mut report = Report::default();
        for seed in seeds {
            match attempt(&app, &test, Run::new(seed, None, false)) {
                Ok((counts, _)) => {
                    report.seeds += 1;
                    counts
                        .into_iter()
                        .for_each(|(what, count)| *report.counts.entry(what).or_default() += count);
                }
                Err(failure) => {
                    let script = Script { seed, lines: failure.lines };
                    let (script, runs) = shrink(&app, &test, script);
                    tell(&app, &test, &script, &failure.message, runs);
                }
            }
        }
        report
    }

    /// Runs `test` once, as a script says that [`World::check`] has printed; what happens is in the report.
    ///
    /// # Panics
    ///
    /// As [`World::check`], and where `script` is none.
    pub fn replay(script: &str, app: impl Fn() -> App<P> + 'static, test: impl Fn(&Self)) -> Report {
        let app: Rc<dyn Fn() -> App<P>> = Rc::new(app);
        let script = Script::read(script).unwrap_or_else(|why| panic!("{why}"));
        match attempt(&app, &test, Run::new(script.seed, Some(script.clone()), true)) {
            Ok((counts, trace)) => Report { seeds: 1, counts, trace },
            Err(failure) => tell(&app, &test, &script, &failure.message, 0),
        }
    }

    /// Runs `test` once with what a seed draws; what happens is in the report.
    ///
    /// # Panics
    ///
    /// As [`World::check`].
    pub fn trace(seed: u64, app: impl Fn() -> App<P> + 'static, test: impl Fn(&Self)) -> Report {
        let app: Rc<dyn Fn() -> App<P>> = Rc::new(app);
        match attempt(&app, &test, Run::new(seed, None, true)) {
            Ok((counts, trace)) => Report { seeds: 1, counts, trace },
            Err(failure) => {
                let script = Script { seed, lines: failure.lines };
                tell(&app, &test, &script, &failure.message, 0)
            }
        }
    }
}

type Happened = (BTreeMap<&'static str, u64>, String);

/// Runs a test once.
fn attempt<P: Principal>(
    app: &Rc<dyn Fn() -> App<P>>,
    test: &impl Fn(&World<P>),
    run: Rc<Run>,
) -> Result<Happened, Box<Failure>> {
    let quiet = Quiet::new();
    let sim = RefCell::new(None);
    let ran = panic::catch_unwind(AssertUnwindSafe(|| {
        let world = World::begin(Rc::clone(app), Rc::clone(&run));
        *sim.borrow_mut() = Some(std::sync::Arc::clone(&world.inner.sim));
        test(&world);
        // What is under way at the end may break a law still.
        world.inner.run_until(1, |_| false);
    }));
    let sim = sim.into_inner();
    let trace = sim.as_ref().map(|sim| sim.trace()).unwrap_or_default();
    match ran {
        Ok(()) => Ok((sim.map(|sim| sim.counts()).unwrap_or_default(), trace)),
        Err(_) => {
            let message = quiet.message();
            Err(Box::new(Failure { message, lines: run.lines.borrow().clone(), trace }))
        }
    }
}

/// Leaves lines out as long as the test still fails; first many at once, then one by one.
fn shrink<P: Principal>(
    app: &Rc<dyn Fn() -> App<P>>,
    test: &impl Fn(&World<P>),
    mut script: Script,
) -> (Script, usize) {
    let mut runs = 0;
    let mut fails = |script: &Script| {
        runs += 1;
        attempt(app, test, Run::new(script.seed, Some(script.clone()), false)).is_err()
    };
    let mut size = script.lines.len().div_ceil(2);
    let mut tries = 0;
    while size > 0 {
        let mut at = 0;
        let mut smaller = false;
        while at < script.lines.len() && tries < SHRINK_RUNS {
            let mut less = script.clone();
            less.lines.drain(at..(at + size).min(script.lines.len()));
            tries += 1;
            if fails(&less) {
                script = less;
                smaller = true;
            } else {
                at += size;
            }
        }
        if tries >= SHRINK_RUNS {
            break;
        }
        size = if size == 1 && smaller { 1 } else { size / 2 };
    }
    (script, runs)
}

/// Ends the test: says what failed, and how it is seen again.
fn tell<P: Principal>(
    app: &Rc<dyn Fn() -> App<P>>,
    test: &impl Fn(&World<P>),
    script: &Script,
    first: &str,
    runs: usize,
) -> ! {
    let again = attempt(app, test, Run::new(script.seed, Some(script.clone()), true));
    let (message, trace) = match again {
        Err(failure) => (failure.message, failure.trace),
        Ok(_) => (
            format!("{first} (it does not fail the same way again: does the test do the same each time?)"),
            String::new(),
        ),
    };
    let beats = |line: &&str| !line.contains("heads: [] }") && !line.contains("got: [] })");
    let lines: Vec<&str> = trace.lines().filter(beats).collect();
    let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
    panic!(
        "{message}\n\nwhat happened last (ms, who, what):\n{last}\n\nthe script, shrunk in {runs} runs; `World::replay` plays it:\n{script}"
    );
}

thread_local! {
    static QUIET: Cell<u32> = const { Cell::new(0) };
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// While it lives, panics on this thread are kept instead of printed: runs fail on purpose while one is shrunk.
struct Quiet(());

impl Quiet {
    fn new() -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if QUIET.get() == 0 {
                    return before(info);
                }
                LAST.set(info.to_string());
            }));
        });
        QUIET.set(QUIET.get() + 1);
        Self(())
    }

    /// Returns what the last panic said.
    fn message(&self) -> String {
        LAST.take()
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        QUIET.set(QUIET.get() - 1);
    }
}
