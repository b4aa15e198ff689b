//! The only tasks, clock and queues: what carries out the decisions of workers and sessions.

mod app;
mod banner;
mod hub;
mod origin;
mod outbound;
mod secret;
mod seed;
mod serve;
mod session;
mod shard;
mod start;
mod store_io;

pub use app::App;
pub(crate) use hub::Hub;
pub(crate) use origin::Origins;
pub(crate) use outbound::{Closing, Outbound};
pub use serve::serve;
pub(crate) use session::{Act, Session};
pub(crate) use start::Served;
