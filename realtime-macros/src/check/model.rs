//! A sync model: a struct with a key and a topic.

use std::collections::HashMap;

use proc_macro2::Span;
use syn::{Data, DeriveInput, Expr, Ident, Path, Type, parse_quote, punctuated::Punctuated};

use super::{
    field::{Field, FieldOf, number},
    numbers::column_number,
    time::{RawRetain, Retain, every, retain},
    topic::{Topic, not_in_topic, topic},
};
use crate::{
    attr::{Absent, Opt, Place, Policy, Seen, Target, doc, policy, read, serde},
    errors::Errors,
    suggest::nearest,
};

/// A model, checked.
pub(crate) struct Model {
    pub(crate) ident: Ident,
    pub(crate) doc: String,
    pub(crate) topic: Topic,
    pub(crate) version: u32,
    pub(crate) number: Option<u16>,
    pub(crate) principal: Option<Path>,
    /// How often its topic is flushed, in milliseconds.
    pub(crate) every: Option<u32>,
    pub(crate) retain: Option<Retain>,
    pub(crate) read: Option<Policy>,
    pub(crate) open: Option<Policy>,
    pub(crate) create: Option<Policy>,
    pub(crate) delete: Option<Policy>,
    pub(crate) patch: Option<(Vec<String>, Policy)>,
    pub(crate) columns: Vec<Field>,
    /// The index of the column that is the key.
    pub(crate) key: usize,
    /// `#[serde(default)]` on the struct.
    pub(crate) default: bool,
}

const STRUCT: Place = Place {
    known: &[
        "topic",
        "version",
        "principal",
        "open",
        "read",
        "create",
        "patch",
        "delete",
        "every",
        "retain",
        "number",
    ],
    elsewhere: &[
        ("key", "a field"),
        ("default", "a field"),
        ("write", "a field (here: `patch(…)`)"),
        ("length", "a field"),
        ("range", "a field"),
        ("allow", "`#[mutation(…)]`"),
        ("optimistic", "`#[mutation(…)]`"),
        ("conflict", "`#[mutation(…)]`"),
    ],
};

#[derive(Default)]
struct Options {
    topic: Option<Expr>,
    version: Option<u32>,
    number: Option<u16>,
    principal: Option<Path>,
    every: Option<(Span, u32)>,
    retain: Option<RawRetain>,
    read: Option<Policy>,
    open: Option<Policy>,
    create: Option<Policy>,
    delete: Option<Policy>,
    patch: Option<(Vec<Ident>, Policy)>,
    /// Mistakes in the topic were told already.
    topic_told: bool,
}

impl Model {
    /// Checks a struct; complains about all that is wrong with it.
    pub(crate) fn check(input: &DeriveInput, errors: &mut Errors) -> Option<Self> {
        super::no_generics(input, "a sync model", errors);
        let options = Options::read(input, errors);
        let (columns, default) = columns(input, errors)?;
        let key = key(input, &columns, errors);
        unique(&columns, errors);
        let topic = match options.topic_told {
            true => None,
            false => topic(input, options.topic.as_ref(), &columns, key, errors),
        };
        not_in_topic(topic.as_ref(), &columns, errors);
        let is_root = !matches!(options.topic, Some(Expr::Path(_)));
        if let Some(Expr::Path(root)) = &options.topic {
            options.only_of_roots(root, errors);
        }
        let retain = options.retain.and_then(|retain| retain.check(is_root, &columns, errors));
        let patch = options.patch.map(|(names, policy)| (patch(&names, &columns, key, errors), policy));
        Some(Self {
            ident: input.ident.clone(),
            doc: doc(&input.attrs),
            topic: topic?,
            version: options.version.unwrap_or(1),
            number: options.number,
            principal: options.principal,
            every: options.every.map(|(_, ms)| ms),
            retain,
            read: options.read,
            open: options.open,
            create: options.create,
            delete: options.delete,
            patch,
            columns,
            key: key?,
            default,
        })
    }
}

impl Options {
    fn read(input: &DeriveInput, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let mut seen = Seen::default();
        for opt in read(&input.attrs, "sync", errors) {
            if !STRUCT.known.iter().any(|known| opt.name == known) {
                STRUCT.unknown(&opt, errors);
            } else if seen.first(&opt, errors) {
                options.take(&opt, errors);
            }
        }
        options
    }

    /// Complains about what a child cannot say.
    fn only_of_roots(&self, root: &syn::ExprPath, errors: &mut Errors) {
        if self.open.is_some() {
            let at = root.path.segments.last().map_or_else(Span::call_site, |s| s.ident.span());
            errors.span(at, "who may open a topic is said at its root: move `open = …` there");
        }
        if let Some((at, _)) = self.every {
            errors.span(at, "a topic is flushed whole: move `every = …` to its root");
        }
    }

    fn take(&mut self, opt: &Opt, errors: &mut Errors) {
        match opt.name.to_string().as_str() {
            "topic" => {
                self.topic = opt.value("topic = \"poll/{id}\"", errors).cloned();
                self.topic_told = self.topic.is_none();
            }
            "version" => self.version = version(opt, errors),
            "number" => self.number = number(opt, errors),
            "principal" => self.principal = path(opt, "principal = User", errors),
            "every" => self.every = every(opt, errors),
            "retain" => self.retain = retain(opt, errors),
            "read" => self.read = right(opt, "read = visible", errors),
            "open" => self.open = right(opt, "open = anyone", errors),
            "create" => self.create = right(opt, "create = anyone", errors),
            "delete" => self.delete = right(opt, "delete = anyone", errors),
            _ => self.patch = patch_option(opt, errors),
        }
    }
}

