//! What the macros put in place of a mutator's operations: checked arithmetic, and the probes beside method calls.

mod arithmetic;
mod constant;
mod named;
mod needs;
mod probe;
mod route;

pub use arithmetic::{
    CheckedAdd, CheckedDiv, CheckedMul, CheckedNeg, CheckedRem, CheckedSub, add, add_assign, div, div_assign,
    mul, mul_assign, neg, rem, rem_assign, sub, sub_assign,
};
pub use constant::{Constant, Element};
pub use named::{CopyProbe, MutationError, NotCopy, error_type, refusal, resulted};
pub use needs::{
    AllMutationsInOneImpl, Cloned, MutationsOf, NoMutations, Part, Received, Sent, SomeMutations, key_of,
    root_name,
};
pub use probe::{Has, m, on};
pub use route::{Abs, Pow, Product, Sum, abs, pow, product, sum};
