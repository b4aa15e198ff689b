//! Which names a printed file uses, so that it imports those and no others.

use std::collections::BTreeSet;

/// Names that stand where a type may stand: outside of comments and texts, no key, no field.
pub(crate) fn used(text: &str) -> BTreeSet<String> {
    let code = code_only(text);
    let chars: Vec<char> = code.chars().collect();
    let mut names = BTreeSet::new();
    let mut i = 0;
    while i < chars.len() {
        if !is_word(chars[i]) {
            i += 1;
            continue;
        }
        let start = i;
        while i < chars.len() && is_word(chars[i]) {
            i += 1;
        }
        let field = start > 0
            && chars[start - 1] == '.'
            && !(start > 2 && chars[start - 3..start] == ['.', '.', '.']);
        let rest: String = chars[i..chars.len().min(i + 2)].iter().collect();
        let key = rest.starts_with(':') || rest == "?:";
        if !field && !key {
            names.insert(chars[start..i].iter().collect());
        }
    }
    names
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Blanks comments and texts out; what stands in `${…}` of a template stays.
fn code_only(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    let mut templates: Vec<usize> = Vec::new();
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'*') => {
                let mut last = ' ';
                for c in chars.by_ref() {
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            '/' if chars.peek() == Some(&'/') => {
                for c in chars.by_ref() {
                    if c == '\n' {
                        out.push('\n');
                        break;
                    }
                }
            }
            '"' => {
                skip(&mut chars, '"');
                out.push(' ');
            }
            '`' => template(&mut chars, &mut templates),
            '{' if !templates.is_empty() => {
                if let Some(depth) = templates.last_mut() {
                    *depth += 1;
                }
                out.push(c);
            }
            '}' if !templates.is_empty() => match templates.last_mut() {
                Some(0) => {
                    templates.pop();
                    template(&mut chars, &mut templates);
                }
                Some(depth) => {
                    *depth -= 1;
                    out.push(c);
                }
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

fn skip(chars: &mut impl Iterator<Item = char>, end: char) {
    while let Some(c) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == end {
            return;
        }
    }
}

/// Passes over a template's text, up to its end or the next `${`.
fn template(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, templates: &mut Vec<usize>) {
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '`' => return,
            '$' if chars.peek() == Some(&'{') => {
                chars.next();
                templates.push(0);
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::used;

    #[test]
    fn keys_fields_comments_and_texts_are_no_uses() {
        let text = "/** Choice */ a.Poll; { Review: 1, By?: X }; \"Draft\" `Y ${Z} W` // Q\nas Mut<State>[]";
        let names: Vec<String> = used(text).into_iter().collect();
        assert_eq!(names, ["1", "Mut", "State", "X", "Z", "a", "as"]);
    }
}
