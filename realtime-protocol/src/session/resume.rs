//! How a reader goes on: from where it stands, with a snapshot and the reason for it, or not at all (S20, S21).

use crate::{Position, frame::v1::reason};

/// The most rows that a catch-up may touch (S20).
pub const MAX_CATCH_UP_ROWS: usize = 10_000;

/// What a reader brings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reader {
    /// It wants no rows: it only writes (S13).
    pub only_writes: bool,
    /// Where it stood, and under which class.
    pub from: Option<(Position, u64)>,
}

/// Where the topic stands for this reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ground {
    /// Whether it may read, or the code of the refusal.
    pub may_open: Result<(), &'static str>,
    /// The class that it would be in.
    pub class: u64,
    /// The topic's head, as of this turn.
    pub head: Position,
    /// How large a snapshot would be, in bytes.
    pub snapshot_bytes: usize,
}

/// What the log says about the reader's position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Log {
    /// Nobody asked: the reader has no position, or stands at the head.
    Unasked,
    /// The records from there to the head.
    Records {
        /// How many rows they touch.
        rows: usize,
        /// How large they are, in bytes.
        bytes: usize,
        /// There are more than a read brings.
        more: bool,
    },
    /// Some are gone, or it is a position of another history.
    Gap {
        /// The position of the oldest record that is kept is above this offset.
        floor: u64,
    },
    /// They could not be read.
    Unreadable,
}

/// How it goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Without rows.
    Lanes,
    /// With what it missed, as at most one delta.
    Resume {
        /// From here.
        from: Position,
    },
    /// With all rows; the reason, where it wanted to resume.
    Snapshot {
        /// One of [`reason`].
        reason: Option<&'static str>,
    },
    /// Not: it may not read.
    Refuse {
        /// The refusal's code.
        code: &'static str,
    },
}

impl Way {
    /// Tells whether deltas follow.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Resume { .. } | Self::Snapshot { .. })
    }

    /// Tells whether the position was one that no honest client has kept for long: these are counted (S47).
    #[must_use]
    pub fn is_strange(self) -> bool {
        matches!(self, Self::Snapshot { reason: Some(reason::FORK | reason::CLASS) })
    }
}

/// Decides. All or nothing: one catch-up from where the reader stands, or a snapshot that says why.
#[must_use]
pub fn decide(reader: Reader, ground: &Ground, log: Log) -> Way {
    if reader.only_writes {
        return Way::Lanes;
    }
    if let Err(code) = ground.may_open {
        return Way::Refuse { code };
    }
    let Some((from, class)) = reader.from else { return Way::Snapshot { reason: None } };
    let way = by_history(from, ground, log);
    // That the history is another one is told first: positions go back with it (L7).
    if class == ground.class || way == (Way::Snapshot { reason: Some(reason::FORK) }) {
        return way;
    }
    Way::Snapshot { reason: Some(reason::CLASS) }
}

/// What the log alone says.
fn by_history(from: Position, ground: &Ground, log: Log) -> Way {
    let snapshot = |reason| Way::Snapshot { reason: Some(reason) };
    if from == ground.head {
        return Way::Resume { from };
    }
    match log {
        Log::Records { rows, bytes, more } => {
            let is_large =
                more || rows > MAX_CATCH_UP_ROWS || bytes > ground.snapshot_bytes.max(MIN_SNAPSHOT);
            if is_large { snapshot(reason::LARGE) } else { Way::Resume { from } }
        }
        Log::Gap { floor } if from.offset < floor => snapshot(reason::TRIMMED),
        Log::Gap { .. } | Log::Unasked => snapshot(reason::FORK),
        Log::Unreadable => snapshot(reason::LARGE),
    }
}

/// A catch-up of so few bytes is sent whatever a snapshot costs: it changes less on the screen.
const MIN_SNAPSHOT: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code;

    const HEAD: Position = Position { offset: 9, epoch: 7 };
    const FROM: Position = Position { offset: 5, epoch: 7 };
    const GROUND: Ground = Ground { may_open: Ok(()), class: 1, head: HEAD, snapshot_bytes: 100_000 };

    fn from(at: Position, class: u64) -> Reader {
        Reader { only_writes: false, from: Some((at, class)) }
    }

    const fn records(rows: usize, bytes: usize, more: bool) -> Log {
        Log::Records { rows, bytes, more }
    }

    #[test]
    fn sv17_s20_what_was_missed_comes_as_one_catch_up_and_a_snapshot_says_why() {
        let (missed, large) = (records(3, 300, false), Way::Snapshot { reason: Some(reason::LARGE) });
        for (reader, log, want) in [
            (from(FROM, 1), missed, Way::Resume { from: FROM }),
            (from(HEAD, 1), Log::Unasked, Way::Resume { from: HEAD }),
            (from(FROM, 2), missed, Way::Snapshot { reason: Some(reason::CLASS) }),
            (from(HEAD, 2), Log::Unasked, Way::Snapshot { reason: Some(reason::CLASS) }),
            (from(FROM, 1), records(10_001, 300, false), large),
            (from(FROM, 1), records(3, 300, true), large),
            (from(FROM, 1), records(3, 100_001, false), large),
            (from(FROM, 1), Log::Unreadable, large),
            (from(FROM, 1), Log::Gap { floor: 6 }, Way::Snapshot { reason: Some(reason::TRIMMED) }),
            (Reader { only_writes: false, from: None }, Log::Unasked, Way::Snapshot { reason: None }),
            (Reader { only_writes: true, from: Some((FROM, 2)) }, missed, Way::Lanes),
        ] {
            assert_eq!(decide(reader, &GROUND, log), want, "{reader:?} {log:?}");
        }
    }

    #[test]
    fn sv17_s21_another_epoch_is_a_snapshot_even_where_the_offset_would_fit() {
        let fork = Way::Snapshot { reason: Some(reason::FORK) };
        let other = Position { offset: HEAD.offset, epoch: 8 };
        assert_eq!(decide(from(other, 1), &GROUND, Log::Gap { floor: 2 }), fork);
        let ahead = Position { offset: 90, epoch: 7 };
        assert_eq!(decide(from(ahead, 1), &GROUND, Log::Gap { floor: 2 }), fork);
        assert_eq!(decide(from(ahead, 2), &GROUND, Log::Gap { floor: 2 }), fork, "whatever the class (L7)");
        assert!(fork.is_strange() && fork.is_live());
    }

    #[test]
    fn s34_who_may_not_read_is_refused_whatever_he_brings() {
        let closed = Ground { may_open: Err(code::DENIED), ..GROUND };
        for reader in [from(FROM, 1), from(HEAD, 2), Reader { only_writes: false, from: None }] {
            assert_eq!(decide(reader, &closed, records(1, 1, false)), Way::Refuse { code: code::DENIED });
        }
    }
}
