//! Runs other programs at the repository's root, with their output passed through.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// The repository's root: the folder above this crate.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a crate stands in the workspace").to_owned()
}

/// Returns `line` (a program and its arguments) as a command that runs in `dir`, below the root.
pub(crate) fn command(line: &[&str], dir: &str) -> Command {
    let mut command = Command::new(line[0]);
    command.args(&line[1..]).current_dir(root().join(dir));
    command
}

/// Runs `line` to its end.
///
/// # Errors
///
/// Says that the program could not be started, or how it ended where that is not success.
pub(crate) fn run(line: &[&str], dir: &str, env: &[(&str, &str)]) -> Result<(), String> {
    eprintln!("$ {}", line.join(" "));
    let status = command(line, dir)
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .status()
        .map_err(|e| format!("cannot start `{}`: {e}", line[0]))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {}", line.join(" "), ending(status))) }
}

/// Returns what `line` prints, trimmed; `None` where it cannot be started or fails.
pub(crate) fn output(line: &[&str]) -> Option<String> {
    let out = command(line, "").stderr(Stdio::null()).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// Lets `line` take this process's place, so that a signal to the one reaches the other.
///
/// # Errors
///
/// Says why the program could not be started; where it could, this returns only on systems without `exec`.
pub(crate) fn become_it(line: &[&str], dir: &str) -> Result<(), String> {
    eprintln!("$ {}", line.join(" "));
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        let error = command(line, dir).exec();
        Err(format!("cannot start `{}`: {error}", line[0]))
    }
    #[cfg(not(unix))]
    {
        let status = command(line, dir).status().map_err(|e| format!("cannot start `{}`: {e}", line[0]))?;
        std::process::exit(status.code().unwrap_or(1))
    }
}

fn ending(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}
