//! Types as inference knows them: shared references are transparent, `&mut` is not.

use realtime_protocol::{
    lower::MethodOf,
    schema::{Schema, Shape, Ty, TypeDef, VariantFields},
};

use crate::target::typescript::model::{framework, whole};

/// An integer type, by its name in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Int {
    U8,
    U16,
    U32,
    U64,
    Usize,
    I8,
    I16,
    I32,
    I64,
}

impl Int {
    /// The name, which is also the helper's.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::Usize => "usize",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
        }
    }

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        const ALL: [Int; 9] =
            [Int::U8, Int::U16, Int::U32, Int::U64, Int::Usize, Int::I8, Int::I16, Int::I32, Int::I64];
        ALL.into_iter().find(|int| int.name() == name)
    }

    /// The lowest value of those that a JavaScript number holds exactly; none for 64 bits.
    pub(crate) const fn min(self) -> Option<i64> {
        match self {
            Self::I8 => Some(-128),
            Self::I16 => Some(-32_768),
            Self::I32 => Some(-2_147_483_648),
            _ => None,
        }
    }

    /// The type of `abs_diff`.
    pub(crate) const fn unsigned(self) -> Self {
        match self {
            Self::I8 => Self::U8,
            Self::I16 => Self::U16,
            Self::I32 => Self::U32,
            Self::I64 => Self::U64,
            other => other,
        }
    }
}

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum T {
    /// Not known yet.
    Var(usize),
    /// Reported already: unifies with everything.
    Error,
    /// Diverges: unifies with everything.
    Never,
    Unit,
    Bool,
    Int(Int),
    F32,
    F64,
    Char,
    /// `String`, `&str`.
    Text,
    Id,
    Timestamp,
    Option(Box<T>),
    /// `Vec`, arrays and slices.
    List(Box<T>),
    Map {
        key: Box<T>,
        value: Box<T>,
        sorted: bool,
    },
    Set(Box<T>),
    Tuple(Vec<T>),
    Named(String),
    RefMut(Box<T>),
    /// A `Result` on its way to `?`, a tail or a `return`.
    Result(Box<T>, Box<T>),
    /// What `parse` gives.
    Parsed(Box<T>),
    Iter(Box<T>),
    Range(Box<T>),
    /// What `entry(key)` gives: the map's value.
    Entry(Box<T>),
    Ordering,
    Tx,
}

impl T {
    pub(crate) fn option(of: Self) -> Self {
        Self::Option(Box::new(of))
    }

    pub(crate) fn list(of: Self) -> Self {
        Self::List(Box::new(of))
    }

    pub(crate) fn iter(of: Self) -> Self {
        Self::Iter(Box::new(of))
    }

    pub(crate) fn ref_mut(of: Self) -> Self {
        Self::RefMut(Box::new(of))
    }

    pub(crate) const USIZE: Self = Self::Int(Int::Usize);

    /// The type of the schema as inference knows it.
    pub(crate) fn of(ty: &Ty) -> Self {
        match ty {
            Ty::Unit => Self::Unit,
            Ty::Bool => Self::Bool,
            Ty::U8 => Self::Int(Int::U8),
            Ty::U16 => Self::Int(Int::U16),
            Ty::U32 => Self::Int(Int::U32),
            Ty::U64 => Self::Int(Int::U64),
            Ty::Usize => Self::USIZE,
            Ty::I8 => Self::Int(Int::I8),
            Ty::I16 => Self::Int(Int::I16),
            Ty::I32 => Self::Int(Int::I32),
            Ty::I64 => Self::Int(Int::I64),
            Ty::F32 => Self::F32,
            Ty::F64 => Self::F64,
            Ty::Char => Self::Char,
            Ty::String => Self::Text,
            Ty::Id => Self::Id,
            Ty::Timestamp => Self::Timestamp,
            Ty::Option(of) => Self::option(Self::of(of)),
            Ty::Vec(of) | Ty::Array(of, _) => Self::list(Self::of(of)),
            Ty::BTreeMap(key, value) => Self::map(key, value, true),
            Ty::HashMap(key, value) => Self::map(key, value, false),
            Ty::BTreeSet(of) => Self::Set(Box::new(Self::of(of))),
            Ty::Tuple(of) => Self::Tuple(of.iter().map(Self::of).collect()),
            Ty::Named(name) => Self::Named(name.clone()),
        }
    }

    fn map(key: &Ty, value: &Ty, sorted: bool) -> Self {
        Self::Map { key: Box::new(Self::of(key)), value: Box::new(Self::of(value)), sorted }
    }

    /// The type behind `&mut`.
    pub(crate) fn strip(self) -> Self {
        match self {
            Self::RefMut(of) => of.strip(),
            other => other,
        }
    }

    /// Whose methods it has; none while it is not known.
    pub(crate) const fn receiver(&self) -> Option<MethodOf> {
        Some(match self {
            Self::Int(_) => MethodOf::Integer,
            Self::F32 | Self::F64 => MethodOf::Float,
            Self::Bool => MethodOf::Bool,
            Self::Char => MethodOf::Char,
            Self::Text => MethodOf::Text,
            Self::Option(_) => MethodOf::Option,
            Self::List(_) => MethodOf::Vec,
            Self::Map { .. } => MethodOf::Map,
            Self::Entry(_) => MethodOf::Entry,
            Self::Set(_) => MethodOf::Set,
            Self::Iter(_) | Self::Range(_) => MethodOf::Iterator,
            Self::Ordering => MethodOf::Ordering,
            Self::Id | Self::Timestamp => MethodOf::Key,
            Self::Named(_) => MethodOf::Named,
            Self::Tx => MethodOf::Tx,
            Self::Var(_) | Self::Error | Self::Never | Self::Unit | Self::Tuple(_) => return None,
            Self::RefMut(_) | Self::Result(..) | Self::Parsed(_) => return None,
        })
    }

