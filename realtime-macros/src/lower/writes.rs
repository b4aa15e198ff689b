//! Which columns of `self` a body may write: what the server copies before it runs. Too many is slow, too few is wrong.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    BinOp, Block, Expr, ExprMethodCall, Macro, Member, PatIdent, UnOp, ext::IdentExt, visit, visit::Visit,
};

use super::Matches;

/// Methods that write nothing through their receiver.
pub(crate) const READS: [&str; 107] = [
    // numbers
    "min",
    "max",
    "clamp",
    "abs_diff",
    "cmp",
    "checked_add",
    "checked_sub",
    "checked_mul",
    "checked_div",
    "checked_rem",
    "saturating_add",
    "saturating_sub",
    "saturating_mul",
    "wrapping_add",
    "wrapping_sub",
    "wrapping_mul",
    "is_positive",
    "is_negative",
    "signum",
    "to_string",
    "abs",
    "pow",
    "floor",
    "ceil",
    "trunc",
    "sqrt",
    "is_nan",
    "is_finite",
    "total_cmp",
    "is_ascii_digit",
    "is_ascii_alphabetic",
    // text
    "len",
    "is_empty",
    "trim",
    "trim_start",
    "trim_end",
    "chars",
    "contains",
    "starts_with",
    "ends_with",
    "strip_prefix",
    "strip_suffix",
    "to_owned",
    "as_str",
    "into",
    "clone",
    "repeat",
    "eq_ignore_ascii_case",
    "to_ascii_lowercase",
    "to_ascii_uppercase",
    "to_lowercase",
    "to_uppercase",
    "split",
    "parse",
    // options
    "is_some",
    "is_none",
    "is_some_and",
    "ok_or",
    "ok_or_else",
    "unwrap_or",
    "unwrap_or_else",
    "unwrap_or_default",
    "map",
    "and_then",
    "filter",
    "cloned",
    "copied",
    "as_ref",
    "as_deref",
    // collections
    "get",
    "first",
    "last",
    "iter",
    "into_iter",
    "to_vec",
    "join",
    "concat",
    "contains_key",
    "first_key_value",
    "last_key_value",
    "keys",
    "values",
    "is_subset",
    // iterators
    "filter_map",
    "flat_map",
    "enumerate",
    "rev",
    "skip",
    "take_while",
    "chain",
    "zip",
    "collect",
    "sum",
    "product",
    "count",
    "any",
    "all",
    "find",
    "find_map",
    "position",
    "max_by_key",
    "min_by_key",
    "fold",
    "for_each",
    "partition",
    // orders
    "then",
    "then_with",
];

/// Returns the columns, by Rust name, sorted; `None`: any.
pub(crate) fn writes(body: &Block) -> Option<Vec<String>> {
    let mut writes = Writes::default();
    writes.visit_block(body);
    (!writes.all).then(|| writes.columns.into_iter().collect())
}

#[derive(Default)]
struct Writes {
    columns: BTreeSet<String>,
    all: bool,
}

impl Writes {
    /// Notes that the place may be written.
    fn place(&mut self, place: &Expr) {
        match place {
            Expr::Paren(inner) => self.place(&inner.expr),
            Expr::Group(inner) => self.place(&inner.expr),
            Expr::Index(of) => self.place(&of.expr),
            Expr::Unary(of) if matches!(of.op, UnOp::Deref(_)) => self.place(&of.expr),
            Expr::Field(of) if is_self(&of.base) => match &of.member {
                Member::Named(name) => drop(self.columns.insert(name.unraw().to_string())),
                Member::Unnamed(_) => self.all = true,
            },
            Expr::Field(of) => self.place(&of.base),
            Expr::Tuple(of) => of.elems.iter().for_each(|e| self.place(e)),
            Expr::Array(of) => of.elems.iter().for_each(|e| self.place(e)),
            // A call that gives a place to write was met as a writing call itself; a local came from `&mut`.
            _ => {}
        }
    }

    fn tokens(&mut self, tokens: &TokenStream) {
        for token in tokens.clone() {
            match token {
                TokenTree::Ident(ident) if ident == "self" => self.all = true,
                TokenTree::Group(group) => self.tokens(&group.stream()),
                _ => {}
            }
        }
    }
}

