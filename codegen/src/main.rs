//! The `realtime` command: arguments only.

use std::process::ExitCode;

use realtime_codegen::Cli;

fn main() -> ExitCode {
    Cli::new().run()
}
