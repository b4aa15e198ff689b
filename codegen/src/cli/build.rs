//! The program whose client is generated: built by cargo, and found among those of its folder.

use std::{
    ffi::OsString,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::{Failure, Say};

/// A program that cargo has built.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Program {
    name: String,
    /// The manifest of its package.
    manifest: String,
    file: PathBuf,
}

/// Builds, and returns the program's file: the one of that name, the only one, or its package's `default-run`.
pub(super) fn build(
    directory: &Path,
    package: Option<&str>,
    bin: Option<&str>,
    say: Say,
) -> Result<PathBuf, Failure> {
    let mut cargo = Command::new(cargo());
    cargo.current_dir(directory).args(["build", "--message-format=json-render-diagnostics"]);
    match bin {
        Some(bin) => cargo.args(["--bin", bin]),
        None => cargo.arg("--bins"),
    };
    if say.quiet {
        cargo.arg("--quiet");
    }
    if let Some(package) = package {
        cargo.args(["--package", package]);
    }
    let mut child = cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(|error| {
        Failure::Environment(format!("cannot start cargo: {error}. Install Rust from https://rustup.rs"))
    })?;
    let mut programs = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            programs.extend(executable(&line));
        }
    }
    let status =
        child.wait().map_err(|error| Failure::Environment(format!("cannot wait for cargo: {error}")))?;
    if !status.success() {
        return Err(Failure::Program("your program does not build: see above".into()));
    }
    let defaults = if programs.len() > 1 { default_runs(directory) } else { Vec::new() };
    choose(programs, &defaults)
        .map_err(|why| Failure::Usage(why.replace("{}", &directory.display().to_string())))
}

fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Chooses the only program, or the only one that is its package's `default-run`.
fn choose(programs: Vec<Program>, defaults: &[(String, String)]) -> Result<PathBuf, String> {
    let is_default = |program: &&Program| {
        defaults.iter().any(|(manifest, name)| *manifest == program.manifest && *name == program.name)
    };
    let by_default: Vec<&Program> = programs.iter().filter(is_default).collect();
    match (programs.as_slice(), by_default.as_slice()) {
        ([only], _) => Ok(only.file.clone()),
        (_, [only]) => Ok(only.file.clone()),
        ([], _) => Err("no program in {}: give its folder with -C, or its package with --package".into()),
        (many, _) => {
            let mut names: Vec<&str> = many.iter().map(|program| program.name.as_str()).collect();
            names.sort_unstable();
            Err(format!(
                "several programs: {}. Say which with --bin or --package, or set `default-run` in the package's Cargo.toml",
                names.join(", ")
            ))
        }
    }
}

/// Each package's manifest and `default-run`; none where cargo does not say.
fn default_runs(directory: &Path) -> Vec<(String, String)> {
    let output = Command::new(cargo())
        .current_dir(directory)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .stderr(Stdio::null())
        .output();
    let Ok(output) = output else { return Vec::new() };
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    packages
        .filter_map(|package| Some((text(package, "manifest_path")?, text(package, "default_run")?)))
        .collect()
}

fn text(of: &Value, field: &str) -> Option<String> {
    of.get(field)?.as_str().map(str::to_owned)
}

/// The program that a line of cargo's messages tells of.
fn executable(line: &str) -> Option<Program> {
    let message: Value = serde_json::from_str(line).ok()?;
    let target = message.get("target")?;
    let is_bin = target.get("kind")?.as_array()?.iter().any(|kind| kind == "bin");
    let file = PathBuf::from(text(&message, "executable")?);
    let program = Program { name: text(target, "name")?, manifest: text(&message, "manifest_path")?, file };
    is_bin.then_some(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(name: &str) -> Program {
        Program { name: name.into(), manifest: "/t/Cargo.toml".into(), file: format!("/t/{name}").into() }
    }

    #[test]
    fn only_programs_are_asked() {
        let line = |kind: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/t/Cargo.toml","target":{{"name":"poll","kind":["{kind}"]}},"executable":"/t/poll"}}"#
            )
        };
        assert_eq!(executable(&line("bin")), Some(program("poll")));
        assert_eq!(executable(&line("example")), None);
        assert_eq!(executable("warning: x"), None);
    }

    #[test]
    fn of_several_programs_the_default_one_is_asked_and_else_nobody_guesses() {
        let two = || vec![program("poll"), program("import")];
        let default = |name: &str| vec![("/t/Cargo.toml".to_owned(), name.to_owned())];
        assert_eq!(choose(two(), &default("import")), Ok("/t/import".into()));
        assert_eq!(choose(vec![program("poll")], &[]), Ok("/t/poll".into()));
        let why = choose(two(), &[]).unwrap_err();
        assert!(
            why.contains("import, poll") && why.contains("--bin") && why.contains("default-run"),
            "{why}"
        );
        let other = vec![("/other/Cargo.toml".to_owned(), "poll".to_owned())];
        assert!(choose(two(), &other).is_err());
        assert!(choose(Vec::new(), &[]).unwrap_err().contains("no program"));
    }
}
