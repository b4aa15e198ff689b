//! `realtime new`: a project that runs, from a template.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{Failure, Say};
use crate::scaffold::{self, Source};

/// The options of `realtime new`.
#[derive(Debug, Args)]
pub(super) struct New {
    /// The project's folder; its last part is the project's name.
    dir: PathBuf,
    /// What to start from.
    #[arg(long, value_name = "NAME", default_value = "poll")]
    template: String,
    /// A checkout of Realtime to depend on, in place of the published packages.
    #[arg(long, value_name = "PATH")]
    local: Option<PathBuf>,
}

impl New {
    pub(super) fn run(&self, directory: &Path, say: Say) -> Result<(), Failure> {
        let target = directory.join(&self.dir);
        let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        scaffold::check_name(&name).map_err(Failure::Usage)?;
        let source = self.source(directory)?;
        let files = scaffold::files(&self.template, &name, &source).map_err(Failure::Usage)?;
        refuse_non_empty(&target, &self.dir)?;
        for (path, bytes) in files {
            let path = target.join(path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(|error| Failure::file("make", folder, &error))?;
            }
            fs::write(&path, bytes).map_err(|error| Failure::file("write", &path, &error))?;
        }
        say.line(next_steps(&self.dir, &name, &self.template, &source));
        Ok(())
    }

    /// A checkout that was named; else the one that this command was built in, while it is there.
    fn source(&self, directory: &Path) -> Result<Source, Failure> {
        let (path, named) = match &self.local {
            Some(path) => (directory.join(path), true),
            None => (PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".."), false),
        };
        let is_checkout =
            path.join("realtime-core/Cargo.toml").is_file() && path.join("clients/typescript").is_dir();
        match (is_checkout, named) {
            (true, _) => path
                .canonicalize()
                .map(Source::Checkout)
                .map_err(|error| Failure::file("find", &path, &error)),
            (false, true) => Err(Failure::Usage(format!("{} is no checkout of Realtime", path.display()))),
            (false, false) => Ok(Source::Published),
        }
    }
}

fn refuse_non_empty(target: &Path, name: &Path) -> Result<(), Failure> {
    if target.is_file() {
        return Err(Failure::Usage(format!("{} is a file", name.display())));
    }
    let Ok(mut entries) = fs::read_dir(target) else { return Ok(()) };
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(Failure::Usage(format!("{} is not empty: choose another folder", name.display()))),
    }
}

fn next_steps(dir: &Path, name: &str, template: &str, source: &Source) -> String {
    let from = match source {
        Source::Checkout(path) => format!("\n  it depends on the checkout {}", path.display()),
        Source::Published => String::new(),
    };
    format!(
        "realtime: made `{name}` from the template `{template}`{from}\n\nNext:\n  cd {}\n  cd web && npm install && npm run build && cd ..   # the page, once\n  cargo run                                         # http://127.0.0.1:3000\n\nAfter a change of the models: realtime generate --out web/src/realtime",
        dir.display()
    )
}
