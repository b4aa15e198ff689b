//! A topic on one node: its rows, its runs, and what its worker decides. Pure: no clock, no I/O.

mod advance;
pub(crate) mod batch;
pub(crate) mod catch_up;
pub(crate) mod change;
pub(crate) mod channel;
pub(crate) mod conduct;
pub(crate) mod event;
mod failure;
mod fan_out;
mod join;
pub(crate) mod lanes;
mod notes;
pub(crate) mod own;
mod pages;
pub(crate) mod queue;
mod race;
mod readers;
pub(crate) mod record;
pub(crate) mod retain;
pub(crate) mod rows;
mod sight;
mod step;
mod tail;
mod versions;
mod veto;
pub(crate) mod worker;

#[cfg(test)]
pub(crate) mod tests;
