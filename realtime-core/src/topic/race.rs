//! How a worker's commits fare against those of other nodes: run again, wait a little, or give way (S12).

use super::event::Now;

/// From which loss in a row it waits before it tries again.
const WAITS_FROM: u32 = 3;
/// How often a batch may lose in a row, and for how long, in milliseconds, before it is deferred.
const MAX_LOSSES: u32 = 16;
const MAX_MS: u64 = 5_000;

/// The races of a worker. Somebody always wins one, so there is no livelock; waiting lets a far node win too.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Race {
    /// The time of this turn, and a random number.
    now_ms: u64,
    random: u32,
    losses: u32,
    /// When the first of these was begun.
    since: u64,
    /// When the commit that is under way was begun.
    began: u64,
    waits: bool,
}

/// What a lost race asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lost {
    Again,
    /// After so many milliseconds.
    Wait(u32),
    GiveWay,
}

impl Race {
    /// A turn begins.
    pub(super) fn turn(&mut self, now: Now) {
        (self.now_ms, self.random) = (now.ms, now.epoch);
    }

    /// A commit goes out.
    pub(super) fn begin(&mut self) {
        self.began = self.now_ms;
        if self.losses == 0 {
            self.since = self.now_ms;
        }
    }

    /// It was kept.
    pub(super) fn won(&mut self) {
        self.losses = 0;
    }

    /// Another node was first: from the third time on a random wait of up to two round trips.
    pub(super) fn lost(&mut self) -> Lost {
        self.losses += 1;
        if self.losses >= MAX_LOSSES || self.now_ms.saturating_sub(self.since) >= MAX_MS {
            self.losses = 0;
            return Lost::GiveWay;
        }
        if self.losses < WAITS_FROM {
            return Lost::Again;
        }
        let round_trip =
            u32::try_from(self.now_ms.saturating_sub(self.began)).unwrap_or(u32::MAX).clamp(1, 1_000);
        self.waits = true;
        Lost::Wait(self.random % (2 * round_trip + 1))
    }

    /// The wait is over.
    pub(super) fn over(&mut self) {
        self.waits = false;
    }

    /// Tells whether nothing is to be run just now.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use realtime_protocol::Day;

    fn at(ms: u64, epoch: u32) -> Now {
        Now { today: Day::of_ms(0), epoch, ms }
    }

    #[test]
    fn s12_from_the_third_loss_it_waits_up_to_two_round_trips_and_gives_way_at_the_sixteenth() {
        let mut race = Race::default();
        let mut lost = Vec::new();
        for i in 0..16 {
            race.turn(at(i * 100, 0));
            race.begin();
            race.turn(at(i * 100 + 20, u32::try_from(i).unwrap() * 7));
            lost.push(race.lost());
            race.over();
        }
        assert_eq!(lost[..2], [Lost::Again; 2]);
        let wait = |i: u32| Lost::Wait(i * 7 % 41);
        assert_eq!(lost[2..15], (2..15).map(wait).collect::<Vec<_>>());
        assert_eq!(lost[15], Lost::GiveWay);
    }

    #[test]
    fn s12_five_seconds_are_enough() {
        let mut race = Race::default();
        race.turn(at(1_000, 1));
        race.begin();
        race.turn(at(3_000, 1));
        assert_eq!(race.lost(), Lost::Again);
        race.begin();
        race.turn(at(6_000, 1));
        assert_eq!(race.lost(), Lost::GiveWay);
    }
}
