//! Schema -> files of another language, and the `realtime` command.

pub mod target;
