//! `schema.ts`: the data that the runtime needs, with the mutators beside it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use realtime_protocol::schema::{
    Conflict, Field, Model, Mutation, Optimistic, Receiver, Rule, Schema, Shape, TopicOf, Ty, TypeDef,
    Variant, VariantFields, mutator_number,
};

use super::{
    lower,
    model::{file, framework, function_name, reach},
    names,
};

/// Prints the file, without its first line.
pub(crate) fn print(schema: &Schema) -> String {
    let ty = framework(schema, "Schema");
    let import = if ty == "Schema" { ty.clone() } else { format!("Schema as {ty}") };
    let mut out = format!("import type {{ {import} }} from \"@realtime/client/generated\";\n");
    let parts = parts(schema);
    if !parts.is_empty() {
        let _ = writeln!(out, "import {{ {} }} from \"@realtime/client/generated\";", parts.join(", "));
    }
    for model in &schema.models {
        let functions: Vec<String> = model
            .mutations
            .iter()
            .filter(|m| matches!(m.optimistic, Optimistic::Lowered(_)))
            .map(|m| function_name(model, m))
            .collect();
        if !functions.is_empty() {
            let _ = writeln!(out, "import {{ {} }} from \"./{}.js\";", functions.join(", "), file(model));
        }
    }
    let _ = write!(
        out,
        "\n/** What this client knows of the server's models. */\nexport const schema: {ty} = {{\n"
    );
    let _ = write!(out, "  hash: {},\n  models: [\n", names::quoted(&schema.short_hash()));
    for model in &schema.models {
        model_text(model, &mut out);
    }
    out.push_str("  ],\n  types: {\n");
    for def in sent(schema) {
        if let Some(shape) = shape(def) {
            let _ = writeln!(out, "    {}: {shape},", names::key(&def.name));
        }
    }
    out.push_str("  },\n};\n");
    out
}

/// The types that a client may send.
fn sent(schema: &Schema) -> impl Iterator<Item = &TypeDef> {
    let mut names = BTreeSet::new();
    for model in &schema.models {
        let args = model.mutations.iter().flat_map(|m| &m.args);
        model.columns.iter().chain(args).for_each(|f| reach(schema, &f.ty, &mut names));
    }
    schema.types.iter().filter(move |def| names.contains(&def.name))
}

/// The parts of the runtime that only some clients need, and this one does.
fn parts(schema: &Schema) -> Vec<&'static str> {
    let mutations = || schema.models.iter().flat_map(|m| &m.mutations);
    let draws = |m: &Mutation| matches!(m.optimistic, Optimistic::Lowered(_)) && lower::needs_seed(m);
    let all = [
        ("creates", schema.models.iter().any(|m| m.generic.create)),
        ("deletes", schema.models.iter().any(|m| m.generic.delete)),
        ("draws", mutations().any(draws)),
        ("enums", sent(schema).any(|def| matches!(def.shape, Shape::Enum(_) | Shape::TaggedEnum(..)))),
        ("lists", schema.models.iter().any(|m| matches!(m.topic, TopicOf::Of(_)))),
        ("patches", schema.models.iter().any(|m| !m.generic.patch.is_empty())),
        ("refuse", mutations().any(|m| m.conflict == Conflict::Refuse)),
    ];
    all.into_iter().filter_map(|(name, is_used)| is_used.then_some(name)).collect()
}

fn model_text(model: &Model, out: &mut String) {
    let topic = match &model.topic {
        TopicOf::Root(pattern) => names::quoted(pattern.as_str()),
        TopicOf::Of(root) => format!("{{ of: {} }}", names::quoted(root)),
    };
    let key = model.columns.iter().find(|c| c.rust == model.key).map_or(model.key.as_str(), |c| &c.name);
    out.push_str("    {\n");
    let lines = [
        ("number", model.number.to_string()),
        ("name", names::quoted(&model.name)),
        ("accessor", names::quoted(&names::camel(&model.name))),
        ("topic", topic),
        ("version", model.version.to_string()),
        ("fingerprint", model.fingerprint.to_string()),
        ("key", names::quoted(key)),
    ];
    for (name, value) in lines {
        let _ = writeln!(out, "      {name}: {value},");
    }
    out.push_str("      columns: [\n");
    for column in &model.columns {
        let text = field(&column.name, column);
        let open = text.trim_end_matches(" }");
        let is_guarded = model.rights.columns.contains(&column.rust);
        let guarded = if is_guarded { ", guarded: true" } else { "" };
        let _ = writeln!(out, "        {open}{guarded} }},");
    }
    out.push_str("      ],\n      mutations: {\n");
    for mutation in &model.mutations {
        let _ = writeln!(
            out,
            "        {}: {},",
            names::key(&names::camel(&mutation.name)),
            mutation_text(model, mutation)
        );
    }
    out.push_str("      },\n");
    if matches!(model.topic, TopicOf::Of(_)) {
        out.push_str("      list: lists,\n");
    }
    generic(model, out);
    out.push_str("    },\n");
}

fn generic(model: &Model, out: &mut String) {
    if model.generic.create {
        let _ = writeln!(out, "      create: creates({}),", mutator_number(&model.name, "create"));
    }
    if !model.generic.patch.is_empty() {
        let columns: Vec<String> = model
            .columns
            .iter()
            .filter(|c| model.generic.patch.contains(&c.rust))
            .map(|c| names::quoted(&c.name))
            .collect();
        let number = mutator_number(&model.name, "patch");
        let _ = writeln!(out, "      patch: patches({number}, [{}]),", columns.join(", "));
    }
    if model.generic.delete {
        let _ = writeln!(out, "      delete: deletes({}),", mutator_number(&model.name, "delete"));
    }
}

