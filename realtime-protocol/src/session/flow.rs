//! What a reader that does not keep up gets: first one catch-up, then a reset, then a close (S15, L10, L11).

/// The budgets of what waits to be written. Bytes count a frame's own and [`Budget::FRAME_COST`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// What may wait for one connection, in bytes.
    pub connection: usize,
    /// What may wait for all connections of the process, in bytes.
    pub process: usize,
    /// How long one write may stall, in milliseconds.
    pub stall_ms: u64,
}

impl Budget {
    /// What a waiting frame costs beside its bytes.
    pub const FRAME_COST: usize = 64;

    /// What holds unless the application says otherwise (S47: 1 MiB out).
    pub const DEFAULT: Self = Self { connection: 1024 * 1024, process: 512 * 1024 * 1024, stall_ms: 30_000 };
}

/// What waits for one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Frames that must not be dropped, in bytes: acks, `subscribed`, `reset`, `defer`.
    pub control: usize,
    /// Pages and deltas, in bytes.
    pub data: usize,
    /// How long the present write has made no progress, in milliseconds.
    pub stalled_ms: u64,
    /// What waits for all connections of the process, in bytes.
    pub process: usize,
    /// No other connection has more waiting.
    pub fattest: bool,
}

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Nothing.
    GoOn,
    /// Drop waiting data, of the fattest subscriptions first, until at most `keep` bytes of it are left; they are
    /// behind from now on, and get one catch-up when the queue has drained.
    Behind {
        /// How many bytes of data may stay.
        keep: usize,
    },
    /// Close it as too slow: it comes back and resumes.
    Close,
}

/// Decides what the queue of a connection asks for.
#[must_use]
pub fn step(load: Load, budget: &Budget) -> Step {
    let is_stalled = load.stalled_ms > budget.stall_ms;
    let is_spent = load.process > budget.process && load.fattest;
    if is_stalled || load.control > budget.connection || is_spent {
        return Step::Close;
    }
    let quarter = budget.connection / 4;
    if load.data > 0 && load.control + load.data > quarter {
        return Step::Behind { keep: quarter.saturating_sub(load.control) / 2 };
    }
    Step::GoOn
}

/// How a reader that was behind goes on, once its queue has drained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Drained {
    /// One delta over all that it missed.
    CatchUp,
    /// `reset{lagged}`, and a snapshot: the log does not reach back to where it stands, or what it missed is larger.
    Reset,
    /// It missed nothing.
    Nothing,
}

/// Decides by whether `missed` commits are still in the log (`None`: not all of them), and the sizes in bytes.
#[must_use]
pub fn drained(missed: Option<u64>, catch_up: usize, snapshot: usize) -> Drained {
    match missed {
        Some(0) => Drained::Nothing,
        Some(_) if catch_up <= snapshot.max(4 * 1024) => Drained::CatchUp,
        _ => Drained::Reset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;

    #[test]
    fn sv18_s15_a_reader_over_a_quarter_of_its_budget_is_behind_and_keeps_its_acks() {
        let budget = Budget::DEFAULT;
        let load = |control, data| Load { control, data, ..Load::default() };
        assert_eq!(step(load(0, 256 * KIB), &budget), Step::GoOn);
        assert_eq!(step(load(0, 257 * KIB), &budget), Step::Behind { keep: 128 * KIB });
        assert_eq!(step(load(300 * KIB, 1), &budget), Step::Behind { keep: 0 });
        assert_eq!(step(load(300 * KIB, 0), &budget), Step::GoOn, "acks are never dropped");
        assert_eq!(step(load(1025 * KIB, 0), &budget), Step::Close);
    }

    #[test]
    fn sv18_l11_a_stalled_write_and_a_spent_process_close_the_fattest_only() {
        let budget = Budget::DEFAULT;
        assert_eq!(step(Load { stalled_ms: 30_001, ..Load::default() }, &budget), Step::Close);
        let spent = Load { data: 1, process: budget.process + 1, ..Load::default() };
        assert_eq!(step(spent, &budget), Step::GoOn);
        assert_eq!(step(Load { fattest: true, ..spent }, &budget), Step::Close);
    }

    #[test]
    fn sv18_s15_a_reader_that_drained_gets_one_catch_up_or_a_reset_where_the_log_is_gone() {
        assert_eq!(drained(Some(0), 0, 0), Drained::Nothing);
        assert_eq!(drained(Some(900), 20 * KIB, 64 * KIB), Drained::CatchUp);
        assert_eq!(drained(Some(900), 65 * KIB, 64 * KIB), Drained::Reset);
        assert_eq!(drained(None, 0, 64 * KIB), Drained::Reset);
    }
}
