//! Policies: paths of plain functions, joined by `||`, `&&`, `!`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{BinOp, Expr, ExprPath, UnOp, spanned::Spanned};

use crate::{errors::Errors, expand::private_at};

/// A policy, checked.
pub(crate) enum Policy {
    Fn(ExprPath),
    Or(Box<Policy>, Box<Policy>),
    And(Box<Policy>, Box<Policy>),
    Not(Box<Policy>),
}

/// Reads a policy.
pub(crate) fn policy(expr: &Expr, errors: &mut Errors) -> Option<Policy> {
    match expr {
        Expr::Path(path) => Some(Policy::Fn(path.clone())),
        Expr::Paren(inner) => policy(&inner.expr, errors),
        Expr::Group(inner) => policy(&inner.expr, errors),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => {
            policy(&unary.expr, errors).map(|of| Policy::Not(of.into()))
        }
        Expr::Binary(binary) => {
            let (left, right) = (policy(&binary.left, errors), policy(&binary.right, errors));
            match binary.op {
                BinOp::Or(_) => Some(Policy::Or(left?.into(), right?.into())),
                BinOp::And(_) => Some(Policy::And(left?.into(), right?.into())),
                op => {
                    errors.at(&op, "policies are joined by `||`, `&&` and `!`");
                    None
                }
            }
        }
        other => {
            errors.at(
                other,
                "a policy is the path of a function, such as `anyone` or `author || User::moderator`",
            );
            None
        }
    }
}

impl Policy {
    /// Tells whether it lets everybody in, as far as its words tell: for the banner, not for a decision.
    pub(crate) fn says_anyone(&self) -> bool {
        match self {
            Self::Fn(path) => path.path.segments.last().is_some_and(|last| last.ident == "anyone"),
            Self::Or(a, b) => a.says_anyone() || b.says_anyone(),
            Self::And(a, b) => a.says_anyone() && b.says_anyone(),
            Self::Not(_) => false,
        }
    }

    /// Returns the expression that asks it, over `principal`, `entity` and `root`.
    pub(crate) fn ask(&self, model: &impl ToTokens) -> TokenStream {
        match self {
            Self::Fn(path) => {
                let span = path.span().resolved_at(Span::mixed_site());
                let p = private_at(span);
                quote_spanned!(span=> #p::Policy::<_, #model, _>::ask(&#path, principal, entity, root))
            }
            Self::Or(a, b) => {
                let (a, b) = (a.ask(model), b.ask(model));
                quote_spanned!(Span::mixed_site()=> #a.or(|| #b))
            }
            Self::And(a, b) => {
                let (a, b) = (a.ask(model), b.ask(model));
                quote_spanned!(Span::mixed_site()=> #a.and(|| #b))
            }
            Self::Not(of) => {
                let of = of.ask(model);
                quote_spanned!(Span::mixed_site()=> #of.not())
            }
        }
    }
}
