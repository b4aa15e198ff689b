//! Numbers that are promised: each clause of docs/SESSION.md, and each rule that is built, has a test that bears it.

use std::collections::BTreeSet;

use crate::files::{self, File};

/// The rules of the design that are built; S17 (windows) and S37 to S43 are not yet.
const BUILT: &[std::ops::RangeInclusive<u32>] = &[1..=16, 18..=36, 44..=48];

/// Rules that are built and have no test of their own number, and why.
const UNTESTED: &[(u32, &str)] = &[
    (7, "the client keeps nothing on disk yet: a page's queue lives as long as the page"),
    (30, "a client of another schema is refused whole, so no argument is lifted yet"),
    (48, "figures, not behaviour: `cargo xtask bench` measures them"),
];

/// The names of all tests, Rust and TypeScript, and of steps in scripts.
pub(crate) fn test_names() -> Vec<String> {
    files::all().iter().flat_map(names_in).collect()
}

fn names_in(file: &File) -> Vec<String> {
    let marks: &[&str] = match file.kind() {
        "rs" => &["fn "],
        _ if file.is_typescript_test() => &["test(\"", "it(\"", "])(\"", ")(`", ")(\""],
        _ => return Vec::new(),
    };
    let after = |mark: &str| file.text.split(mark).skip(1).map(name).collect::<Vec<_>>();
    marks.iter().flat_map(|mark| after(mark)).collect()
}

fn name(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

/// Tells whether one of the names has this number as a word: `s14_…`, `l4_s13_…`.
pub(crate) fn bears(names: &[String], number: &str) -> bool {
    names.iter().any(|name| name.split('_').any(|word| word == number))
}

/// The clauses that a document promises: `**SV4 deadlines.**` is `sv4`.
pub(crate) fn promised(document: &str) -> BTreeSet<String> {
    let bold = document.split("**").skip(1).step_by(2).filter_map(|text| text.split(' ').next());
    let is_number = |word: &&str| {
        let digits = word.trim_start_matches("SV").trim_start_matches("CL");
        digits.len() < word.len() && !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
    };
    bold.filter(is_number).map(str::to_lowercase).collect()
}

#[test]
fn every_clause_of_the_session_has_a_test_that_bears_its_number() {
    let (promised, names) = (promised(&files::read("docs/SESSION.md")), test_names());
    assert!(promised.contains("sv1") && promised.contains("cl8"), "{promised:?}");
    let untested: Vec<_> = promised.iter().filter(|clause| !bears(&names, clause)).collect();
    assert!(untested.is_empty(), "no test bears {untested:?}");
}

#[test]
fn every_rule_that_is_built_has_a_test_that_bears_its_number() {
    let names = test_names();
    let built = BUILT.iter().cloned().flatten();
    let untested: Vec<u32> = built.filter(|rule| !bears(&names, &format!("s{rule}"))).collect();
    let known: Vec<u32> = UNTESTED.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(untested, known, "rules without a test, and those that UNTESTED gives a reason for");
    assert!(UNTESTED.iter().all(|(_, why)| why.len() > 20));
}

#[test]
fn a_clause_is_found_in_bold_and_a_number_as_a_word_of_a_name() {
    let found = promised("- **SV4 deadlines.** x **CL12 y** **note** **SV** **L3 once**");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["cl12", "sv4"]);
    let names = ["l4_s13_a_mutation".to_owned()];
    assert!(bears(&names, "s13") && !bears(&names, "s1"));
}
