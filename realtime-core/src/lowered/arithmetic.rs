//! `+ - * / %` and `-x` that end the mutation where the result does not fit, in every profile.
//!
//! Each fault unwinds without the panic hook; the runtime catches it around the mutator.

use crate::mutation::Fault;

/// Ends the mutation: what the client is told is `rt/fault`.
pub(super) fn fault(what: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(Fault(what)))
}

macro_rules! operations {
    ($($trait:ident, $op:ident, $op_assign:ident, $what:literal;)+) => {
        $(
            #[doc = concat!("A type with a checked ", $what, ".")]
            #[diagnostic::on_unimplemented(
                message = concat!("`{Self}` has no checked ", $what, " with `{R}`"),
                label = "not a number of a sync model",
                note = "a mutator computes with numbers and text; compute other types in a function outside of it"
            )]
            pub trait $trait<R> {
                /// What it results in.
                type Output;
                /// Computes it, or ends the mutation.
                fn checked(self, right: R) -> Self::Output;
            }

            #[doc = concat!("Computes a ", $what, ", or ends the mutation.")]
            #[track_caller]
            pub fn $op<L: $trait<R>, R>(left: L, right: R) -> L::Output {
                left.checked(right)
            }
        )+
    };
}
