//! Whether a position is a point of a topic's history: the same rule for every store (S21).

use super::{Head, Position};

/// What is known of a history: its head, the records that are kept, and the epoch before the first of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History<F> {
    pub(crate) head: Head,
    /// The epoch of the commit at the floor.
    pub(crate) floor_epoch: u32,
    /// Returns the epoch of the kept record at an offset.
    pub(crate) epoch_at: F,
}

/// Where a position stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// It is the head.
    Head,
    /// It is a point of this history, and every record after it is kept.
    Known,
    /// It may be a point of this history, but records after it are gone.
    Trimmed,
    /// It is no point of this history.
    Foreign,
}

impl<F: Fn(u64) -> Option<u32>> History<F> {
    pub(crate) fn standing(&self, at: Position) -> Standing {
        if at == self.head.at {
            return Standing::Head;
        }
        if at.offset >= self.head.at.offset {
            return Standing::Foreign;
        }
        if at.offset < self.head.floor {
            return Standing::Trimmed;
        }
        let epoch =
            if at.offset == self.head.floor { Some(self.floor_epoch) } else { (self.epoch_at)(at.offset) };
        if epoch == Some(at.epoch) { Standing::Known } else { Standing::Foreign }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s21_a_position_is_valid_only_where_the_history_has_that_epoch_at_that_offset() {
        let at = |offset, epoch| Position { offset, epoch };
        let head = Head { at: at(5, 9), floor: 2, form: 1, cleared: false };
        let epoch_at = |offset| [None, None, None, Some(7), Some(8), Some(9)][offset as usize];
        let history = History { head, floor_epoch: 6, epoch_at };
        for (position, want) in [
            (at(5, 9), Standing::Head),
            (at(5, 8), Standing::Foreign),
            (at(6, 9), Standing::Foreign),
            (at(4, 8), Standing::Known),
            (at(4, 7), Standing::Foreign),
            (at(2, 6), Standing::Known),
            (at(2, 7), Standing::Foreign),
            (at(1, 6), Standing::Trimmed),
            (at(0, 0), Standing::Trimmed),
        ] {
            assert_eq!(history.standing(position), want, "{position}");
        }
    }
}
