//! One model's file: its types, its handle, its lowered mutators.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use heck::ToKebabCase as _;
use realtime_protocol::schema::{Field, Model, Mutation, Optimistic, Schema, Shape, Ty, VariantFields};

use super::{client, imports, jsdoc, lower, names, types};
use crate::error::GenerateError;

/// What the runtime gives to generated code.
pub(crate) const FRAMEWORK: [&str; 11] = [
    "Cell",
    "Client",
    "ClientOptions",
    "ConflictHandler",
    "Entity",
    "List",
    "Mut",
    "Mutation",
    "Schema",
    "Tx",
    "connect",
];

/// A model's file, without `.ts`. `index` and `schema` are taken.
pub(crate) fn file(model: &Model) -> String {
    let name = model.name.to_kebab_case();
    if name == "index" || name == "schema" { format!("{name}-model") } else { name }
}

/// In which file each named type is declared: that of the model which reaches it first.
pub(crate) fn owners(schema: &Schema) -> BTreeMap<String, String> {
    let mut owners = BTreeMap::new();
    for model in &schema.models {
        owners.insert(model.name.clone(), file(model));
        owners.insert(client::handle_name(model), file(model));
    }
    for model in &schema.models {
        let mut reached = BTreeSet::new();
        reach_model(schema, model, &mut reached);
        for name in reached {
            owners.entry(name).or_insert_with(|| file(model));
        }
    }
    owners
}

fn reach_model(schema: &Schema, model: &Model, names: &mut BTreeSet<String>) {
    if model.mutations.iter().any(lower::asks_who) {
        reach(schema, &model.principal, names);
    }
    for column in &model.columns {
        reach(schema, &column.ty, names);
    }
    for mutation in &model.mutations {
        let types = mutation.args.iter().map(|arg| &arg.ty).chain([&mutation.returns]).chain(&mutation.error);
        types.for_each(|ty| reach(schema, ty, names));
        if let Optimistic::Lowered(body) = &mutation.optimistic {
            body.types.iter().for_each(|ty| reach(schema, ty, names));
        }
    }
}

/// Collects the named types that `ty` reaches.
pub(crate) fn reach(schema: &Schema, ty: &Ty, names: &mut BTreeSet<String>) {
    match ty {
        Ty::Option(of) | Ty::Vec(of) | Ty::Array(of, _) | Ty::BTreeSet(of) => reach(schema, of, names),
        Ty::BTreeMap(key, value) | Ty::HashMap(key, value) => {
            reach(schema, key, names);
            reach(schema, value, names);
        }
        Ty::Tuple(of) => of.iter().for_each(|ty| reach(schema, ty, names)),
        Ty::Named(name) => {
            let Some(def) = schema.type_def(name) else { return };
            if names.insert(name.clone()) {
                parts(&def.shape, &mut |ty| reach(schema, ty, names));
            }
        }
        _ => {}
    }
}

fn parts(shape: &Shape, each: &mut dyn FnMut(&Ty)) {
    match shape {
        Shape::Struct(fields) => fields.iter().for_each(|f| each(&f.ty)),
        Shape::Newtype(of) => each(of),
        Shape::Enum(variants) | Shape::TaggedEnum(_, variants) | Shape::Error(variants) => {
            for variant in variants {
                match &variant.fields {
                    VariantFields::Unit => {}
                    VariantFields::Newtype(of) => each(of),
                    VariantFields::Tuple(of) => of.iter().for_each(&mut *each),
                    VariantFields::Struct(fields) => fields.iter().for_each(|f| each(&f.ty)),
                }
            }
        }
    }
}

/// Prints the file of `model`, without its first line.
pub(crate) fn print(
    schema: &Schema,
    model: &Model,
    owners: &BTreeMap<String, String>,
    errors: &mut Vec<GenerateError>,
) -> String {
    let mut body = jsdoc(&model.doc, "");
    body.push_str(&types::interface(&model.name, &model.columns, &model.rights.columns));
    for def in schema.types.iter().filter(|def| owners.get(&def.name) == Some(&file(model))) {
        // A model used as a type is declared above.
        if schema.model(&def.name).is_none() {
            body.push('\n');
            body.push_str(&types::declaration(def, errors));
        }
    }
    body.push('\n');
    body.push_str(&client::handle(schema, model));
    for mutation in &model.mutations {
        if let Optimistic::Lowered(lowered) = &mutation.optimistic {
            match lower::lower(schema, model, mutation, lowered) {
                Ok(printed) => body.push_str(&function(schema, model, mutation, &printed)),
                Err(found) => errors.extend(found.into_iter().map(GenerateError::Lower)),
            }
        }
    }
    with_imports(schema, &file(model), &body, owners)
}

