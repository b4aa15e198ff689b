//! The simulator over small models: the laws under random faults, and that it finds what is broken.

mod laws;
mod poll;
mod room;
mod vectors;