    pub(crate) fn is_ref_mut(&self) -> bool {
        matches!(self, Self::RefMut(_))
    }
}

/// What a schema tells about types.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Types<'a> {
    pub(crate) schema: &'a Schema,
}

impl<'a> Types<'a> {
    pub(crate) fn def(self, name: &str) -> Option<&'a TypeDef> {
        self.schema.type_def(name)
    }

    /// The type behind newtypes: the form on the wire.
    pub(crate) fn wire(self, ty: &T) -> T {
        match ty {
            T::Named(name) => match self.def(name).map(|def| &def.shape) {
                Some(Shape::Newtype(of)) => self.wire(&T::of(of)),
                _ => ty.clone(),
            },
            other => other.clone(),
        }
    }

    /// Whether a JavaScript object stands for every value, so that the object itself is its `&mut`.
    pub(crate) fn is_object(self, ty: &T) -> bool {
        match self.wire(ty) {
            T::List(_) | T::Map { .. } | T::Set(_) | T::Tuple(_) => true,
            T::Named(name) => match self.def(&name) {
                Some(def) => matches!(def.shape, Shape::Struct(_)),
                None => self.schema.model(&name).is_some(),
            },
            _ => false,
        }
    }

    /// Whether its values are immutable in JavaScript, so that a copy is the value.
    pub(crate) fn is_plain(self, ty: &T) -> bool {
        match self.wire(ty) {
            T::Option(of) => self.is_plain(&of),
            T::Named(name) => self.is_unit_enum(&name),
            T::List(_) | T::Map { .. } | T::Set(_) | T::Tuple(_) | T::RefMut(_) => false,
            _ => true,
        }
    }

    /// Whether Rust copies it bit by bit.
    pub(crate) fn is_copy(self, ty: &T) -> bool {
        match ty {
            T::Text | T::Id | T::List(_) | T::Map { .. } | T::Set(_) | T::RefMut(_) => false,
            T::Option(of) => self.is_copy(of),
            T::Tuple(of) => of.iter().all(|ty| self.is_copy(ty)),
            T::Named(name) => self.def(name).is_some_and(|def| def.copy),
            _ => true,
        }
    }

    /// An enum whose variants all are without content: text in JavaScript.
    pub(crate) fn is_unit_enum(self, name: &str) -> bool {
        match self.def(name).map(|def| &def.shape) {
            Some(Shape::Enum(variants)) => variants.iter().all(|v| v.fields == VariantFields::Unit),
            _ => false,
        }
    }

    /// Whether it is text or a number in JavaScript, with an order: what keys, sets, `min` and `sort` need.
    pub(crate) fn is_key(self, ty: &T) -> bool {
        matches!(self.wire(ty), T::Text | T::Id | T::Char | T::Int(_) | T::Timestamp)
    }

    /// Whether it is a number in JavaScript.
    pub(crate) fn is_number(self, ty: &T) -> bool {
        matches!(self.wire(ty), T::Int(_) | T::Timestamp | T::F64 | T::F32)
    }

    /// The fields of a struct or a model: name in Rust, name on the wire, type.
    pub(crate) fn fields(self, name: &str) -> Option<Vec<(&'a str, &'a str, &'a Ty)>> {
        let fields = match self.def(name).map(|def| &def.shape) {
            Some(Shape::Struct(fields)) => fields,
            Some(_) => return None,
            None => &self.schema.model(name)?.columns,
        };
        Some(fields.iter().map(|f| (f.rust.as_str(), f.name.as_str(), &f.ty)).collect())
    }

    /// The type as TypeScript writes it, without `readonly`.
    pub(crate) fn ts(self, ty: &T) -> String {
        match ty {
            T::Unit | T::Never | T::Error => "void".into(),
            T::Bool => "boolean".into(),
            T::Int(_) | T::F32 | T::F64 | T::Timestamp | T::Ordering => "number".into(),
            T::Char | T::Text | T::Id => "string".into(),
            T::Option(of) | T::Parsed(of) => format!("{} | null", self.ts(of)),
            T::List(of) | T::Set(of) => {
                let of = self.ts(of);
                if of.contains('|') { format!("({of})[]") } else { format!("{of}[]") }
            }
            T::Map { value, .. } => format!("Record<string, {}>", self.ts(value)),
            T::Tuple(of) => {
                let of: Vec<String> = of.iter().map(|ty| self.ts(ty)).collect();
                format!("[{}]", of.join(", "))
            }
            T::Named(name) if self.is_unit_enum(name) => name.clone(),
            T::Named(name) => {
                let of = self.schema.model(name).map_or_else(|| name.clone(), whole);
                format!("{}<{of}>", framework(self.schema, "Mut"))
            }
            T::RefMut(of) if self.is_object(of) => self.ts(of),
            T::RefMut(of) => format!("{}<{}>", framework(self.schema, "Cell"), self.ts(of)),
            T::Var(_) | T::Result(..) | T::Iter(_) | T::Range(_) | T::Entry(_) | T::Tx => "unknown".into(),
        }
    }
}
