//! The probes beside method calls: rustc says at the receiver where a method is not lowered for its type.

use std::collections::{BTreeMap, BTreeSet, HashMap};

#[cfg(test)]
use realtime_protocol::lower::MethodOf;

use crate::field::{Id, Timestamp};

/// A type whose method `M` is lowered. `M` is a marker of [`m`], named as the method.
#[diagnostic::on_unimplemented(
    message = "this method of `{Self}` cannot run in the browser",
    label = "`{Self}` has no lowering for this method",
    note = "write it with methods that are lowered, or keep it on the server: `#[mutation(optimistic = none)]`"
)]
pub trait Has<M> {}

/// Does nothing: the call is type-checked, in a branch that never runs.
pub fn on<M, T: Has<M> + ?Sized>(_: &T) {}

#[diagnostic::do_not_recommend]
impl<M, T: Has<M> + ?Sized> Has<M> for &T {}
#[diagnostic::do_not_recommend]
impl<M, T: Has<M> + ?Sized> Has<M> for &mut T {}
#[diagnostic::do_not_recommend]
impl<M, T: Has<M> + ?Sized> Has<M> for Box<T> {}

macro_rules! markers {
    ($($name:ident)+) => {
        /// A marker for each method.
        #[expect(non_camel_case_types, missing_docs, reason = "each is the method of its name")]
        pub mod m {
            $(#[derive(Clone, Copy, Debug)] pub struct $name;)+
        }
    };
}

markers! {
    abs abs_diff all and_modify and_then any append as_deref as_mut as_ref as_str ceil chain chars checked_add
    checked_div checked_mul checked_rem checked_sub clamp clear clone cloned cmp collect concat contains contains_key
    copied count dedup dedup_by_key drain ends_with entry enumerate eq_ignore_ascii_case extend filter filter_map find
    find_map first first_key_value first_mut flat_map floor fold for_each get get_mut get_or_insert insert into
    into_iter is_ascii_alphabetic is_ascii_digit is_empty is_finite is_nan is_negative is_none is_positive is_some
    is_some_and is_subset iter iter_mut join keys last last_key_value last_mut len map max max_by_key min min_by_key
    ok_or ok_or_else or_default or_insert or_insert_with parse partition pop position pow product push push_str remove
    repeat replace retain retain_mut rev reverse saturating_add saturating_mul saturating_sub signum skip sort sort_by
    sort_by_key split split_off sqrt starts_with strip_prefix strip_suffix sum swap swap_remove take take_while then
    then_with to_ascii_lowercase to_ascii_uppercase to_lowercase to_owned to_string to_uppercase to_vec total_cmp trim
    trim_end trim_start trunc truncate unwrap_or unwrap_or_default unwrap_or_else values values_mut wrapping_add
    wrapping_mul wrapping_sub zip
}

macro_rules! has {
    (@one [$($generic:tt)*] $ty:ty, $name:ident) => {
        #[diagnostic::do_not_recommend]
        impl<$($generic)*> Has<m::$name> for $ty {}
    };
    ($generic:tt $ty:ty { $($name:ident)+ }) => {
        $(has!(@one $generic $ty, $name);)+
    };
}

macro_rules! table {
    ($($of:ident: $($generic:tt $ty:ty),+ => $methods:tt)+) => {
        $(table!(@types $($generic $ty),+ => $methods);)+

        /// The probes that exist: compared with the protocol's `METHODS` by a test.
        #[cfg(test)]
        const PROBES: &[(MethodOf, &str)] = &[$((MethodOf::$of, stringify!($methods))),+];
    };
    (@types $($generic:tt $ty:ty),+ => $methods:tt) => {
        $(has!($generic $ty $methods);)+
    };
}

table! {
    Integer: [] u8, [] u16, [] u32, [] u64, [] usize, [] i8, [] i16, [] i32, [] i64 => {
        min max clamp abs_diff cmp checked_add checked_sub checked_mul checked_div checked_rem saturating_add
        saturating_sub wrapping_add wrapping_sub wrapping_mul saturating_mul to_string pow clone
    }
    Integer: [] i8, [] i16, [] i32, [] i64 => { is_positive is_negative signum abs }
    Float: [] f32, [] f64 => { abs floor ceil trunc sqrt min max is_nan is_finite total_cmp clone }
    Bool: [] bool => { clone }
    Char: [] char => { is_ascii_digit is_ascii_alphabetic to_string clone cmp }
    Text: [] String, [] str => {
        len is_empty trim trim_start trim_end chars contains starts_with ends_with strip_prefix strip_suffix to_string
        to_owned into replace repeat eq_ignore_ascii_case to_ascii_lowercase to_ascii_uppercase to_lowercase
        to_uppercase split parse cmp clone
    }
    Text: [] String => { as_str push push_str clear }
    Option: [T] Option<T> => {
        is_some is_none is_some_and ok_or ok_or_else unwrap_or unwrap_or_else unwrap_or_default map and_then filter
        cloned copied as_ref as_deref as_mut take replace insert get_or_insert clone
    }
    Vec: [T] Vec<T>, [T] [T], [T, const N: usize] [T; N] => {
        len is_empty get first last contains iter to_vec clone join concat into_iter get_mut first_mut last_mut swap
        reverse sort sort_by sort_by_key iter_mut
    }
    Vec: [T] Vec<T> => {
        push pop insert remove swap_remove truncate clear extend append drain retain retain_mut dedup dedup_by_key
        split_off
    }
    Map: [K, V] BTreeMap<K, V>, [K, V, S] HashMap<K, V, S> => {
        len is_empty get contains_key clone get_mut insert remove clear entry
    }
    Map: [K, V] BTreeMap<K, V> => {
        first_key_value last_key_value iter into_iter keys values retain iter_mut values_mut
    }
    Set: [T] BTreeSet<T> => {
        len is_empty contains first last iter into_iter is_subset clone insert remove clear retain
    }
    Ordering: [] std::cmp::Ordering => { then then_with reverse }
    Key: [] Id, [] Timestamp => { clone cmp }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use realtime_protocol::lower::METHODS;

    use super::*;

    #[test]
    fn every_method_of_a_place_has_a_probe_and_no_other_has() {
        // A chain, an entry and `tx` are no places; named types get theirs from the derives.
        let no_place = [MethodOf::Iterator, MethodOf::Entry, MethodOf::Tx, MethodOf::Named];
        let want: BTreeSet<_> = METHODS
            .iter()
            .filter(|method| !no_place.contains(&method.of))
            .map(|method| (method.of, method.name))
            .collect();
        let have: BTreeSet<_> = PROBES
            .iter()
            .flat_map(|(of, names)| {
                names.trim_matches(['{', '}', ' ']).split_whitespace().map(move |name| (*of, name))
            })
            .collect();
        assert_eq!(have, want);
    }
}
