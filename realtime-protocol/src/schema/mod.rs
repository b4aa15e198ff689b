//! A schema as data: what an application prints when asked, and the one source of every generated client.

mod fingerprint;
mod model;
mod number;
mod ty;
mod validate;

pub use fingerprint::fingerprint;
pub use model::{Conflict, Generic, Model, Mutation, Optimistic, Receiver, Rights, Schema, TopicOf};
pub use number::{column_number, model_number, mutator_number};
pub use ty::{Field, Rule, Shape, Ty, TypeDef, Variant, VariantFields};
pub use validate::{Broken, TypeSource, has_rules, validate};

/// The version of the schema document's own form.
pub const SCHEMA_FORMAT: u16 = 1;
