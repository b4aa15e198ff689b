//! Types: readonly interfaces, enums as exclusive unions, errors as unions over `code`.

use std::fmt::Write as _;

use realtime_protocol::schema::{Field, Schema, Shape, Ty, TypeDef, Variant, VariantFields};

use super::{jsdoc, names, type_error};
use crate::error::GenerateError;

/// The type of a value, as one reads it.
pub(crate) fn ts(ty: &Ty) -> String {
    match ty {
        Ty::Unit => "null".into(),
        Ty::Bool => "boolean".into(),
        Ty::U8 | Ty::U16 | Ty::U32 | Ty::U64 | Ty::Usize | Ty::I8 | Ty::I16 | Ty::I32 | Ty::I64 => {
            "number".into()
        }
        Ty::F32 | Ty::F64 | Ty::Timestamp => "number".into(),
        Ty::Char | Ty::String | Ty::Id => "string".into(),
        Ty::Option(of) => format!("{} | null", ts(of)),
        Ty::Vec(of) | Ty::Array(of, _) | Ty::BTreeSet(of) => {
            let of = ts(of);
            let plain = of.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if plain { format!("readonly {of}[]") } else { format!("readonly ({of})[]") }
        }
        Ty::BTreeMap(_, value) | Ty::HashMap(_, value) => {
            format!("{{ readonly [key: string]: {} }}", ts(value))
        }
        Ty::Tuple(of) => {
            let of: Vec<String> = of.iter().map(ts).collect();
            format!("readonly [{}]", of.join(", "))
        }
        Ty::Named(name) => name.clone(),
    }
}

/// What a mutation returns: nothing is `void`.
pub(crate) fn returned(ty: &Ty) -> String {
    if *ty == Ty::Unit { "void".into() } else { ts(ty) }
}

/// Whether values hold no object, so that `readonly` does not matter.
pub(crate) fn is_flat(schema: &Schema, ty: &Ty) -> bool {
    match ty {
        Ty::Option(of) => is_flat(schema, of),
        Ty::Vec(_) | Ty::Array(..) | Ty::BTreeMap(..) | Ty::HashMap(..) | Ty::BTreeSet(_) | Ty::Tuple(_) => {
            false
        }
        Ty::Named(name) => match schema.type_def(name).map(|def| &def.shape) {
            Some(Shape::Newtype(of)) => is_flat(schema, of),
            Some(Shape::Enum(variants)) => variants.iter().all(|v| v.fields == VariantFields::Unit),
            _ => false,
        },
        _ => true,
    }
}

/// The declaration of a named type.
pub(crate) fn declaration(def: &TypeDef, errors: &mut Vec<GenerateError>) -> String {
    let mut out = jsdoc(&def.doc, "");
    let name = &def.name;
    match &def.shape {
        Shape::Struct(fields) => out.push_str(&interface(name, fields, &[])),
        Shape::Newtype(of) => {
            let _ = writeln!(out, "export type {name} = {};", ts(of));
        }
        Shape::Enum(variants) => {
            let objects: Vec<&Variant> =
                variants.iter().filter(|v| v.fields != VariantFields::Unit).collect();
            let all = variants.iter().map(|v| (v, external(v, &objects)));
            union(&mut out, name, all);
        }
        Shape::TaggedEnum(tag, variants) => {
            let all = variants.iter().map(|v| (v, tagged(tag, v, name, errors)));
            union(&mut out, name, all.collect::<Vec<_>>().into_iter());
        }
        Shape::Error(variants) => {
            let all = variants.iter().map(|v| (v, tagged("code", v, name, errors)));
            union(&mut out, name, all.collect::<Vec<_>>().into_iter());
        }
    }
    out
}

/// An interface of readonly fields; those of `hideable`, by Rust name, may be absent.
pub(crate) fn interface(name: &str, fields: &[Field], hideable: &[String]) -> String {
    if fields.is_empty() {
        return format!("export type {name} = {{ readonly [key: string]: never }};\n");
    }
    let mut out = format!("export interface {name} {{\n");
    for field in fields {
        out.push_str(&jsdoc(&field.doc, "  "));
        let mark = if hideable.contains(&field.rust) { "?" } else { "" };
        let _ = writeln!(out, "  readonly {}{mark}: {};", names::key(&field.name), ts(&field.ty));
    }
    out.push_str("}\n");
    out
}

fn union<'a>(out: &mut String, name: &str, variants: impl Iterator<Item = (&'a Variant, String)>) {
    let variants: Vec<(&Variant, String)> = variants.collect();
    match variants.as_slice() {
        [] => {
            let _ = writeln!(out, "export type {name} = never;");
        }
        [(variant, only)] if variant.doc.is_empty() => {
            let _ = writeln!(out, "export type {name} = {only};");
        }
        many => {
            let _ = write!(out, "export type {name} =");
            for (variant, text) in many {
                let _ = write!(out, "\n{}  | {text}", jsdoc(&variant.doc, "  "));
            }
            out.push_str(";\n");
        }
    }
}

/// `"Draft"`, or an object with one key; the keys of the other variants may not stand beside it.
fn external(variant: &Variant, objects: &[&Variant]) -> String {
    let key = names::key(&variant.name);
    let content = match &variant.fields {
        VariantFields::Unit => return names::quoted(&variant.name),
        VariantFields::Newtype(of) => ts(of),
        VariantFields::Tuple(of) => ts(&Ty::Tuple(of.clone())),
        VariantFields::Struct(fields) => inline(fields, ""),
    };
    let others: String = objects
        .iter()
        .filter(|other| other.name != variant.name)
        .map(|other| format!("; readonly {}?: never", names::key(&other.name)))
        .collect();
    format!("{{ readonly {key}: {content}{others} }}")
}

fn tagged(tag: &str, variant: &Variant, of: &str, errors: &mut Vec<GenerateError>) -> String {
    let tag = format!("readonly {}: {}", names::key(tag), names::quoted(&variant.name));
    match &variant.fields {
        VariantFields::Unit => format!("{{ {tag} }}"),
        VariantFields::Struct(fields) => inline(fields, &format!("{tag}; ")),
        VariantFields::Newtype(Ty::Named(name)) => format!("({{ {tag} }} & {name})"),
        VariantFields::Newtype(_) | VariantFields::Tuple(_) => {
            let of = format!("{of}::{}", variant.rust);
            type_error(errors, &of, "fields without names have no form beside a tag: name them");
            format!("{{ {tag} }}")
        }
    }
}

/// `{ readonly a: T; readonly b: U }`
pub(crate) fn inline(fields: &[Field], before: &str) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|f| {
            // A column or a field that may be left out is there when it is read.
            format!("readonly {}: {}", names::key(&f.name), ts(&f.ty))
        })
        .collect();
    match (before, fields.is_empty()) {
        ("", true) => "{ readonly [key: string]: never }".into(),
        (before, true) => format!("{{ {} }}", before.trim_end_matches("; ")),
        _ => format!("{{ {before}{} }}", fields.join("; ")),
    }
}

/// The object that a caller gives: by `name`, optional where a field may be left out.
pub(crate) fn given<'a>(fields: impl Iterator<Item = (String, &'a Field)>) -> String {
    let fields: Vec<String> = fields
        .map(|(name, f)| {
            let mark = if f.optional { "?" } else { "" };
            format!("readonly {}{mark}: {}", names::key(&name), ts(&f.ty))
        })
        .collect();
    format!("{{ {} }}", fields.join("; "))
}
