//! The steps of `cargo xtask test`, in order, as data.

use std::fmt::Write as _;

use crate::prepare::Need::{self, Chromium, NodeModules, RustTools};

/// One step: fails where one of its commands does.
#[derive(Debug)]
pub(crate) struct Step {
    /// What one types after `cargo xtask test` to run it alone.
    pub name: &'static str,
    /// What it checks, for the reader of its heading.
    pub what: &'static str,
    /// What must be there first.
    pub needs: &'static [Need],
    /// Programs with their arguments, each run at the root.
    pub commands: &'static [&'static [&'static str]],
}

/// The client and the pages are built before any Rust is tested: the server serves the pages, and the
/// tests of codegen compile what they generate against the client.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        what: "Rust is formatted",
        needs: &[RustTools],
        commands: &[&["cargo", "fmt", "--all", "--check"]],
    },
    Step {
        name: "build",
        what: "the TypeScript client and the pages build",
        needs: &[NodeModules],
        commands: &[&["npm", "run", "build", "--workspaces", "--if-present"]],
    },
    Step {
        name: "clippy",
        what: "lints of the workspace",
        needs: &[RustTools],
        commands: &[&["cargo", "clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]],
    },
    Step {
        name: "rust",
        what: "Rust tests, compile-fail and tidiness among them",
        needs: &[NodeModules],
        commands: &[&["cargo", "test", "--workspace"]],
    },
    Step {
        name: "generated",
        what: "the committed client is what the poll's schema gives",
        needs: &[RustTools],
        commands: &[&[
            "cargo",
            "run",
            "--quiet",
            "--package",
            "realtime-codegen",
            "--bin",
            "realtime",
            "--",
            "-C",
            "templates/poll",
            "generate",
            "--check",
            "--out",
            "web/src/realtime",
        ]],
    },
    Step {
        name: "types",
        what: "TypeScript sources and tests pass the compiler",
        needs: &[NodeModules],
        commands: &[&["npm", "run", "check", "--workspaces", "--if-present"]],
    },
    Step {
        name: "vitest",
        what: "TypeScript tests",
        needs: &[NodeModules],
        commands: &[&["npm", "run", "test", "--workspaces", "--if-present"]],
    },
    Step {
        name: "e2e",
        what: "browser tests: real pages, a real server",
        needs: &[NodeModules, Chromium],
        commands: &[
            &["cargo", "build", "--workspace", "--bins"],
            &["npm", "run", "build", "--workspaces", "--if-present"],
            &["npm", "run", "e2e", "-w", "tests/e2e"],
        ],
    },
];

/// One line for each step, for the help text.
pub(crate) fn listing() -> String {
    let mut text = String::new();
    for step in STEPS {
        let _ = writeln!(text, "  {:<15} {}", step.name, step.what);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::STEPS;

    #[test]
    fn a_step_can_be_named_and_does_something() {
        for (index, step) in STEPS.iter().enumerate() {
            assert!(STEPS[..index].iter().all(|other| other.name != step.name), "{} twice", step.name);
            assert!(!step.name.starts_with('-'), "{} reads as an option", step.name);
            assert!(!step.commands.is_empty() && step.commands.iter().all(|line| !line.is_empty()));
        }
    }
}
