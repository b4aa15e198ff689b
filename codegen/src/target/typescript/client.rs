//! The handles of models, and `index.ts`.

use std::{collections::BTreeMap, fmt::Write as _};

use realtime_protocol::schema::{Conflict, Model, Receiver, Schema, TopicOf, Ty};

use super::{
    jsdoc,
    model::{file, framework, with_imports},
    names, types,
};
use crate::error::GenerateError;

/// What every handle has already; `then` would make it a promise.
const OF_HANDLES: [&str; 9] =
    ["view", "subscribe", "load", "pending", "create", "patch", "delete", "then", "constructor"];
/// What every client has already.
const OF_CLIENTS: [&str; 5] = ["connection", "pending", "close", "then", "constructor"];

/// The name of a model's handle.
pub(crate) fn handle_name(model: &Model) -> String {
    match model.topic {
        TopicOf::Root(_) => format!("{}Topic", model.name),
        TopicOf::Of(_) => format!("{}Entity", model.name),
    }
}

/// The models in the topic of `root`, without it.
fn beside<'a>(schema: &'a Schema, root: &Model) -> Vec<&'a Model> {
    schema.models.iter().filter(|m| matches!(&m.topic, TopicOf::Of(of) if *of == root.name)).collect()
}

/// The interface of a model's handle.
pub(crate) fn handle(schema: &Schema, model: &Model) -> String {
    let of = |name: &str| framework(schema, name);
    let mut out =
        format!("export interface {} extends {}<{}> {{\n", handle_name(model), of("Entity"), model.name);
    for mutation in &model.mutations {
        out.push_str(&jsdoc(&mutation.doc, "  "));
        let args = mutation.args.iter().map(|arg| (names::camel(&arg.rust), arg));
        let optional = !mutation.args.is_empty() && mutation.args.iter().all(|arg| arg.optional);
        let params = match (mutation.args.is_empty(), optional) {
            (true, _) => String::new(),
            (false, true) => format!("args?: {}", types::given(args)),
            (false, false) => format!("args: {}", types::given(args)),
        };
        let error = mutation.error.as_ref().map_or_else(|| "never".into(), types::ts);
        let returns = types::returned(&mutation.returns);
        let _ = writeln!(
            out,
            "  {}({params}): {}<{returns}, {error}>;",
            names::camel(&mutation.name),
            of("Mutation")
        );
    }
    generic(schema, model, &mut out);
    if matches!(model.topic, TopicOf::Root(_)) {
        for other in beside(schema, model) {
            let accessor = names::camel(&other.name);
            let key = key_type(other);
            let _ = writeln!(out, "  /** One `{}` of this topic. */", other.name);
            let _ = writeln!(out, "  {accessor}(key: {key}): {};", handle_name(other));
            let _ = writeln!(out, "  /** All of them, sorted by key. */");
            let _ = writeln!(out, "  readonly {accessor}s: {}<{}>;", of("List"), other.name);
        }
    }
    out.push_str("}\n");
    out
}

/// create, patch and delete, where they are open.
fn generic(schema: &Schema, model: &Model, out: &mut String) {
    let mutation = framework(schema, "Mutation");
    if model.generic.create {
        let fields = model.columns.iter().filter(|c| c.rust != model.key).map(|c| (c.name.clone(), c));
        let _ = writeln!(out, "  /** Makes it; refused as `rt/exists` where there is one. */");
        let _ = writeln!(out, "  create(fields: {}): {mutation}<void, never>;", types::given(fields));
    }
    if !model.generic.patch.is_empty() {
        let columns = model.columns.iter().filter(|c| model.generic.patch.contains(&c.rust));
        let fields: Vec<String> =
            columns.map(|c| format!("readonly {}?: {}", names::key(&c.name), types::ts(&c.ty))).collect();
        let _ = writeln!(out, "  /** Sets some columns. */");
        let _ = writeln!(out, "  patch(fields: {{ {} }}): {mutation}<void, never>;", fields.join("; "));
    }
    if model.generic.delete {
        let _ = writeln!(out, "  /** Removes it. */");
        let _ = writeln!(out, "  delete(): {mutation}<void, never>;");
    }
}

fn key_type(model: &Model) -> String {
    model.columns.iter().find(|c| c.rust == model.key).map_or_else(|| "string".into(), |c| types::ts(&c.ty))
}

/// The parameter of a root's accessor.
fn address(model: &Model) -> String {
    let TopicOf::Root(pattern) = &model.topic else { return String::new() };
    let fields: Vec<&str> = pattern.fields().collect();
    let ty = |field: &str| {
        let column = model.columns.iter().find(|c| c.rust == field);
        match column.map(|c| &c.ty) {
            Some(Ty::Named(_)) | None => "string".to_owned(),
            Some(ty) => types::ts(ty),
        }
    };
    match fields.as_slice() {
        [one] => format!("{}: {}", names::variable(one), ty(one)),
        many => {
            let fields: Vec<String> =
                many.iter().map(|field| format!("readonly {}: {}", names::key(field), ty(field))).collect();
            format!("at: {{ {} }}", fields.join("; "))
        }
    }
}

