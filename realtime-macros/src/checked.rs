//! The Rust side of a body: arithmetic that faults in every profile, and beside method calls the probes that ask
//! rustc whether the method is lowered for this type.

use proc_macro2::{Ident, Span};
use quote::{ToTokens, quote_spanned};
use syn::{
    BinOp, Block, Expr, ExprBinary, ExprMethodCall, ExprUnary, Item, Macro, Pat, Token, Type, UnOp,
    parse_quote_spanned,
    punctuated::Punctuated,
    spanned::Spanned,
    visit_mut::{self, VisitMut},
};

use crate::{
    expand::private_at,
    lower::{Matches, methods},
};

/// The macros whose arguments are expressions: arithmetic in them is checked as well.
const EXPRESSIONS: [&str; 13] = [
    "vec",
    "format",
    "print",
    "println",
    "eprint",
    "eprintln",
    "write",
    "writeln",
    "assert",
    "assert_eq",
    "assert_ne",
    "panic",
    "dbg",
];

/// Rewrites a body; with `probes` also what asks whether each method is lowered.
pub(crate) fn check(body: &mut Block, probes: bool) {
    Checked { probes }.visit_block_mut(body);
}

struct Checked {
    probes: bool,
}

/// A span that shows where the author wrote it, and belongs to this expansion, so that lints leave it alone.
fn ours(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

impl VisitMut for Checked {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Const(_) => return,
            Expr::Repeat(of) => return self.visit_expr_mut(&mut of.expr),
            _ => visit_mut::visit_expr_mut(self, expr),
        }
        let new = match expr {
            Expr::Binary(of) => binary(of),
            Expr::Unary(of) => negation(of),
            Expr::MethodCall(of) => routed(of).or_else(|| self.probed(of)),
            _ => None,
        };
        if let Some(new) = new {
            *expr = new;
        }
    }

    // Types, patterns and items hold consts only, and rustc checks those.
    fn visit_type_mut(&mut self, _: &mut Type) {}
    fn visit_item_mut(&mut self, _: &mut Item) {}
    fn visit_path_mut(&mut self, _: &mut syn::Path) {}
    fn visit_angle_bracketed_generic_arguments_mut(&mut self, _: &mut syn::AngleBracketedGenericArguments) {}

    fn visit_pat_mut(&mut self, pat: &mut Pat) {
        if let Pat::Guard(of) = pat {
            self.visit_expr_mut(&mut of.guard);
        }
    }

    fn visit_macro_mut(&mut self, mac: &mut Macro) {
        let Some(name) = mac.path.segments.last().map(|s| s.ident.to_string()) else { return };
        if name == "matches" {
            if let Ok(mut of) = syn::parse2::<Matches>(mac.tokens.clone()) {
                self.visit_expr_mut(&mut of.value);
                of.guard.iter_mut().for_each(|guard| self.visit_expr_mut(guard));
                let Matches { value, pat, guard } = of;
                let guard = guard.map(|guard| quote_spanned!(mac.path.span()=> if #guard));
                mac.tokens = quote_spanned!(mac.path.span()=> #value, #pat #guard);
            }
        } else if EXPRESSIONS.contains(&name.as_str()) {
            let parser = Punctuated::<Expr, Token![,]>::parse_terminated;
            if let Ok(mut args) = syn::parse::Parser::parse2(parser, mac.tokens.clone()) {
                args.iter_mut().for_each(|arg| self.visit_expr_mut(arg));
                mac.tokens = args.into_token_stream();
            }
        }
    }
}

/// The names of a checked operation, and whether it assigns.
fn operation(op: &BinOp) -> Option<(&'static str, bool)> {
    Some(match op {
        BinOp::Add(_) => ("add", false),
        BinOp::Sub(_) => ("sub", false),
        BinOp::Mul(_) => ("mul", false),
        BinOp::Div(_) => ("div", false),
        BinOp::Rem(_) => ("rem", false),
        BinOp::AddAssign(_) => ("add_assign", true),
        BinOp::SubAssign(_) => ("sub_assign", true),
        BinOp::MulAssign(_) => ("mul_assign", true),
        BinOp::DivAssign(_) => ("div_assign", true),
        BinOp::RemAssign(_) => ("rem_assign", true),
        _ => return None,
    })
}

/// `l + r` keeps its place in a branch that never runs, so that rustc infers as if nothing had been changed.
fn binary(of: &ExprBinary) -> Option<Expr> {
    let (name, assigns) = operation(&of.op)?;
    let (left, op, right) = (&of.left, &of.op, &of.right);
    let span = ours(op.span());
    let (l, r, function) = (Ident::new("l", span), Ident::new("r", span), Ident::new(name, span));
    let p = private_at(span);
    Some(if assigns {
        // The right side first, as compound assignment of numbers does.
        parse_quote_spanned! {span=>
            match #right {
                #r => match &mut #left {
                    #l => if false { *#l #op #r } else { #p::lowered::#function(#l, #r) },
                },
            }
        }
    } else {
        parse_quote_spanned! {span=>
            match (#left, #right) {
                (#l, #r) => if false { #l #op #r } else { #p::lowered::#function(#l, #r) },
            }
        }
    })
}

fn negation(of: &ExprUnary) -> Option<Expr> {
    if !matches!(of.op, UnOp::Neg(_)) || matches!(&*of.expr, Expr::Lit(_)) {
        return None;
    }
    let (op, value) = (&of.op, &of.expr);
    let span = ours(op.span());
    let v = Ident::new("v", span);
    let p = private_at(span);
    Some(parse_quote_spanned! {span=>
        match #value { #v => if false { #op #v } else { #p::lowered::neg(#v) } }
    })
}

/// `sum`, `product`, `abs` and `pow`, which inside of std follow the profile's overflow mode.
fn routed(of: &ExprMethodCall) -> Option<Expr> {
    let name = of.method.to_string();
    let span = ours(of.method.span());
    let (v, n) = (Ident::new("v", span), Ident::new("n", span));
    let function = Ident::new(&name, span);
    let ExprMethodCall { receiver, method, turbofish, args, .. } = of;
    let p = private_at(span);
    match (name.as_str(), args.len()) {
        ("sum" | "product", 0) => Some(parse_quote_spanned! {span=>
            match #receiver {
                #v => if false { #v.#method #turbofish() } else { #p::lowered::#function(#v) },
            }
        }),
        ("abs", 0) => Some(parse_quote_spanned! {span=>
            match &#receiver { #v => if false { #v.abs() } else { #p::lowered::abs(#v) } }
        }),
        ("pow", 1) => Some(parse_quote_spanned! {span=>
            match (&#receiver, #args) {
                (#v, #n) => if false { #v.pow(#n) } else { #p::lowered::pow(#v, #n) },
            }
        }),
        _ => None,
    }
}

impl Checked {
    /// `(if false { on::<m::method, _>(&place) }, place.method(…)).1`: a tuple, so that temporaries live as before.
    fn probed(&self, call: &ExprMethodCall) -> Option<Expr> {
        let name = call.method.to_string();
        if !self.probes
            || !is_place(&call.receiver)
            || is_path(&call.receiver, "tx")
            || !methods::known(&name)
        {
            return None;
        }
        let receiver = &call.receiver;
        let at = ours(receiver.span());
        let marker = Ident::new(&name, at);
        let p = private_at(at);
        let probe = quote_spanned!(at=> #p::lowered::on::<#p::lowered::m::#marker, _>(&#receiver));
        let span = ours(call.span());
        Some(parse_quote_spanned! {span=>
            (if false { #probe }, #call).1
        })
    }
}

fn is_path(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Path(path) if path.path.is_ident(name))
}

/// Tells whether an expression is a place that may be named twice: nothing in it runs or moves.
fn is_place(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => path.qself.is_none() && path.path.segments.len() == 1,
        Expr::Field(of) => is_place(&of.base),
        Expr::Index(of) => is_place(&of.expr) && is_index(&of.index),
        Expr::Paren(inner) => is_place(&inner.expr),
        Expr::Unary(of) => matches!(of.op, UnOp::Deref(_)) && is_place(&of.expr),
        _ => false,
    }
}

fn is_index(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(_) => true,
        Expr::Reference(of) => of.mutability.is_none() && is_place(&of.expr),
        other => is_place(other),
    }
}