fn is_self(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => path.path.is_ident("self"),
        Expr::Paren(inner) => is_self(&inner.expr),
        Expr::Unary(of) if matches!(of.op, UnOp::Deref(_)) => is_self(&of.expr),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Writes {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            // `self` itself, and not a field of it: whoever gets it may write anything.
            Expr::Path(_) if is_self(expr) => self.all = true,
            Expr::Field(of) if is_self(&of.base) => {}
            Expr::Assign(of) => {
                self.place(&of.left);
                visit::visit_expr(self, expr);
            }
            Expr::Binary(of) => {
                if assigns(&of.op) {
                    self.place(&of.left);
                }
                visit::visit_expr(self, expr);
            }
            Expr::Reference(of) => {
                if of.mutability.is_some() {
                    self.place(&of.expr);
                }
                visit::visit_expr(self, expr);
            }
            Expr::RawAddr(_) => self.all = true,
            _ => visit::visit_expr(self, expr),
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let name = call.method.to_string();
        if is_self(&call.receiver) && name == "clone" {
            return;
        }
        if !READS.contains(&name.as_str()) {
            self.place(&call.receiver);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
        self.all |= pat.by_ref.is_some() && pat.mutability.is_some();
        visit::visit_pat_ident(self, pat);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        if mac.path.is_ident("matches")
            && let Ok(of) = syn::parse2::<Matches>(mac.tokens.clone())
        {
            let mut inner = Writes::default();
            inner.visit_expr(&of.value);
            inner.visit_pat(&of.pat);
            of.guard.iter().for_each(|guard| inner.visit_expr(guard));
            self.all |= inner.all;
            self.columns.extend(inner.columns);
            return;
        }
        let parser = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated;
        match syn::parse::Parser::parse2(parser, mac.tokens.clone()) {
            Ok(args) if mac.path.is_ident("format") || mac.path.is_ident("vec") => {
                let mut inner = Writes::default();
                args.iter().for_each(|arg| inner.visit_expr(arg));
                self.all |= inner.all;
                self.columns.extend(inner.columns);
            }
            _ => self.tokens(&mac.tokens),
        }
    }
}

fn assigns(op: &BinOp) -> bool {
    matches!(
        op,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    )
}

#[cfg(test)]
mod tests {
    use super::writes;

    #[track_caller]
    fn columns(body: &str) -> Option<Vec<String>> {
        writes(&syn::parse_str(&format!("{{ {body} }}")).unwrap())
    }

    #[test]
    fn what_a_body_writes_is_found_by_its_places() {
        let some = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(columns("self.closed = self.by.len() > 3;"), some(&["closed"]));
        assert_eq!(columns("self.a.b[self.i].c += 1;"), some(&["a"]));
        assert_eq!(
            columns("self.choices.get_mut(choice).ok_or(E::No)?.votes += 1; Ok(())"),
            some(&["choices"])
        );
        assert_eq!(columns("let c = &mut self.x; let d = &self.y; c.push(1);"), some(&["x"]));
        assert_eq!(columns("for c in self.list.iter_mut() { c.n = 1; }"), some(&["list"]));
        assert_eq!(columns("for c in self.list.iter() { n += c.n; }"), some(&[]));
        assert_eq!(columns("*self.by.entry(k).or_default() += 1;"), some(&["by"]));
        assert_eq!(
            columns("if let Some(x) = self.a.as_mut() { x.n = std::mem::take(&mut self.b); }"),
            some(&["a", "b"])
        );
        assert_eq!(columns("format!(\"{}\", self.a.take())"), some(&["a"]));
        assert_eq!(columns("let copy = self.clone(); copy.n"), some(&[]));
    }

    #[test]
    fn whoever_gets_self_may_write_all_of_it() {
        for body in
            ["*self = other;", "help(self);", "self.help();", "let Poll { a, .. } = self;", "log!(self.a);"]
        {
            assert_eq!(columns(body), None, "{body}");
        }
        assert_eq!(columns("match self.a { Some(ref mut x) => x.n = 1, None => {} }"), None);
    }
}
