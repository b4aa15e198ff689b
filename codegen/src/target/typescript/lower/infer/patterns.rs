//! Types of what patterns bind.

use realtime_protocol::{
    lower::Pat,
    schema::{Shape, Ty, VariantFields},
};

use super::{Infer, key_of};
use crate::target::typescript::lower::ty::{T, Types};

impl Infer<'_> {
    /// Binds the names of `pat` against a value of type `ty`; behind `&mut` each name is a `&mut`.
    pub(super) fn pat(&mut self, pat: &Pat, ty: &T, by_mut: bool) {
        let ty = self.uni.resolve(ty);
        if let (T::RefMut(of), false) = (&ty, matches!(pat, Pat::Bind { .. } | Pat::Wild)) {
            return self.pat(pat, of, true);
        }
        match pat {
            Pat::Wild | Pat::None | Pat::Err => {}
            Pat::Bind { name, .. } => {
                let ty = if by_mut { T::ref_mut(ty) } else { ty };
                let index = match self.rebound(name) {
                    Some(index) => index,
                    None => self.bind(name, ty),
                };
                self.out.made.insert(key_of(pat), index);
            }
            Pat::Lit(lit) => {
                let found = self.expr(lit);
                self.unify(&found, &ty);
            }
            Pat::Range { from, to, .. } => {
                for end in [from, to].into_iter().flatten() {
                    let found = self.expr(end);
                    self.unify(&found, &ty);
                }
            }
            Pat::Some(of) => {
                let inner = self.uni.fresh();
                self.unify(&ty, &T::option(inner.clone()));
                self.pat(of, &inner, by_mut);
            }
            Pat::Ok(of) => {
                let inner = match ty {
                    T::Parsed(inner) => *inner,
                    _ => T::Error,
                };
                self.pat(of, &inner, by_mut);
            }
            Pat::Struct { ty, variant, fields } => {
                let named = self.named(*ty);
                for (name, pat) in fields {
                    let field = field_type(self.types, &named, variant.as_deref(), name).unwrap_or(T::Error);
                    self.pat(pat, &field, by_mut);
                }
            }
            Pat::Tuple(pats) => {
                let parts: Vec<T> = match ty {
                    T::Tuple(parts) => parts,
                    _ => {
                        let parts: Vec<T> = pats.iter().map(|_| self.uni.fresh()).collect();
                        self.unify(&ty, &T::Tuple(parts.clone()));
                        parts
                    }
                };
                for (pat, part) in pats.iter().zip(&parts) {
                    self.pat(pat, part, by_mut);
                }
            }
            Pat::Or(pats) => {
                for (i, pat) in pats.iter().enumerate() {
                    self.alternative = i > 0;
                    self.pat(pat, &ty, by_mut);
                }
                self.alternative = false;
            }
            Pat::Ref(of) => self.pat(of, &ty, false),
        }
    }

    /// A name of a second alternative is the first one's.
    fn rebound(&self, name: &str) -> Option<usize> {
        if self.alternative { self.lookup(name) } else { None }
    }
}

/// The type of a field of a struct, a model, or an enum's variant, by its Rust name.
pub(crate) fn field_type(types: Types<'_>, ty: &T, variant: Option<&str>, field: &str) -> Option<T> {
    let T::Named(name) = ty else {
        return match ty {
            T::Tuple(of) => of.get(field.parse::<usize>().ok()?).cloned(),
            _ => None,
        };
    };
    let Some(variant) = variant else {
        if let Some(Shape::Newtype(of)) = types.def(name).map(|def| &def.shape) {
            return (field == "0").then(|| T::of(of));
        }
        return types.fields(name)?.iter().find(|(rust, ..)| *rust == field).map(|(.., ty)| T::of(ty));
    };
    match &types.def(name)?.shape {
        Shape::Enum(variants) | Shape::TaggedEnum(_, variants) | Shape::Error(variants) => {
            variant_field(&variants.iter().find(|v| v.rust == variant)?.fields, field).map(T::of)
        }
        _ => None,
    }
}

fn variant_field<'a>(fields: &'a VariantFields, name: &str) -> Option<&'a Ty> {
    match fields {
        VariantFields::Unit => None,
        VariantFields::Newtype(ty) => (name == "0").then_some(ty),
        VariantFields::Tuple(of) => of.get(name.parse::<usize>().ok()?),
        VariantFields::Struct(fields) => fields.iter().find(|f| f.rust == name).map(|f| &f.ty),
    }
}
