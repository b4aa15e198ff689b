//! `--watch`: again whenever a source has changed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use super::{Failure, Say};

/// How long between two looks.
const EVERY: Duration = Duration::from_millis(500);
/// Folders without sources.
const SKIPPED: [&str; 4] = ["target", "node_modules", ".git", "dist"];

/// When each source was changed, and how long it is.
type Seen = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// Runs `act` now and after each change; what it fails with is told, and the next change tries again.
pub(super) fn watch(
    directory: &Path,
    schema: Option<&Path>,
    say: Say,
    act: impl Fn() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let look = || schema.map_or_else(|| sources(directory), |file| one(&directory.join(file)));
    let mut seen = look();
    let mut is_first = true;
    loop {
        if let Err(failure) = act() {
            // Later on, a file that is half written is no wrong usage.
            if matches!(failure, Failure::Bug(_)) || (is_first && matches!(failure, Failure::Usage(_))) {
                return Err(failure);
            }
            eprintln!("{failure}");
        }
        is_first = false;
        say.line("realtime: waiting for changes");
        loop {
            thread::sleep(EVERY);
            let now = look();
            if now != seen {
                seen = now;
                break;
            }
        }
    }
}

/// The Rust sources and manifests below a folder. What cannot be read is passed over: it may be there next time.
fn sources(directory: &Path) -> Seen {
    let mut seen = Seen::new();
    collect(directory, &mut seen);
    seen
}

fn collect(folder: &Path, seen: &mut Seen) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (Ok(kind), name) = (entry.file_type(), entry.file_name()) else { continue };
        let name = name.to_string_lossy().into_owned();
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            collect(&entry.path(), seen);
        } else if kind.is_file() && (name.ends_with(".rs") || name == "Cargo.toml" || name == "Cargo.lock") {
            seen.extend(one(&entry.path()));
        }
    }
}

fn one(file: &Path) -> Seen {
    let found = fs::metadata(file).map(|meta| (meta.modified().ok(), meta.len())).unwrap_or((None, 0));
    Seen::from([(file.to_owned(), found)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_watched_and_what_is_built_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["src/a.rs", "target/b.rs", "web/node_modules/c.rs", "Cargo.toml", "web/d.ts"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let seen = sources(folder.path());
        let names: Vec<_> = seen.keys().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["Cargo.toml", "a.rs"]);
        fs::write(folder.path().join("src/a.rs"), "longer").unwrap();
        assert_ne!(sources(folder.path()), seen);
    }
}
