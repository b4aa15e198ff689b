//! The program whose client is generated, asked for its schema.

use std::{
    fs,
    io::Read as _,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use realtime_protocol::schema::Schema;

use super::{Failure, Say, build};

/// How long a program may take to come to `serve()`, in steps of [`STEP`].
const STEPS: u32 = 1_200;
const STEP: Duration = Duration::from_millis(50);

/// Reads a schema document.
pub(super) fn read(file: &Path) -> Result<Schema, Failure> {
    let text = fs::read_to_string(file).map_err(|error| Failure::file("read", file, &error))?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::Usage(format!(
            "{} is no schema document of this version of Realtime: {error}. Use one version of realtime-core and of `realtime`",
            file.display()
        ))
    })
}

/// Builds the program in `directory` and asks it for its schema.
pub(super) fn ask(
    directory: &Path,
    package: Option<&str>,
    bin: Option<&str>,
    say: Say,
) -> Result<Schema, Failure> {
    let program = build::build(directory, package, bin, say)?;
    let folder =
        tempfile::tempdir().map_err(|error| Failure::Environment(format!("no temporary folder: {error}")))?;
    let answer = folder.path().join("schema.json");
    let mut child = Command::new(&program)
        .current_dir(directory)
        .env("RUST_BACKTRACE", "0")
        .env("REALTIME_SCHEMA", &answer)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Failure::file("start", &program, &error))?;
    let words = child.stderr.take().map(|mut stderr| {
        thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        })
    });
    let ended = wait(&mut child);
    if answer.is_file() && ended == Some(true) {
        return read(&answer);
    }
    if ended.is_none() {
        return Err(Failure::Program(
            "your program did not come to serve()/into_router() within a minute. Open databases and read secrets after that \
         call: it answers for the schema before anything is opened."
                .into(),
        ));
    }
    let words = words.and_then(|words| words.join().ok()).unwrap_or_default();
    Err(stopped(&words))
}

/// Waits for the end; `None`: it had to be ended.
pub(super) fn wait(child: &mut Child) -> Option<bool> {
    for _ in 0..STEPS {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) => thread::sleep(STEP),
            Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// What a program said before it stopped.
fn stopped(words: &str) -> Failure {
    let lines: Vec<&str> = words.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last: Vec<&str> = lines.iter().rev().take(20).rev().copied().collect();
    let words = match last.as_slice() {
        [] => "it said nothing".to_owned(),
        [one] => format!("its last words: \"{one}\""),
        many => format!("its last words:\n  {}\n ", many.join("\n  ")),
    };
    Failure::Program(format!(
        "your program ended before it came to serve()/into_router() — {words}. Open databases and read secrets after that \
         call: it answers for the schema before anything is opened."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_shown_with_the_way_out() {
        let text = stopped("DATABASE_URL not set\n\n").to_string();
        assert_eq!(
            text,
            "error: your program ended before it came to serve()/into_router() — its last words: \
             \"DATABASE_URL not set\". Open databases and read secrets after that \
         call: it answers for the schema before anything is opened."
        );
        assert_eq!(stopped("").code(), 4);
    }
}
