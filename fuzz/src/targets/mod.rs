//! The targets: one for each decoder, and one for the session machine.

mod frames;
mod names;
mod session;
mod stored;
mod websocket;

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};

use crate::Target;

/// All of them.
pub const TARGETS: &[Target] = &[
    frames::CLIENT_JSON,
    frames::CLIENT_MSGPACK,
    frames::SERVER_JSON,
    frames::SERVER_MSGPACK,
    names::TOPIC,
    names::PATTERN,
    names::LANE,
    stored::RAW,
    stored::RECORD,
    stored::SCHEMA,
    session::SESSION,
    websocket::WEBSOCKET,
];

/// A hash of what was reached: an error's words without its numbers, or the kind of what was read.
fn reached(what: impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(what)
}

/// An error as it counts: the same mistake elsewhere, or with another value, is the same.
fn words(error: &impl ToString) -> String {
    let text = error.to_string();
    let outside = text.split(['"', '`']).step_by(2).collect::<String>();
    outside.chars().filter(char::is_ascii_alphabetic).take(20).collect()
}
