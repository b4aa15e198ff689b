//! `+ - * / %` and `-x` that end the mutation where the result does not fit, in every profile.
//!
//! Each fault unwinds without the panic hook; the runtime catches it around the mutator.

use std::time::{Duration, SystemTime};

use crate::mutation::Fault;

/// Ends the mutation: what the client is told is `rt/fault`.
pub(super) fn fault(what: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(Fault(what)))
}

macro_rules! operations {
    ($($trait:ident, $op:ident, $op_assign:ident, $message:literal, $what:literal;)+) => {
        $(
            #[doc = concat!("A type with a checked `", $what, "`.")]
            #[diagnostic::on_unimplemented(
                message = $message,
                label = "not a number of a sync model",
                note = "a mutator computes with numbers and text; compute other types in a function outside of it"
            )]
            pub trait $trait<R = Self> {
                /// What it results in.
                type Output;
                /// Computes it, or ends the mutation.
                fn checked(self, right: R) -> Self::Output;
            }

            #[doc = concat!("Computes `left ", $what, " right`, or ends the mutation.")]
            pub fn $op<L: $trait<R>, R>(left: L, right: R) -> L::Output {
                left.checked(right)
            }

            #[doc = concat!("Computes `left ", $what, "= right`, or ends the mutation.")]
            pub fn $op_assign<L: $trait<R, Output = L> + Default, R>(left: &mut L, right: R) {
                *left = std::mem::take(left).checked(right);
            }
        )+
    };
}

operations! {
    CheckedAdd, add, add_assign, "`{Self} + {R}` is not checked", "+";
    CheckedSub, sub, sub_assign, "`{Self} - {R}` is not checked", "-";
    CheckedMul, mul, mul_assign, "`{Self} * {R}` is not checked", "*";
    CheckedDiv, div, div_assign, "`{Self} / {R}` is not checked", "/";
    CheckedRem, rem, rem_assign, "`{Self} % {R}` is not checked", "%";
}

/// A type with a checked `-x`.
#[diagnostic::on_unimplemented(
    message = "`-{Self}` is not checked",
    label = "not a number of a sync model",
    note = "a mutator computes with numbers and text; compute other types in a function outside of it"
)]
pub trait CheckedNeg {
    /// What it results in.
    type Output;
    /// Computes it, or ends the mutation.
    fn checked(self) -> Self::Output;
}

/// Computes `-value`, or ends the mutation.
pub fn neg<T: CheckedNeg>(value: T) -> T::Output {
    value.checked()
}

/// Implements an operation for a type and its references, as std does.
macro_rules! implement {
    ($trait:ident for $ty:ident by $by:ident: |$l:ident, $r:ident| $body:expr) => {
        #[diagnostic::do_not_recommend]
        impl $trait<$by> for $ty {
            type Output = $ty;
            fn checked(self, right: $by) -> $ty {
                let ($l, $r) = (self, right);
                $body
            }
        }
    };
    ($trait:ident for $ty:ident: |$l:ident, $r:ident| $body:expr) => {
        #[diagnostic::do_not_recommend]
        impl $trait<$ty> for $ty {
            type Output = $ty;
            fn checked(self, right: $ty) -> $ty {
                let ($l, $r) = (self, right);
                $body
            }
        }
        #[diagnostic::do_not_recommend]
        impl $trait<&$ty> for $ty {
            type Output = $ty;
            fn checked(self, right: &$ty) -> $ty {
                $trait::checked(self, *right)
            }
        }
        #[diagnostic::do_not_recommend]
        impl $trait<$ty> for &$ty {
            type Output = $ty;
            fn checked(self, right: $ty) -> $ty {
                $trait::checked(*self, right)
            }
        }
        #[diagnostic::do_not_recommend]
        impl $trait<&$ty> for &$ty {
            type Output = $ty;
            fn checked(self, right: &$ty) -> $ty {
                $trait::checked(*self, *right)
            }
        }
    };
}

