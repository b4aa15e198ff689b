//! What `#[serde(…)]` says: read where it changes the form in a way that is known, refused where it does not.

use syn::{Attribute, Expr, ExprLit, ExprPath, Lit, LitStr};

use super::{
    case::Case,
    options::{Opt, Seen, read},
};
use crate::{errors::Errors, suggest::did_you_mean};

/// Where an attribute stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    Struct,
    Newtype,
    Enum,
    ErrorEnum,
    Variant,
    Field,
    /// A field without a name.
    Unnamed,
}

/// A default for what is absent.
#[derive(Clone, Debug)]
pub(crate) enum Absent {
    /// `Default::default()`
    Trait,
    /// The result of a function.
    Call(ExprPath),
    /// An expression.
    Expr(Box<Expr>),
}

/// What was read.
#[derive(Default)]
pub(crate) struct Serde {
    pub(crate) rename: Option<LitStr>,
    pub(crate) rename_all: Option<Case>,
    pub(crate) rename_all_fields: Option<Case>,
    pub(crate) tag: Option<LitStr>,
    pub(crate) default: Option<Absent>,
}

impl Target {
    fn known(self) -> &'static [&'static str] {
        match self {
            Self::Struct => &["rename_all", "default"],
            Self::Newtype => &["transparent"],
            Self::Enum => &["rename_all", "rename_all_fields", "tag"],
            Self::ErrorEnum => &["rename_all", "rename_all_fields"],
            Self::Variant => &["rename", "rename_all"],
            Self::Field => &["rename", "default"],
            Self::Unnamed => &[],
        }
    }
}

/// Reads all `#[serde(…)]`.
pub(crate) fn serde(attrs: &[Attribute], target: Target, errors: &mut Errors) -> Serde {
    let mut found = Serde::default();
    let mut seen = Seen::default();
    for opt in read(attrs, "serde", errors) {
        let name = opt.name.to_string();
        if !target.known().contains(&name.as_str()) {
            refuse(&opt, target, errors);
            continue;
        }
        if !seen.first(&opt, errors) {
            continue;
        }
        match name.as_str() {
            "rename" => found.rename = opt.text("rename = \"…\"", errors),
            "rename_all" => found.rename_all = case(&opt, target, errors),
            "rename_all_fields" => found.rename_all_fields = case(&opt, target, errors),
            "tag" => found.tag = opt.text("tag = \"kind\"", errors),
            "default" => found.default = default(&opt, target, errors),
            _ => opt.word(errors),
        }
    }
    found
}

fn case(opt: &Opt, target: Target, errors: &mut Errors) -> Option<Case> {
    let text = opt.text(&format!("{} = \"camelCase\"", opt.name), errors)?;
    let case = Case::named(&text.value());
    // Elsewhere serde derives too, and says it.
    if case.is_none() && target == Target::ErrorEnum {
        let near = did_you_mean(&text.value(), Case::names());
        let all: Vec<_> = Case::names().collect();
        errors.at(&text, format!("unknown rename rule{near}\nhere: {}", all.join(", ")));
    }
    case
}

fn default(opt: &Opt, target: Target, errors: &mut Errors) -> Option<Absent> {
    match &opt.value {
        None if opt.args.is_none() => Some(Absent::Trait),
        Some(Expr::Lit(ExprLit { lit: Lit::Str(path), .. })) if target == Target::Field => match path.parse()
        {
            Ok(path) => Some(Absent::Call(path)),
            Err(_) => {
                errors.at(path, "write the path of a function: `default = \"path::to::function\"`");
                None
            }
        },
        _ => {
            errors.span(opt.span(), "write `default`, or on a field `default = \"path::to::function\"`");
            None
        }
    }
}

fn refuse(opt: &Opt, target: Target, errors: &mut Errors) {
    let name = opt.name.to_string();
    let advice = match name.as_str() {
        "skip" | "skip_serializing" | "skip_deserializing" => {
            "both sides must know every field: keep it in a struct of its own that is not synced"
        }
        "skip_serializing_if" => {
            "a field is always sent: use `Option<…>`, which is `null` where there is nothing"
        }
        "flatten" => "name the fields here, or keep them in a field of their own",
        "with" | "serialize_with" | "deserialize_with" | "from" | "try_from" | "into" | "remote" => {
            "its form on the wire cannot be known from the type: wrap the value in a type of yours that derives `SyncType`"
        }
        "alias" => "the client always sends one name: use `rename` for it",
        "untagged" | "content" => {
            "TypeScript needs to tell the variants apart: use `tag = \"kind\"`, or no attribute at all"
        }
        "rename" => "a type is named as in Rust; rename its fields with `rename_all`",
        _ => "remove it",
    };
    let known = target.known();
    let near = did_you_mean(&name, known.iter().copied());
    let here = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
    errors.span(
        opt.span(),
        format!("`serde({name})` is not supported here{near}: {advice}\nof serde's attributes, here: {here}"),
    );
}
