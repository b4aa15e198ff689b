//! What `#[mutations]` emits for each mutator, and how one ends.

use realtime_protocol::{
    Raw, code,
    raw::RawError,
    schema::{Conflict, Receiver, Rule, Ty},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::{describe::Types, model::SyncModel, policy::PolicyFn, tx::Tx};

/// A typed error of a mutation: an enum with `#[derive(SyncError)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a mutation's error",
    label = "does not derive `SyncError`",
    note = "a mutation returns `Result<T, E>` where `E` is an enum with `#[derive(SyncError)]`"
)]
pub trait SyncError {
    /// Returns it as it stands on the wire: an object with `code`, and the fields beside it.
    ///
    /// # Errors
    ///
    /// Where a field cannot be encoded.
    fn refusal(&self) -> Result<Raw, RawError>;
}

/// The error of what cannot fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Never {}

impl SyncError for Never {
    fn refusal(&self) -> Result<Raw, RawError> {
        match *self {}
    }
}

/// A named mutation, as the macro says it.
pub struct MutationDef<M: SyncModel> {
    /// Its name in Rust.
    pub name: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
    /// What it runs on.
    pub receiver: Receiver,
    /// Its arguments.
    pub args: Vec<ArgDef>,
    /// What it returns on success.
    pub returns: fn(&mut Types) -> Ty,
    /// Its typed error.
    pub error: Option<fn(&mut Types) -> Ty>,
    /// How the browser predicts it.
    pub optimistic: OptimisticDecl,
    /// The columns of `self` that it may write (Rust names); `None`: any.
    pub writes: Option<&'static [&'static str]>,
    /// What becomes of it where others changed its entity meanwhile.
    pub conflict: Conflict,
    /// Who may call it; `None`: whoever may open the topic.
    pub allow: Option<PolicyFn<M>>,
    /// Whether `allow` says `anyone`: for the banner.
    pub anyone: bool,
    /// Decodes the arguments and runs the mutator.
    pub run: RunFn<M>,
}

/// Decodes a call's arguments and runs the mutator on the receiver, where it has one.
pub type RunFn<M> =
    fn(&mut Tx<<M as SyncModel>::Root>, Option<&mut M>, Args<'_>) -> Result<Option<Raw>, Refusal>;

/// An argument, as the macro says it.
#[derive(Debug)]
pub struct ArgDef {
    /// Its name in Rust.
    pub rust: &'static str,
    /// Its type.
    pub ty: fn(&mut Types) -> Ty,
    /// Whether it may be left out.
    pub optional: bool,
    /// What its values must keep.
    pub rules: Vec<Rule>,
}

/// How the browser predicts a mutation, as the macro says it.
#[derive(Clone, Copy, Debug)]
pub enum OptimisticDecl {
    /// By its own body.
    Lowered {
        /// `file!()` of the mutator.
        file: &'static str,
        /// `realtime_protocol::lower::Block` as JSON.
        ir: &'static str,
        /// The types that it names, by index.
        types: &'static [fn(&mut Types) -> Ty],
        /// The consts that it names, by index.
        consts: &'static [ConstDecl],
    },
    /// Not at all.
    None,
}

/// A const that a body names: its name, type and value.
pub type ConstDecl = (&'static str, fn(&mut Types) -> Ty, fn() -> serde_json::Value);

/// Why a mutation is refused: final, and told to the client.
#[derive(Clone, PartialEq, Debug)]
pub enum Refusal {
    /// The author's typed error.
    Author(Raw),
    /// A policy says no.
    Denied,
    /// The entity is absent, or not yours to read.
    Missing,
    /// An entity of this key exists.
    Exists,
    /// Others changed the entity since the author of the call saw it; the offset of the last such commit.
    Stale(u64),
    /// An argument or a column breaks a rule.
    Invalid(realtime_protocol::schema::Broken),
    /// A limit was reached.
    Limit(&'static str),
    /// The mutator overflowed, indexed out of range or panicked.
    Fault(String),
}

impl Refusal {
    /// Returns it as it stands on the wire.
    #[must_use]
    pub fn to_raw(&self) -> Raw {
        let value = match self {
            Self::Author(raw) => return raw.clone(),
            Self::Denied => json!({ "code": code::DENIED }),
            Self::Missing => json!({ "code": code::MISSING }),
            Self::Exists => json!({ "code": code::EXISTS }),
            Self::Stale(version) => json!({ "code": code::STALE, "version": version }),
            Self::Invalid(broken) => json!({
                "code": code::INVALID, "path": broken.path, "rule": broken.rule, "message": broken.message,
            }),
            Self::Limit(what) => json!({ "code": code::LIMIT_REACHED, "what": what }),
            // What a panic says is the program's business: it goes to the log, not to the client (S34).
            Self::Fault(_) => json!({ "code": code::MUTATOR_FAULT }),
        };
        Raw::encode(&value).unwrap_or_else(|_| Raw::null())
    }
}

/// The arguments of one call, in order.
#[derive(Debug)]
pub struct Args<'a> {
    rest: std::slice::Iter<'a, Raw>,
}

impl<'a> Args<'a> {
    pub(crate) fn new(args: &'a [Raw]) -> Self {
        Self { rest: args.iter() }
    }

    /// Returns the next argument; one that is left out at the end counts as `null`.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] where it has another type.
    pub fn next<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Refusal> {
        let decoded = match self.rest.next() {
            Some(raw) => raw.decode(),
            None => Raw::null().decode(),
        };
        decoded.map_err(|e| invalid(name, "type", e.to_string()))
    }

    /// Makes sure that there are no more.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] where there are.
    pub fn end(mut self) -> Result<(), Refusal> {
        match self.rest.next() {
            Some(_) => Err(invalid("", "arguments", "too many arguments".into())),
            None => Ok(()),
        }
    }
}

pub(crate) fn invalid(path: &str, rule: &'static str, message: String) -> Refusal {
    Refusal::Invalid(realtime_protocol::schema::Broken { path: path.to_owned(), rule, message })
}

/// Ends a mutator that cannot be refused.
///
/// # Errors
///
/// [`Refusal::Fault`] where what it returned cannot be encoded.
pub fn returned<T: Serialize>(value: T) -> Result<Option<Raw>, Refusal> {
    let raw = Raw::encode(&value).map_err(|e| Refusal::Fault(format!("its result cannot be sent: {e}")))?;
    Ok((!raw.is_null()).then_some(raw))
}

/// Ends a mutator that returns a `Result`.
///
/// # Errors
///
/// [`Refusal::Author`] where it returned `Err`.
pub fn resulted<T: Serialize, E: SyncError>(result: Result<T, E>) -> Result<Option<Raw>, Refusal> {
    match result {
        Ok(value) => returned(value),
        Err(error) => Err(error
            .refusal()
            .map_or_else(|e| Refusal::Fault(format!("its error cannot be sent: {e}")), Refusal::Author)),
    }
}

/// What a checked operation unwinds with: an overflow, a division by zero, an index out of range.
#[derive(Debug)]
pub struct Fault(pub &'static str);
