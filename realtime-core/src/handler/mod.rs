//! How a mutation reaches user code: models without their types, and the runs of named and generic mutations.

mod erased;
mod generic;
mod own;
mod registry;
mod run;
mod schema;

#[cfg(test)]
pub(crate) use erased::typed_with;
pub(crate) use erased::{Door, ErasedModel, typed};
pub(crate) use own::run_own;
pub use registry::RegistryError;
pub(crate) use registry::{Entry, Guard, Registry};
pub(crate) use run::{Call, Written, run};
