//! How the command fails: one kind for each exit code.

use std::{io, path::Path};

use crate::GenerateErrors;

/// Why the command ends with another code than 0.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A check found something.
    #[error("{0}")]
    Found(String),
    /// Wrong usage.
    #[error("error: {0}")]
    Usage(String),
    /// A file, a folder or a tool.
    #[error("error: {0}")]
    Environment(String),
    /// The program does not build, or it stopped.
    #[error("error: {0}")]
    Program(String),
    /// The models say what the target cannot.
    #[error("{0}")]
    Models(#[from] GenerateErrors),
    /// Ours.
    #[error("error: {0}\nThis is a fault of `realtime` itself: please report it with this text.")]
    Bug(String),
}

impl Failure {
    pub(crate) const fn code(&self) -> u8 {
        match self {
            Self::Found(_) => 1,
            Self::Usage(_) => 2,
            Self::Environment(_) => 3,
            Self::Program(_) | Self::Models(_) => 4,
            Self::Bug(_) => 70,
        }
    }

    /// A file or folder that could not be read or written.
    pub(crate) fn file(doing: &str, path: &Path, error: &io::Error) -> Self {
        Self::Environment(format!("cannot {doing} {}: {error}", path.display()))
    }
}
