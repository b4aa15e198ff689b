//! The macros that are lowered: `vec![…]`, `format!("…")`, `matches!(…)`.

use proc_macro2::{Span, TokenStream};
use serde_json::{Value, json};
use syn::{
    Expr, ExprPath, Ident, LitStr, Macro, Pat, Token,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

use super::Lowerer;

/// `matches!(e, pat if guard)`
pub(crate) struct Matches {
    pub(crate) value: Expr,
    pub(crate) pat: Pat,
    pub(crate) guard: Option<Expr>,
}

impl Parse for Matches {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let value = input.parse()?;
        input.parse::<Token![,]>()?;
        let pat = Pat::parse_multi_with_leading_vert(input)?;
        let guard = match input.parse::<Option<Token![if]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        input.parse::<Option<Token![,]>>()?;
        Ok(Self { value, pat, guard })
    }
}

/// What stands in a format string.
#[derive(Debug, PartialEq, Eq)]
enum FormatPiece {
    Text(String),
    /// `{}`
    Next,
    /// `{name}`
    Name(String),
    /// `{0}`, `{:?}`, `{x:.2}`
    Other(String),
}

/// Takes a format string apart; `None` where its braces do not match (rustc says how).
fn format_pieces(text: &str) -> Option<Vec<FormatPiece>> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' | '}' if chars.peek() == Some(&c) => {
                chars.next();
                plain.push(c);
            }
            '}' => return None,
            '{' => {
                let inside: String = chars.by_ref().take_while(|c| *c != '}').collect();
                if !plain.is_empty() {
                    pieces.push(FormatPiece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(placeholder(inside.trim()));
            }
            c => plain.push(c),
        }
    }
    if !plain.is_empty() {
        pieces.push(FormatPiece::Text(plain));
    }
    Some(pieces)
}

fn placeholder(inside: &str) -> FormatPiece {
    if inside.is_empty() {
        FormatPiece::Next
    } else if syn::parse_str::<Ident>(inside).is_ok() {
        FormatPiece::Name(inside.to_owned())
    } else {
        FormatPiece::Other(inside.to_owned())
    }
}

impl Lowerer<'_> {
    /// Lowers a macro of the list.
    pub(super) fn mac(&mut self, mac: &Macro, span: Span) -> Value {
        let name = mac.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        let kind = match name.as_str() {
            "vec" => self.vec(&mac.tokens),
            "format" => self.format(&mac.tokens),
            "matches" => self.matches(&mac.tokens),
            _ => {
                let help = match name.as_str() {
                    "assert" | "assert_eq" | "assert_ne" | "debug_assert" | "panic" | "todo"
                    | "unreachable" | "unimplemented" => "return a typed error: `return Err(…)`",
                    "println" | "eprintln" | "print" | "dbg" | "info" | "debug" | "warn" | "error"
                    | "trace" => "a mutator runs twice, so it logs nothing: remove it",
                    _ => "of the macros, `vec!`, `format!` and `matches!` are lowered",
                };
                self.refuse(&mac.path, &format!("`{name}!` cannot run in the browser"), help);
                json!({ "tuple": [] })
            }
        };
        self.node(span, kind)
    }

    fn parsed<T>(&mut self, parsed: syn::Result<T>) -> Option<T> {
        parsed.map_err(|error| self.errors.push(error)).ok()
    }

    fn vec(&mut self, tokens: &TokenStream) -> Value {
        let list = syn::parse::Parser::parse2(
            |input: ParseStream<'_>| {
                let list = Punctuated::<Expr, Token![,]>::parse_terminated(input);
                if input.peek(Token![;]) {
                    return Err(
                        input.error("`vec![x; n]` cannot be lowered: write `(0..n).map(|_| x).collect()`")
                    );
                }
                list
            },
            tokens.clone(),
        );
        let Some(list) = self.parsed(list) else { return json!({ "tuple": [] }) };
        let elems: Vec<Value> = list.iter().map(|e| self.expr(e)).collect();
        json!({ "array": elems })
    }

    fn matches(&mut self, tokens: &TokenStream) -> Value {
        let Some(of) = self.parsed(syn::parse2::<Matches>(tokens.clone())) else {
            return json!({ "tuple": [] });
        };
        let value = self.expr(&of.value);
        let pat = self.pat(&of.pat);
        let guard = of.guard.as_ref().map(|e| self.expr(e));
        json!({ "matches": [value, pat, guard] })
    }

    fn format(&mut self, tokens: &TokenStream) -> Value {
        let parser = |input: ParseStream<'_>| {
            let text: LitStr = input.parse()?;
            input.parse::<Option<Token![,]>>()?;
            Ok((text, Punctuated::<Expr, Token![,]>::parse_terminated(input)?))
        };
        let Some((text, args)) = self.parsed(syn::parse::Parser::parse2(parser, tokens.clone())) else {
            return json!({ "tuple": [] });
        };
        let mut pieces = Vec::new();
        let mut args = args.iter();
        for piece in format_pieces(&text.value()).unwrap_or_default() {
            match piece {
                FormatPiece::Text(text) => pieces.push(json!({ "text": text })),
                FormatPiece::Next => {
                    if let Some(arg) = args.next() {
                        if matches!(arg, Expr::Assign(_)) {
                            self.refuse(
                                arg,
                                "named arguments of `format!` cannot be lowered",
                                "give it a name with `let` before",
                            );
                        }
                        let value = self.expr(arg);
                        pieces.push(json!({ "value": value }));
                    }
                }
                FormatPiece::Name(name) => {
                    let ident = Ident::new(&name, text.span());
                    let path = Expr::Path(ExprPath { attrs: Vec::new(), qself: None, path: ident.into() });
                    let value = self.expr(&path);
                    pieces.push(json!({ "value": value }));
                }
                FormatPiece::Other(spec) => self.refuse(
                    &text,
                    &format!("`{{{spec}}}` cannot be lowered"),
                    "only `{}` and `{name}` are the same in the browser",
                ),
            }
        }
        for arg in args {
            self.refuse(
                arg,
                "named and numbered arguments of `format!` cannot be lowered",
                "use `{}` for each, or name it with `let` before",
            );
        }
        json!({ "format": pieces })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_string_is_taken_apart() {
        use FormatPiece::{Name, Next, Other, Text};
        assert_eq!(
            format_pieces("{{a}} {} {name}{x:.2}"),
            Some(vec![
                Text("{a} ".into()),
                Next,
                Text(" ".into()),
                Name("name".into()),
                Other("x:.2".into())
            ])
        );
        assert_eq!(format_pieces("a } b"), None);
        assert_eq!(format_pieces(""), Some(Vec::new()));
    }
}
