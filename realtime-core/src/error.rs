//! What can go wrong before a server serves: each says what to do.

use std::{fmt, io};

use crate::{handler::RegistryError, store::StoreError};

/// What [`crate::App::serve`] and [`crate::App::into_router`] return.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// Everything that is wrong, at once.
#[derive(thiserror::Error)]
#[error("{}", lines(.problems))]
pub struct Error {
    problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The models cannot be served together.
    #[error(transparent)]
    Models(#[from] RegistryError),
    /// The store cannot be used.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The address is taken.
    #[error(
        "{addr} is in use: stop the program that listens there, or set REALTIME_LISTEN to another address"
    )]
    InUse {
        /// The address.
        addr: String,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address.
        addr: String,
        /// Why.
        source: io::Error,
    },
    /// The schema document cannot be written.
    #[error("cannot write the schema to {path}: {source}")]
    SchemaFile {
        /// Where to.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A seed that cannot be kept.
    #[error("the seed of {topic} cannot be kept: {why}")]
    Seed {
        /// Its topic.
        topic: String,
        /// Why.
        why: String,
    },
    /// Topics that cannot end by themselves.
    #[error("the topics of `{model}` cannot expire: {why}")]
    Expire {
        /// Their root.
        model: &'static str,
        /// Why.
        why: String,
    },
    /// A limit that cannot hold.
    #[error("`App::limits`: {0}")]
    Limits(String),
    /// The store was promoted above what this program writes.
    #[error(
        "the store was promoted to form {store}, and this program writes up to form {program}: deploy the newer program"
    )]
    Form {
        /// The store's.
        store: u32,
        /// The program's.
        program: u32,
    },
}

impl Error {
    /// Returns all that is wrong.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl From<Vec<Problem>> for Error {
    fn from(problems: Vec<Problem>) -> Self {
        Self { problems }
    }
}

impl fmt::Debug for Error {
    /// `main` prints its error in this form: so it is the readable one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nerror: ")
}
