//! Tidiness: the rules of the house that a machine can check, over every file of the repository.
//!
//! Each rule is a pure function of one file in `rules.rs` or of the whole tree in `layout.rs`; here they
//! meet the files. An exception stands in `EXCEPTIONS`, with its reason.

mod clauses;
mod files;
mod layout;
mod rules;

use files::File;

/// A rule, the start of the paths that need not keep it, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "first line",
        "realtime-core/tests/ui/",
        "one mistake each, named by it; compilers' messages name the lines",
    ),
    ("first line", "realtime-macros/tests/expand/", "inputs and their expansions, named by what they show"),
    ("no allow", "realtime-macros/tests/expand/", "expansions: what is printed into a user's crate"),
    ("no leftovers", "realtime-core/tests/ui/", "what a user may have left in a mutator"),
    (
        "no leftovers",
        "realtime-macros/src/",
        "bodies of stand-ins that never run, and tests of refused macros",
    ),
    (
        "no allow",
        "realtime-macros/src/",
        "prints attributes for the user's crate, where an unmet `expect` would warn",
    ),
    (
        "no allow",
        "realtime-protocol/src/frame/table.rs",
        "inside a macro, where only some expansions meet the lint",
    ),
];

/// Says where `rule` is broken, all places at once.
#[track_caller]
fn check(rule: &str, broken_by: impl Fn(&File) -> Vec<String>) {
    let excepted =
        |file: &File| EXCEPTIONS.iter().any(|(of, start, _)| *of == rule && file.path.starts_with(start));
    let broken: Vec<String> = files::all()
        .iter()
        .filter(|file| !excepted(file))
        .flat_map(|file| broken_by(file).into_iter().map(|what| format!("{}: {what}", file.path)))
        .collect();
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}

#[test]
fn every_file_says_what_it_is_responsible_for() {
    check("first line", rules::first_line);
}

#[test]
fn no_file_is_longer_than_500_lines() {
    check("length", rules::length);
}

#[test]
fn no_test_is_ignored_or_singled_out() {
    check("no ignored test", rules::ignored_test);
}

#[test]
fn no_test_waits_for_real_time() {
    check("no sleep", rules::sleep);
}

#[test]
fn lints_are_excepted_by_expect_with_a_reason() {
    check("no allow", rules::lint_exception);
}

#[test]
fn typescript_needs_no_any() {
    check("no any", rules::untyped);
}

#[test]
fn nothing_is_left_to_do() {
    check("no leftovers", rules::leftover);
}

#[test]
fn l13_protocol_has_no_runtime_no_clock_no_io() {
    check("protocol is pure", layout::protocol_purity);
}

#[test]
fn core_modules_point_one_way() {
    check("direction", layout::core_direction);
}

#[test]
fn every_package_has_the_same_version() {
    let version = layout::workspace_version(&files::read("Cargo.toml"));
    check("one version", |file| layout::other_version(file, &version));
}

#[test]
fn documents_name_commands_that_exist() {
    let commands = layout::Commands::read();
    check("commands exist", |file| commands.unknown_in(file));
    let readme = files::read("README.md");
    for command in ["cargo xtask demo", "cargo xtask test"] {
        assert!(readme.contains(command), "README.md does not say `{command}`");
    }
    assert!(files::read(".ci/run").ends_with("exec cargo xtask test\n"), ".ci/run runs something else");
}

#[test]
fn an_exception_names_files_that_exist_and_gives_a_reason() {
    let files = files::all();
    for (rule, start, reason) in EXCEPTIONS {
        assert!(!reason.is_empty(), "{rule}: {start}");
        assert!(files.iter().any(|file| file.path.starts_with(start)), "{rule}: nothing is at {start}");
    }
}
