//! From what stands there to a checked model, with every default filled in: the one place that rejects.

mod field;
mod model;
mod mutation;
mod numbers;
mod policy;
mod shape;
mod time;
mod topic;
pub(crate) mod ty;

pub(crate) use self::{
    field::Field,
    model::Model,
    mutation::{Arg, Mutation, Mutations, Returns, mutations},
    policy::policy_fn,
    shape::{Body, Fields, Shape, Variant},
    time::Retain,
    topic::Topic,
};

use syn::{DeriveInput, spanned::Spanned};

use crate::errors::Errors;

/// Refuses generic items: a name in TypeScript stands for one type.
fn no_generics(input: &DeriveInput, what: &str, errors: &mut Errors) {
    if !input.generics.params.is_empty() {
        errors.span(
            input.generics.params.span(),
            format!("{what} cannot be generic: it has one form in TypeScript. write the types out"),
        );
    }
}
