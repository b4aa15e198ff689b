//! A field: of a model, of a type, of a variant.

use proc_macro2::Span;
use syn::{Ident, Type, ext::IdentExt, spanned::Spanned};

use super::ty::{check_wide, option_of};
use crate::{
    attr::{self, Absent, Case, Place, Policy, Rules, Seen, Target, doc, policy, read, serde},
    errors::Errors,
};

/// Whose field it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FieldOf {
    Model,
    Type,
    Error,
    Principal,
}

/// A field, checked.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    /// Its name in Rust, without `r#`.
    pub(crate) rust: String,
    /// Its name on the wire.
    pub(crate) name: String,
    /// The name whose hash is its number: that on the wire.
    pub(crate) number: Option<u16>,
    pub(crate) doc: String,
    pub(crate) ty: Type,
    pub(crate) optional: bool,
    pub(crate) default: Option<Absent>,
    pub(crate) rules: Rules,
    pub(crate) key: bool,
    /// Who may read it, with the place of the option.
    pub(crate) read: Option<(Span, Policy)>,
    /// Who may set it by `patch`, likewise.
    pub(crate) write: Option<(Span, Policy)>,
}

const MODEL: Place = Place {
    known: &["key", "number", "default", "read", "write", "length", "range"],
    elsewhere: &[
        ("topic", "the struct"),
        ("version", "the struct"),
        ("principal", "the struct"),
        ("open", "the struct"),
        ("create", "the struct"),
        ("patch", "the struct"),
        ("delete", "the struct"),
        ("every", "the struct"),
        ("retain", "the struct"),
        ("allow", "`#[mutation(…)]`"),
    ],
};

const TYPE: Place = Place {
    known: &["length", "range"],
    elsewhere: &[
        ("key", "a model's field"),
        ("number", "a model's field"),
        ("default", "a model's field (here: `#[serde(default)]`)"),
        ("read", "a model's field (a column is hidden whole)"),
        ("write", "a model's field (a column is set whole)"),
    ],
};

const OUT: Place = Place {
    known: &[],
    elsewhere: &[
        ("length", "a field that clients send"),
        ("range", "a field that clients send"),
        ("key", "a model's field"),
        ("read", "a model's field"),
        ("write", "a model's field"),
    ],
};

impl Field {
    /// Where its type stands.
    pub(crate) fn ty_span(&self) -> Span {
        self.ty.span()
    }

    /// Checks a field with a name.
    pub(crate) fn check(
        field: &syn::Field,
        own: &Type,
        of: FieldOf,
        case: Option<Case>,
        errors: &mut Errors,
    ) -> Option<Self> {
        let ident = field.ident.clone()?;
        let rust = ident.unraw().to_string();
        let serde = serde(&field.attrs, Target::Field, errors);
        let name = match &serde.rename {
            Some(name) => name.value(),
            None => case.map_or_else(|| rust.clone(), |case| case.field(&rust)),
        };
        let mut checked = Self {
            rust,
            name,
            number: None,
            doc: doc(&field.attrs),
            ty: super::ty::without_self(&field.ty, own),
            optional: option_of(&field.ty).is_some() || serde.default.is_some(),
            default: serde.default,
            rules: Rules::default(),
            key: false,
            read: None,
            write: None,
            ident,
        };
        checked.options(field, of, errors);
        check_wide(&field.ty, (of != FieldOf::Error).then_some(&checked.rules), errors);
        Some(checked)
    }

    fn options(&mut self, field: &syn::Field, of: FieldOf, errors: &mut Errors) {
        let place = match of {
            FieldOf::Model => &MODEL,
            FieldOf::Type => &TYPE,
            FieldOf::Error | FieldOf::Principal => &OUT,
        };
        let mut seen = Seen::default();
        for opt in read(&field.attrs, "sync", errors) {
            let name = opt.name.to_string();
            if !place.known.contains(&name.as_str()) {
                place.unknown(&opt, errors);
                continue;
            }
            if !seen.first(&opt, errors) || self.rules.take(&opt, &field.ty, errors) {
                continue;
            }
            match name.as_str() {
                "key" => {
                    opt.word(errors);
                    self.key = true;
                }
                "number" => self.number = number(&opt, errors),
                "read" => self.read = right(&opt, "read = User::moderator", errors),
                "write" => self.write = right(&opt, "write = User::moderator", errors),
                _ => self.default(&opt, errors),
            }
        }
        if self.key && self.default.is_some() {
            errors.at(&self.ident, "a key has no default: each entity has its own");
        }
        if let Some((at, _)) = self.read.as_ref().filter(|_| self.key) {
            errors.span(
                *at,
                "a key cannot be hidden: it names the entity in all that is sent. to hide the entity whole, write `read = …` at the struct",
            );
        }
        if let Some((at, _)) = self.write.as_ref().filter(|_| self.key) {
            errors.span(*at, "a key never changes: remove `write`");
        }
    }

    fn default(&mut self, opt: &attr::Opt, errors: &mut Errors) {
        let Some(value) = opt.value("default = 3", errors) else { return };
        if self.default.is_some() {
            errors.span(opt.span(), "the default stands twice, here and in `#[serde(default)]`: remove one");
        }
        self.default = Some(Absent::Expr(Box::new(value.clone())));
        self.optional = true;
    }
}

/// Reads `read = policy` or `write = policy`.
fn right(opt: &attr::Opt, example: &str, errors: &mut Errors) -> Option<(Span, Policy)> {
    let policy = policy(opt.value(example, errors)?, errors)?;
    Some((opt.span(), policy))
}

/// Reads `number = N`.
pub(crate) fn number(opt: &attr::Opt, errors: &mut Errors) -> Option<u16> {
    let literal = opt.number("number = 7", errors)?;
    match literal.base10_parse() {
        Ok(number) => Some(number),
        Err(_) => {
            errors.at(&literal, "a number is from 0 to 65535");
            None
        }
    }
}
