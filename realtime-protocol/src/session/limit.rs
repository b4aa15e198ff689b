//! What one connection, and one principal, may do at most, and buckets that say when (S47). Time is an argument.

use std::collections::{BTreeMap, HashMap};

use super::End;
use crate::{code, frame::v1::MAX_FRAME_BYTES};

/// How often something may happen: `units` in `per_ms` milliseconds on average, `burst` at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// How many.
    pub units: u32,
    /// In how many milliseconds; at least 1.
    pub per_ms: u32,
    /// How many at once, after a time without any; at least 1.
    pub burst: u32,
}

impl Rate {
    /// So many in a second, `burst` at once.
    #[must_use]
    pub const fn per_second(units: u32, burst: u32) -> Self {
        Self { units, per_ms: 1_000, burst }
    }

    /// So many in a minute, and as many at once.
    #[must_use]
    pub const fn per_minute(units: u32) -> Self {
        Self { units, per_ms: 60_000, burst: units }
    }
}

/// What a connection is kept to. [`Limits::new`] are those of docs/PROTOCOL.md; each can be set.
///
/// ```
/// # use realtime_protocol::session::Limits;
/// let limits = Limits::new().subscriptions(1_000).mutations_per_second(500, 1_000);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Subscriptions of a connection; more end it.
    pub subscriptions: usize,
    /// Lanes of a connection; more end it.
    pub lanes: usize,
    /// Mutations of a frame; more end the connection.
    pub entries: usize,
    /// Mutations of a connection that wait for an answer; more are deferred.
    pub in_flight: usize,
    /// Mutations of a connection; more are deferred.
    pub mutations: Rate,
    /// Refusals of a lane; then what it sends is deferred for as long as the excess takes to pass.
    pub refusals: Rate,
    /// Rows of lanes that a principal may make on a node; then new lanes are deferred.
    pub lane_rows: Rate,
    /// Resumes of a connection from positions that the server cannot know; more end it.
    pub strange_resumes: Rate,
    /// Mutations in a row that do not follow the lane's last; more end the connection.
    pub gaps: u32,
    /// How long a connection may take to say `hello`, in milliseconds.
    pub hello_ms: u64,
    /// How large a frame may be before the connection is admitted, in bytes.
    pub hello_bytes: usize,
    /// How long a connection whose token has expired goes on reading, in milliseconds (S36).
    pub grace_ms: u64,
}

impl Limits {
    /// What holds unless the application says otherwise.
    pub const DEFAULT: Self = Self {
        subscriptions: 128,
        lanes: 64,
        entries: 256,
        in_flight: 256,
        mutations: Rate::per_second(60, 256),
        refusals: Rate::per_second(20, 20),
        lane_rows: Rate::per_minute(60),
        // After a failover or a deploy an honest page resumes all that it has open at once.
        strange_resumes: Rate { units: 10, per_ms: 60_000, burst: 128 },
        gaps: 10,
        hello_ms: 5_000,
        hello_bytes: 4 * 1024,
        grace_ms: 25_000,
    };

