//! Starting up: what an application registers, what is checked before it serves, and what it prints.

mod banner;
mod builder;
mod expire;
mod handle;
mod promote;
mod secret;
mod seed;
#[cfg(feature = "testing")]
mod simulate;
mod start;

pub use builder::{App, Plugin};
pub use handle::{Handle, HandleError, TopicFields, TopicHandle};
#[cfg(feature = "testing")]
pub(crate) use simulate::Principals;
