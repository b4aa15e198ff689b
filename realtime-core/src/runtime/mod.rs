//! The only tasks and queues: what carries out the decisions of workers and sessions.

mod accept;
mod gate;
mod heads;
mod hub;
mod origin;
mod outbound;
mod peers;
mod retired;
mod room;
mod serve;
mod served;
mod session;
mod sessions;
mod shard;
mod store_io;

pub(crate) use accept::Place;
pub(crate) use hub::Hub;
pub(crate) use origin::Origins;
pub(crate) use outbound::{Budget, Closing, DEFAULT_BUDGET, Outbound};
pub(crate) use serve::give_up;
pub use serve::serve;
pub(crate) use served::{FrontDoor, Served};
pub(crate) use session::{Act, Identity, Session};
pub(crate) use sessions::Sessions;
