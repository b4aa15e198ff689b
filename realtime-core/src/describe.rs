//! Types that may stand in a model, as data: what the derives and the built-in types say of themselves.

use std::{
    any::TypeId,
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::BuildHasher,
    rc::Rc,
    sync::Arc,
};

use realtime_protocol::schema::{Ty, TypeDef};

/// A type that can be a column, an argument or a result.
///
/// Derived by `SyncModel`, `SyncType`, `SyncError` and `Principal`; not meant to be written by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a sync model",
    label = "has no form that is known in TypeScript",
    note = "if the type is yours, add `#[derive(SyncType)]` to it",
    note = "else wrap it in a type of yours that derives `SyncType`, or store it in another form"
)]
pub trait Described {
    /// Returns the type, and adds the named types that it uses to `types`.
    fn describe(types: &mut Types) -> Ty;
}

/// The named types that were met so far.
#[derive(Debug, Default)]
pub struct Types {
    defs: BTreeMap<&'static str, (TypeId, Option<TypeDef>)>,
    clashes: BTreeSet<&'static str>,
}

impl Types {
    /// Returns the type named `name`, and defines it where it was not met before; recursion ends here.
    pub fn named<T: 'static + ?Sized>(
        &mut self,
        name: &'static str,
        define: impl FnOnce(&mut Self) -> TypeDef,
    ) -> Ty {
        let id = TypeId::of::<T>();
        match self.defs.get(name) {
            Some((known, _)) if *known == id => {}
            Some(_) => {
                self.clashes.insert(name);
            }
            None => {
                self.defs.insert(name, (id, None));
                let def = define(self);
                self.defs.insert(name, (id, Some(def)));
            }
        }
        Ty::Named(name.to_owned())
    }

    /// Returns the names that two different types share.
    pub(crate) fn clashes(&self) -> impl Iterator<Item = &'static str> {
        self.clashes.iter().copied()
    }

    /// Returns all named types, sorted by name.
    pub fn into_defs(self) -> Vec<TypeDef> {
        self.defs.into_values().filter_map(|(_, def)| def).collect()
    }
}

macro_rules! plain {
    ($($ty:ty => $variant:ident),+ $(,)?) => {
        $(#[diagnostic::do_not_recommend]
        impl Described for $ty {
            fn describe(_: &mut Types) -> Ty {
                Ty::$variant
            }
        })+
    };
}

plain! {
    () => Unit, bool => Bool, u8 => U8, u16 => U16, u32 => U32, u64 => U64, usize => Usize,
    i8 => I8, i16 => I16, i32 => I32, i64 => I64, f32 => F32, f64 => F64, char => Char, String => String, str => String,
    crate::field::Id => Id, crate::field::Timestamp => Timestamp,
}

macro_rules! transparent {
    ($($ty:ty),+ $(,)?) => {
        $(#[diagnostic::do_not_recommend]
        impl<T: Described + ?Sized> Described for $ty {
            fn describe(types: &mut Types) -> Ty {
                T::describe(types)
            }
        })+
    };
}

transparent!(Box<T>, Arc<T>, Rc<T>);

#[diagnostic::do_not_recommend]
impl<T: Described + ToOwned + ?Sized> Described for Cow<'_, T> {
    fn describe(types: &mut Types) -> Ty {
        T::describe(types)
    }
}

impl<T: Described> Described for Option<T> {
    fn describe(types: &mut Types) -> Ty {
        Ty::Option(Box::new(T::describe(types)))
    }
}

impl<T: Described> Described for Vec<T> {
    fn describe(types: &mut Types) -> Ty {
        Ty::Vec(Box::new(T::describe(types)))
    }
}

impl<T: Described, const N: usize> Described for [T; N] {
    fn describe(types: &mut Types) -> Ty {
        Ty::Array(Box::new(T::describe(types)), u32::try_from(N).unwrap_or(u32::MAX))
    }
}

impl<T: Described> Described for BTreeSet<T> {
    fn describe(types: &mut Types) -> Ty {
        Ty::BTreeSet(Box::new(T::describe(types)))
    }
}

impl<K: Described + MapKey, V: Described> Described for BTreeMap<K, V> {
    fn describe(types: &mut Types) -> Ty {
        Ty::BTreeMap(Box::new(K::describe(types)), Box::new(V::describe(types)))
    }
}

impl<K: Described + MapKey, V: Described, S: BuildHasher> Described for HashMap<K, V, S> {
    fn describe(types: &mut Types) -> Ty {
        Ty::HashMap(Box::new(K::describe(types)), Box::new(V::describe(types)))
    }
}

/// A type that can be the key of a map: it is a property's name in TypeScript.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a map",
    label = "not text and not a whole number",
    note = "use `String`, `Id`, or an integer of at most 32 bits"
)]
pub trait MapKey {}

macro_rules! map_keys {
    ($($ty:ty),+ $(,)?) => {
        $(#[diagnostic::do_not_recommend] impl MapKey for $ty {})+
    };
}

map_keys!(String, crate::field::Id, u8, u16, u32, i8, i16, i32, usize);

macro_rules! tuples {
    ($(($($name:ident),+))+) => {
        $(#[diagnostic::do_not_recommend]
        impl<$($name: Described),+> Described for ($($name,)+) {
            fn describe(types: &mut Types) -> Ty {
                Ty::Tuple(vec![$($name::describe(types)),+])
            }
        })+
    };
}

tuples! { (A) (A, B) (A, B, C) (A, B, C, D) }
