//! Decisions of the server's side that need nothing but their inputs. Specified in docs/SESSION.md.

pub mod mutate;
