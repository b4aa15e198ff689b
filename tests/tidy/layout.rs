//! Rules about how parts stand to each other: what may name what, one version, commands that exist.

use crate::files::{self, File};

/// `app → {runtime, transport} → {handler, topic} → {model, store, broker, auth} → host`: a module may name its own
/// layer and those below; modules that are not listed here are free. A transport drives sessions, so it stands
/// beside the runtime.
const LAYERS: &[&[&str]] = &[
    &["host"],
    &["model", "store", "broker", "auth"],
    &["handler", "topic"],
    &["runtime", "transport"],
    &["app"],
];

/// What the protocol crate must not name: whoever drives it brings time, chance and sockets.
const IMPURE: &[&str] = &[
    "tokio",
    "axum",
    "rand::",
    "getrandom",
    "SystemTime",
    "Instant",
    "std::net",
    "std::fs",
    "std::thread",
    "std::env",
];

/// The protocol crate is a function of its inputs (L13).
pub(crate) fn protocol_purity(file: &File) -> Vec<String> {
    if !file.path.starts_with("realtime-protocol/src/") && file.path != "realtime-protocol/Cargo.toml" {
        return vec![];
    }
    let text = without_tests(&file.text);
    let code = text.lines().filter(|line| !line.trim().starts_with("//") && !line.trim().starts_with('#'));
    code.filter(|line| IMPURE.iter().any(|word| line.contains(word)))
        .map(|line| line.trim().to_owned())
        .collect()
}

/// No module of the core names one of a layer above its own.
pub(crate) fn core_direction(file: &File) -> Vec<String> {
    let Some(path) = file.path.strip_prefix("realtime-core/src/") else { return vec![] };
    let own = path.split(['/', '.']).next().unwrap_or("");
    let Some(layer) = layer_of(own) else { return vec![] };
    named_modules(without_tests(&file.text))
        .into_iter()
        .filter(|named| layer_of(named).is_some_and(|other| other > layer))
        .map(|named| format!("`{own}` names `crate::{named}`, which stands above it"))
        .collect()
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The modules after each `crate::`, those in braces too.
fn named_modules(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().filter(|line| !line.trim().starts_with("//")).collect();
    let mut modules = Vec::new();
    for rest in code.join("\n").split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => modules.extend(top_level(list)),
            None => modules.push(first_word(rest)),
        }
    }
    modules
}

/// The first word of each item of a `use` list, of which the opening brace is already gone.
fn top_level(list: &str) -> Vec<String> {
    let mut depth = 0_i32;
    let mut items = vec![String::new()];
    for c in list.chars() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            _ => {}
        }
        if let Some(item) = items.last_mut() {
            item.push(c);
        }
    }
    items.iter().map(|item| first_word(item.trim_start_matches([',', ' ', '\n']))).collect()
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// What stands before the unit tests, which may name anything.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

/// The version in `[workspace.package]`.
pub(crate) fn workspace_version(manifest: &str) -> String {
    let package = manifest.split("[workspace.package]").nth(1).expect("[workspace.package] in Cargo.toml");
    quoted_after(package, "version = ").expect("a version in [workspace.package]")
}

/// Manifests that name another version, for themselves or for one of ours.
pub(crate) fn other_version(file: &File, version: &str) -> Vec<String> {
    let lines = file.text.lines().map(str::trim);
    let named = match file.name() {
        "Cargo.toml" => lines
            .filter(|line| line.starts_with("version = ") || line.starts_with("realtime-"))
            .filter_map(|line| Some((line, quoted_after(line, "version = ")?)))
            .collect::<Vec<_>>(),
        "package.json" => lines
            .filter(|line| line.starts_with("\"version\":") || line.starts_with("\"@realtime/"))
            .filter_map(|line| Some((line, quoted_after(line, "\": ")?)))
            .collect(),
        _ => vec![],
    };
    let differs = named.into_iter().filter(|(_, named)| named.trim_start_matches(['^', '~', '=']) != version);
    differs.map(|(line, _)| format!("`{line}`, the workspace has {version}")).collect()
}