macro_rules! integers {
    ($($ty:ident)+) => {
        $(
            implement!(CheckedAdd for $ty: |l, r| l.checked_add(r).unwrap_or_else(|| fault("overflow")));
            implement!(CheckedSub for $ty: |l, r| l.checked_sub(r).unwrap_or_else(|| fault("overflow")));
            implement!(CheckedMul for $ty: |l, r| l.checked_mul(r).unwrap_or_else(|| fault("overflow")));
            implement!(CheckedDiv for $ty: |l, r| l.checked_div(r).unwrap_or_else(|| fault("division")));
            implement!(CheckedRem for $ty: |l, r| l.checked_rem(r).unwrap_or_else(|| fault("division")));
            #[diagnostic::do_not_recommend]
            impl CheckedNeg for $ty {
                type Output = $ty;
                fn checked(self) -> $ty {
                    self.checked_neg().unwrap_or_else(|| fault("overflow"))
                }
            }
            #[diagnostic::do_not_recommend]
            impl CheckedNeg for &$ty {
                type Output = $ty;
                fn checked(self) -> $ty {
                    CheckedNeg::checked(*self)
                }
            }
        )+
    };
}

integers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

macro_rules! floats {
    ($($ty:ident)+) => {
        $(
            implement!(CheckedAdd for $ty: |l, r| l + r);
            implement!(CheckedSub for $ty: |l, r| l - r);
            implement!(CheckedMul for $ty: |l, r| l * r);
            implement!(CheckedDiv for $ty: |l, r| l / r);
            implement!(CheckedRem for $ty: |l, r| l % r);
            #[diagnostic::do_not_recommend]
            impl CheckedNeg for $ty {
                type Output = $ty;
                fn checked(self) -> $ty {
                    -self
                }
            }
            #[diagnostic::do_not_recommend]
            impl CheckedNeg for &$ty {
                type Output = $ty;
                fn checked(self) -> $ty {
                    -*self
                }
            }
        )+
    };
}

floats!(f32 f64);

macro_rules! text {
    ($($ty:ty),+) => {
        $(
            #[diagnostic::do_not_recommend]
            impl CheckedAdd<$ty> for String {
                type Output = Self;
                fn checked(mut self, right: $ty) -> Self {
                    self.push_str(right);
                    self
                }
            }
        )+
    };
}

text!(&str, &String);

// For mutators with `optimistic = none`, which may use what std has.
implement!(CheckedAdd for Duration: |l, r| l.checked_add(r).unwrap_or_else(|| fault("overflow")));
implement!(CheckedSub for Duration: |l, r| l.checked_sub(r).unwrap_or_else(|| fault("overflow")));
implement!(CheckedMul for Duration by u32: |l, r| l.checked_mul(r).unwrap_or_else(|| fault("overflow")));
implement!(CheckedDiv for Duration by u32: |l, r| l.checked_div(r).unwrap_or_else(|| fault("division")));
implement!(CheckedAdd for SystemTime by Duration: |l, r| l.checked_add(r).unwrap_or_else(|| fault("overflow")));
implement!(CheckedSub for SystemTime by Duration: |l, r| l.checked_sub(r).unwrap_or_else(|| fault("overflow")));

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[track_caller]
    fn faults<T>(run: impl FnOnce() -> T + std::panic::UnwindSafe) {
        let payload = catch_unwind(run).err().expect("it faults");
        assert!(payload.is::<Fault>());
    }

    #[test]
    fn what_does_not_fit_faults_in_every_profile() {
        assert_eq!(add(250_u8, &5), 255);
        faults(|| add(250_u8, 6));
        faults(|| sub(0_u32, 1));
        faults(|| mul(i64::MAX, 2));
        faults(|| div(1, 0));
        faults(|| div(i32::MIN, -1));
        faults(|| rem(1_u64, 0));
        faults(|| rem(i32::MIN, -1));
        faults(|| neg(i8::MIN));
        faults(|| neg(1_u8));
        assert_eq!(div(-7, 2), -3);
        assert_eq!(rem(-7, 2), -1);
    }

    #[test]
    fn what_is_assigned_is_the_same_operation() {
        let mut text = "a".to_owned();
        add_assign(&mut text, "b");
        add_assign(&mut text, &"c".to_owned());
        assert_eq!(text, "abc");
        let mut n = 7_u32;
        sub_assign(&mut n, &3);
        mul_assign(&mut n, 5);
        rem_assign(&mut n, 6);
        assert_eq!(n, 2);
        faults(move || div_assign(&mut n, 0));
        assert!(div(1.0, 0.0_f64).is_infinite(), "floats are IEEE on both sides");
    }
}
