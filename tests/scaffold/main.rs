//! What `realtime new` writes: a project that builds and passes its own tests, here against this repository.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What must not be left of the template's own name and place.
const OF_THE_TEMPLATE: [&str; 4] = ["name = \"poll\"", "poll-web", "# poll", "../../realtime-core"];

#[test]
fn a_new_poll_builds_and_passes_its_own_tests() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    realtime(folder.path(), ["new", "my-app", "--template", "poll", "--local", path(&root())]);
    let project = folder.path().join("my-app");
    let left = leftovers(&project);
    assert!(left.is_empty(), "left of the template:\n{}", left.join("\n"));
    // The versions that this repository was tested with, and what is built of them already.
    fs::copy(root().join("Cargo.lock"), project.join("Cargo.lock")).expect("a copy of Cargo.lock");
    run(cargo(&project).args(["test", "--quiet"]));
    realtime(&project, ["generate", "--check", "--out", "web/src/realtime"]);
    let web = project.join("web");
    for step in ["install --no-audit --no-fund", "run check", "run build"] {
        run(Command::new("npm").args(step.split(' ')).current_dir(&web));
    }
    assert!(web.join("dist/index.html").exists(), "the build made no page");
}

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a crate stands in the workspace").to_owned()
}

/// Cargo in `folder`, building into this workspace's target folder.
fn cargo(folder: &Path) -> Command {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(folder).env("CARGO_TARGET_DIR", target);
    // As in the workspace's own profiles: else every dependency is built again.
    cargo
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .env("CARGO_PROFILE_TEST_DEBUG", "line-tables-only");
    cargo
}

/// The `realtime` command of this repository, in `folder`.
fn realtime<'a>(folder: &Path, args: impl IntoIterator<Item = &'a str>) {
    let manifest = root().join("Cargo.toml");
    let run_it = ["run", "--quiet", "--package", "realtime-codegen", "--bin", "realtime", "--manifest-path"];
    run(cargo(folder).args(run_it).arg(manifest).arg("--").args(args));
}

/// Runs a command; what it printed is the message where it fails.
#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, said.join("\n"));
}

/// Lines of the project that still name the template.
fn leftovers(folder: &Path) -> Vec<String> {
    let mut left = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry of a readable folder").path();
        if path.is_dir() {
            left.extend(leftovers(&path));
        } else if let Ok(text) = fs::read_to_string(&path) {
            let names_it = |line: &&str| OF_THE_TEMPLATE.iter().any(|part| line.contains(part));
            left.extend(text.lines().filter(names_it).map(|line| format!("{}: {line}", path.display())));
        }
    }
    left
}

fn path(of: &Path) -> &str {
    OsStr::to_str(of.as_os_str()).expect("the repository's path is UTF-8")
}
