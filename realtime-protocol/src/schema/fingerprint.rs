//! A model's fingerprint: what a client and a server compare before they exchange rows by column number.

use sha2::{Digest, Sha256};

use super::{Model, Schema, Shape, Ty, TypeDef, VariantFields};

/// Returns the first 48 bits of the SHA-256 of a model's canonical form: what is sent and in which order.
///
/// Topic, version, columns (number, name, type, rules, whether they may be hidden), mutations (number, arguments,
/// result, error, conflict) and every named type that they reach. Docs, policies, bodies and the rhythm of flushes
/// are no part of it: they may change under a client.
#[must_use]
pub fn fingerprint(schema: &Schema, model: &Model) -> u64 {
    let mut canonical = model.clone();
    canonical.fingerprint = 0;
    canonical.doc.clear();
    canonical.every = None;
    canonical.columns.iter_mut().for_each(|c| c.doc.clear());
    for mutation in &mut canonical.mutations {
        mutation.doc.clear();
        mutation.optimistic = super::Optimistic::None;
        mutation.writes = None;
        mutation.args.iter_mut().for_each(|a| a.doc.clear());
    }
    let types: Vec<TypeDef> = reached(schema, model).into_iter().map(undocumented).collect();
    // Both serialise without maps, so their text is one for equal content.
    let text = serde_json::to_string(&(canonical, types)).unwrap_or_default();
    let hash = Sha256::digest(text.as_bytes());
    hash[..6].iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// The named types that a model reaches, sorted by name.
fn reached<'a>(schema: &'a Schema, model: &Model) -> Vec<&'a TypeDef> {
    let mut names = Vec::new();
    let tys = model.columns.iter().map(|c| &c.ty).chain(
        model
            .mutations
            .iter()
            .flat_map(|m| m.args.iter().map(|a| &a.ty).chain(std::iter::once(&m.returns)).chain(&m.error)),
    );
    tys.for_each(|ty| reach(schema, ty, &mut names));
    let mut defs: Vec<_> = names.iter().filter_map(|name| schema.type_def(name)).collect();
    defs.sort_by(|a, b| a.name.cmp(&b.name));
    defs
}

fn reach(schema: &Schema, ty: &Ty, names: &mut Vec<String>) {
    match ty {
        Ty::Option(of) | Ty::Vec(of) | Ty::Array(of, _) | Ty::BTreeSet(of) => reach(schema, of, names),
        Ty::BTreeMap(key, value) | Ty::HashMap(key, value) => {
            reach(schema, key, names);
            reach(schema, value, names);
        }
        Ty::Tuple(of) => of.iter().for_each(|ty| reach(schema, ty, names)),
        Ty::Named(name) if !names.contains(name) => {
            names.push(name.clone());
            if let Some(def) = schema.type_def(name) {
                parts(&def.shape).for_each(|ty| reach(schema, ty, names));
            }
        }
        _ => {}
    }
}

/// The types that a shape names directly.
fn parts(shape: &Shape) -> Box<dyn Iterator<Item = &Ty> + '_> {
    match shape {
        Shape::Struct(fields) => Box::new(fields.iter().map(|f| &f.ty)),
        Shape::Newtype(ty) => Box::new(std::iter::once(ty)),
        Shape::Enum(variants) | Shape::TaggedEnum(_, variants) | Shape::Error(variants) => {
            Box::new(variants.iter().flat_map(|v| -> Box<dyn Iterator<Item = &Ty>> {
                match &v.fields {
                    VariantFields::Unit => Box::new(std::iter::empty()),
                    VariantFields::Newtype(ty) => Box::new(std::iter::once(ty)),
                    VariantFields::Tuple(tys) => Box::new(tys.iter()),
                    VariantFields::Struct(fields) => Box::new(fields.iter().map(|f| &f.ty)),
                }
            }))
        }
    }
}

fn undocumented(def: &TypeDef) -> TypeDef {
    let mut def = def.clone();
    def.doc.clear();
    match &mut def.shape {
        Shape::Struct(fields) => fields.iter_mut().for_each(|f| f.doc.clear()),
        Shape::Newtype(_) => {}
        Shape::Enum(variants) | Shape::TaggedEnum(_, variants) | Shape::Error(variants) => {
            for variant in variants {
                variant.doc.clear();
                if let VariantFields::Struct(fields) = &mut variant.fields {
                    fields.iter_mut().for_each(|f| f.doc.clear());
                }
            }
        }
    }
    def
}
