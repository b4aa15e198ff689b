//! Who changed which entity last: what `conflict = refuse` asks. Kept for models that have such a mutation only.

use std::collections::BTreeMap;

use realtime_protocol::LaneId;

use super::rows::RowKey;

/// The offset of the last commit that touched an entity, and of the last one by others than its author.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Version {
    at: u64,
    /// Whose it was; `None`: unknown, or of several.
    by: Option<LaneId>,
    /// The last one before it by anybody else.
    others: u64,
}

impl Version {
    /// As the store remembers it, which does not know by whom.
    pub(crate) fn stored(at: u64) -> Self {
        Self { at, by: None, others: at }
    }

    /// `by` touches the entity in the commit at `at`; `before`: how it stood.
    pub(crate) fn touched(before: Option<Self>, at: u64, by: Option<LaneId>) -> Self {
        let others = match before {
            Some(before) if by.is_some() && before.by == by => before.others,
            Some(before) => before.at,
            None => 0,
        };
        Self { at, by, others }
    }

    /// The last commit by others than `lane`: a page's own earlier calls are no conflict.
    pub(crate) fn of_others(self, lane: LaneId) -> u64 {
        if self.by == Some(lane) { self.others } else { self.at }
    }
}

/// The versions of a topic's entities.
pub(crate) type Versions = BTreeMap<RowKey, Version>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s8_only_what_others_did_since_is_a_conflict() {
        let (ann, bob) = (LaneId([1; 16]), LaneId([2; 16]));
        let loaded = Version::stored(3);
        assert_eq!(loaded.of_others(ann), 3);
        let by_ann = Version::touched(Some(loaded), 5, Some(ann));
        assert_eq!((by_ann.of_others(ann), by_ann.of_others(bob)), (3, 5));
        let again = Version::touched(Some(by_ann), 6, Some(ann));
        assert_eq!((again.of_others(ann), again.of_others(bob)), (3, 6));
        let by_bob = Version::touched(Some(again), 7, Some(bob));
        assert_eq!((by_bob.of_others(ann), by_bob.of_others(bob)), (7, 6));
        let by_several = Version::touched(Some(by_bob), 8, None);
        assert_eq!((by_several.of_others(ann), by_several.of_others(bob)), (8, 8));
        assert_eq!(Version::touched(None, 9, Some(ann)).of_others(ann), 0);
    }
}
