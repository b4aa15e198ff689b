//! The `realtime` command: what it is told, and which exit code it ends with.

mod build;
mod failure;
mod generate;
mod new;
mod program;
mod promote;
mod watch;
mod write;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

pub(crate) use self::failure::Failure;
use crate::target::{Target, typescript::TypeScript};

/// The `realtime` command. A program of your own may give it more targets:
/// `realtime_codegen::Cli::new().target(Python).run()`.
#[derive(Debug)]
pub struct Cli {
    targets: Vec<Box<dyn Target>>,
}

#[derive(Debug, Parser)]
#[command(
    name = "realtime",
    version,
    about = "Typed clients from your Rust models, and projects to start from"
)]
#[command(
    after_help = "Exit codes: 0 done · 1 a check found something · 2 wrong usage · 3 the environment · 4 your program does not build or stopped · 70 our bug"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The folder of the project: everything else is relative to it.
    #[arg(short = 'C', value_name = "DIR", global = true, default_value = ".")]
    directory: PathBuf,
    /// Says nothing unless something is wrong.
    #[arg(long, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a project that runs.
    New(new::New),
    /// Writes the typed client of the program in this folder.
    Generate(generate::Generate),
    /// Raises the form of the store, once every node runs the newer program.
    Promote(promote::Promote),
}

impl Default for Cli {
    fn default() -> Self {
        Self::new()
    }
}

impl Cli {
    /// Makes the command with the targets that come with it.
    #[must_use]
    pub fn new() -> Self {
        Self { targets: vec![Box::new(TypeScript)] }
    }

    /// Adds a target, or replaces the one of its name.
    #[must_use]
    pub fn target(mut self, target: impl Target + 'static) -> Self {
        self.targets.retain(|known| known.name() != target.name());
        self.targets.push(Box::new(target));
        self
    }

    /// Runs with the arguments of the process.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let arguments = match Arguments::try_parse() {
            Ok(arguments) => arguments,
            Err(error) => {
                // Help and version are no mistakes.
                let code = if error.use_stderr() { 2 } else { 0 };
                let _ = error.print();
                return ExitCode::from(code);
            }
        };
        let say = Say { quiet: arguments.quiet };
        let outcome = match &arguments.command {
            Command::New(new) => new.run(&arguments.directory, say),
            Command::Generate(generate) => generate.run(&arguments.directory, &self.targets, say),
            Command::Promote(promote) => promote.run(&arguments.directory, say),
        };
        match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                eprintln!("{failure}");
                ExitCode::from(failure.code())
            }
        }
    }
}

/// Tells people what happens, unless they want silence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Say {
    pub(crate) quiet: bool,
}

impl Say {
    pub(crate) fn line(self, line: impl AsRef<str>) {
        if !self.quiet {
            eprintln!("{}", line.as_ref());
        }
    }
}
