//! Rules about one file: each returns what is wrong, with the line.

use crate::files::File;

const LONGEST: usize = 500;

/// The first line is a comment; a crate's manifest may have its `description` instead.
pub(crate) fn first_line(file: &File) -> Vec<String> {
    let first = file.text.lines().next().unwrap_or("");
    let says = match file.kind() {
        "rs" | "ts" | "tsx" | "mjs" => ["//", "/*"].iter().any(|start| first.starts_with(start)),
        "css" => first.starts_with("/*"),
        "lua" => first.starts_with("--"),
        "toml" => first.starts_with('#') || file.text.contains("\ndescription = "),
        _ => true,
    };
    if says { vec![] } else { vec!["line 1 does not say what the file is responsible for".to_owned()] }
}

/// No source file is so long that it must hold a second idea.
pub(crate) fn length(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    let source = matches!(file.kind(), "rs" | "ts" | "tsx" | "mjs" | "css" | "lua");
    if source && lines > LONGEST && !file.is_generated() { vec![format!("{lines} lines")] } else { vec![] }
}

/// No test is ignored, skipped, expected to fail, or the only one to run.
pub(crate) fn ignored_test(file: &File) -> Vec<String> {
    if file.kind() == "rs" {
        return starting(file, &["#[ignore"]);
    }
    if file.is_typescript_test() {
        return containing(file, &[".skip(", ".only(", ".todo(", ".fixme(", ".skipIf(", ".fails("]);
    }
    vec![]
}

/// Tests wait for what they wait for; neither a thread nor a page sleeps.
pub(crate) fn sleep(file: &File) -> Vec<String> {
    if file.path.starts_with("tests/tidy/") {
        return vec![];
    }
    if file.kind() == "rs" {
        let is_test = file.path.contains("/tests/") || file.path.ends_with("/tests.rs");
        return if is_test { containing(file, &["thread::sleep(", "time::sleep("]) } else { vec![] };
    }
    if file.is_typescript_test() { containing(file, &["waitForTimeout("]) } else { vec![] }
}

/// An exception to a lint is an `expect` with its reason, so that it goes when it is no longer needed.
pub(crate) fn lint_exception(file: &File) -> Vec<String> {
    if file.kind() != "rs" {
        return vec![];
    }
    let mut broken = starting(file, &["#[allow(", "#![allow(", "#[cfg_attr(test, allow("]);
    for (number, line) in file.code() {
        let start = line.starts_with("#[expect(") || line.starts_with("#![expect(");
        let rest: String = file.text.lines().skip(number - 1).take(6).collect();
        if start && !rest.split(")]").next().unwrap_or("").contains("reason") {
            broken.push(format!("line {number}: `expect` without a reason"));
        }
    }
    broken
}

/// `unknown` instead of `any`, and no comment that turns the compiler off.
pub(crate) fn untyped(file: &File) -> Vec<String> {
    if !file.is_typescript() {
        return vec![];
    }
    let mut broken = containing(file, &[": any", "<any", " as any", "any[]", "| any"]);
    for (index, line) in file.text.lines().enumerate() {
        if ["@ts-ignore", "@ts-nocheck"].iter().any(|word| line.contains(word)) {
            broken.push(format!("line {}: {}", index + 1, line.trim()));
        }
    }
    broken
}

/// What was meant to be done later is in an issue, not in the source.
pub(crate) fn leftover(file: &File) -> Vec<String> {
    if file.path.starts_with("tests/tidy/") || !(file.kind() == "rs" || file.is_typescript()) {
        return vec![];
    }
    let words = ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!(", "dbg!("];
    let found = |line: &str| words.iter().any(|word| line.contains(word));
    let lines = file.text.lines().enumerate().filter(|(_, line)| found(line));
    lines.map(|(index, line)| format!("line {}: {}", index + 1, line.trim())).collect()
}

fn starting(file: &File, starts: &[&str]) -> Vec<String> {
    let hit = |line: &str| starts.iter().any(|start| line.starts_with(start));
    file.code().filter(|(_, line)| hit(line)).map(|(number, line)| format!("line {number}: {line}")).collect()
}

fn containing(file: &File, parts: &[&str]) -> Vec<String> {
    let hit = |line: &str| parts.iter().any(|part| line.contains(part));
    file.code().filter(|(_, line)| hit(line)).map(|(number, line)| format!("line {number}: {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{File, first_line, ignored_test, length, lint_exception, sleep, untyped};

    /// Asserts how many places of a file at `path` break `rule`.
    #[track_caller]
    fn check(rule: fn(&File) -> Vec<String>, path: &str, text: &str, places: usize) {
        let broken = rule(&File { path: path.to_owned(), text: text.to_owned() });
        assert_eq!(broken.len(), places, "{broken:?}");
    }

    #[test]
    fn a_file_without_a_first_comment_is_found() {
        check(first_line, "a.rs", "use std::fmt;\n", 1);
        check(first_line, "a.rs", "//! Formats.\nuse std::fmt;\n", 0);
        check(first_line, "a.css", ":root {}\n", 1);
        check(first_line, "a/Cargo.toml", "[package]\nname = \"a\"\ndescription = \"a thing\"\n", 0);
        check(first_line, "a/Cargo.toml", "[package]\nname = \"a\"\n", 1);
    }

    #[test]
    fn a_long_file_is_found_unless_it_is_generated() {
        check(length, "a.ts", &"x;\n".repeat(501), 1);
        check(length, "a.ts", &"x;\n".repeat(500), 0);
        check(length, "a.ts", &format!("// @generated by realtime\n{}", "x;\n".repeat(501)), 0);
    }

    #[test]
    fn an_ignored_test_is_found_and_an_iterator_is_not() {
        check(ignored_test, "a.rs", "    #[ignore = \"slow\"]\n", 1);
        check(ignored_test, "a.rs", "list.iter().skip(1)\n", 0);
        check(ignored_test, "a.test.ts", "it.skip('x', () => {});\ndescribe.only('y', f);\n", 2);
        check(sleep, "a.spec.ts", "await page.waitForTimeout(100);\n", 1);
    }

    #[test]
    fn an_exception_without_a_reason_is_found() {
        check(lint_exception, "a.rs", "#[allow(dead_code)]\n", 1);
        check(lint_exception, "a.rs", "#[expect(dead_code)]\nfn f() {}\n// the reason\n", 1);
        check(lint_exception, "a.rs", "#[expect(\n    dead_code,\n    reason = \"read by a test\"\n)]\n", 0);
    }

    #[test]
    fn any_is_found_and_a_word_with_it_is_not() {
        check(untyped, "a.ts", "const a: any = 1;\nconst b = a as any;\n", 2);
        check(untyped, "a.ts", "// takes any value\nconst company = 1;\n", 0);
    }
}