/// Puts the imports of what `body` uses before it.
pub(crate) fn with_imports(
    schema: &Schema,
    here: &str,
    body: &str,
    owners: &BTreeMap<String, String>,
) -> String {
    let used = imports::used(body);
    let framework: Vec<String> = FRAMEWORK
        .iter()
        .filter_map(|name| {
            let local = framework(schema, name);
            let import = if local == *name { local.clone() } else { format!("{name} as {local}") };
            (*name != "connect" && used.contains(&local)).then_some(import)
        })
        .collect();
    let mut out = String::new();
    if used.contains("$") {
        out.push_str("import * as $ from \"@realtime/client/draft\";\n");
    }
    if !framework.is_empty() {
        let _ =
            writeln!(out, "import type {{ {} }} from \"@realtime/client/generated\";", framework.join(", "));
    }
    let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, file) in owners {
        if file != here && used.contains(name) {
            by_file.entry(file).or_default().push(name);
        }
    }
    for (file, names) in by_file {
        let _ = writeln!(out, "import type {{ {} }} from \"./{file}.js\";", names.join(", "));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out + body
}

/// The name of a type of the runtime here: another one where the author has a type of that name.
pub(crate) fn framework(schema: &Schema, name: &str) -> String {
    let taken = schema.model(name).is_some() || schema.type_def(name).is_some();
    if taken { format!("Realtime{name}") } else { name.to_owned() }
}

/// A model as a mutator sees it: reading what is hidden from this reader ends the prediction (S33).
pub(crate) fn whole(model: &Model) -> String {
    if model.rights.columns.is_empty() { model.name.clone() } else { format!("Required<{}>", model.name) }
}

/// The name of a lowered mutator.
pub(crate) fn function_name(model: &Model, mutation: &Mutation) -> String {
    format!("{}_{}", names::camel(&model.name), names::camel(&mutation.name))
}

fn function(schema: &Schema, model: &Model, mutation: &Mutation, printed: &lower::Printed) -> String {
    let uses = &printed.uses;
    let mut params = Vec::new();
    let of = |name: &str| framework(schema, name);
    params.push(match (lower::on_entity(mutation), uses.this) {
        (true, true) => format!("self: {}<{}>", of("Mut"), whole(model)),
        (true, false) => format!("_self: {}<{}>", of("Mut"), whole(model)),
        (false, _) => "_self: undefined".into(),
    });
    params.push(if uses.args.is_empty() {
        "_args: object".into()
    } else {
        arguments(schema, mutation, uses)
    });
    let principal = types::ts(&model.principal);
    params.push(match (uses.tx, uses.principal) {
        (true, true) => format!("tx: {}<{principal}>", of("Tx")),
        (true, false) => format!("tx: {}", of("Tx")),
        (false, _) => format!("_tx: {}", of("Tx")),
    });
    let used = [uses.this, !uses.args.is_empty(), uses.tx];
    params.truncate(used.iter().rposition(|used| *used).map_or(0, |last| last + 1));
    let returns = types::returned(&mutation.returns);
    let name = function_name(model, mutation);
    let mut out = format!("\nexport function {name}({}): {returns} {{\n", params.join(", "));
    for line in &printed.body {
        out.push_str(&line.replace('\n', "\n  "));
        out.push('\n');
    }
    out.push_str("}\n");
    out
}

fn arguments(schema: &Schema, mutation: &Mutation, uses: &lower::Uses) -> String {
    let used: Vec<(&Field, &(String, String))> = mutation
        .args
        .iter()
        .filter_map(|arg| {
            let name = names::camel(&arg.rust);
            uses.args.iter().find(|(of, _)| *of == name).map(|pair| (arg, pair))
        })
        .collect();
    let pattern: Vec<String> = used
        .iter()
        .map(
            |(_, (key, name))| if key == name { key.clone() } else { format!("{}: {name}", names::key(key)) },
        )
        .collect();
    // What was left out is `null` by the time the mutator runs.
    let fields: Vec<String> = used
        .iter()
        .map(|(arg, (key, _))| format!("readonly {}: {}", names::key(key), types::ts(&arg.ty)))
        .collect();
    let ty = format!("{{ {} }}", fields.join("; "));
    let flat = used.iter().all(|(arg, _)| types::is_flat(schema, &arg.ty));
    let ty = if flat { ty } else { format!("{}<{ty}>", framework(schema, "Mut")) };
    format!("{{ {} }}: {ty}", pattern.join(", "))
}
