//! A topic on one node: its rows, its runs, and what its worker decides. Pure: no clock, no I/O.

pub(crate) mod rows;
