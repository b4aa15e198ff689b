//! A mutator's body to data: the JSON of `realtime_protocol::lower::Block`, and the tables that rustc resolves.

mod call;
mod control;
mod expr;
mod mac;
pub(crate) mod methods;
mod pat;
mod refuse;
mod stmt;
#[cfg(test)]
mod tests;
pub(crate) mod writes;

use proc_macro2::Span;
use quote::ToTokens;
use serde_json::{Value, json};
use syn::{Attribute, Block, Path, Type, visit::Visit};

use crate::{
    check::ty::{owned, without_self},
    errors::Errors,
};

pub(crate) use mac::Matches;

/// A body, lowered.
pub(crate) struct Lowered {
    /// `Block` as JSON.
    pub(crate) ir: String,
    /// The types that it names, by index.
    pub(crate) types: Vec<Type>,
    /// The consts that it names, by index.
    pub(crate) consts: Vec<Path>,
}

/// Lowers a body of the model `own`; what cannot run in the browser is told in `errors`.
pub(crate) fn lower(body: &Block, own: &Type, errors: &mut Errors) -> Lowered {
    let mut lowerer = Lowerer { own, errors, next: 0, types: Vec::new(), consts: Vec::new(), closures: 0 };
    Attributes(&mut lowerer).visit_block(body);
    let ir = lowerer.block(body).to_string();
    let Lowerer { types, consts, .. } = lowerer;
    Lowered {
        ir,
        types: types.into_iter().map(|(_, ty)| ty).collect(),
        consts: consts.into_iter().map(|(_, path)| path).collect(),
    }
}

/// The state of one lowering.
struct Lowerer<'a> {
    own: &'a Type,
    errors: &'a mut Errors,
    next: u32,
    types: Vec<(String, Type)>,
    consts: Vec<(String, Path)>,
    /// How many closures are around the current expression.
    closures: u32,
}

impl Lowerer<'_> {
    /// Makes an expression: the next id, and where it stands.
    fn node(&mut self, span: Span, kind: Value) -> Value {
        let id = self.next;
        self.next += 1;
        let start = span.start();
        json!({ "id": id, "at": [start.line, start.column + 1], "kind": kind })
    }

    /// What stands in for an expression that was refused; it never leaves the macro.
    fn nothing(&mut self, span: Span) -> Value {
        self.node(span, json!({ "tuple": [] }))
    }

    /// The index of a type in the table.
    fn ty(&mut self, ty: &Type) -> usize {
        if let Some(infer) = inferred(ty) {
            self.refuse(infer, "a type with `_` in it cannot be lowered", "write the type out");
        }
        let ty = without_self(&owned(ty), self.own);
        let key = ty.to_token_stream().to_string();
        index(&mut self.types, key, ty)
    }

    /// The index of a type that a path names.
    fn path_ty(&mut self, path: Path) -> usize {
        self.ty(&Type::Path(syn::TypePath { attrs: Vec::new(), qself: None, path }))
    }

    /// The index of a const in the table.
    fn constant(&mut self, path: &Path) -> usize {
        let mut path = path.clone();
        if let (Some(first), Type::Path(own)) = (path.segments.first(), self.own)
            && first.ident == "Self"
        {
            let rest = path.segments.iter().skip(1).cloned();
            path.segments = own.path.segments.iter().cloned().chain(rest).collect();
        }
        index(&mut self.consts, path.to_token_stream().to_string(), path)
    }
}

fn index<T>(table: &mut Vec<(String, T)>, key: String, value: T) -> usize {
    match table.iter().position(|(known, _)| *known == key) {
        Some(index) => index,
        None => {
            table.push((key, value));
            table.len() - 1
        }
    }
}

fn inferred(ty: &Type) -> Option<&Type> {
    struct Find<'a>(Option<&'a Type>);
    impl<'a> Visit<'a> for Find<'a> {
        fn visit_type(&mut self, ty: &'a Type) {
            if matches!(ty, Type::Infer(_)) {
                self.0.get_or_insert(ty);
            }
            syn::visit::visit_type(self, ty);
        }
    }
    let mut find = Find(None);
    find.visit_type(ty);
    find.0
}

/// Refuses attributes that change what is compiled; those that only guide lints are let through.
struct Attributes<'a, 'b>(&'a mut Lowerer<'b>);

impl<'ast> Visit<'ast> for Attributes<'_, '_> {
    fn visit_attribute(&mut self, attr: &'ast Attribute) {
        let lint = ["allow", "expect", "warn", "deny", "doc"].iter().any(|name| attr.path().is_ident(name));
        if !lint {
            self.0.refuse(attr, "an attribute inside of a mutator cannot be lowered", "remove it");
        }
    }
}
