//! The files of the repository that people write: path below the root, and text.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that tools fill.
const MADE_BY_TOOLS: &[&str] =
    &["target", "node_modules", "dist", ".git", "test-results", "playwright-report"];
const KINDS: &[&str] = &["rs", "ts", "tsx", "mjs", "css", "toml", "json", "md", "lua"];

/// One file, its path with `/` below the root.
#[derive(Debug)]
pub(crate) struct File {
    pub path: String,
    pub text: String,
}

impl File {
    /// The part after the last dot.
    pub(crate) fn kind(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, kind)| kind)
    }

    pub(crate) fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or(&self.path, |(_, name)| name)
    }

    /// Whether it was written by codegen, which has tests of its own.
    pub(crate) fn is_generated(&self) -> bool {
        self.text.lines().take(5).any(|line| line.contains("@generated") || line.contains("do not edit"))
    }

    pub(crate) fn is_typescript(&self) -> bool {
        matches!(self.kind(), "ts" | "tsx" | "mjs")
    }

    /// Whether it holds tests of TypeScript.
    pub(crate) fn is_typescript_test(&self) -> bool {
        self.is_typescript() && (self.name().contains(".test.") || self.name().contains(".spec."))
    }

    /// Lines that are code, numbered from 1: comment lines are left out.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.trim()))
            .filter(|(_, line)| !["//", "/*", "*"].iter().any(|comment| line.starts_with(comment)))
    }
}

/// Reads every file that people write.
pub(crate) fn all() -> Vec<File> {
    let mut files = Vec::new();
    walk(&root(), &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 20, "the walk found almost nothing below {}", root().display());
    files
}

/// Reads one file, by its path below the root.
#[track_caller]
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a crate stands in the workspace").to_owned()
}

fn walk(folder: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let entry = entry.expect("an entry of a readable folder");
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().expect("the kind of an entry");
        if kind.is_dir() && !MADE_BY_TOOLS.contains(&name.as_str()) {
            walk(&entry.path(), files);
        } else if kind.is_file() && KINDS.iter().any(|kind| name.ends_with(&format!(".{kind}"))) {
            let path = entry.path();
            let path = path.strip_prefix(root()).expect("the walk starts at the root").to_string_lossy();
            // A file that another program removes meanwhile is none of ours.
            if let Ok(text) = fs::read_to_string(entry.path()) {
                files.push(File { path: path.replace('\\', "/"), text });
            }
        }
    }
}
