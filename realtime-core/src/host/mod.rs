//! What the operating system gives, and nothing else may ask it for: the time, and random numbers.

pub(crate) mod clock;
pub(crate) mod random;
