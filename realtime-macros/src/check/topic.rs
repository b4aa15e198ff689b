//! Where a model's entities live: a pattern of its own, or another model's topic.

use syn::{DeriveInput, Expr, ExprLit, Ident, Lit, LitStr, Path};

use super::Field;
use crate::{errors::Errors, suggest::did_you_mean};

/// Where its entities live.
pub(crate) enum Topic {
    /// A pattern, and the columns that it names, in order.
    Root(LitStr, Vec<usize>),
    /// In the topic of this model.
    Of(Path),
}

/// Checks the option, and that it names the key.
pub(super) fn topic(
    input: &DeriveInput,
    option: Option<&Expr>,
    columns: &[Field],
    key: Option<usize>,
    errors: &mut Errors,
) -> Option<Topic> {
    match option {
        None => {
            errors.at(
                &input.ident,
                format!(
                    "`{0}` has no topic: add `#[sync(topic = \"{1}/{{id}}\")]` for a topic per `{0}`, or `#[sync(topic = Root)]` to live in that of another model",
                    input.ident,
                    input.ident.to_string().to_lowercase(),
                ),
            );
            None
        }
        Some(Expr::Lit(ExprLit { lit: Lit::Str(pattern), .. })) => {
            root(pattern, &input.ident, columns, key, errors)
                .map(|fields| Topic::Root(pattern.clone(), fields))
        }
        Some(Expr::Path(root)) if root.qself.is_none() && !root.path.is_ident(&input.ident) => {
            Some(Topic::Of(root.path.clone()))
        }
        Some(other) => {
            errors.at(other, "a topic is a pattern, `topic = \"poll/{id}\"`, or the model in whose topic it lives, `topic = Room`");
            None
        }
    }
}

fn root(
    pattern: &LitStr,
    model: &Ident,
    columns: &[Field],
    key: Option<usize>,
    errors: &mut Errors,
) -> Option<Vec<usize>> {
    let text = pattern.value();
    let mut fields = Vec::new();
    let mut wrong = Vec::new();
    for (i, segment) in text.split('/').enumerate() {
        match placeholder(segment) {
            Some(_) if i == 0 => {
                wrong.push("a topic starts with a fixed segment, as in `poll/{id}`".to_owned())
            }
            Some(name) => match columns.iter().position(|c| c.rust == name) {
                Some(column) if fields.contains(&column) => {
                    wrong.push(format!("`{{{name}}}` stands twice in the topic: remove one"));
                }
                Some(column) => fields.push(column),
                None => {
                    let near = did_you_mean(name, columns.iter().map(|c| c.rust.as_str()));
                    wrong.push(format!("no field `{name}` in `{model}`: a placeholder names a field{near}"));
                }
            },
            None if segment.is_empty() => {
                wrong.push("the topic has an empty segment: write it as in `poll/{id}`".to_owned());
            }
            None if segment.chars().all(plain) => {}
            None => wrong.push(format!(
                "`{segment}`: a segment is either one `{{field}}` or fixed text of letters, digits and `-_.~`"
            )),
        }
    }
    if let Some(key) = key.filter(|key| wrong.is_empty() && !fields.contains(key)) {
        let key = &columns[key].rust;
        wrong.push(format!(
            "the topic does not name the key, so that all of `{model}` would share one: add `{{{key}}}`"
        ));
    }
    let right = wrong.is_empty();
    wrong.into_iter().for_each(|message| errors.at(pattern, message));
    right.then_some(fields)
}

/// What a topic's name says cannot be hidden, and to set it would be to move it to another topic.
pub(super) fn not_in_topic(topic: Option<&Topic>, columns: &[Field], errors: &mut Errors) {
    let Some(Topic::Root(_, fields)) = topic else { return };
    for column in fields.iter().map(|at| &columns[*at]).filter(|column| !column.key) {
        let name = &column.rust;
        if let Some((at, _)) = &column.read {
            errors.span(
                *at,
                format!(
                    "`{name}` stands in the topic's name, which everybody has who opens it: remove `read`"
                ),
            );
        }
        if let Some((at, _)) = &column.write {
            errors.span(*at, format!("`{name}` stands in the topic's name: with another value this were another topic. remove `write`"));
        }
    }
}

fn placeholder(segment: &str) -> Option<&str> {
    segment.strip_prefix('{').and_then(|s| s.strip_suffix('}'))
}

/// The unreserved characters of RFC 3986, section 2.3.
fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~')
}
