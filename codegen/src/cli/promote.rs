//! `realtime promote`: the program in a folder raises the form of its store (S32).

use std::{
    path::Path,
    process::{Command, Stdio},
};

use clap::Args;

use super::{Failure, Say, build, program};

/// The options of `realtime promote`.
#[derive(Debug, Args)]
pub(super) struct Promote {
    /// Which package, where the folder has several programs.
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
    /// Which program, where the package has several and none is its `default-run`.
    #[arg(long, value_name = "NAME")]
    bin: Option<String>,
}

impl Promote {
    pub(super) fn run(&self, directory: &Path, say: Say) -> Result<(), Failure> {
        if !directory.is_dir() {
            return Err(Failure::Usage(format!("no such folder: {}", directory.display())));
        }
        let file = build::build(directory, self.package.as_deref(), self.bin.as_deref(), say)?;
        // What it says, and why it cannot, is for the operator.
        let child = Command::new(&file)
            .current_dir(directory)
            .env("RUST_BACKTRACE", "0")
            .env("REALTIME_PROMOTE", "1")
            .stdin(Stdio::null())
            .spawn();
        let mut child = child.map_err(|error| Failure::file("start", &file, &error))?;
        match program::wait(&mut child) {
            Some(true) => Ok(()),
            Some(false) => Err(Failure::Program(
                "the store's form was not raised: the program says why above. An embedded store is open to one \
                 process: stop its server first"
                    .into(),
            )),
            None => Err(Failure::Program(
                "your program did not come to serve()/into_router() within a minute: the store's form was not raised"
                    .into(),
            )),
        }
    }
}
