//! The `realtime` command: arguments only.
fn main() {}
