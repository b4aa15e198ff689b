//! The grammar of our attributes and of serde's: what stands there, with spans. Knows nothing of meaning.

mod case;
mod duration;
mod options;
mod policy;
mod rules;
mod serde;

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

pub(crate) use self::{
    case::Case,
    duration::duration,
    options::{Opt, Place, Seen, read},
    policy::{Policy, policy},
    rules::Rules,
    serde::{Absent, Target, serde},
};

/// Returns the doc comment: its lines, without the space after the slashes.
pub(crate) fn doc(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> =
        lines.flat_map(|text| text.lines().map(unindented).collect::<Vec<_>>()).collect();
    lines.join("\n").trim().to_owned()
}

fn unindented(line: &str) -> String {
    line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()
}
