//! `every` and `retain`: how often a topic is flushed, and which entities are deleted by themselves.

use proc_macro2::Span;
use syn::{Expr, ExprLit, Ident, Lit, Type};

use super::{Field, ty};
use crate::{
    attr::{Opt, duration},
    errors::Errors,
    suggest::did_you_mean,
};

/// The shortest and the longest of `every`, in milliseconds.
const EVERY: (u64, u64) = (10, 60_000);

/// Which entities are deleted by themselves, checked.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Retain {
    /// Those older than so many milliseconds, by this column.
    Age(u64, String),
    /// The oldest beyond so many in a topic, by this column; without one, the lowest keys.
    Count(u32, Option<String>),
}

/// `retain`, as written.
pub(super) struct RawRetain {
    at: Span,
    by: Option<Ident>,
    what: What,
}

enum What {
    Age(u64),
    Count(u32),
}

/// Reads `every = "50ms"`.
pub(super) fn every(opt: &Opt, errors: &mut Errors) -> Option<(Span, u32)> {
    let text = opt.text("every = \"50ms\"", errors)?;
    let ms = duration(&text, errors)?;
    if !(EVERY.0..=EVERY.1).contains(&ms) {
        errors.at(&text, "a topic is flushed every 10ms to 60s; without the option, at each commit");
        return None;
    }
    Some((opt.span(), u32::try_from(ms).ok()?))
}

/// Reads `retain = "90d"`, `retain = 1000`, or with the column's name `retain(sent_at) = …`.
pub(super) fn retain(opt: &Opt, errors: &mut Errors) -> Option<RawRetain> {
    let example = "write `retain = \"90d\"`, `retain(sent_at) = \"90d\"` or `retain = 1000`";
    let by = match &opt.args {
        None => None,
        Some(args) => match syn::parse2::<Ident>(args.clone()) {
            Ok(column) => Some(column),
            Err(_) => {
                errors.span(opt.span(), example);
                return None;
            }
        },
    };
    let what = match &opt.value {
        Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => What::Age(duration(text, errors)?),
        Some(Expr::Lit(ExprLit { lit: Lit::Int(count), .. })) => match count.base10_parse() {
            Ok(count @ 1..) => What::Count(count),
            _ => {
                errors.at(count, "a count is a whole number from 1 to 4294967295");
                return None;
            }
        },
        Some(other) => {
            errors.at(other, example);
            return None;
        }
        None => {
            errors.span(opt.span(), example);
            return None;
        }
    };
    Some(RawRetain { at: opt.span(), by, what })
}

impl RawRetain {
    /// Checks it against the model: only a child has it, and which is old is told by a `Timestamp`.
    pub(super) fn check(self, is_root: bool, columns: &[Field], errors: &mut Errors) -> Option<Retain> {
        if is_root {
            errors.span(
                self.at,
                "a root is its topic, and goes by `delete`: `retain` is for models that live in the topic of another",
            );
            return None;
        }
        let no_time = columns.iter().all(|column| !is_time(&column.ty));
        match self.what {
            What::Count(count) if self.by.is_none() && no_time => Some(Retain::Count(count, None)),
            What::Count(count) => {
                column(self.at, self.by, columns, errors).map(|by| Retain::Count(count, Some(by)))
            }
            What::Age(ms) => column(self.at, self.by, columns, errors).map(|by| Retain::Age(ms, by)),
        }
    }
}

fn column(at: Span, by: Option<Ident>, columns: &[Field], errors: &mut Errors) -> Option<String> {
    let Some(by) = by else {
        let mut times = columns.iter().filter(|c| is_time(&c.ty));
        return match (times.next(), times.next()) {
            (Some(only), None) => Some(only.rust.clone()),
            (None, _) => {
                errors.span(at, "an age needs a field that says since when: add one, `sent_at: Timestamp`");
                None
            }
            (Some(first), Some(_)) => {
                let first = &first.rust;
                errors
                    .span(at, format!("several fields are a `Timestamp`: say which, `retain({first}) = …`"));
                None
            }
        };
    };
    let name = by.to_string();
    match columns.iter().find(|c| c.rust == name) {
        Some(column) if is_time(&column.ty) => Some(name),
        Some(_) => {
            errors.at(&by, format!("`{name}` is no `Timestamp`: which is the oldest is told by one"));
            None
        }
        None => {
            let near = did_you_mean(&name, columns.iter().map(|c| c.rust.as_str()));
            errors.at(&by, format!("no field `{name}`{near}"));
            None
        }
    }
}

fn is_time(ty: &Type) -> bool {
    ty::name(ty).is_some_and(|name| name == "Timestamp")
}
