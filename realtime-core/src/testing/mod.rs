//! What tests of plugins and applications use: the suites of clauses, a simulated world, and numbers that a seed repeats.

pub mod broker_suite;
#[doc(hidden)]
pub mod decoders;
mod random;
pub mod store_suite;
mod world;

use std::{
    future::Future,
    hash::{BuildHasher, RandomState},
};

use realtime_protocol::Topic;

pub use random::Random;
pub use world::{Call, Client, Faults, Mutation, Report, TopicView, Verdict, World};

/// Runs a test to its end: on this thread, and what it spawns on others, so that it may block.
///
/// # Panics
///
/// Where the runtime cannot be made, or the test panics.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a tokio runtime").block_on(test)
}

/// Returns a topic that no other test uses, nor an earlier run on the same server.
///
/// # Panics
///
/// Where `name` is too long for a topic.
#[must_use]
pub fn fresh_topic(name: &str) -> Topic {
    let random = RandomState::new().hash_one(name);
    Topic::new(format!("suite/{name}/{random:016x}")).expect("a short name")
}
