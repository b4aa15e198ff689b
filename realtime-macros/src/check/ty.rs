//! What the tokens of a type tell: enough to say early that it will not fit.

use proc_macro2::Span;
use syn::{
    GenericArgument, Ident, PathArguments, Type, TypePath, parse_quote,
    visit::{self, Visit},
    visit_mut::{self, VisitMut},
};

use crate::{attr::Rules, errors::Errors};

/// The largest whole number that JavaScript holds exactly, with all below it.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// What a type is, as far as its name tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Number,
    Bool,
    Text,
    List,
    Other,
}

/// Tells what a type, or what is inside its `Option`, is.
pub(crate) fn kind(ty: &Type) -> Kind {
    let ty = option_of(ty).unwrap_or(ty);
    match name(ty).map(ToString::to_string).unwrap_or_default().as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "f32" | "f64" => Kind::Number,
        "bool" => Kind::Bool,
        "String" | "Id" | "char" => Kind::Text,
        "Vec" | "BTreeMap" | "BTreeSet" | "HashMap" => Kind::List,
        _ => Kind::Other,
    }
}

/// Returns the last segment of a type's path.
pub(crate) fn name(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|s| &s.ident),
        Type::Group(inner) => name(&inner.elem),
        Type::Paren(inner) => name(&inner.elem),
        _ => None,
    }
}

/// Returns the generic arguments that are types, where the last segment is `wanted`.
pub(crate) fn generics<'a>(ty: &'a Type, wanted: &str) -> Option<Vec<&'a Type>> {
    let Type::Path(TypePath { path, .. }) = ty else { return None };
    let last = path.segments.last().filter(|s| s.ident == wanted)?;
    let PathArguments::AngleBracketed(args) = &last.arguments else { return Some(Vec::new()) };
    Some(
        args.args
            .iter()
            .filter_map(|arg| match arg {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
    )
}

/// Returns what is inside an `Option`.
pub(crate) fn option_of(ty: &Type) -> Option<&Type> {
    generics(ty, "Option")?.first().copied()
}

/// Says where a number may be wider than 53 bits, unless `rules` keep it from that.
pub(crate) fn check_wide(ty: &Type, rules: Option<&Rules>, errors: &mut Errors) {
    struct Wide<'a>(Vec<&'a Ident>);
    impl<'a> Visit<'a> for Wide<'a> {
        fn visit_type_path(&mut self, path: &'a TypePath) {
            if let Some(ident) = path.path.get_ident()
                && ["u64", "i64", "u128", "i128", "isize"].iter().any(|wide| ident == wide)
            {
                self.0.push(ident);
            }
            visit::visit_type_path(self, path);
        }
    }
    let mut wide = Wide(Vec::new());
    wide.visit_type(ty);
    let direct = name(option_of(ty).unwrap_or(ty));
    for ident in wide.0 {
        let bare = direct.is_some_and(|direct| std::ptr::eq(direct, ident));
        check_ident(ident, rules.filter(|_| bare), errors);
    }
}

fn check_ident(ident: &Ident, rules: Option<&Rules>, errors: &mut Errors) {
    let name = ident.to_string();
    let (narrow, range) = match name.as_str() {
        "u64" => ("u32", "range(max = 9007199254740991)"),
        "i64" => ("i32", "range(min = -9007199254740991, max = 9007199254740991)"),
        "isize" => return errors.at(ident, "`isize` differs between machines: use `i32`"),
        _ => {
            let narrow = if name == "u128" { "u32" } else { "i32" };
            return errors.at(
                ident,
                format!("`{name}` may exceed 2^53, where a TypeScript number loses digits: use `{narrow}`, or `String`"),
            );
        }
    };
    let problem = format!("`{name}` may exceed 2^53, where a TypeScript number loses digits");
    match rules.map(Rules::range) {
        None => errors.at(ident, format!("{problem}: use `{narrow}`, or `usize` for a count")),
        Some(Some((min, max)))
            if max.is_some_and(|max| max <= MAX_SAFE)
                && (name == "u64" || min.is_some_and(|min| min >= -MAX_SAFE)) => {}
        Some(_) => errors.at(ident, format!("{problem}\nadd `#[sync({range})]`, or use `{narrow}`")),
    }
}

/// Puts the type's own name in place of `Self`, so that it may stand in an item beside the `impl`.
pub(crate) struct NoSelf<'a>(pub(crate) &'a Type);

impl VisitMut for NoSelf<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::Path(path) = ty
            && path.path.is_ident("Self")
        {
            let span = path.path.segments[0].ident.span();
            *ty = respanned(self.0, span);
            return;
        }
        visit_mut::visit_type_mut(self, ty);
    }

    fn visit_expr_mut(&mut self, _: &mut syn::Expr) {}
}

/// Returns `ty` without `Self`.
pub(crate) fn without_self(ty: &Type, own: &Type) -> Type {
    let mut ty = ty.clone();
    NoSelf(own).visit_type_mut(&mut ty);
    ty
}

fn respanned(ty: &Type, span: Span) -> Type {
    let mut ty = ty.clone();
    if let Type::Path(path) = &mut ty {
        path.path.segments.iter_mut().for_each(|s| s.ident.set_span(span));
    }
    ty
}

/// Returns the value that a type stands for on the wire: without references, `str` and `[T]` owned.
pub(crate) fn owned(ty: &Type) -> Type {
    struct Owned;
    impl VisitMut for Owned {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            while let Type::Reference(reference) = ty {
                *ty = (*reference.elem).clone();
            }
            if let Type::Slice(slice) = ty {
                let elem = &slice.elem;
                *ty = parse_quote!(::std::vec::Vec<#elem>);
            }
            if let Type::Path(path) = ty
                && path.path.is_ident("str")
            {
                *ty = parse_quote!(::std::string::String);
            }
            visit_mut::visit_type_mut(self, ty);
        }
    }
    let mut ty = ty.clone();
    Owned.visit_type_mut(&mut ty);
    ty
}
