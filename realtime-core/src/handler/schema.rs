//! From what the macros say of a model to its schema.

use realtime_protocol::{
    Pattern, lower,
    schema::{Field, Generic, Model, Mutation, Optimistic, Rights, TopicOf, mutator_number},
};

use crate::{
    describe::{Described, Types},
    model::{ModelParts, SyncModel, TopicDecl},
    mutation::{MutationDef, OptimisticDecl},
};

/// Returns the schema of a model, its fingerprint still 0: that needs all types.
pub(super) fn model<M: SyncModel>(parts: &ModelParts<M>, types: &mut Types) -> Model {
    Model {
        number: M::NUMBER,
        name: parts.name.to_owned(),
        doc: parts.doc.to_owned(),
        topic: topic(parts.topic),
        principal: M::Principal::describe(types),
        version: parts.version,
        fingerprint: 0,
        key: parts.key.to_owned(),
        columns: columns(parts, types),
        generic: generic(parts),
        rights: rights(parts),
        every: parts.every,
        mutations: parts.mutations.iter().map(|m| mutation(parts.name, m, types)).collect(),
    }
}

fn topic(decl: TopicDecl) -> TopicOf {
    match decl {
        TopicDecl::Of(root) => TopicOf::Of(root().to_owned()),
        TopicDecl::Root(text) => {
            TopicOf::Root(Pattern::parse(text).expect("the derive has checked the pattern"))
        }
    }
}

fn columns<M: SyncModel>(parts: &ModelParts<M>, types: &mut Types) -> Vec<Field> {
    let column = |c: &crate::model::ColumnDef<M>| Field {
        number: c.number,
        rust: c.rust.to_owned(),
        name: c.name.to_owned(),
        ty: (c.ty)(types),
        doc: c.doc.to_owned(),
        optional: c.optional,
        rules: c.rules.clone(),
    };
    parts.columns.iter().map(column).collect()
}

fn generic<M: SyncModel>(parts: &ModelParts<M>) -> Generic {
    let patch = parts.patch.iter().flat_map(|(columns, _)| columns).map(|c| (*c).to_owned());
    // A column with a `write` of its own is open to whom that names.
    let written = parts.columns.iter().filter(|c| c.write.is_some()).map(|c| c.rust.to_owned());
    let mut patch: Vec<String> = patch.chain(written).collect();
    let mut seen = std::collections::HashSet::new();
    patch.retain(|column| seen.insert(column.clone()));
    Generic { create: parts.create.is_some(), patch, delete: parts.delete.is_some() }
}

fn rights<M: SyncModel>(parts: &ModelParts<M>) -> Rights {
    let guarded = parts.columns.iter().filter(|c| c.read.is_some());
    Rights { rows: parts.read.is_some(), columns: guarded.map(|c| c.rust.to_owned()).collect() }
}

fn mutation<M: SyncModel>(model: &str, def: &MutationDef<M>, types: &mut Types) -> Mutation {
    Mutation {
        number: mutator_number(model, def.name),
        name: def.name.to_owned(),
        doc: def.doc.to_owned(),
        receiver: def.receiver,
        args: def.args.iter().map(|arg| argument(arg, types)).collect(),
        returns: (def.returns)(types),
        error: def.error.map(|error| error(types)),
        optimistic: optimistic(def.optimistic, types),
        writes: def.writes.map(|columns| columns.iter().map(|c| (*c).to_owned()).collect()),
        conflict: def.conflict,
    }
}

fn argument(arg: &crate::mutation::ArgDef, types: &mut Types) -> Field {
    Field {
        number: 0,
        rust: arg.rust.to_owned(),
        name: arg.rust.to_owned(),
        ty: (arg.ty)(types),
        doc: String::new(),
        optional: arg.optional,
        rules: arg.rules.clone(),
    }
}

fn optimistic(decl: OptimisticDecl, types: &mut Types) -> Optimistic {
    let OptimisticDecl::Lowered { file, ir, types: named, consts } = decl else { return Optimistic::None };
    let block = serde_json::from_str(ir).expect("the macro emits the protocol's own representation");
    Optimistic::Lowered(lower::Body {
        ir: lower::IR_VERSION,
        file: file.to_owned(),
        block,
        types: named.iter().map(|describe| describe(types)).collect(),
        consts: consts
            .iter()
            .map(|(name, ty, value)| lower::Const { name: (*name).to_owned(), ty: ty(types), value: value() })
            .collect(),
    })
}
