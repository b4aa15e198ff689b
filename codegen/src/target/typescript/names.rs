//! Names: camelCase for functions and their parameters, and words that JavaScript keeps for itself.

use heck::ToLowerCamelCase as _;

const RESERVED: [&str; 56] = [
    "arguments",
    "as",
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "from",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "of",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "self",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "tx",
    "type",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// The name of a function, a method or a key of an arguments object.
pub(crate) fn camel(rust: &str) -> String {
    rust.to_lower_camel_case()
}

/// The name of a variable: camelCase, and no word of the language.
pub(crate) fn variable(rust: &str) -> String {
    let name = camel(rust);
    let known = RESERVED.contains(&name.as_str())
        || matches!(name.as_str(), "globalThis" | "Math" | "Object" | "Number");
    if name.is_empty() {
        "value".into()
    } else if known || name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("{name}_")
    } else {
        name
    }
}

/// Whether `name` may stand behind a dot, or before a colon, without quotes.
pub(crate) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '$')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
}

/// `name`, or `"na-me"`: as a key of an object.
pub(crate) fn key(name: &str) -> String {
    if name == "__proto__" {
        // In a literal it would set the prototype.
        "[\"__proto__\"]".into()
    } else if is_identifier(name) {
        name.into()
    } else {
        quoted(name)
    }
}

/// `.name`, or `["na-me"]`: as an access.
pub(crate) fn access(name: &str) -> String {
    if is_identifier(name) { format!(".{name}") } else { format!("[{}]", quoted(name)) }
}

/// The text as a string literal.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text)
        .unwrap_or_default()
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}
