//! Field types of the framework's own: the same on both sides.

mod id;
mod timestamp;

pub(crate) use id::Sfc32;
pub use id::{Id, Seed};
pub use timestamp::Timestamp;

/// A type that can be a model's key: text on the wire and in the store.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a model",
    label = "a key is text",
    note = "use `String`, or `realtime_core::Id` for keys that mutators make"
)]
pub trait KeyField {
    /// Returns the key's text.
    fn as_key(&self) -> &str;
}

impl KeyField for String {
    fn as_key(&self) -> &str {
        self
    }
}

impl KeyField for str {
    fn as_key(&self) -> &str {
        self
    }
}

impl KeyField for Id {
    fn as_key(&self) -> &str {
        self.as_str()
    }
}
