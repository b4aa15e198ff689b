//! Types of columns, arguments and results.

use serde::{Deserialize, Serialize};

/// A type, as its values stand on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "those without a comment are Rust's types of that name")]
pub enum Ty {
    Unit,
    Bool,
    U8,
    U16,
    U32,
    /// As a number: exact up to 2^53.
    U64,
    Usize,
    I8,
    I16,
    I32,
    /// As a number: exact up to 2^53.
    I64,
    F32,
    F64,
    Char,
    String,
    /// `realtime_core::Id`: text.
    Id,
    /// `realtime_core::Timestamp`: milliseconds since 1970.
    Timestamp,
    Option(Box<Ty>),
    Vec(Box<Ty>),
    /// `[T; n]`
    Array(Box<Ty>, u32),
    /// Sorted by key.
    BTreeMap(Box<Ty>, Box<Ty>),
    /// Without order: a mutator may look up, not iterate.
    HashMap(Box<Ty>, Box<Ty>),
    /// A sorted list.
    BTreeSet(Box<Ty>),
    Tuple(Vec<Ty>),
    /// One of the schema's named types.
    Named(String),
}

/// A named type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeDef {
    /// Its name in Rust and in TypeScript; unique in a schema.
    pub name: String,
    /// Its doc comment.
    pub doc: String,
    /// What it is made of.
    pub shape: Shape,
    /// Whether Rust may copy it bit by bit.
    pub copy: bool,
}

/// What a named type is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Named fields.
    Struct(Vec<Field>),
    /// One unnamed field, which stands for it on the wire.
    Newtype(Ty),
    /// Externally tagged, as serde does by default: `"Draft"`, `{"Review": {"by": …}}`.
    Enum(Vec<Variant>),
    /// `#[serde(tag = "…")]`: `{"kind": "review", "by": …}`.
    TaggedEnum(String, Vec<Variant>),
    /// A mutation's error: `code` beside the fields.
    Error(Vec<Variant>),
}

/// A field of a struct, a column of a model, or an argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its permanent number, where it is a column; else 0.
    pub number: u16,
    /// Its name in Rust.
    pub rust: String,
    /// Its name on the wire.
    pub name: String,
    /// Its type.
    pub ty: Ty,
    /// Its doc comment.
    pub doc: String,
    /// Whether a client may leave it out when it sends one.
    pub optional: bool,
    /// What its values must keep.
    pub rules: Vec<Rule>,
}

/// A rule of validation, in schemars' words; checked in the browser before anything is applied, and on the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// `length(min, max)`: Unicode scalar values of a text, elements of a list or map.
    Length {
        /// At least.
        min: Option<u64>,
        /// At most.
        max: Option<u64>,
    },
    /// `range(min, max)`: a number.
    Range {
        /// At least.
        min: Option<f64>,
        /// At most.
        max: Option<f64>,
    },
}

impl Eq for Rule {}

/// A variant of an enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Its name in Rust.
    pub rust: String,
    /// Its name on the wire.
    pub name: String,
    /// Its doc comment.
    pub doc: String,
    /// Its fields.
    pub fields: VariantFields,
}

/// The fields of a variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariantFields {
    /// None.
    Unit,
    /// One without a name.
    Newtype(Ty),
    /// Several without names.
    Tuple(Vec<Ty>),
    /// With names.
    Struct(Vec<Field>),
}
