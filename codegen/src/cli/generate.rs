//! `realtime generate`: the program's schema, through a target, into a folder.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, Say, program, watch, write};
use crate::{OutputFile, generate, target::Target};

/// The options of `realtime generate`.
#[derive(Debug, Args)]
pub(super) struct Generate {
    /// Where the files go: `web/src/realtime`.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Which language.
    #[arg(long, value_name = "NAME", default_value = "typescript")]
    target: String,
    /// Writes nothing: shows what would change, and ends with 1 where something would.
    #[arg(long, conflicts_with = "watch")]
    check: bool,
    /// Writes again whenever a source changes, until stopped.
    #[arg(long)]
    watch: bool,
    /// Which package, where the folder has several programs.
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
    /// Which program, where the package has several and none is its `default-run`.
    #[arg(long, value_name = "NAME")]
    bin: Option<String>,
    /// A schema document: nothing is built then.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["package", "bin"])]
    schema: Option<PathBuf>,
}

impl Generate {
    pub(super) fn run(&self, directory: &Path, targets: &[Box<dyn Target>], say: Say) -> Result<(), Failure> {
        if !directory.is_dir() {
            return Err(Failure::Usage(format!("no such folder: {}", directory.display())));
        }
        let target = self.target(targets)?;
        if self.watch {
            return watch::watch(directory, self.schema.as_deref(), say, || {
                self.once(directory, target, say)
            });
        }
        self.once(directory, target, say)
    }

    fn target<'a>(&self, targets: &'a [Box<dyn Target>]) -> Result<&'a dyn Target, Failure> {
        let known: Vec<&str> = targets.iter().map(|target| target.name()).collect();
        targets.iter().find(|target| target.name() == self.target).map(AsRef::as_ref).ok_or_else(|| {
            Failure::Usage(format!("no target `{}`: there is {}", self.target, known.join(", ")))
        })
    }

    fn once(&self, directory: &Path, target: &dyn Target, say: Say) -> Result<(), Failure> {
        let schema = match &self.schema {
            Some(file) => program::read(&directory.join(file))?,
            None => program::ask(directory, self.package.as_deref(), self.bin.as_deref(), say)?,
        };
        let files = generate(&schema, target)?;
        check_paths(&files)?;
        let out = directory.join(&self.out);
        let hash = schema.short_hash();
        if self.check {
            return write::compare(&out, &files, &hash, say);
        }
        write::write(&out, &files, &hash, say)
    }
}

/// A target of somebody else must not write outside of the folder.
fn check_paths(files: &[OutputFile]) -> Result<(), Failure> {
    let bad = files.iter().find(|file| {
        Path::new(&file.path).components().any(|part| !matches!(part, std::path::Component::Normal(_)))
    });
    match bad {
        Some(file) => Err(Failure::Bug(format!("a target wants to write to `{}`", file.path))),
        None => Ok(()),
    }
}
