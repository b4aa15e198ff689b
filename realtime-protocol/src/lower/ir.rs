//! The intermediate representation: expressions, statements and patterns of the lowered subset.

use serde::{Deserialize, Serialize};

use crate::schema::Ty;

/// The version of this representation; a target refuses another one.
pub const IR_VERSION: u16 = 1;

/// One lowered body, complete with its tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// [`IR_VERSION`] of the macro that wrote it.
    pub ir: u16,
    /// The source file, as `file!()` says it.
    pub file: String,
    /// What runs.
    pub block: Block,
    /// The types that the body names, by [`TypeRef`].
    pub types: Vec<Ty>,
    /// The consts that it names, as rustc evaluated them, by index of [`Kind::Const`].
    pub consts: Vec<Const>,
}

/// A const: its type and its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Const {
    /// Its name in the source.
    pub name: String,
    /// Its type.
    pub ty: Ty,
    /// Its value, as it would stand on the wire.
    pub value: serde_json::Value,
}

/// An index into [`Body::types`].
pub type TypeRef = u16;

/// Line (from 1) and column (from 1) in [`Body::file`].
pub type At = (u32, u32);

/// Statements, and where the last one has no semicolon, the value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// In order.
    pub stmts: Vec<Stmt>,
    /// The trailing expression.
    pub tail: Option<Box<Expr>>,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stmt {
    /// `let pat: ty = init else { or_else };`
    Let {
        /// What is bound.
        pat: Pat,
        /// The declared type.
        ty: Option<TypeRef>,
        /// The value.
        init: Expr,
        /// The diverging branch of a `let … else`.
        or_else: Option<Block>,
    },
    /// `expr;`
    Expr(Expr),
}

/// An expression: its id is the key of inference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    /// Unique within the body.
    pub id: u32,
    /// Where it begins.
    pub at: At,
    /// What it is.
    pub kind: Box<Kind>,
}

/// The kinds of expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `true`, `1`, `1.5`, `"text"`, `'c'`
    Lit(Lit),
    /// A local variable, an argument, `self`, `tx`.
    Local(String),
    /// A const: index into [`Body::consts`].
    Const(u16),
    /// `e.name`
    Field(Expr, String),
    /// `e.0`
    TupleField(Expr, u32),
    /// `e[i]`
    Index(Expr, Expr),
    /// `!e`, `-e`
    Unary(UnOp, Expr),
    /// `a + b`
    Binary(BinOp, Expr, Expr),
    /// `place = value`
    Assign(Expr, Expr),
    /// `place += value`
    AssignOp(BinOp, Expr, Expr),
    /// A free or associated function of the list: `mem::take`, `String::new`, `Some`; at most the last two segments.
    /// `None` is one without arguments.
    Call {
        /// The path's segments: `["Vec", "new"]`.
        path: Vec<String>,
        /// For an associated function of a named type: the type.
        ty: Option<TypeRef>,
        /// Arguments.
        args: Vec<Expr>,
    },
    /// `recv.name::<ty>(args)`
    Method {
        /// The receiver.
        recv: Expr,
        /// The method.
        name: String,
        /// The turbofish.
        ty: Option<TypeRef>,
        /// Arguments.
        args: Vec<Expr>,
    },
    /// `|pats| body`
    Closure(Vec<Pat>, Expr),
    /// `e?`
    Try(Expr),
    /// `e as ty`
    Cast(Expr, TypeRef),
    /// `&e`, `&mut e`
    Ref {
        /// Whether `&mut`.
        mutable: bool,
        /// Of what.
        of: Expr,
    },
    /// `*e`
    Deref(Expr),
    /// `Type { f: e, ..base }`, `Type::Variant { f: e }`, `Type::Variant`, `Type::Variant(e)`, `Type(e)`
    Struct {
        /// The struct or enum.
        ty: TypeRef,
        /// The enum's variant.
        variant: Option<String>,
        /// Fields by Rust name; tuple fields by `"0"`, `"1"`, ….
        fields: Vec<(String, Expr)>,
        /// What follows `..`.
        base: Option<Expr>,
    },
    /// `(a, b)`; `()` where empty.
    Tuple(Vec<Expr>),
    /// `[a, b]`, `vec![a, b]`
    Array(Vec<Expr>),
    /// `format!("{} x {name}", …)`
    Format(Vec<Piece>),
    /// `matches!(e, pat if guard)`
    Matches(Expr, Pat, Option<Expr>),
    /// `if cond { then } else { otherwise }`; a `let` in the condition is [`Kind::Let`].
    If {
        /// The condition.
        cond: Expr,
        /// Where it holds.
        then: Block,
        /// Else: a block or another `if`.
        otherwise: Option<Expr>,
    },
    /// `match e { … }`
    Match(Expr, Vec<Arm>),
    /// `let pat = e`, inside a condition.
    Let(Pat, Expr),
    /// `{ … }`
    Block(Block),
    /// `for pat in e { … }`
    For(Pat, Expr, Block),
    /// `return e`
    Return(Option<Expr>),
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// `a..b`, `a..=b`
    Range {
        /// From; absent: the start.
        from: Option<Expr>,
        /// To; absent: the end.
        to: Option<Expr>,
        /// `..=`
        inclusive: bool,
    },
}

/// An arm of a `match`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// The pattern.
    pub pat: Pat,
    /// `if guard`
    pub guard: Option<Expr>,
    /// The value.
    pub body: Expr,
}

/// A literal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lit {
    /// `true`
    Bool(bool),
    /// Digits in decimal, without suffix and underscores, and the suffix.
    Int(String, Option<String>),
    /// As written, without suffix and underscores.
    Float(String),
    /// Its value.
    Str(String),
    /// Its value.
    Char(char),
}

/// A piece of `format!`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Literal text.
    Text(String),
    /// `{}`: shown as `Display` does.
    Value(Expr),
}

/// A pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pat {
    /// `_`, and `..` where the rest does not matter.
    Wild,
    /// `name`, `mut name`
    Bind {
        /// The name.
        name: String,
        /// `mut`
        mutable: bool,
    },
    /// A literal, perhaps negative.
    Lit(Expr),
    /// `lo..=hi`
    Range {
        /// From.
        from: Option<Expr>,
        /// To.
        to: Option<Expr>,
        /// `..=`
        inclusive: bool,
    },
    /// `Type { f, g: pat, .. }`, `Type::Variant { … }`, `Type::Variant(pat)`, `Type::Variant`
    Struct {
        /// The struct or enum.
        ty: TypeRef,
        /// The enum's variant.
        variant: Option<String>,
        /// Fields by Rust name; tuple fields by `"0"`, `"1"`, ….
        fields: Vec<(String, Pat)>,
    },
    /// `Some(pat)`
    Some(Box<Pat>),
    /// `None`
    None,
    /// `Ok(pat)`
    Ok(Box<Pat>),
    /// `Err(_)`
    Err,
    /// `(a, b)`
    Tuple(Vec<Pat>),
    /// `a | b`
    Or(Vec<Pat>),
    /// `&pat`
    Ref(Box<Pat>),
}

/// `-` and `!`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnOp {
    /// `-`
    Neg,
    /// `!`
    Not,
}

/// Operators with two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the operator of its name")]
pub enum BinOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    And,
    Or,
}
