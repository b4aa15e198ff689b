//! A topic on one node: its rows, its runs, and what its worker decides. Pure: no clock, no I/O.

pub(crate) mod batch;
pub(crate) mod catch_up;
pub(crate) mod change;
mod channel;
pub(crate) mod conduct;
pub(crate) mod event;
mod failure;
mod fan_out;
mod join;
pub(crate) mod lanes;
mod notes;
pub(crate) mod queue;
mod race;
pub(crate) mod record;
pub(crate) mod rows;
pub(crate) mod worker;

#[cfg(test)]
pub(crate) mod tests;