fn mutation_text(model: &Model, mutation: &Mutation) -> String {
    let args: Vec<String> = mutation.args.iter().map(|arg| field(&names::camel(&arg.rust), arg)).collect();
    let receiver = match mutation.receiver {
        Receiver::Entity => "",
        Receiver::Topic => " receiver: \"topic\",",
    };
    let mut out = format!("{{ number: {},{receiver} args: [{}]", mutation.number, args.join(", "));
    if lower::needs_seed(mutation) {
        let is_lowered = matches!(mutation.optimistic, Optimistic::Lowered(_));
        out.push_str(if is_lowered { ", seed: draws" } else { ", seed: true" });
    }
    if mutation.conflict == Conflict::Refuse {
        out.push_str(", conflict: refuse");
    }
    if matches!(mutation.optimistic, Optimistic::Lowered(_)) {
        let _ = write!(out, ", run: {}", function_name(model, mutation));
    }
    out + " }"
}

fn field(name: &str, field: &Field) -> String {
    let mut out = format!("{{ name: {}, ty: {}", names::quoted(name), ty(&field.ty));
    if field.optional {
        out.push_str(", optional: true");
    }
    if !field.rules.is_empty() {
        let rules: Vec<String> = field.rules.iter().map(rule).collect();
        let _ = write!(out, ", rules: [{}]", rules.join(", "));
    }
    out + " }"
}

fn rule(rule: &Rule) -> String {
    let (name, min, max) = match rule {
        Rule::Length { min, max } => ("length", min.map(|n| n.to_string()), max.map(|n| n.to_string())),
        Rule::Range { min, max } => ("range", min.map(|n| n.to_string()), max.map(|n| n.to_string())),
    };
    let mut out = format!("{{ rule: \"{name}\"");
    for (end, value) in [("min", min), ("max", max)] {
        if let Some(value) = value {
            let _ = write!(out, ", {end}: {value}");
        }
    }
    out + " }"
}

/// A type as the runtime's `Ty`.
fn ty(of: &Ty) -> String {
    let scalar = |name: &str| format!("\"{name}\"");
    match of {
        Ty::Unit => scalar("unit"),
        Ty::Bool => scalar("bool"),
        Ty::U8 => scalar("u8"),
        Ty::U16 => scalar("u16"),
        Ty::U32 => scalar("u32"),
        Ty::U64 => scalar("u64"),
        Ty::Usize => scalar("usize"),
        Ty::I8 => scalar("i8"),
        Ty::I16 => scalar("i16"),
        Ty::I32 => scalar("i32"),
        Ty::I64 => scalar("i64"),
        Ty::F32 => scalar("f32"),
        Ty::F64 => scalar("f64"),
        Ty::Char => scalar("char"),
        Ty::String => scalar("string"),
        Ty::Id => scalar("id"),
        Ty::Timestamp => scalar("timestamp"),
        Ty::Option(of) => format!("[\"option\", {}]", ty(of)),
        Ty::Vec(of) => format!("[\"vec\", {}]", ty(of)),
        Ty::Array(of, n) => format!("[\"array\", {}, {n}]", ty(of)),
        Ty::BTreeMap(key, value) | Ty::HashMap(key, value) => {
            format!("[\"map\", {}, {}]", ty(key), ty(value))
        }
        Ty::BTreeSet(of) => format!("[\"set\", {}]", ty(of)),
        Ty::Tuple(of) => {
            let of: String = of.iter().map(|of| format!(", {}", ty(of))).collect();
            format!("[\"tuple\"{of}]")
        }
        Ty::Named(name) => format!("[\"named\", {}]", names::quoted(name)),
    }
}

/// The runtime's `TypeShape`; errors are never sent by a client.
fn shape(def: &TypeDef) -> Option<String> {
    Some(match &def.shape {
        Shape::Struct(of) => format!("{{ kind: \"struct\", fields: {} }}", fields(of)),
        Shape::Newtype(of) => format!("{{ kind: \"newtype\", of: {} }}", ty(of)),
        Shape::Enum(of) => format!("{{ kind: \"enum\", check: enums, variants: {} }}", variants(of)),
        Shape::TaggedEnum(tag, of) => {
            format!(
                "{{ kind: \"enum\", check: enums, tag: {}, variants: {} }}",
                names::quoted(tag),
                variants(of)
            )
        }
        Shape::Error(_) => return None,
    })
}

fn fields(of: &[Field]) -> String {
    let all: Vec<String> = of.iter().map(|f| field(&f.name, f)).collect();
    format!("[{}]", all.join(", "))
}

fn variants(of: &[Variant]) -> String {
    let all: BTreeMap<usize, String> = of
        .iter()
        .enumerate()
        .map(|(i, variant)| {
            let shape = match &variant.fields {
                VariantFields::Unit => "{ kind: \"unit\" }".to_owned(),
                VariantFields::Newtype(of) => format!("{{ kind: \"newtype\", of: {} }}", ty(of)),
                VariantFields::Tuple(of) => {
                    let of: Vec<String> = of.iter().map(ty).collect();
                    format!("{{ kind: \"tuple\", of: [{}] }}", of.join(", "))
                }
                VariantFields::Struct(of) => format!("{{ kind: \"struct\", fields: {} }}", fields(of)),
            };
            (i, format!("{}: {shape}", names::key(&variant.name)))
        })
        .collect();
    let all: Vec<String> = all.into_values().collect();
    if all.is_empty() { "{}".into() } else { format!("{{ {} }}", all.join(", ")) }
}
