//! Patterns.

use serde_json::{Value, json};
use syn::{
    Expr, ExprLit, FieldPat, Member, Pat, PatIdent, PatTupleStruct, Path, RangeLimits, spanned::Spanned,
};

use super::{Lowerer, expr::Named};

impl Lowerer<'_> {
    /// Lowers a pattern.
    pub(super) fn pat(&mut self, pat: &Pat) -> Value {
        match pat {
            Pat::Wild(_) => json!("wild"),
            Pat::Ident(pat) => self.bind(pat),
            Pat::Lit(lit) => {
                let expr = self.expr(&Expr::Lit(ExprLit { attrs: Vec::new(), lit: lit.lit.clone() }));
                json!({ "lit": expr })
            }
            Pat::Paren(inner) => self.pat(&inner.pat),
            Pat::Reference(inner) => {
                let pat = self.pat(&inner.pat);
                json!({ "ref": pat })
            }
            Pat::Or(or) => {
                let cases: Vec<Value> = or.cases.iter().map(|pat| self.pat(pat)).collect();
                json!({ "or": cases })
            }
            Pat::Tuple(tuple) => {
                let elems: Vec<Value> = tuple.elems.iter().map(|pat| self.pat(pat)).collect();
                json!({ "tuple": elems })
            }
            Pat::Path(path) => self.variant(&path.path, Vec::new(), pat),
            Pat::TupleStruct(tuple) => self.tuple_struct(tuple, pat),
            Pat::Struct(of) => {
                let fields = of.fields.iter().map(|field| self.field(field)).collect();
                self.variant(&of.path, fields, pat)
            }
            Pat::Range(range) => {
                let from = range.start.as_ref().map(|e| self.expr(e));
                let to = range.end.as_ref().map(|e| self.expr(e));
                let inclusive = matches!(range.limits, RangeLimits::Closed(_));
                json!({ "range": { "from": from, "to": to, "inclusive": inclusive } })
            }
            Pat::Type(typed) => self.pat(&typed.pat),
            Pat::Rest(_) => {
                self.no_pat(pat, "`..` in a tuple cannot be lowered", "write `_` for each element")
            }
            Pat::Slice(_) => {
                self.no_pat(pat, "slice patterns cannot be lowered", "use `first()`, `last()`, `get(i)`")
            }
            other => {
                // A negative literal is an expression in syn.
                self.no_pat(
                    other,
                    "this pattern cannot be lowered",
                    "match it in another way, or with a guard",
                )
            }
        }
    }

    fn no_pat(&mut self, pat: &Pat, what: &str, help: &str) -> Value {
        self.refuse(pat, what, help);
        json!("wild")
    }

    fn bind(&mut self, pat: &PatIdent) -> Value {
        let name = pat.ident.to_string();
        if name == "None" {
            return json!("none");
        }
        if let Some(token) = &pat.by_ref {
            self.refuse(
                token,
                "`ref` patterns cannot be lowered",
                "match on a reference: `match &value { … }`",
            );
        } else if let Some((at, _)) = &pat.subpat {
            self.refuse(
                at,
                "`name @ pattern` cannot be lowered",
                "match the pattern, and name it in the arm",
            );
        } else if name.starts_with(char::is_uppercase) {
            self.refuse(
                &pat.ident,
                &format!("`{name}` in a pattern may be a variant, a const or a new variable"),
                &format!("for a variant write its enum too, `State::{name}`; for a const use a guard"),
            );
        }
        json!({ "bind": { "name": super::expr::local(&pat.ident), "mutable": pat.mutability.is_some() } })
    }

    fn tuple_struct(&mut self, tuple: &PatTupleStruct, pat: &Pat) -> Value {
        let wrapped = |kind: &str, inner: Value| json!({ kind: inner });
        let known = tuple.path.get_ident().map(ToString::to_string);
        match (known.as_deref(), tuple.elems.len()) {
            (Some("Some"), 1) => {
                let inner = self.pat(&tuple.elems[0]);
                wrapped("some", inner)
            }
            (Some("Ok"), 1) => {
                let inner = self.pat(&tuple.elems[0]);
                wrapped("ok", inner)
            }
            (Some("Err"), 1) => {
                if !matches!(tuple.elems[0], Pat::Wild(_) | Pat::Rest(_)) {
                    self.refuse(
                        &tuple.elems[0],
                        "what is inside of an `Err` cannot be lowered",
                        "write `Err(_)`",
                    );
                }
                json!("err")
            }
            _ => {
                let elems = tuple.elems.iter().enumerate();
                let only_rest = matches!(tuple.elems.first(), Some(Pat::Rest(_))) && tuple.elems.len() == 1;
                let fields = elems
                    .filter(|_| !only_rest)
                    .map(|(i, pat)| json!([i.to_string(), self.pat(pat)]))
                    .collect();
                self.variant(&tuple.path, fields, pat)
            }
        }
    }

    fn field(&mut self, field: &FieldPat) -> Value {
        let name = match &field.member {
            Member::Named(ident) => super::expr::local(ident),
            Member::Unnamed(index) => index.index.to_string(),
        };
        let pat = self.pat(&field.pat);
        json!([name, pat])
    }

    fn variant(&mut self, path: &Path, fields: Vec<Value>, pat: &Pat) -> Value {
        match super::expr::named(path) {
            Named::Type { ty, variant } => {
                let ty = self.path_ty(ty);
                json!({ "struct": { "ty": ty, "variant": variant, "fields": fields } })
            }
            _ if pat.span().source_text().is_some_and(|text| text == "None") => json!("none"),
            _ => self.no_pat(
                pat,
                "a const in a pattern cannot be lowered",
                "compare it in a guard: `x if x == MAX`",
            ),
        }
    }
}