    /// The most subscriptions that a setting may allow: each costs a node memory and a client its tokens (S47, S48).
    pub const MAX_SUBSCRIPTIONS: usize = 1_000;

    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self::DEFAULT
    }

    /// How many topics a connection may have open: at least 1, at most [`Limits::MAX_SUBSCRIPTIONS`].
    #[must_use]
    pub const fn subscriptions(mut self, most: usize) -> Self {
        self.subscriptions = most;
        self.strange_resumes.burst = if most < 1_000 { most as u32 } else { 1_000 };
        self
    }

    /// How many mutations a connection may ask for in a second, and how many at once.
    #[must_use]
    pub const fn mutations_per_second(mut self, units: u32, burst: u32) -> Self {
        self.mutations = Rate::per_second(units, burst);
        self
    }

    /// How many mutations of a connection may wait for an answer.
    #[must_use]
    pub const fn in_flight(mut self, most: usize) -> Self {
        self.in_flight = most;
        self
    }

    /// How many mutations of a lane may be refused in a second before it is slowed.
    #[must_use]
    pub const fn refusals_per_second(mut self, units: u32) -> Self {
        self.refusals = Rate::per_second(units, units);
        self
    }

    /// How many rows of lanes a principal may make on a node in a minute: one for each page and topic that it writes.
    #[must_use]
    pub const fn lane_rows_per_minute(mut self, units: u32) -> Self {
        self.lane_rows = Rate::per_minute(units);
        self
    }

    /// How large `hello` may be, in bytes: for tokens that are larger than most.
    #[must_use]
    pub const fn hello_bytes(mut self, most: usize) -> Self {
        self.hello_bytes = most;
        self
    }

    /// Says what is wrong with these limits, if anything.
    ///
    /// # Errors
    ///
    /// What to write instead, for people.
    pub fn check(&self) -> Result<(), String> {
        let most = Self::MAX_SUBSCRIPTIONS;
        if !(1..=most).contains(&self.subscriptions) {
            return Err(format!(
                "subscriptions of a connection: from 1 to {most}, not {}",
                self.subscriptions
            ));
        }
        if self.in_flight == 0 || self.mutations.burst == 0 || self.mutations.units == 0 {
            return Err("mutations of a connection: at least 1 a second, at once, and under way".into());
        }
        if self.refusals.units == 0 || self.lane_rows.units == 0 {
            return Err("refusals and rows of lanes: at least 1".into());
        }
        if !(1_024..=MAX_FRAME_BYTES).contains(&self.hello_bytes) {
            return Err(format!("the size of `hello`: from 1024 to {MAX_FRAME_BYTES} bytes"));
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A token bucket that can owe: what was found out afterwards is charged, and waited for before the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    rate: Rate,
    /// Parts, of which one unit has `per_ms`: so that a millisecond brings a whole number of them.
    parts: i64,
    at_ms: u64,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub fn new(rate: Rate, now_ms: u64) -> Self {
        let rate = Rate { units: rate.units, per_ms: rate.per_ms.max(1), burst: rate.burst.max(1) };
        Self { rate, parts: Self::cap(rate), at_ms: now_ms }
    }

    /// Takes up to `wanted` units, and returns how many there were.
    pub fn take(&mut self, wanted: u32, now_ms: u64) -> u32 {
        self.refill(now_ms);
        let there = u32::try_from(self.parts.max(0) / self.unit()).unwrap_or(u32::MAX);
        let taken = wanted.min(there);
        self.parts -= i64::from(taken) * self.unit();
        taken
    }

    /// Takes `units`, which have been used already. What it owes has a bound: as much as a full bucket holds.
    pub fn charge(&mut self, units: u32, now_ms: u64) {
        self.refill(now_ms);
        self.parts = (self.parts - i64::from(units) * self.unit()).max(-Self::cap(self.rate));
    }

    /// Returns in how many milliseconds there is a unit: 0 where there is one.
    pub fn wait(&mut self, now_ms: u64) -> u32 {
        self.refill(now_ms);
        let missing = self.unit() - self.parts;
        if missing <= 0 {
            return 0;
        }
        let ms = missing.div_euclid(self.gain()) + i64::from(missing.rem_euclid(self.gain()) > 0);
        u32::try_from(ms).unwrap_or(u32::MAX)
    }

    /// Tells whether it is as good as a new one.
    pub fn is_full(&mut self, now_ms: u64) -> bool {
        self.refill(now_ms);
        self.parts == Self::cap(self.rate)
    }

    fn refill(&mut self, now_ms: u64) {
        let passed = i64::try_from(now_ms.saturating_sub(self.at_ms)).unwrap_or(i64::MAX);
        self.at_ms = self.at_ms.max(now_ms);
        self.parts = self.parts.saturating_add(passed.saturating_mul(self.gain())).min(Self::cap(self.rate));
    }

    fn unit(&self) -> i64 {
        i64::from(self.rate.per_ms)
    }

    /// What a millisecond brings; a rate of nothing is one unit in a very long time, so that a wait is a number.
    fn gain(&self) -> i64 {
        i64::from(self.rate.units.max(1))
    }

    fn cap(rate: Rate) -> i64 {
        i64::from(rate.burst) * i64::from(rate.per_ms)
    }
}

/// What a topic found out about a connection's frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Note {
    /// A mutation did not follow the lane's last.
    Gap,
    /// Some had outcomes.
    Ran {
        /// The index of their lane.
        lane: u16,
        /// How many were refused.
        refused: u32,
    },
    /// A resume from a position that is of no history known here, or under a class of another time.
    StrangeResume,
    /// A row of a lane was made: counted by principal, see [`LaneRows`].
    LaneRow,
}

