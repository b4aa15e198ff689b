//! What a reader that does not keep up gets: first one catch-up, then a reset, then a close (S15, L10, L11).

use std::time::Duration;

/// How much may wait for one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// In bytes: more than this of what must not be dropped, and the connection ends.
    pub bytes: usize,
    /// The same in frames.
    pub frames: usize,
    /// Over so many bytes, data is dropped: the fattest subscription's first.
    pub behind_over: usize,
    /// Data that has waited so long is dropped: one catch-up is fresher, and smaller.
    pub age: Duration,
    /// A socket that takes nothing for so long ends.
    pub stall: Duration,
}

/// What waits for one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// In bytes.
    pub bytes: usize,
    /// In frames.
    pub frames: usize,
    /// Some of it is data, which may be dropped; acks, `subscribed`, `reset` and `defer` never are.
    pub may_drop: bool,
    /// How long the oldest data has waited.
    pub oldest: Option<Duration>,
    /// How long the socket has taken nothing.
    pub blocked: Option<Duration>,
}

/// What to do about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Nothing.
    GoOn,
    /// Drop the data of the subscription that has most waiting: it is behind, and gets one catch-up later.
    DropFattest,
    /// Drop the data of the subscription whose data is oldest.
    DropOldest,
    /// End it: what must not be dropped is more than may wait.
    Full,
    /// End it: nothing was read for too long.
    Stalled,
}

/// Decides; the answer is carried out, and then asked for again, until it is to go on or to end.
#[must_use]
pub fn step(load: Load, bounds: &Bounds) -> Step {
    if load.blocked.is_some_and(|blocked| blocked >= bounds.stall) {
        return Step::Stalled;
    }
    let is_behind = load.bytes > bounds.behind_over || load.frames > bounds.frames / 4;
    if is_behind && load.may_drop {
        return Step::DropFattest;
    }
    if load.bytes > bounds.bytes || load.frames > bounds.frames {
        return Step::Full;
    }
    if load.oldest.is_some_and(|oldest| oldest >= bounds.age) {
        return Step::DropOldest;
    }
    Step::GoOn
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;
    const BOUNDS: Bounds = Bounds {
        bytes: 1024 * KIB,
        frames: 4_000,
        behind_over: 256 * KIB,
        age: Duration::from_secs(5),
        stall: Duration::from_secs(30),
    };

    #[track_caller]
    fn check(load: Load, want: Step) {
        assert_eq!(step(load, &BOUNDS), want, "{load:?}");
    }

    #[test]
    fn sv18_s15_a_reader_over_a_quarter_of_its_budget_is_behind_and_keeps_its_acks() {
        let load = |bytes, may_drop| Load { bytes, may_drop, ..Load::default() };
        check(load(256 * KIB, true), Step::GoOn);
        check(load(257 * KIB, true), Step::DropFattest);
        check(load(1_025 * KIB, true), Step::DropFattest);
        check(load(257 * KIB, false), Step::GoOn);
        check(load(1_025 * KIB, false), Step::Full);
        check(Load { frames: 1_001, may_drop: true, ..Load::default() }, Step::DropFattest);
        check(Load { frames: 4_001, ..Load::default() }, Step::Full);
    }

    #[test]
    fn sv18_l11_old_data_is_dropped_and_a_socket_that_takes_nothing_ends() {
        let oldest = Some(Duration::from_secs(5));
        check(Load { oldest, may_drop: true, ..Load::default() }, Step::DropOldest);
        let blocked = |secs| Load { oldest, blocked: Some(Duration::from_secs(secs)), ..Load::default() };
        check(blocked(29), Step::DropOldest);
        check(blocked(30), Step::Stalled);
    }
}
