//! Consts that a lowered body names: rustc evaluates them, targets print them as literals.

use realtime_protocol::schema::Ty;
use serde_json::{Value, json};

/// A type whose consts can stand in a lowered body.
#[diagnostic::on_unimplemented(
    message = "a const of type `{Self}` cannot stand in a mutator that runs in the browser",
    label = "not a number, a bool, text, or a list of these",
    note = "make it a function's result on the server, or take numbers and text"
)]
pub trait Constant {
    /// Returns its type.
    fn ty(&self) -> Ty;
    /// Returns its value, as it would stand on the wire.
    fn value(&self) -> Value;
}

macro_rules! constants {
    ($($ty:ty => $variant:ident),+ $(,)?) => {
        $(#[diagnostic::do_not_recommend]
        impl Constant for $ty {
            fn ty(&self) -> Ty {
                Ty::$variant
            }
            fn value(&self) -> Value {
                json!(self)
            }
        })+
    };
}

constants! {
    bool => Bool, u8 => U8, u16 => U16, u32 => U32, u64 => U64, usize => Usize, i8 => I8, i16 => I16, i32 => I32,
    i64 => I64, f32 => F32, f64 => F64, char => Char, str => String, String => String,
}

#[diagnostic::do_not_recommend]
impl<T: Constant + ?Sized> Constant for &T {
    fn ty(&self) -> Ty {
        (**self).ty()
    }
    fn value(&self) -> Value {
        (**self).value()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Constant + Element> Constant for [T] {
    fn ty(&self) -> Ty {
        Ty::Vec(Box::new(T::element()))
    }
    fn value(&self) -> Value {
        self.iter().map(Constant::value).collect()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Constant + Element, const N: usize> Constant for [T; N] {
    fn ty(&self) -> Ty {
        Ty::Array(Box::new(T::element()), u32::try_from(N).unwrap_or(u32::MAX))
    }
    fn value(&self) -> Value {
        self.iter().map(Constant::value).collect()
    }
}

/// An element of a const list, whose type is known where the list is empty too.
pub trait Element {
    /// Returns the type.
    fn element() -> Ty;
}

macro_rules! elements {
    ($($ty:ty => $variant:ident),+ $(,)?) => {
        $(impl Element for $ty {
            fn element() -> Ty {
                Ty::$variant
            }
        })+
    };
}

elements! {
    bool => Bool, u8 => U8, u16 => U16, u32 => U32, u64 => U64, usize => Usize, i8 => I8, i16 => I16, i32 => I32,
    i64 => I64, f32 => F32, f64 => F64, char => Char, &str => String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_const_becomes_its_type_and_its_value() {
        const NAMES: &[&str] = &["a", "ß"];
        assert_eq!((NAMES.ty(), NAMES.value()), (Ty::Vec(Box::new(Ty::String)), json!(["a", "ß"])));
        let limits: [u8; 2] = [1, 2];
        assert_eq!((limits.ty(), limits.value()), (Ty::Array(Box::new(Ty::U8), 2), json!([1, 2])));
        assert_eq!((5_usize.ty(), (&&-1_i32).value()), (Ty::Usize, json!(-1)));
    }
}
