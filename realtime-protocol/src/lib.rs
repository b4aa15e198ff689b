//! What two builds of Realtime must agree on, as data, and logic that needs no I/O.
//!
//! Frames ([`frame`]), codes ([`code`]), a model as data ([`schema`]), a mutator's body as data ([`lower`]),
//! topics and positions ([`topic`]), lanes ([`lane`]). No tokio, no clock, no sockets: time, ids and random
//! numbers are arguments.

pub mod code;
pub mod frame;
pub mod lane;
pub mod lower;
pub mod raw;
pub mod schema;
pub mod session;
pub mod topic;

pub use lane::{Day, LaneId, LaneName};
pub use raw::Raw;
pub use topic::{Pattern, PatternError, Position, Topic, TopicError};
