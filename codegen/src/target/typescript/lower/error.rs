//! What a body says that TypeScript cannot: collected, with places, so that one run shows all of them.

use std::{cell::RefCell, fmt};

use realtime_protocol::lower::At;

/// One construct that has no lowering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LowerError {
    /// What is wrong.
    pub what: String,
    /// What to do instead.
    pub help: String,
    /// The source file.
    pub file: String,
    /// Line and column, from 1.
    pub at: At,
    /// `Model::mutation`
    pub of: String,
}

impl fmt::Display for LowerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error[lower]: {}", self.what)?;
        if !self.help.is_empty() {
            writeln!(f, "  help: {}", self.help)?;
        }
        writeln!(f, "  or keep it on the server: #[mutation(optimistic = none)]")?;
        write!(f, " --> {}:{}:{} in `{}`", self.file, self.at.0, self.at.1, self.of)
    }
}

/// Collects them for one body.
#[derive(Debug)]
pub(crate) struct Errors {
    file: String,
    of: String,
    found: RefCell<Vec<LowerError>>,
}

impl Errors {
    pub(crate) fn new(file: &str, model: &str, mutation: &str) -> Self {
        Self { file: file.into(), of: format!("{model}::{mutation}"), found: RefCell::default() }
    }

    /// Adds one; a second at the same place is its consequence and is left out.
    pub(crate) fn add(&self, at: At, what: impl Into<String>, help: impl Into<String>) {
        let mut found = self.found.borrow_mut();
        if found.iter().all(|e| e.at != at) {
            let (file, of) = (self.file.clone(), self.of.clone());
            found.push(LowerError { what: what.into(), help: help.into(), file, at, of });
        }
    }

    pub(crate) fn any(&self) -> bool {
        !self.found.borrow().is_empty()
    }

    pub(crate) fn done(self) -> Vec<LowerError> {
        self.found.into_inner()
    }
}
