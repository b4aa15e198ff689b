//! The methods that are lowered, by name: the protocol's `METHODS` without their receivers, which rustc checks.

use super::writes::READS;

/// The methods of `tx`.
const TX: [&str; 10] =
    ["principal", "now", "server_now", "new_id", "random", "get", "get_mut", "insert", "remove", "all"];

/// Methods that write through some receiver: the protocol's `METHODS` say which, and a test compares.
const WRITES: [&str; 35] = [
    "push",
    "push_str",
    "clear",
    "take",
    "replace",
    "insert",
    "get_or_insert",
    "as_mut",
    "get_mut",
    "first_mut",
    "last_mut",
    "pop",
    "remove",
    "swap_remove",
    "swap",
    "truncate",
    "reverse",
    "extend",
    "append",
    "drain",
    "retain",
    "retain_mut",
    "sort",
    "sort_by",
    "sort_by_key",
    "dedup",
    "dedup_by_key",
    "iter_mut",
    "split_off",
    "values_mut",
    "entry",
    "or_default",
    "or_insert",
    "or_insert_with",
    "and_modify",
];

/// Tells whether a method of this name is lowered for some receiver.
pub(crate) fn known(name: &str) -> bool {
    READS.contains(&name) || WRITES.contains(&name)
}

/// Tells whether `tx` has a method of this name.
pub(crate) fn of_tx(name: &str) -> bool {
    TX.contains(&name)
}

/// Returns all names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    READS.into_iter().chain(WRITES)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use realtime_protocol::lower::{METHODS, MethodOf};

    use super::*;

    #[test]
    fn the_macro_knows_the_methods_of_the_protocol_and_no_others() {
        let protocol = |of_tx: bool| -> BTreeSet<&str> {
            METHODS.iter().filter(|m| (m.of == MethodOf::Tx) == of_tx).map(|m| m.name).collect()
        };
        assert_eq!(names().collect::<BTreeSet<_>>(), protocol(false));
        assert_eq!(TX.into_iter().collect::<BTreeSet<_>>(), protocol(true));
        assert_eq!(names().count(), protocol(false).len(), "a name stands in one list only");
    }

    #[test]
    fn a_name_counts_as_writing_where_it_writes_for_any_receiver() {
        let of_places = METHODS.iter().filter(|m| m.of != MethodOf::Tx && m.writes);
        assert_eq!(WRITES.into_iter().collect::<BTreeSet<_>>(), of_places.map(|m| m.name).collect());
    }
}