/// The text of `index.ts`, without its first line.
pub(crate) fn index(schema: &Schema, owners: &BTreeMap<String, String>) -> String {
    let of = |name: &str| framework(schema, name);
    let (client, options) = (of("Client"), of("ClientOptions"));
    let mut body = String::new();
    let _ = writeln!(body, "/** The client of this application. */");
    let _ = writeln!(body, "export interface Realtime extends {client} {{");
    for model in schema.models.iter().filter(|m| matches!(m.topic, TopicOf::Root(_))) {
        let _ =
            writeln!(body, "  {}({}): {};", names::camel(&model.name), address(model), handle_name(model));
    }
    body.push_str("}\n");
    let conflicts = conflicts(schema);
    let options = if conflicts.is_empty() { options } else { format!("{options}<Conflicts>") };
    body.push_str(&conflicts);
    body.push_str("\n/** Makes a client; it connects when something is first subscribed to. */\n");
    let _ = writeln!(body, "export function createClient(options?: {options}): Realtime {{");
    body.push_str("  return connect<Realtime>(schema, options);\n}\n");
    let imports = with_imports(schema, "index", &body, owners);
    let imports = imports.trim_end_matches(&body).trim_end();
    let mut out = String::from("import { connect } from \"@realtime/client/generated\";\n");
    let _ = writeln!(out, "{imports}\nimport {{ schema }} from \"./schema.js\";\n");
    let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, file) in owners {
        by_file.entry(file).or_default().push(name);
    }
    for (file, names) in by_file {
        let _ = writeln!(out, "export type {{ {} }} from \"./{file}.js\";", names.join(", "));
    }
    out + "\n" + &body
}

/// What `onConflict` may answer for: the mutations that are refused where others changed their entity.
fn conflicts(schema: &Schema) -> String {
    let handler = framework(schema, "ConflictHandler");
    let mut out = String::new();
    for model in &schema.models {
        for mutation in model.mutations.iter().filter(|m| m.conflict == Conflict::Refuse) {
            let name = names::quoted(&format!("{}.{}", model.name, names::camel(&mutation.name)));
            let args = mutation.args.iter().map(|arg| (names::camel(&arg.rust), arg));
            let args = if mutation.args.is_empty() { "undefined".into() } else { types::given(args) };
            let _ = writeln!(out, "  readonly {name}?: {handler}<{}, {args}>;", model.name);
        }
    }
    if out.is_empty() {
        return out;
    }
    format!(
        "\n/** What answers where another change came first; without it the mutation is refused as `rt/stale`. */\nexport interface Conflicts {{\n{out}}}\n"
    )
}

/// Names that mean something else already.
pub(crate) fn check_names(schema: &Schema, errors: &mut Vec<GenerateError>) {
    let mut add = |of: String, why: String| errors.push(GenerateError::Name { of, why });
    let mut files = BTreeMap::new();
    for model in &schema.models {
        let accessor = names::camel(&model.name);
        if matches!(model.topic, TopicOf::Root(_)) && OF_CLIENTS.contains(&accessor.as_str()) {
            add(model.name.clone(), format!("every client has a `{accessor}` already: rename the model"));
        }
        if let Some(other) = files.insert(file(model), &model.name) {
            add(model.name.clone(), format!("`{other}` is written to the same file: rename one of them"));
        }
        let handle = handle_name(model);
        if schema.type_def(&handle).is_some() || schema.model(&handle).is_some() {
            add(handle, format!("the handle of `{}` has this name: rename the type", model.name));
        }
        check_members(schema, model, &mut add);
    }
    for name in schema.types.iter().map(|def| &def.name).chain(schema.models.iter().map(|m| &m.name)) {
        if matches!(
            name.as_str(),
            "Realtime"
                | "createClient"
                | "Conflicts"
                | "Record"
                | "Required"
                | "Array"
                | "Extract"
                | "undefined"
                | "schema"
        ) {
            add(name.clone(), "generated code uses this name: rename the type".into());
        }
    }
}

fn check_members(schema: &Schema, model: &Model, add: &mut dyn FnMut(String, String)) {
    let mut members: BTreeMap<String, String> =
        OF_HANDLES.iter().map(|name| ((*name).to_owned(), "every handle".to_owned())).collect();
    let mut member = |name: String, of: String| {
        if let Some(other) = members.insert(name.clone(), of.clone()) {
            add(of, format!("`{name}` is a member of {other} already: rename it"));
        }
    };
    for mutation in &model.mutations {
        let name = names::camel(&mutation.name);
        member(name, format!("{}.{}", model.name, mutation.name));
        let mut args = BTreeMap::new();
        for arg in &mutation.args {
            if let Some(other) = args.insert(names::camel(&arg.rust), &arg.rust) {
                member(
                    format!("{}({other})", mutation.name),
                    format!("{}.{}({})", model.name, mutation.name, arg.rust),
                );
            }
        }
        let on_topic = mutation.receiver == Receiver::Topic && matches!(model.topic, TopicOf::Of(_));
        if on_topic {
            member(
                "pending".into(),
                format!(
                    "{}.{} (a mutation without a receiver belongs to the root)",
                    model.name, mutation.name
                ),
            );
        }
    }
    if matches!(model.topic, TopicOf::Root(_)) {
        for other in beside(schema, model) {
            let accessor = names::camel(&other.name);
            member(format!("{accessor}s"), other.name.clone());
            member(accessor, other.name.clone());
        }
    }
}
