//! The methods that may stand in a lowered body, by receiver: what the macro, the probes and each target agree on.

/// What a method is called on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MethodOf {
    /// `u8` to `u64`, `usize`, `i8` to `i64`.
    Integer,
    /// `f32`, `f64`.
    Float,
    /// `bool`.
    Bool,
    /// `char`.
    Char,
    /// `String`, `str`.
    Text,
    /// `Option`.
    Option,
    /// `Vec`; those that only read: slices and arrays too.
    Vec,
    /// `BTreeMap`; without those that iterate: `HashMap` too.
    Map,
    /// What `entry(key)` returns.
    Entry,
    /// `BTreeSet`.
    Set,
    /// An iterator: a link or the end of a chain.
    Iterator,
    /// `std::cmp::Ordering`.
    Ordering,
    /// `Id`, `Timestamp`.
    Key,
    /// A type that derives `SyncModel`, `SyncType`, `SyncError` or `Principal`.
    Named,
    /// The parameter `tx`.
    Tx,
}

/// A method that may stand in a lowered body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method {
    /// What it is called on.
    pub of: MethodOf,
    /// Its name in Rust.
    pub name: &'static str,
    /// Whether it changes its receiver, or lends a part of it to be changed.
    pub writes: bool,
}

macro_rules! methods {
    ($($of:ident: $($reads:ident)* $(, writes $($writes:ident)+)?;)+) => {
        /// Every method that may stand in a lowered body. A target may print fewer; it refuses the others by name and
        /// place.
        pub const METHODS: &[Method] = &[$(
            $(Method { of: MethodOf::$of, name: stringify!($reads), writes: false },)*
            $($(Method { of: MethodOf::$of, name: stringify!($writes), writes: true },)+)?
        )+];
    };
}

methods! {
    Integer: min max clamp abs_diff cmp checked_add checked_sub checked_mul checked_div checked_rem saturating_add
        saturating_sub saturating_mul wrapping_add wrapping_sub wrapping_mul is_positive is_negative signum to_string
        abs pow clone;
    Float: abs floor ceil trunc sqrt min max is_nan is_finite total_cmp clone;
    Bool: clone;
    Char: is_ascii_digit is_ascii_alphabetic to_string clone cmp;
    Text: len is_empty trim trim_start trim_end chars contains starts_with ends_with strip_prefix strip_suffix to_string
        to_owned as_str into clone replace repeat eq_ignore_ascii_case to_ascii_lowercase to_ascii_uppercase
        to_lowercase to_uppercase split parse cmp, writes push push_str clear;
    Option: is_some is_none is_some_and ok_or ok_or_else unwrap_or unwrap_or_else unwrap_or_default map and_then filter
        cloned copied as_ref as_deref clone, writes as_mut take replace insert get_or_insert;
    Vec: len is_empty get first last contains iter into_iter to_vec clone join concat, writes get_mut first_mut last_mut
        push pop insert remove swap_remove swap truncate clear reverse extend append drain retain retain_mut sort
        sort_by sort_by_key dedup dedup_by_key iter_mut split_off;
    Map: len is_empty get contains_key first_key_value last_key_value iter into_iter keys values clone, writes get_mut
        insert remove clear retain iter_mut values_mut entry;
    Entry: , writes or_default or_insert or_insert_with and_modify;
    Set: len is_empty contains first last iter into_iter is_subset clone, writes insert remove clear retain;
    Iterator: filter map filter_map flat_map enumerate rev skip take take_while chain zip cloned copied collect sum
        product count any all find find_map position max min max_by_key min_by_key last fold for_each partition;
    Ordering: then then_with reverse;
    Key: clone cmp;
    Named: clone;
    Tx: principal now server_now new_id random get all, writes get_mut insert remove;
}

/// Tells whether a method of this receiver changes it, or lends a part of it to be changed.
#[must_use]
pub fn writes(of: MethodOf, name: &str) -> bool {
    METHODS.iter().any(|method| method.of == of && method.name == name && method.writes)
}
