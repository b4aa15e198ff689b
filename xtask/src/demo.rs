//! `cargo xtask demo`: from a fresh clone to the poll in a browser.

use crate::prepare::{self, Need};
use crate::shell;

/// Builds the client and the page, then becomes the poll's server, which prints its address.
///
/// # Errors
///
/// Says what is missing on this machine, or which build failed.
pub(crate) fn run() -> Result<(), String> {
    prepare::all([Need::NodeModules])?;
    shell::run(&["npm", "run", "build", "-w", "@realtime/client"], "", &[])?;
    shell::run(&["npm", "run", "build", "-w", "templates/poll/web"], "", &[])?;
    eprintln!("building the server: some minutes the first time, seconds after that");
    shell::become_it(&["cargo", "run", "--quiet", "--package", "poll"], "templates/poll")
}
