//! Copies a template and replaces its names: pure, the files are embedded.

use std::path::PathBuf;

/// Every template's files: path (`poll/src/main.rs`) and content.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// Words that cargo does not take as a package's name, or that would be in the way.
const RESERVED: [&str; 24] = [
    "as",
    "async",
    "await",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "dep",
    "else",
    "enum",
    "false",
    "fn",
    "for",
    "if",
    "impl",
    "in",
    "let",
    "self",
    "std",
    "super",
    "test",
    "true",
    "realtime-core",
];

/// Ends a project's manifest: else cargo refuses one that lies below another workspace, such as our checkout.
const OWN_WORKSPACE: &str = "\n# A project of its own, wherever its folder lies.\n[workspace]\n";

/// Where the project gets Realtime from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// crates.io and npm, at the version of this command.
    Published,
    /// A checkout, by its absolute path.
    Checkout(PathBuf),
}

/// Says what is wrong with a project's name.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
    if !fits {
        return Err(format!(
            "`{name}` cannot name a crate: use lower-case letters, digits, `-` and `_`, and begin with a letter"
        ));
    }
    if RESERVED.contains(&name) {
        return Err(format!("`{name}` is a word of Rust: choose another name"));
    }
    Ok(())
}

/// Returns the files of a project: path below its folder, and content.
pub(crate) fn files(template: &str, name: &str, source: &Source) -> Result<Vec<(String, Vec<u8>)>, String> {
    let prefix = format!("{template}/");
    let files: Vec<(String, Vec<u8>)> = FILES
        .iter()
        .filter_map(|(path, bytes)| {
            let path = path.strip_prefix(&prefix)?;
            Some((path.to_owned(), adapted(path, bytes, template, name, source)))
        })
        .collect();
    if files.is_empty() {
        return Err(format!("no template `{template}`: there is {}", templates().join(", ")));
    }
    Ok(files)
}

/// The names of the templates.
fn templates() -> Vec<&'static str> {
    let mut names: Vec<&str> = FILES.iter().filter_map(|(path, _)| Some(path.split_once('/')?.0)).collect();
    names.dedup();
    names
}

fn adapted(path: &str, bytes: &[u8], template: &str, name: &str, source: &Source) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
    match path {
        "Cargo.toml" => {
            let manifest = lines(text, |line| manifest_line(line, template, name, source));
            (manifest + OWN_WORKSPACE).into_bytes()
        }
        "web/package.json" => lines(text, |line| package_line(line, template, name, source)).into_bytes(),
        "README.md" => {
            lines(text, |line| (line == format!("# {template}")).then(|| format!("# {name}"))).into_bytes()
        }
        _ => bytes.to_vec(),
    }
}

/// Replaces lines; those for which there is nothing stay.
fn lines(text: &str, replace: impl Fn(&str) -> Option<String>) -> String {
    text.split_inclusive('\n')
        .map(|line| {
            let bare = line.trim_end_matches('\n');
            match replace(bare) {
                Some(new) => format!("{new}{}", &line[bare.len()..]),
                None => line.to_owned(),
            }
        })
        .collect()
}

fn manifest_line(line: &str, template: &str, name: &str, source: &Source) -> Option<String> {
    if line == format!("name = \"{template}\"") {
        return Some(format!("name = \"{name}\""));
    }
    if !line.starts_with("realtime-core = ") {
        return None;
    }
    Some(match source {
        Source::Published => format!("realtime-core = \"{}\"", env!("CARGO_PKG_VERSION")),
        Source::Checkout(path) => {
            format!(
                "realtime-core = {{ path = {} }}",
                quoted(&path.join("realtime-core").display().to_string())
            )
        }
    })
}

fn package_line(line: &str, template: &str, name: &str, source: &Source) -> Option<String> {
    if line.trim() == format!("\"name\": \"{template}-web\",") {
        return Some(format!("  \"name\": \"{name}-web\","));
    }
    let rest = line.trim().strip_prefix("\"@realtime/client\": ")?;
    let comma = if rest.ends_with(',') { "," } else { "" };
    let version = match source {
        Source::Published => quoted(env!("CARGO_PKG_VERSION")),
        Source::Checkout(path) => quoted(&format!("file:{}", path.join("clients/typescript").display())),
    };
    Some(format!("    \"@realtime/client\": {version}{comma}"))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(files: &[(String, Vec<u8>)], path: &str) -> String {
        let (_, bytes) = files.iter().find(|(name, _)| name == path).unwrap();
        String::from_utf8(bytes.clone()).unwrap()
    }

    #[test]
    fn a_project_has_its_own_name_and_published_dependencies() {
        let files = files("poll", "lunch-vote", &Source::Published).unwrap();
        let manifest = text(&files, "Cargo.toml");
        assert!(manifest.contains("name = \"lunch-vote\""), "{manifest}");
        assert!(manifest.contains("\nrealtime-core = \"0.1.0\"\n"), "{manifest}");
        assert!(!manifest.contains("path ="), "{manifest}");
        assert!(manifest.contains("\n[workspace]\n"), "{manifest}");
        let package = text(&files, "web/package.json");
        assert!(package.contains("\"name\": \"lunch-vote-web\""), "{package}");
        assert!(package.contains("\"@realtime/client\": \"0.1.0\""), "{package}");
        assert!(text(&files, "README.md").starts_with("# lunch-vote\n"));
    }

    #[test]
    fn a_project_of_a_checkout_depends_on_its_folders() {
        let files = files("poll", "x", &Source::Checkout("/src/realtime".into())).unwrap();
        assert!(
            text(&files, "Cargo.toml").contains("realtime-core = { path = \"/src/realtime/realtime-core\" }")
        );
        assert!(text(&files, "web/package.json").contains("\"file:/src/realtime/clients/typescript\""));
    }

    #[test]
    fn nothing_that_building_leaves_behind_is_in_a_template() {
        let left_over = |path: &str| {
            path.split('/').any(|part| {
                matches!(part, "node_modules" | "dist" | "target") || part.starts_with("realtime.db")
            })
        };
        assert!(!FILES.is_empty());
        assert_eq!(FILES.iter().map(|(path, _)| *path).find(|path| left_over(path)), None);
    }

    #[test]
    fn a_name_that_cargo_would_refuse_is_refused_with_the_reason() {
        for name in ["poll", "lunch-vote", "a1_b"] {
            assert_eq!(check_name(name), Ok(()));
        }
        for name in ["", "Lunch", "1st", "a b", "ünder", "-x", "fn", "../x"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn an_unknown_template_is_answered_with_those_that_exist() {
        assert!(files("chat2", "x", &Source::Published).unwrap_err().contains("poll"));
    }
}
