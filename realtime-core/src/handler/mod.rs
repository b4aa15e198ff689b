//! How a mutation reaches user code: models without their types, and the runs of named and generic mutations.

mod erased;
mod generic;
mod registry;
mod run;
mod schema;

pub(crate) use erased::{Door, ErasedModel, typed};
pub use registry::RegistryError;
pub(crate) use registry::{Entry, Registry};
pub(crate) use run::{Call, Written, root_row, run};
