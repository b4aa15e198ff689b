//! What the operating system gives, and nothing else may ask it for: the time, random numbers, tasks.

pub(crate) mod clock;
pub(crate) mod random;
#[cfg(feature = "testing")]
pub(crate) mod simulated;
pub(crate) mod tasks;