fn right(opt: &Opt, example: &str, errors: &mut Errors) -> Option<Policy> {
    opt.value(example, errors).and_then(|value| policy(value, errors))
}

fn version(opt: &Opt, errors: &mut Errors) -> Option<u32> {
    let literal = opt.number("version = 2", errors)?;
    match literal.base10_parse::<u32>() {
        Ok(0) => {
            errors.at(&literal, "versions count from 1: leave the option out, or write `version = 1`");
            None
        }
        Ok(version) => Some(version),
        Err(_) => {
            errors.at(&literal, "a version is a whole number from 1 to 4294967295");
            None
        }
    }
}

fn path(opt: &Opt, example: &str, errors: &mut Errors) -> Option<Path> {
    match opt.value(example, errors)? {
        Expr::Path(path) if path.qself.is_none() => Some(path.path.clone()),
        other => {
            errors.at(other, format!("write `{example}`"));
            None
        }
    }
}

fn patch_option(opt: &Opt, errors: &mut Errors) -> Option<(Vec<Ident>, Policy)> {
    let example = "write `patch(title, done) = anyone`: which columns, and who may set them";
    let (Some(args), Some(value)) = (&opt.args, &opt.value) else {
        errors.span(opt.span(), example);
        return None;
    };
    let parser = Punctuated::<Ident, syn::Token![,]>::parse_terminated;
    match syn::parse::Parser::parse2(parser, args.clone()) {
        Ok(names) if names.is_empty() => {
            errors.span(opt.span(), example);
            None
        }
        Ok(names) => policy(value, errors).map(|policy| (names.into_iter().collect(), policy)),
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

fn columns(input: &DeriveInput, errors: &mut Errors) -> Option<(Vec<Field>, bool)> {
    let named = match &input.data {
        Data::Struct(data) => match &data.fields {
            syn::Fields::Named(fields) => Some(&fields.named),
            _ => None,
        },
        _ => None,
    };
    let Some(named) = named else {
        errors.at(
            &input.ident,
            "a sync model is a struct with named fields; for other types: `#[derive(SyncType)]`",
        );
        return None;
    };
    let serde = serde(&input.attrs, Target::Struct, errors);
    let own = own_type(&input.ident);
    let mut columns: Vec<Field> = named
        .iter()
        .filter_map(|field| Field::check(field, &own, FieldOf::Model, serde.rename_all, errors))
        .collect();
    let default = matches!(serde.default, Some(Absent::Trait));
    for column in columns.iter_mut().filter(|c| default && !c.key) {
        column.optional = true;
    }
    Some((columns, default))
}

/// The type of an item that is not generic.
pub(super) fn own_type(ident: &Ident) -> Type {
    parse_quote!(#ident)
}

fn key(input: &DeriveInput, columns: &[Field], errors: &mut Errors) -> Option<usize> {
    let mut keys = columns.iter().enumerate().filter(|(_, c)| c.key);
    let first = keys.next();
    for (_, second) in keys {
        errors.at(&second.ident, "a model has one key: remove one `#[sync(key)]`");
    }
    if first.is_none() {
        let hint = if columns.iter().any(|c| c.rust == "id") {
            "add `#[sync(key)]` to `id`"
        } else {
            "mark the field that names an entity with `#[sync(key)]`"
        };
        errors.at(&input.ident, format!("`{}` has no key: {hint}", input.ident));
    }
    first.map(|(i, _)| i)
}

/// Complains where two columns have one name on the wire, or one number.
fn unique(columns: &[Field], errors: &mut Errors) {
    let (mut names, mut numbers) = (HashMap::new(), HashMap::new());
    for column in columns {
        if let Some(other) = names.insert(&column.name, &column.rust) {
            errors.at(&column.ident, format!("`{other}` has the name `{}` on the wire too", column.name));
            continue;
        }
        let number = column.number.unwrap_or_else(|| column_number(&column.name));
        if let Some(other) = numbers.insert(number, &column.rust) {
            errors.at(
                &column.ident,
                format!(
                    "`{other}` has the number {number} too: give one of them another, `#[sync(number = …)]`"
                ),
            );
        }
    }
}

fn patch(names: &[Ident], columns: &[Field], key: Option<usize>, errors: &mut Errors) -> Vec<String> {
    let mut known = Vec::new();
    for ident in names {
        let name = ident.to_string();
        match columns.iter().position(|c| c.rust == name) {
            None => {
                let near = nearest(&name, columns.iter().map(|c| c.rust.as_str()));
                let near = near.map(|near| format!(". did you mean `{near}`?")).unwrap_or_default();
                errors.at(ident, format!("no field `{name}`{near}"));
            }
            Some(column) if Some(column) == key => {
                errors.at(ident, "a key never changes: leave it out of `patch`")
            }
            Some(_) if known.contains(&name) => {
                errors.at(ident, format!("`{name}` stands twice: remove one"))
            }
            Some(_) => known.push(name),
        }
    }
    known
}