/// How a connection has behaved (S47).
#[derive(Debug)]
pub struct Conduct {
    gaps: u32,
    strange: Bucket,
    refusals: BTreeMap<u16, Bucket>,
}

impl Conduct {
    /// Of a new connection.
    #[must_use]
    pub fn new(limits: &Limits, now_ms: u64) -> Self {
        Self { gaps: 0, strange: Bucket::new(limits.strange_resumes, now_ms), refusals: BTreeMap::new() }
    }

    /// Takes note.
    ///
    /// # Errors
    ///
    /// How the connection ends, where it was once too often.
    pub fn note(&mut self, note: Note, limits: &Limits, now_ms: u64) -> Result<(), End> {
        match note {
            Note::Gap => {
                self.gaps += 1;
                if self.gaps >= limits.gaps {
                    let reason = format!(
                        "{} mutations in a row do not follow their lanes: subscribe again",
                        self.gaps
                    );
                    return Err(End::new(code::MISBEHAVED, reason));
                }
            }
            Note::Ran { lane, refused } => {
                self.gaps = 0;
                if refused > 0 {
                    let fresh = || Bucket::new(limits.refusals, now_ms);
                    self.refusals.entry(lane).or_insert_with(fresh).charge(refused, now_ms);
                }
            }
            Note::LaneRow => {}
            Note::StrangeResume => {
                if self.strange.take(1, now_ms) == 0 {
                    let reason =
                        "too many resumes from positions that are not known here: subscribe without one";
                    return Err(End::new(code::MISBEHAVED, reason));
                }
            }
        }
        Ok(())
    }

    /// Returns for how many milliseconds a lane is slowed, since so much of it was refused: 0, and it is not.
    pub fn slowed(&mut self, lane: u16, now_ms: u64) -> u32 {
        self.refusals.get_mut(&lane).map_or(0, |bucket| bucket.wait(now_ms))
    }
}

/// How many principals are remembered at least before the rested ones are forgotten.
const MANY: usize = 1_024;
/// How many are remembered at most.
const TOO_MANY: usize = 65_536;

/// The rows of lanes that each principal made on this node.
#[derive(Debug, Default)]
pub struct LaneRows {
    by_principal: HashMap<String, Bucket>,
    forget_at: usize,
}

impl LaneRows {
    /// Returns in how many milliseconds the principal may begin a lane: 0, and it may now.
    pub fn wait(&mut self, principal: &str, now_ms: u64) -> u32 {
        self.by_principal.get_mut(principal).map_or(0, |bucket| bucket.wait(now_ms))
    }

