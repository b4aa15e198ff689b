//! Files to disk; with `--check`, compared instead.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use similar::TextDiff;

use super::{Failure, Say};
use crate::{OutputFile, target::MARK};

/// Writes what differs, and deletes generated files that are not generated any more.
pub(super) fn write(out: &Path, files: &[OutputFile], hash: &str, say: Say) -> Result<(), Failure> {
    let mut written = 0;
    for file in files {
        let path = out.join(&file.path);
        match read(&path)? {
            Some(before) if before == file.text => continue,
            Some(before) if !is_generated(&before) => {
                return Err(Failure::Environment(format!(
                    "{} was not written by `realtime`: move it away, or choose another --out",
                    path.display()
                )));
            }
            _ => {}
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| Failure::file("make", folder, &error))?;
        }
        fs::write(&path, &file.text).map_err(|error| Failure::file("write", &path, &error))?;
        written += 1;
    }
    let stale = stale(out, files)?;
    for path in &stale {
        fs::remove_file(path).map_err(|error| Failure::file("delete", path, &error))?;
    }
    let deleted = if stale.is_empty() { String::new() } else { format!(", {} deleted", stale.len()) };
    let unchanged = files.len() - written;
    say.line(format!(
        "realtime: schema {hash} → {}: {written} written, {unchanged} unchanged{deleted}",
        out.display()
    ));
    Ok(())
}

/// Shows what `write` would change; fails where it would change anything.
pub(super) fn compare(out: &Path, files: &[OutputFile], hash: &str, say: Say) -> Result<(), Failure> {
    let mut diff = String::new();
    for file in files {
        let path = out.join(&file.path);
        let before = read(&path)?.unwrap_or_default();
        if before != file.text {
            diff.push_str(&unified(&path, &before, &file.text));
        }
    }
    for path in stale(out, files)? {
        let before = read(&path)?.unwrap_or_default();
        diff.push_str(&unified(&path, &before, ""));
    }
    if diff.is_empty() {
        say.line(format!("realtime: {} is up to date with schema {hash}", out.display()));
        return Ok(());
    }
    print!("{diff}");
    Err(Failure::Found(format!("{} is not what schema {hash} gives: run `realtime generate`", out.display())))
}

fn unified(path: &Path, before: &str, after: &str) -> String {
    let name = path.display().to_string();
    TextDiff::from_lines(before, after).unified_diff().header(&name, &name).to_string()
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::file("read", path, &error)),
    }
}

/// Whether the first line says so.
fn is_generated(text: &str) -> bool {
    text.is_empty() || text.lines().next().is_some_and(|line| line.contains(MARK))
}

/// Generated files in `out` that are none of `files`.
fn stale(out: &Path, files: &[OutputFile]) -> Result<Vec<PathBuf>, Failure> {
    let entries = match fs::read_dir(out) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::file("read", out, &error)),
    };
    let mut stale = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| Failure::file("read", out, &error))?.path();
        let known = files.iter().any(|file| out.join(&file.path) == path);
        let text = if path.is_file() && !known { read(&path)? } else { None };
        if text.is_some_and(|text| !text.is_empty() && is_generated(&text)) {
            stale.push(path);
        }
    }
    stale.sort();
    Ok(stale)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Say = Say { quiet: true };

    fn file(path: &str, text: &str) -> OutputFile {
        OutputFile::new(path, format!("// {MARK} 0.1\n{text}\n"))
    }

    #[test]
    fn only_what_differs_is_written_and_only_what_was_generated_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("a/b");
        write(&out, &[file("x.ts", "1"), file("y.ts", "1")], "h", QUIET).unwrap();
        fs::write(out.join("own.ts"), "mine\n").unwrap();
        let before = fs::metadata(out.join("x.ts")).unwrap().modified().unwrap();
        write(&out, &[file("x.ts", "1")], "h", QUIET).unwrap();
        assert_eq!(fs::metadata(out.join("x.ts")).unwrap().modified().unwrap(), before);
        assert!(!out.join("y.ts").exists());
        assert!(out.join("own.ts").exists());
    }

    #[test]
    fn a_file_of_somebody_else_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.ts"), "mine\n").unwrap();
        let failure = write(folder.path(), &[file("x.ts", "1")], "h", QUIET).unwrap_err();
        assert_eq!(failure.code(), 3);
        assert_eq!(fs::read_to_string(folder.path().join("x.ts")).unwrap(), "mine\n");
    }

    #[test]
    fn a_check_writes_nothing_and_says_what_differs() {
        let folder = tempfile::tempdir().unwrap();
        let files = [file("x.ts", "1")];
        assert_eq!(compare(folder.path(), &files, "h", QUIET).unwrap_err().code(), 1);
        assert!(!folder.path().join("x.ts").exists());
        write(folder.path(), &files, "h", QUIET).unwrap();
        assert!(compare(folder.path(), &files, "h", QUIET).is_ok());
        assert_eq!(
            compare(folder.path(), &[], "h", QUIET).unwrap_err().code(),
            1,
            "a stale file is a difference"
        );
    }
}
