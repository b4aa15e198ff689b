//! What `#[derive(SyncModel)]` implements: a model's schema as data, and how to take its entities apart.

use realtime_protocol::{
    Raw,
    raw::RawError,
    schema::{Rule, Ty},
};
use serde::de::DeserializeOwned;

use crate::{
    describe::{Described, Types},
    lowered::{Cloned, Received, Sent},
    mutation::MutationDef,
    policy::PolicyFn,
};

/// A struct that derives `SyncModel`: its instances are the entities of topics.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no sync model",
    label = "does not derive `SyncModel`",
    note = "add `#[derive(SyncModel, Clone, Serialize, Deserialize)]` and `#[sync(topic = \"…/{{id}}\")]` to it"
)]
pub trait SyncModel: Described + Cloned + Sent + Received + Send + Sync + 'static {
    /// What its policies and mutators see of who is acting.
    type Principal: Described + Send + Sync + 'static;
    /// The model to whose topic it belongs: itself, where it is a root.
    type Root: SyncModel<Root = Self::Root, Principal = Self::Principal>;

    /// Its permanent number: `realtime_protocol::schema::model_number` of its name, unless an attribute says another.
    const NUMBER: u16;

    /// Returns its key.
    fn key(&self) -> &str;

    /// Returns all that the derive knows of it.
    #[doc(hidden)]
    fn parts() -> ModelParts<Self>;
}

/// A model that lives in the topic of another: emitted by the derive for `#[sync(topic = Root)]`.
pub trait Child: SyncModel {}

/// A model that lives in the topic of `R`: emitted by the derive.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not in the topic of `{R}`",
    label = "lives in another topic",
    note = "a mutation touches one topic only; put it there with `#[sync(topic = {R})]`, or write the other topic from a procedure"
)]
pub trait InTopic<R>: SyncModel {}

/// All that the derive knows of a model.
pub struct ModelParts<M: SyncModel> {
    /// Its name.
    pub name: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
    /// Where it lives.
    pub topic: TopicDecl,
    /// Its schema version, from 1.
    pub version: u32,
    /// The Rust name of its key.
    pub key: &'static str,
    /// The values of the pattern's fields, in order; empty for a child.
    pub topic_fields: fn(&M) -> Vec<String>,
    /// Its columns, in the order of declaration.
    pub columns: Vec<ColumnDef<M>>,
    /// Puts one together from its columns.
    pub decode: fn(&mut Columns<'_>) -> Result<M, RawError>,
    /// Who may read an entity; `None`: whoever may open the topic.
    pub read: Option<PolicyFn<M>>,
    /// How often its topic is flushed, in milliseconds; `None`: at each commit. Of roots only.
    pub every: Option<u32>,
    /// What becomes of old entities; `None`: they stay.
    pub retain: Option<Retain>,
    /// Who may open the topic; `None`: whoever was admitted.
    pub open: Option<PolicyFn<M>>,
    /// Who may create one; `None`: nobody.
    pub create: Option<PolicyFn<M>>,
    /// Who may delete one; `None`: nobody.
    pub delete: Option<PolicyFn<M>>,
    /// Who may set which columns (Rust names); `None`: nobody.
    pub patch: Option<(Vec<&'static str>, PolicyFn<M>)>,
    /// Which of `open`, `create`, `patch` and `delete` say `anyone`: for the banner.
    pub anyone: &'static [&'static str],
    /// Its named mutations.
    pub mutations: Vec<MutationDef<M>>,
}

/// Which entities of a model are deleted by themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retain {
    /// Those older than this.
    Age {
        /// In milliseconds.
        ms: u64,
        /// The column (Rust name) that says when an entity came to be: a `Timestamp`.
        by: &'static str,
    },
    /// The oldest beyond this many in a topic.
    Count {
        /// How many stay.
        most: u32,
        /// The column (Rust name) that says when an entity came to be, a `Timestamp`; `None`: the lowest keys go first.
        by: Option<&'static str>,
    },
}

/// Where a model lives, as the derive says it.
#[derive(Clone, Copy, Debug)]
pub enum TopicDecl {
    /// It is a root, with this pattern.
    Root(&'static str),
    /// In the topic of the root whose name this returns.
    Of(fn() -> &'static str),
}

/// A column, as the derive says it.
pub struct ColumnDef<M: SyncModel> {
    /// Its name in Rust.
    pub rust: &'static str,
    /// Its name on the wire.
    pub name: &'static str,
    /// Its permanent number.
    pub number: u16,
    /// Its doc comment.
    pub doc: &'static str,
    /// Its type.
    pub ty: fn(&mut Types) -> Ty,
    /// Whether it may be left out at create.
    pub optional: bool,
    /// What its values must keep.
    pub rules: Vec<Rule>,
    /// Who may read it; `None`: whoever may read the entity.
    pub read: Option<PolicyFn<M>>,
    /// Who may set it by `patch`, beside those whom the model's `patch` names; `None`: only they.
    pub write: Option<PolicyFn<M>>,
    /// Takes its value out of an entity.
    pub encode: fn(&M) -> Result<Raw, RawError>,
}

/// A row's columns, read one after the other in the order of declaration.
#[derive(Debug)]
pub struct Columns<'a> {
    rest: std::slice::Iter<'a, Option<Raw>>,
}

impl<'a> Columns<'a> {
    /// Reads these cells, in the order of the columns.
    #[must_use]
    pub fn new(cells: &'a [Option<Raw>]) -> Self {
        Self { rest: cells.iter() }
    }

    /// Returns the next column.
    ///
    /// # Errors
    ///
    /// Where it is absent, or has another shape.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, RawError> {
        match self.rest.next().and_then(Option::as_ref) {
            Some(raw) => raw.decode().map_err(|e| RawError::new(format!("{name}: {e}"))),
            None => Err(RawError::new(format!("{name}: is missing"))),
        }
    }

    /// Returns the next column, or `default()` where it is absent.
    ///
    /// # Errors
    ///
    /// Where it has another shape.
    pub fn take_or<T: DeserializeOwned>(
        &mut self,
        name: &str,
        default: impl FnOnce() -> T,
    ) -> Result<T, RawError> {
        match self.rest.next().and_then(Option::as_ref) {
            Some(raw) => raw.decode().map_err(|e| RawError::new(format!("{name}: {e}"))),
            None => Ok(default()),
        }
    }
}
