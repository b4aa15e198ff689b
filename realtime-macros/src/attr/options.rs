//! `name`, `name = value`, `name(…)`, `name(…) = value`, with commas between: the form of every option.

use proc_macro2::{Span, TokenStream};
use syn::{
    Attribute, Expr, ExprLit, Ident, Lit, LitInt, LitStr, Meta, Token, ext::IdentExt, parenthesized,
    parse::ParseStream, parse::Parser, token,
};

use crate::{errors::Errors, suggest::did_you_mean};

/// One option, as written.
pub(crate) struct Opt {
    /// Its name.
    pub(crate) name: Ident,
    /// What stands in its parentheses.
    pub(crate) args: Option<TokenStream>,
    /// What stands behind `=`.
    pub(crate) value: Option<Expr>,
}

/// Where options stand: for the message on an unknown one.
pub(crate) struct Place {
    /// The options that exist here.
    pub(crate) known: &'static [&'static str],
    /// Those that exist elsewhere, and where.
    pub(crate) elsewhere: &'static [(&'static str, &'static str)],
}

/// Options of the design that no version has yet: an honest answer, not a typo.
const PLANNED: [&str; 15] = [
    "as", "check", "coalesce", "email", "index", "items", "migrate", "offline", "pattern", "sealed", "since",
    "undo", "until", "url", "was",
];

impl Place {
    /// Says that `opt` does not exist here.
    pub(crate) fn unknown(&self, opt: &Opt, errors: &mut Errors) {
        let name = opt.name.to_string();
        let what = match self.elsewhere.iter().find(|(known, _)| *known == name) {
            Some((_, place)) => format!("`{name}` is an option of {place}, not of this"),
            None if PLANNED.contains(&name.as_str()) => {
                format!("`{name}` does not exist yet in this version of Realtime")
            }
            None => format!("unknown option `{name}`{}", did_you_mean(&name, self.known.iter().copied())),
        };
        errors.span(opt.name.span(), format!("{what}\nhere: {}", self.known.join(", ")));
    }
}

/// The options that were met, so that each stands once.
#[derive(Default)]
pub(crate) struct Seen(Vec<String>);

impl Seen {
    /// Tells whether this is the first of its name, and complains where it is not.
    pub(crate) fn first(&mut self, opt: &Opt, errors: &mut Errors) -> bool {
        let name = opt.name.to_string();
        if self.0.contains(&name) {
            errors.span(opt.name.span(), format!("`{name}` stands twice: remove one"));
            return false;
        }
        self.0.push(name);
        true
    }
}

/// Reads the options of every `#[attr(…)]`.
pub(crate) fn read(attrs: &[Attribute], attr: &str, errors: &mut Errors) -> Vec<Opt> {
    let mut all = Vec::new();
    for found in attrs.iter().filter(|a| a.path().is_ident(attr)) {
        match &found.meta {
            Meta::Path(_) => {}
            Meta::NameValue(meta) => errors.at(meta, format!("write `#[{attr}(…)]`")),
            Meta::List(list) => all.extend(parse(list.tokens.clone(), errors)),
        }
    }
    all
}

/// Reads options; after a mistake it goes on behind the next comma.
pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Vec<Opt> {
    let mut all = Vec::new();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            match option(input) {
                Ok(opt) => all.push(opt),
                Err(error) => {
                    errors.push(error);
                    while !input.is_empty() && !input.peek(Token![,]) {
                        input.parse::<proc_macro2::TokenTree>()?;
                    }
                }
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(tokens) {
        errors.push(error);
    }
    all
}

fn option(input: ParseStream<'_>) -> syn::Result<Opt> {
    let name = input.call(Ident::parse_any)?;
    let args = if input.peek(token::Paren) {
        let inside;
        parenthesized!(inside in input);
        Some(inside.parse()?)
    } else {
        None
    };
    let value = match input.parse::<Option<Token![=]>>()? {
        Some(_) => Some(input.parse()?),
        None => None,
    };
    if !input.is_empty() && !input.peek(Token![,]) {
        return Err(input.error(format!("expected `,` after the option `{name}`")));
    }
    Ok(Opt { name, args, value })
}

impl Opt {
    /// Where its name stands.
    pub(crate) fn span(&self) -> Span {
        self.name.span()
    }

    /// Returns its value where it has one and no parentheses.
    pub(crate) fn value(&self, example: &str, errors: &mut Errors) -> Option<&Expr> {
        match (&self.args, &self.value) {
            (None, Some(value)) => Some(value),
            _ => {
                errors.span(self.span(), format!("write `{example}`"));
                None
            }
        }
    }

    /// Returns the text that is its value.
    pub(crate) fn text(&self, example: &str, errors: &mut Errors) -> Option<LitStr> {
        match self.value(example, errors)? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.clone()),
            other => {
                errors.at(other, format!("write `{example}`"));
                None
            }
        }
    }

    /// Returns the whole number that is its value.
    pub(crate) fn number(&self, example: &str, errors: &mut Errors) -> Option<LitInt> {
        match self.value(example, errors)? {
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => Some(number.clone()),
            other => {
                errors.at(other, format!("write `{example}`"));
                None
            }
        }
    }

    /// Makes sure that it is a bare word.
    pub(crate) fn word(&self, errors: &mut Errors) {
        if self.args.is_some() || self.value.is_some() {
            errors.span(self.span(), format!("`{0}` takes no value: write `{0}`", self.name));
        }
    }
}
