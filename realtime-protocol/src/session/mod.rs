//! The server's session machine: what a connection's frames may ask, and when. Specified in docs/SESSION.md.
//!
//! Pure: events and the time in, asks out; nothing here waits, reads a clock or knows a socket. Split by
//! decision: [`state`] has the table, [`handshake`], [`subscribe`] and [`mutate`] read frames, [`resume`] says how
//! a returning reader goes on, [`flow`] what a slow one gets, [`limit`] what a liar is kept to (S47).

pub mod flow;
pub mod handshake;
pub mod limit;
pub mod machine;
pub mod mutate;
pub mod resume;
pub mod state;
pub mod subscribe;

pub use limit::Limits;
pub use machine::{Ask, End, Event, Facts, Machine};
