//! What a contributor types: arguments only. The steps of the tests are a table in `steps.rs`.

mod demo;
mod prepare;
mod shell;
mod steps;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  demo            builds the client and the poll's page, then serves both at http://127.0.0.1:3000
  test            installs what is missing, then runs every step below; stops at the first that fails
  test <step>     runs that one step
  test --all      runs every step with its long matrices too
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Carries out one command line; an `Err` is what to tell the contributor.
fn run(args: &[&str]) -> Result<ExitCode, String> {
    match args {
        ["demo"] => demo::run().map(|()| ExitCode::SUCCESS),
        ["test", options @ ..] => test::Selection::parse(options)?.run(),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}\nsteps of test:\n{}", steps::listing());
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(format!("`cargo xtask {}` is no command line of ours\n\n{USAGE}", args.join(" "))),
    }
}
