//! Models, their topics and their mutations.

use serde::{Deserialize, Serialize};

use super::{Field, Ty, TypeDef};
use crate::{Pattern, lower::Body};

/// All that an application serves: the schema document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// [`super::SCHEMA_FORMAT`] of the program that printed it.
    pub format: u16,
    /// The version of Realtime that printed it.
    pub realtime: String,
    /// The principal's type.
    pub principal: Ty,
    /// In the order of registration, a root before the others of its topic.
    pub models: Vec<Model>,
    /// Every named type that they use, sorted by name.
    pub types: Vec<TypeDef>,
}

/// A Rust struct that derives `SyncModel`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Its permanent number.
    pub number: u16,
    /// Its name.
    pub name: String,
    /// Its doc comment.
    pub doc: String,
    /// The topic in which its entities live.
    pub topic: TopicOf,
    /// The principal that its policies and mutators see.
    pub principal: Ty,
    /// The schema version, from 1.
    pub version: u32,
    /// What both sides compare when they meet: see [`super::fingerprint`].
    pub fingerprint: u64,
    /// The Rust name of the field that is its key.
    pub key: String,
    /// Its columns, in the order of declaration: the order on the wire.
    pub columns: Vec<Field>,
    /// Which generic mutations an attribute has opened.
    pub generic: Generic,
    /// What of it may be hidden from a reader.
    #[serde(default, skip_serializing_if = "Rights::is_open")]
    pub rights: Rights,
    /// How often its topic is flushed, in milliseconds; `None`: at each commit. Of roots only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u32>,
    /// Its named mutations, in the order of declaration.
    pub mutations: Vec<Mutation>,
}

/// What of a model may be hidden from a reader: there, absent does not mean absent (S33).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// Whole rows: the model has a `read`.
    pub rows: bool,
    /// Columns that have a `read`, by Rust name.
    pub columns: Vec<String>,
}

impl Rights {
    /// Tells whether everybody who may open the topic sees all of it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.rows && self.columns.is_empty()
    }
}

/// Where a model's entities live.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopicOf {
    /// It is a root: one topic for each entity.
    Root(Pattern),
    /// In the topic of the root of this name.
    Of(String),
}

/// Which generic mutations are open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generic {
    /// `create`
    pub create: bool,
    /// `patch`: the Rust names of the columns that it may set.
    pub patch: Vec<String>,
    /// `delete`
    pub delete: bool,
}

/// A named change that a client asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mutation {
    /// Its permanent number.
    pub number: u32,
    /// Its name in Rust.
    pub name: String,
    /// Its doc comment.
    pub doc: String,
    /// What it runs on.
    pub receiver: Receiver,
    /// Its arguments.
    pub args: Vec<Field>,
    /// What it returns on success.
    pub returns: Ty,
    /// Its typed error, where it returns a `Result`.
    pub error: Option<Ty>,
    /// How the browser predicts it.
    pub optimistic: Optimistic,
    /// The columns of `self` that it may write, by Rust name; `None`: any.
    pub writes: Option<Vec<String>>,
    /// What becomes of it where others changed its entity meanwhile.
    #[serde(default, skip_serializing_if = "Conflict::is_order")]
    pub conflict: Conflict,
}

/// What becomes of a mutation where others changed its entity since its author saw it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// It runs over what is there: the order of arrival decides.
    #[default]
    Order,
    /// It is refused as `rt/stale`, and the client's `onConflict` decides.
    Refuse,
}

impl Conflict {
    fn is_order(&self) -> bool {
        *self == Self::Order
    }
}

/// What a mutation runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receiver {
    /// `&mut self`: one entity.
    Entity,
    /// No receiver: the topic.
    Topic,
}

/// How the browser predicts a mutation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimistic {
    /// By its own body.
    Lowered(Body),
    /// Not at all: `optimistic = none`.
    None,
}

impl Schema {
    /// Returns the model of this name.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|m| m.name == name)
    }

    /// Returns the named type of this name.
    #[must_use]
    pub fn type_def(&self, name: &str) -> Option<&TypeDef> {
        self.types.iter().find(|t| t.name == name)
    }

    /// Returns a short hash of all models' fingerprints: what banners and generated headers show.
    #[must_use]
    pub fn short_hash(&self) -> String {
        let all = self.models.iter().fold(0_u64, |hash, m| hash.rotate_left(7) ^ m.fingerprint);
        format!("{:06x}", all & 0xff_ffff)
    }
}

impl Model {
    /// Returns the wire number (from 0) of the column with this Rust name.
    #[must_use]
    pub fn column(&self, rust: &str) -> Option<u16> {
        self.columns.iter().position(|c| c.rust == rust).and_then(|i| u16::try_from(i).ok())
    }
}
