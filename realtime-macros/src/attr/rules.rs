//! `length(min, max)` and `range(min, max)`: rules of validation.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::{Expr, ExprLit, Lit, Type, UnOp};

use super::options::{Opt, parse};
use crate::{
    check::ty::{Kind, kind},
    errors::Errors,
    suggest::did_you_mean,
};

/// A rule, checked.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Rule {
    Length { min: Option<u64>, max: Option<u64> },
    Range { min: Option<f64>, max: Option<f64> },
}

/// The rules of one field or argument.
#[derive(Clone, Default, PartialEq, Debug)]
pub(crate) struct Rules(pub(crate) Vec<Rule>);

impl Rules {
    /// Takes `opt` where it is a rule.
    pub(crate) fn take(&mut self, opt: &Opt, ty: &Type, errors: &mut Errors) -> bool {
        match opt.name.to_string().as_str() {
            "length" => self.0.extend(length(opt, ty, errors)),
            "range" => self.0.extend(range(opt, ty, errors)),
            _ => return false,
        }
        true
    }

    /// Returns the bounds of `range`.
    pub(crate) fn range(&self) -> Option<(Option<f64>, Option<f64>)> {
        self.0.iter().find_map(|rule| match rule {
            Rule::Range { min, max } => Some((*min, *max)),
            Rule::Length { .. } => None,
        })
    }

    /// Returns them as a `Vec<Rule>`.
    pub(crate) fn expr(&self, private: &TokenStream) -> TokenStream {
        let rules = self.0.iter().map(|rule| match rule {
            Rule::Length { min, max } => {
                let (min, max) =
                    (option(min.map(Literal::u64_suffixed)), option(max.map(Literal::u64_suffixed)));
                quote!(#private::Rule::Length { min: #min, max: #max })
            }
            Rule::Range { min, max } => {
                let (min, max) = (option(min.map(float)), option(max.map(float)));
                quote!(#private::Rule::Range { min: #min, max: #max })
            }
        });
        quote!(::std::vec![#(#rules),*])
    }
}

fn option(value: Option<impl quote::ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

fn float(value: f64) -> TokenStream {
    let digits = Literal::f64_suffixed(value.abs());
    if value.is_sign_negative() { quote!(-#digits) } else { quote!(#digits) }
}

fn length(opt: &Opt, ty: &Type, errors: &mut Errors) -> Option<Rule> {
    if matches!(kind(ty), Kind::Number | Kind::Bool) {
        errors.span(
            opt.span(),
            "`length` is for text, lists and maps: for a number use `range(min = …, max = …)`",
        );
        return None;
    }
    let (min, max) = bounds(opt, "length(min = 1, max = 80)", errors)?;
    let whole = |bound: Option<(f64, &Expr)>, errors: &mut Errors| match bound {
        Some((n, at)) if n < 0.0 || n.fract() != 0.0 => {
            errors.at(at, "a length is a whole number from 0");
            None
        }
        Some((n, _)) => Some(n as u64),
        None => None,
    };
    let (min, max) = (min.as_ref().map(|(n, e)| (*n, e)), max.as_ref().map(|(n, e)| (*n, e)));
    Some(Rule::Length { min: whole(min, errors), max: whole(max, errors) })
}

fn range(opt: &Opt, ty: &Type, errors: &mut Errors) -> Option<Rule> {
    if matches!(kind(ty), Kind::Text | Kind::Bool | Kind::List) {
        errors.span(opt.span(), "`range` is for numbers: for text and lists use `length(min = …, max = …)`");
        return None;
    }
    let (min, max) = bounds(opt, "range(min = 0, max = 100)", errors)?;
    Some(Rule::Range { min: min.map(|(n, _)| n), max: max.map(|(n, _)| n) })
}

type Bound = Option<(f64, Expr)>;

fn bounds(opt: &Opt, example: &str, errors: &mut Errors) -> Option<(Bound, Bound)> {
    let (Some(args), None) = (&opt.args, &opt.value) else {
        errors.span(opt.span(), format!("write `{example}`"));
        return None;
    };
    let (mut min, mut max): (Bound, Bound) = (None, None);
    for bound in parse(args.clone(), errors) {
        let name = bound.name.to_string();
        let slot = match name.as_str() {
            "min" => &mut min,
            "max" => &mut max,
            _ => {
                let near = did_you_mean(&name, ["min", "max"]);
                errors.span(bound.span(), format!("unknown bound `{name}`{near}\nwrite `{example}`"));
                continue;
            }
        };
        let Some(value) = bound.value(example, errors) else { continue };
        match number(value) {
            Some(n) if slot.is_none() => *slot = Some((n, value.clone())),
            Some(_) => errors.span(bound.span(), format!("`{name}` stands twice: remove one")),
            None => errors.at(value, format!("a bound is a number, as in `{example}`")),
        }
    }
    match (&min, &max) {
        (None, None) if errors.is_empty() => {
            errors.span(opt.span(), format!("a rule without bounds says nothing: write `{example}`"));
            None
        }
        (Some((low, _)), Some((high, at))) if low > high => {
            errors.at(at, format!("`max` is below `min`, which is {low}: no value could be sent"));
            None
        }
        _ => Some((min, max)),
    }
}

/// The number that a literal, perhaps negative, stands for.
fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(n), .. }) => n.base10_parse().ok(),
        Expr::Lit(ExprLit { lit: Lit::Float(n), .. }) => n.base10_parse().ok(),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => number(&unary.expr).map(|n| -n),
        Expr::Group(inner) => number(&inner.expr),
        _ => None,
    }
}
