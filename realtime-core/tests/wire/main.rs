//! The server over a real WebSocket, frame by frame: docs/PROTOCOL.md and the server's half of docs/SESSION.md.

mod bad_input;
mod guests;
mod mutations;
mod rights;
mod subscriptions;
mod support;
