//! `sum`, `product`, `abs`, `pow`: inside of std they follow the profile's overflow mode, here they never wrap.

use std::time::Duration;

use super::arithmetic::fault;

macro_rules! folded {
    ($trait:ident, $function:ident, $message:literal) => {
        #[doc = concat!("A type that `", stringify!($function), "` results in.")]
        #[diagnostic::on_unimplemented(message = $message, label = "not a number of a sync model")]
        pub trait $trait<A>: Sized {
            /// Folds the items, or ends the mutation.
            fn fold(items: impl Iterator<Item = A>) -> Self;
        }

        #[doc = concat!("`Iterator::", stringify!($function), "`, checked.")]
        pub fn $function<S: $trait<I::Item>, I: Iterator>(items: I) -> S {
            S::fold(items)
        }
    };
}

folded!(Sum, sum, "a sum of `{A}` to `{Self}` is not checked");
folded!(Product, product, "a product of `{A}` to `{Self}` is not checked");

/// A number with a checked `abs`.
#[diagnostic::on_unimplemented(message = "`abs` of `{Self}` is not checked", label = "not a signed number")]
pub trait Abs {
    /// What it results in.
    type Output;
    /// Computes it, or ends the mutation.
    fn checked(&self) -> Self::Output;
}

/// A number with a checked `pow`.
#[diagnostic::on_unimplemented(message = "`pow` of `{Self}` is not checked", label = "not a whole number")]
pub trait Pow {
    /// What it results in.
    type Output;
    /// Computes it, or ends the mutation.
    fn checked(&self, exponent: u32) -> Self::Output;
}

/// `abs`, checked.
pub fn abs<T: Abs + ?Sized>(value: &T) -> T::Output {
    value.checked()
}

/// `pow`, checked.
pub fn pow<T: Pow + ?Sized>(value: &T, exponent: u32) -> T::Output {
    value.checked(exponent)
}

macro_rules! fold {
    ($trait:ident for $ty:ident: $start:expr, |$l:ident, $r:ident| $body:expr) => {
        #[diagnostic::do_not_recommend]
        impl $trait<$ty> for $ty {
            fn fold(items: impl Iterator<Item = $ty>) -> $ty {
                items.fold($start, |$l, $r| $body)
            }
        }
        #[diagnostic::do_not_recommend]
        impl<'a> $trait<&'a $ty> for $ty {
            fn fold(items: impl Iterator<Item = &'a $ty>) -> $ty {
                <$ty as $trait<$ty>>::fold(items.copied())
            }
        }
    };
}

macro_rules! integers {
    ($($ty:ident)+) => {
        $(
            fold!(Sum for $ty: 0, |l, r| l.checked_add(r).unwrap_or_else(|| fault("overflow")));
            fold!(Product for $ty: 1, |l, r| l.checked_mul(r).unwrap_or_else(|| fault("overflow")));
            #[diagnostic::do_not_recommend]
            impl Pow for $ty {
                type Output = $ty;
                fn checked(&self, exponent: u32) -> $ty {
                    self.checked_pow(exponent).unwrap_or_else(|| fault("overflow"))
                }
            }
        )+
    };
}

integers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

macro_rules! signed {
    ($($ty:ident)+) => {
        $(#[diagnostic::do_not_recommend]
        impl Abs for $ty {
            type Output = $ty;
            fn checked(&self) -> $ty {
                self.checked_abs().unwrap_or_else(|| fault("overflow"))
            }
        })+
    };
}

signed!(i8 i16 i32 i64 i128 isize);

macro_rules! floats {
    ($($ty:ident)+) => {
        $(
            // From -0, as std: the sum of nothing, and of -0 alone, is -0.
            fold!(Sum for $ty: -0.0, |l, r| l + r);
            fold!(Product for $ty: 1.0, |l, r| l * r);
            #[diagnostic::do_not_recommend]
            impl Abs for $ty {
                type Output = $ty;
                fn checked(&self) -> $ty {
                    self.abs()
                }
            }
        )+
    };
}

floats!(f32 f64);

fold!(Sum for Duration: Self::ZERO, |l, r| l.checked_add(r).unwrap_or_else(|| fault("overflow")));

macro_rules! through {
    ($($reference:ty),+) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<T: Abs + ?Sized> Abs for $reference {
                type Output = T::Output;
                fn checked(&self) -> T::Output {
                    (**self).checked()
                }
            }
            #[diagnostic::do_not_recommend]
            impl<T: Pow + ?Sized> Pow for $reference {
                type Output = T::Output;
                fn checked(&self, exponent: u32) -> T::Output {
                    (**self).checked(exponent)
                }
            }
        )+
    };
}

through!(&T, &mut T);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_std_would_wrap_in_release_faults() {
        let sum_up = |items: &[u8]| std::panic::catch_unwind(|| sum::<u8, _>(items.iter()));
        assert_eq!(sum_up(&[1, 2]).ok(), Some(3));
        assert!(sum_up(&[255, 1]).is_err());
        assert!(std::panic::catch_unwind(|| product::<i32, _>([i32::MAX, 2].into_iter())).is_err());
        assert!(std::panic::catch_unwind(|| abs(&i32::MIN)).is_err());
        assert!(std::panic::catch_unwind(|| pow(&10_u8, 3)).is_err());
        assert_eq!((abs(&&-3), pow(&2_u32, 3)), (3, 8));
    }

    #[test]
    fn sums_of_floats_are_those_of_std() {
        let none: [f64; 0] = [];
        assert_eq!(sum::<f64, _>(none.iter()).to_bits(), none.iter().sum::<f64>().to_bits());
        let some = [0.1, 0.2, 0.3];
        assert_eq!(sum::<f64, _>(some.iter()).to_bits(), some.iter().sum::<f64>().to_bits());
    }
}
