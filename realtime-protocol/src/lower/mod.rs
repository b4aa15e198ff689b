//! A mutator's body as data: what `#[mutations]` emits, and what a codegen target prints.
//!
//! Untyped: the macro sees tokens only. What it cannot resolve by name (types, consts) is an index into the
//! tables of [`Body`], which rustc has resolved. A target infers types forward from `self`, the arguments and
//! the schema. See docs/guide/mutators.md for the subset.

mod ir;
mod methods;

pub use ir::*;
pub use methods::{METHODS, Method, MethodOf, writes};