fn quoted_after(text: &str, key: &str) -> Option<String> {
    let value = text.split_once(key)?.1.trim_start().strip_prefix('"')?;
    Some(value.split_once('"')?.0.to_owned())
}

/// The commands of xtask, and the steps of its test command.
pub(crate) struct Commands {
    main: String,
    steps: String,
}

impl Commands {
    pub(crate) fn read() -> Self {
        Self { main: files::read("xtask/src/main.rs"), steps: files::read("xtask/src/steps.rs") }
    }

    /// What a document tells its reader to type after `cargo xtask` that xtask does not know.
    pub(crate) fn unknown_in(&self, file: &File) -> Vec<String> {
        if file.kind() != "md" {
            return vec![];
        }
        file.text.split("cargo xtask ").skip(1).filter_map(|rest| self.unknown(rest)).collect()
    }

    fn unknown(&self, rest: &str) -> Option<String> {
        let line = rest.lines().next().unwrap_or("").split(['`', '#', '"']).next().unwrap_or("");
        let mut words = line
            .split_whitespace()
            .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
        let command = words.next()?;
        if !self.main.contains(&format!("[\"{command}\"")) {
            return Some(format!("`cargo xtask {command}` does not exist"));
        }
        let step = words.next().filter(|_| command == "test" && line.split_whitespace().count() == 2)?;
        let known = self.steps.contains(&format!("name: \"{step}\""));
        (!known).then(|| format!("`cargo xtask test {step}` does not exist"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Commands, File, core_direction, other_version, protocol_purity, workspace_version};

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn an_arrow_that_points_back_is_found_in_each_spelling() {
        for text in [
            "use crate::runtime::Hub;",
            "use crate::{error::E, runtime::{a, b}};",
            "let x = crate::handler::f();",
        ] {
            assert_eq!(core_direction(&file("realtime-core/src/store/mod.rs", text)).len(), 1, "{text}");
        }
        let allowed = "use crate::{store::{runtime, Store}, model};\n// crate::runtime\n#[cfg(test)]\nmod tests { use crate::runtime; }";
        assert_eq!(core_direction(&file("realtime-core/src/handler/mod.rs", allowed)), Vec::<String>::new());
    }

    #[test]
    fn a_clock_in_the_protocol_is_found() {
        assert_eq!(
            protocol_purity(&file("realtime-protocol/src/a.rs", "use std::time::Instant;\n")).len(),
            1
        );
        assert_eq!(protocol_purity(&file("realtime-protocol/Cargo.toml", "tokio = \"1\"\n")).len(), 1);
        assert_eq!(protocol_purity(&file("realtime-protocol/src/a.rs", "/// No Instant here.\n")).len(), 0);
    }

    #[test]
    fn another_version_is_found_in_both_kinds_of_manifest() {
        let version = workspace_version("[workspace.package]\nversion = \"0.2.0\"\n");
        for (path, text) in [
            ("a/Cargo.toml", "version = \"0.1.0\""),
            ("Cargo.toml", "realtime-core = { path = \"realtime-core\", version = \"0.1.0\" }"),
            ("a/package.json", "  \"version\": \"0.1.0\","),
            ("a/package.json", "  \"@realtime/client\": \"^0.1.0\""),
        ] {
            assert_eq!(other_version(&file(path, text), &version).len(), 1, "{text}");
            assert_eq!(other_version(&file(path, &text.replace("0.1", "0.2")), &version).len(), 0, "{text}");
        }
        assert_eq!(
            other_version(&file("a/Cargo.toml", "version.workspace = true\nserde = \"1\""), &version).len(),
            0
        );
    }

    #[test]
    fn a_command_that_does_not_exist_is_found() {
        let commands =
            Commands { main: "[\"test\", options".to_owned(), steps: "name: \"clippy\"".to_owned() };
        for (text, places) in
            [("`cargo xtask test clippy`", 0), ("`cargo xtask test clipy`", 1), ("cargo xtask deploy", 1)]
        {
            assert_eq!(commands.unknown_in(&file("README.md", text)).len(), places, "{text}");
        }
    }
}
