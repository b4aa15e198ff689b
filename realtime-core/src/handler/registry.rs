//! All models of an app, by number and by topic; and the schema that they make.

use std::{collections::HashMap, sync::Arc};

use realtime_protocol::{
    Topic,
    schema::{self, Field, Schema, Ty, fingerprint, mutator_number},
};

use super::erased::ErasedModel;
use crate::{describe::Types, hook::Hooks, model::Retain, topic::rows::RowKey};

/// What the models of an app make together.
pub(crate) struct Registry {
    models: Vec<Entry>,
    by_number: HashMap<u16, usize>,
    mutators: HashMap<u32, Mutator>,
    /// What is guarded by a `read`, by the place of the root.
    guards: HashMap<usize, Vec<Guard>>,
    /// The newest form that this program writes (S32).
    pub(crate) form: u32,
    pub(crate) schema: Schema,
    /// The application's own code beside its models (S46).
    pub(crate) hooks: Hooks,
}

/// A `read` of a topic's models: of an entity, or of one of its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    /// The place of its model.
    pub(crate) model: usize,
    /// The column, from 0; `None`: the whole entity.
    pub(crate) column: Option<u16>,
}

/// A model with its schema.
pub(crate) struct Entry {
    pub(crate) model: Arc<dyn ErasedModel>,
    /// Its place in the schema.
    at: usize,
    /// The place of its root among the models.
    root: usize,
    /// Whether each column has rules to check.
    pub(crate) column_rules: Vec<bool>,
    /// Whether a mutation of it is refused on a conflict.
    refuses_conflicts: bool,
}

/// What a mutator number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Create,
    Patch,
    Delete,
    /// By its place among the model's mutations.
    Named(usize),
}

/// A mutator, found by its number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutator {
    /// The place of its model.
    pub(crate) model: usize,
    pub(crate) what: What,
}

/// Why models cannot be served together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// None at all.
    #[error("no model: add `.model::<…>()` to the app")]
    NoModel,
    /// One twice.
    #[error("`{0}` is registered twice: remove one `.model::<{0}>()`")]
    Twice(String),
    /// Two types of one name.
    #[error("two types are named `{0}`: TypeScript sees one name space; rename one of them")]
    TypeName(String),
    /// A root that is not registered.
    #[error(
        "`{model}` lives in the topic of `{root}`, which is not registered: add `.model::<{root}>()` before it"
    )]
    NoRoot {
        /// The model.
        model: String,
        /// Its root.
        root: String,
    },
    /// Two patterns that could name one topic.
    #[error("the topics of `{0}` and `{1}` begin with the same fixed segment: give them different ones")]
    Overlap(String, String),
    /// Two numbers that are one.
    #[error("`{0}` and `{1}` have the same number: give one of them another with `#[sync(number = …)]`")]
    Number(String, String),
    /// A wide integer that a TypeScript number cannot hold.
    #[error(
        "`{0}` may exceed 2^53, where a TypeScript number loses digits: use `u32`, or `#[sync(range(max = 9007199254740991))]`"
    )]
    Wide(String),
}

impl Registry {
    /// Puts models together.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, at once.
    pub(crate) fn new(
        models: Vec<Arc<dyn ErasedModel>>,
        principal: fn(&mut Types) -> Ty,
    ) -> Result<Self, Vec<RegistryError>> {
        let mut types = Types::default();
        let principal = principal(&mut types);
        let described: Vec<schema::Model> = models.iter().map(|m| m.describe(&mut types)).collect();
        let mut errors: Vec<_> =
            types.clashes().map(|name| RegistryError::TypeName(name.to_owned())).collect();
        let schema = document(principal, described, types);
        check(&schema, &mut errors);
        let entries = entries(&models, &schema);
        let (by_number, mutators) = numbers(&schema);
        if errors.is_empty() {
            let guards = guards(&entries, &schema);
            let hooks = Hooks::default();
            Ok(Self { models: entries, by_number, mutators, guards, form: 1, schema, hooks })
        } else {
            Err(errors)
        }
    }

    /// Says the newest form that this program writes.
    pub(crate) fn with_form(self, form: u32) -> Self {
        Self { form, ..self }
    }

    pub(crate) fn model(&self, at: usize) -> &Entry {
        &self.models[at]
    }

    pub(crate) fn by_number(&self, number: u16) -> Option<&Entry> {
        self.by_number.get(&number).map(|at| &self.models[*at])
    }

