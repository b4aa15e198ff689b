//! What may go wrong in a world, and a plan of it by chance.

use super::{
    script::{Line, Step},
    store::Unsure,
};
use crate::testing::Random;

/// For how long faults happen, in milliseconds of simulated time.
pub(super) const SPAN_MS: u64 = 6_000;

/// What may go wrong. Begin with [`Faults::all`] or [`Faults::none`], and say what else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub struct Faults {
    connections: bool,
    pages: bool,
    nodes: bool,
    store: bool,
    failovers: bool,
    broker: bool,
    count: u64,
}

impl Faults {
    /// All of it, in simulated time of six seconds: connections are cut, silent or stalled; pages crash, with loss
    /// of their last disk writes, or are frozen or offline; nodes crash and have wrong clocks; the store is slow,
    /// away, unsure, or fails over with the loss of its last commits; the broker drops, repeats, delays and
    /// reorders, and tells of it or not.
    pub const fn all() -> Self {
        Self {
            connections: true,
            pages: true,
            nodes: true,
            store: true,
            failovers: true,
            broker: true,
            count: 24,
        }
    }

    /// None of it.
    pub const fn none() -> Self {
        Self {
            connections: false,
            pages: false,
            nodes: false,
            store: false,
            failovers: false,
            broker: false,
            count: 24,
        }
    }

    /// Whether connections are cut, fall silent or stall.
    pub const fn connections(self, may: bool) -> Self {
        Self { connections: may, ..self }
    }

    /// Whether pages crash, freeze or lose their network.
    pub const fn pages(self, may: bool) -> Self {
        Self { pages: may, ..self }
    }

    /// Whether nodes crash, and have wrong clocks.
    pub const fn nodes(self, may: bool) -> Self {
        Self { nodes: may, ..self }
    }

    /// Whether the store is slow, away, or does not say whether a commit was kept.
    pub const fn store(self, may: bool) -> Self {
        Self { store: may, ..self }
    }

    /// Whether the store fails over and loses its last commits: what was acknowledged may then be lost, and told so.
    pub const fn failovers(self, may: bool) -> Self {
        Self { failovers: may, ..self }
    }

    /// Whether the broker drops, repeats, delays and reorders.
    pub const fn broker(self, may: bool) -> Self {
        Self { broker: may, ..self }
    }

    /// How many at most; a run has a random number up to it.
    pub const fn at_most(self, count: u64) -> Self {
        Self { count, ..self }
    }

    /// Draws a plan for so many pages and nodes.
    pub(super) fn plan(self, phase: usize, pages: usize, nodes: usize, dice: &mut Random) -> Vec<Line> {
        let mut kinds: Vec<Kind> = Vec::new();
        if self.connections && pages > 0 {
            kinds.extend::<[Kind; 5]>([cut, cut, silence, stall, stall]);
        }
        if self.pages && pages > 0 {
            kinds.extend::<[Kind; 4]>([unplug, freeze, crash_page, crash_page]);
        }
        if self.nodes {
            kinds.extend::<[Kind; 3]>([crash_node, crash_node, skew]);
        }
        if self.store {
            kinds.extend::<[Kind; 5]>([away, slow, unknown, unknown, unknown]);
        }
        if self.failovers {
            kinds.extend::<[Kind; 2]>([fail_over, fail_over]);
        }
        if self.broker {
            kinds.extend::<[Kind; 5]>([drop_news, drop_news, repeat, delay, partition]);
        }
        let count = if kinds.is_empty() { 0 } else { 1 + dice.below(self.count.max(1)) };
        let mut lines: Vec<Line> = (0..count)
            .map(|_| {
                let ms = moment(dice);
                let kind = kinds[index(dice, kinds.len())];
                Line { phase, ms, step: kind(&mut Dice { dice, pages, nodes }) }
            })
            .collect();
        lines.sort_by_key(|line| line.ms);
        lines
    }
}

/// A kind of fault.
type Kind = fn(&mut Dice<'_>) -> Step;

/// Chance, and what there is to befall.
struct Dice<'a> {
    dice: &'a mut Random,
    pages: usize,
    nodes: usize,
}

/// When something happens: more often than not together with other things, where orders that nobody thinks of are made.
pub(super) fn moment(dice: &mut Random) -> u64 {
    let all_at_once = dice.chance(60);
    if all_at_once { 1_000 * dice.below(SPAN_MS / 1_000) + dice.below(120) } else { dice.below(SPAN_MS) }
}

fn index(dice: &mut Random, n: usize) -> usize {
    usize::try_from(dice.below(n as u64)).unwrap_or(0)
}

impl Dice<'_> {
    fn page(&mut self) -> usize {
        index(self.dice, self.pages)
    }

    fn node(&mut self) -> usize {
        index(self.dice, self.nodes)
    }

    fn ms(&mut self, most: u64) -> u64 {
        1 + self.dice.below(most)
    }
}

fn cut(on: &mut Dice<'_>) -> Step {
    Step::Cut { page: on.page() }
}

fn silence(on: &mut Dice<'_>) -> Step {
    Step::Silence { page: on.page() }
}

fn stall(on: &mut Dice<'_>) -> Step {
    Step::Stall { page: on.page(), ms: on.ms(3_000) }
}

fn unplug(on: &mut Dice<'_>) -> Step {
    Step::Unplug { page: on.page(), ms: on.ms(3_000) }
}

fn freeze(on: &mut Dice<'_>) -> Step {
    Step::Freeze { page: on.page(), ms: on.ms(3_000) }
}

fn crash_page(on: &mut Dice<'_>) -> Step {
    let lose = if on.dice.chance(40) { index(on.dice, 6) } else { 0 };
    Step::Crash { page: on.page(), ms: on.ms(1_500), lose }
}

fn crash_node(on: &mut Dice<'_>) -> Step {
    Step::CrashNode { node: on.node(), ms: on.ms(1_000) }
}

fn skew(on: &mut Dice<'_>) -> Step {
    let ms = i64::try_from(on.ms(120_000)).unwrap_or(0) - 60_000;
    Step::Skew { node: on.node(), ms }
}

fn away(on: &mut Dice<'_>) -> Step {
    Step::Away { node: on.node(), ms: on.ms(2_000) }
}

fn slow(on: &mut Dice<'_>) -> Step {
    Step::Slow { node: on.node(), ms: on.ms(2_000) }
}

fn unknown(on: &mut Dice<'_>) -> Step {
    let how = [Unsure::Kept, Unsure::Lost, Unsure::Late][index(on.dice, 3)];
    Step::Unsure { node: on.node(), how }
}

fn fail_over(on: &mut Dice<'_>) -> Step {
    Step::FailOver { lose: 1 + index(on.dice, 5) }
}

fn drop_news(on: &mut Dice<'_>) -> Step {
    Step::Drop { node: on.node() }
}

fn repeat(on: &mut Dice<'_>) -> Step {
    Step::Repeat { node: on.node() }
}

fn delay(on: &mut Dice<'_>) -> Step {
    Step::Delay { node: on.node(), ms: on.ms(600) }
}

fn partition(on: &mut Dice<'_>) -> Step {
    let told = on.dice.chance(50);
    Step::Partition { node: on.node(), ms: on.ms(2_000), told }
}
