//! The server over a real WebSocket, frame by frame: docs/PROTOCOL.md and the server's half of docs/SESSION.md.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod conflicts;
mod forms;
mod guests;
mod hidden;
mod hooks;
mod hostile;
mod limits;
mod mutations;
mod nodes;
mod program;
mod rights;
mod seeds;
mod slow;
mod socket;
#[cfg(unix)]
mod stop;
mod subscriptions;
mod support;