    /// Counts a row that was made.
    pub fn charge(&mut self, principal: &str, limits: &Limits, now_ms: u64) {
        if let Some(bucket) = self.by_principal.get_mut(principal) {
            return bucket.charge(1, now_ms);
        }
        if self.by_principal.len() >= self.forget_at.max(MANY) {
            self.by_principal.retain(|_, bucket| !bucket.is_full(now_ms));
            // So that looking through all of them is rare.
            self.forget_at = (self.by_principal.len() * 2).min(TOO_MANY);
        }
        if self.by_principal.len() >= TOO_MANY {
            return;
        }
        let mut bucket = Bucket::new(limits.lane_rows, now_ms);
        bucket.charge(1, now_ms);
        self.by_principal.insert(principal.to_owned(), bucket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s47_a_bucket_gives_its_burst_then_its_rate_and_says_how_long_to_wait() {
        let mut bucket = Bucket::new(Rate::per_second(60, 100), 1_000);
        assert_eq!(bucket.take(150, 1_000), 100);
        assert_eq!((bucket.take(1, 1_000), bucket.wait(1_000)), (0, 17));
        assert_eq!(bucket.take(100, 2_000), 60);
        assert_eq!(bucket.take(200, 60_000), 100, "no more than the burst, however long it rested");
        assert_eq!(bucket.take(1, 0), 0, "a clock that goes back brings nothing");
    }

    #[test]
    fn s47_limits_that_cannot_hold_are_refused_with_what_to_write_instead() {
        assert_eq!(Limits::new().check(), Ok(()));
        assert_eq!(Limits::new().subscriptions(1_000).check(), Ok(()));
        for (limits, word) in [
            (Limits::new().subscriptions(1_001), "1000"),
            (Limits::new().subscriptions(0), "from 1"),
            (Limits::new().mutations_per_second(0, 1), "at least 1"),
            (Limits::new().in_flight(0), "at least 1"),
            (Limits::new().lane_rows_per_minute(0), "at least 1"),
            (Limits::new().hello_bytes(100), "1024"),
        ] {
            let wrong = limits.check().unwrap_err();
            assert!(wrong.contains(word), "{wrong}");
        }
    }

    #[test]
    fn s47_what_is_owed_is_waited_for_and_bounded() {
        let mut bucket = Bucket::new(Rate::per_minute(60), 0);
        bucket.charge(1_000, 0);
        assert_eq!(bucket.wait(0), 61_000);
        assert_eq!((bucket.wait(61_000), bucket.take(5, 61_000)), (0, 1));
    }

    #[test]
    fn sv16_s47_ten_gaps_in_a_row_end_a_connection_and_an_outcome_between_them_does_not() {
        let limits = Limits::DEFAULT;
        let mut conduct = Conduct::new(&limits, 0);
        for round in 0..3 {
            for _ in 0..9 {
                assert_eq!(conduct.note(Note::Gap, &limits, round), Ok(()));
            }
            assert_eq!(conduct.note(Note::Ran { lane: 0, refused: 0 }, &limits, round), Ok(()));
        }
        let ends = (0..10).map(|_| conduct.note(Note::Gap, &limits, 3)).find_map(Result::err);
        assert_eq!(ends.map(|end| end.code.reconnects()), Some(false));
    }

    #[test]
    fn s47_a_lane_that_is_refused_too_often_is_slowed_and_no_other() {
        let limits = Limits::DEFAULT;
        let mut conduct = Conduct::new(&limits, 0);
        (0..20).for_each(|_| conduct.note(Note::Ran { lane: 1, refused: 1 }, &limits, 0).unwrap());
        assert_eq!((conduct.slowed(1, 0), conduct.slowed(2, 0)), (50, 0));
        assert_eq!(conduct.slowed(1, 50), 0);
    }

    #[test]
    fn sv16_s47_who_resumes_from_nowhere_again_and_again_is_closed() {
        let limits = Limits::DEFAULT;
        let mut conduct = Conduct::new(&limits, 0);
        let mut resume = |now| conduct.note(Note::StrangeResume, &limits, now);
        assert!((0..128).all(|_| resume(0).is_ok()), "all that is open, after a failover");
        assert!(resume(0).is_err());
        assert!(resume(6_000).is_ok(), "one comes back each six seconds");
    }

    #[test]
    fn s47_l11_lane_rows_are_counted_by_principal_and_who_rested_is_forgotten() {
        let limits = Limits::DEFAULT;
        let mut rows = LaneRows::default();
        (0..60).for_each(|_| rows.charge("mallory", &limits, 0));
        assert_eq!((rows.wait("mallory", 0), rows.wait("ann", 0)), (1_000, 0));
        for n in 0..5_000 {
            rows.charge(&format!("guest {n}"), &limits, 120_000 + n * 1_000);
        }
        assert!(rows.by_principal.len() <= MANY + 1);
        assert_eq!(rows.wait("mallory", 6_000_000), 0);
    }
}