    /// Names a mutator for people: `Poll.vote`; one that nobody knows has an empty name.
    pub(crate) fn name_of(&self, number: u32) -> String {
        let Some(Mutator { model, what }) = self.mutator(number) else { return String::new() };
        let schema = self.schema_of(&self.models[model]);
        let own = match what {
            What::Create => "create",
            What::Patch => "patch",
            What::Delete => "delete",
            What::Named(index) => schema.mutations.get(index).map_or("", |mutation| &mutation.name),
        };
        format!("{}.{own}", schema.name)
    }

    pub(crate) fn mutator(&self, number: u32) -> Option<Mutator> {
        self.mutators.get(&number).copied()
    }

    /// The root whose pattern a topic is of.
    pub(crate) fn root_of(&self, topic: &Topic) -> Option<usize> {
        self.models.iter().position(|entry| match &self.schema.models[entry.at].topic {
            schema::TopicOf::Root(pattern) => pattern.read(topic).is_some(),
            schema::TopicOf::Of(_) => false,
        })
    }

    pub(crate) fn schema_of(&self, entry: &Entry) -> &schema::Model {
        &self.schema.models[entry.at]
    }

    pub(crate) fn root_at(&self, entry: &Entry) -> usize {
        entry.root
    }

    /// Tells whether a mutation of this model is refused where others changed its entity meanwhile.
    pub(crate) fn refuses_conflicts(&self, model: u16) -> bool {
        self.by_number(model).is_some_and(|entry| entry.refuses_conflicts)
    }

    /// The entity that a call names, where its mutation asks for conflicts.
    pub(crate) fn target(&self, mutator: u32, key: &str) -> Option<RowKey> {
        let Mutator { model, what: What::Named(index) } = self.mutator(mutator)? else { return None };
        let described = self.schema_of(self.model(model));
        let refuses = described.mutations.get(index)?.conflict == schema::Conflict::Refuse;
        refuses.then(|| RowKey::new(described.number, key))
    }

    /// What is guarded in the topics of the root at this place.
    pub(crate) fn guards(&self, root: usize) -> &[Guard] {
        self.guards.get(&root).map_or(&[], Vec::as_slice)
    }

    /// The models of the topics of a root whose entities go by themselves: their numbers, and which go.
    pub(crate) fn retained(&self, root: usize) -> impl Iterator<Item = (u16, Retain)> {
        let of_topic = self.models.iter().filter(move |entry| entry.root == root);
        of_topic.filter_map(|entry| Some((entry.model.number(), entry.model.retain()?)))
    }

    /// The class of a subscriber that may see all of a root's topic: the models' fingerprints, folded (S20).
    pub(crate) fn class(&self, root: usize) -> u64 {
        let fold = |hash: u64, m: &schema::Model| hash.rotate_left(11).wrapping_mul(31) ^ m.fingerprint;
        let of_topic = self.models.iter().filter(|e| e.root == root).map(|e| self.schema_of(e));
        of_topic.fold(0, fold) & ((1 << 48) - 1)
    }
}

fn document(principal: Ty, mut models: Vec<schema::Model>, types: Types) -> Schema {
    models.sort_by_key(|m| matches!(m.topic, schema::TopicOf::Of(_)));
    let mut schema = Schema {
        format: schema::SCHEMA_FORMAT,
        realtime: env!("CARGO_PKG_VERSION").to_owned(),
        principal,
        models,
        types: types.into_defs(),
    };
    let prints: Vec<u64> = schema.models.iter().map(|m| fingerprint(&schema, m)).collect();
    for (model, print) in schema.models.iter_mut().zip(prints) {
        model.fingerprint = print;
    }
    schema
}

fn entries(models: &[Arc<dyn ErasedModel>], schema: &Schema) -> Vec<Entry> {
    let sorted: Vec<_> =
        schema.models.iter().filter_map(|m| models.iter().find(|erased| erased.name() == m.name)).collect();
    let place = |name: &str| schema.models.iter().position(|m| m.name == name);
    let entry = |(at, model): (usize, &Arc<dyn ErasedModel>)| {
        let described = &schema.models[at];
        let root = match &described.topic {
            schema::TopicOf::Root(_) => at,
            schema::TopicOf::Of(root) => place(root).unwrap_or(at),
        };
        let column_rules = described.columns.iter().map(|c| schema::has_rules(schema, c)).collect();
        let refuses_conflicts = described.mutations.iter().any(|m| m.conflict == schema::Conflict::Refuse);
        Entry { model: Arc::clone(model), at, root, column_rules, refuses_conflicts }
    };
    sorted.into_iter().enumerate().map(entry).collect()
}

fn guards(entries: &[Entry], schema: &Schema) -> HashMap<usize, Vec<Guard>> {
    let mut guards: HashMap<usize, Vec<Guard>> = HashMap::new();
    for (model, entry) in entries.iter().enumerate() {
        let described = &schema.models[entry.at];
        let row = described.rights.rows.then_some(Guard { model, column: None });
        let columns = described.rights.columns.iter().filter_map(|rust| described.column(rust));
        let columns = columns.map(|at| Guard { model, column: Some(at) });
        guards.entry(entry.root).or_default().extend(row.into_iter().chain(columns));
    }
    guards
}

fn numbers(schema: &Schema) -> (HashMap<u16, usize>, HashMap<u32, Mutator>) {
    let mut by_number = HashMap::new();
    let mut mutators = HashMap::new();
    for (model, described) in schema.models.iter().enumerate() {
        by_number.insert(described.number, model);
        for (what, name) in [(What::Create, "create"), (What::Patch, "patch"), (What::Delete, "delete")] {
            mutators.insert(mutator_number(&described.name, name), Mutator { model, what });
        }
        for (index, mutation) in described.mutations.iter().enumerate() {
            mutators.insert(mutation.number, Mutator { model, what: What::Named(index) });
        }
    }
    (by_number, mutators)
}

fn check(schema: &Schema, errors: &mut Vec<RegistryError>) {
    if schema.models.is_empty() {
        errors.push(RegistryError::NoModel);
    }
    for (i, model) in schema.models.iter().enumerate() {
        check_model(schema, model, errors);
        schema.models[..i].iter().for_each(|other| check_pair(other, model, errors));
    }
}

fn check_pair(a: &schema::Model, b: &schema::Model, errors: &mut Vec<RegistryError>) {
    if a.name == b.name {
        errors.push(RegistryError::Twice(a.name.clone()));
        return;
    }
    if a.number == b.number {
        errors.push(RegistryError::Number(a.name.clone(), b.name.clone()));
    }
    if let (schema::TopicOf::Root(one), schema::TopicOf::Root(two)) = (&a.topic, &b.topic)
        && one.parts().first() == two.parts().first()
    {
        errors.push(RegistryError::Overlap(a.name.clone(), b.name.clone()));
    }
    for (one, two) in a.mutations.iter().flat_map(|m| b.mutations.iter().map(move |n| (m, n))) {
        if one.number == two.number {
            let names = (format!("{}.{}", a.name, one.name), format!("{}.{}", b.name, two.name));
            errors.push(RegistryError::Number(names.0, names.1));
        }
    }
}

fn check_model(schema: &Schema, model: &schema::Model, errors: &mut Vec<RegistryError>) {
    if let schema::TopicOf::Of(root) = &model.topic
        && schema.model(root).is_none()
    {
        errors.push(RegistryError::NoRoot { model: model.name.clone(), root: root.clone() });
    }
    for (i, column) in model.columns.iter().enumerate() {
        if let Some(other) = model.columns[..i].iter().find(|c| c.number == column.number) {
            let names = (format!("{}.{}", model.name, other.rust), format!("{}.{}", model.name, column.rust));
            errors.push(RegistryError::Number(names.0, names.1));
        }
        if is_wide(column) {
            errors.push(RegistryError::Wide(format!("{}.{}", model.name, column.rust)));
        }
    }
    for argument in model.mutations.iter().flat_map(|m| m.args.iter().filter(|a| is_wide(a))) {
        errors.push(RegistryError::Wide(format!("{}(… {} …)", model.name, argument.rust)));
    }
}

/// What an alias hid from the derive: it sees tokens, this sees types.
fn is_wide(field: &Field) -> bool {
    fn wide(ty: &Ty) -> bool {
        match ty {
            Ty::U64 | Ty::I64 => true,
            Ty::Option(of) | Ty::Vec(of) | Ty::Array(of, _) | Ty::BTreeSet(of) => wide(of),
            Ty::BTreeMap(key, of) | Ty::HashMap(key, of) => wide(key) || wide(of),
            Ty::Tuple(of) => of.iter().any(wide),
            _ => false,
        }
    }
    let bounded = field.rules.iter().any(|rule| match rule {
        schema::Rule::Range { max: Some(max), .. } => *max <= 9_007_199_254_740_991.0,
        _ => false,
    });
    wide(&field.ty) && !bounded
}
