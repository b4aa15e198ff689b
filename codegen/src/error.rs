//! What has no form in the target language: all of it, with places and ways out.

use std::fmt;

use crate::target::typescript::LowerError;

/// One thing that cannot be generated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GenerateError {
    /// The schema document is of another format.
    Format {
        /// The document's.
        found: u16,
        /// This program's.
        known: u16,
    },
    /// A part of a mutator's body.
    Lower(LowerError),
    /// A name that means something else already.
    Name {
        /// Where: `Poll.load`.
        of: String,
        /// What it collides with, and the way out.
        why: String,
    },
    /// A type that the language cannot say.
    Type {
        /// Which.
        of: String,
        /// Why, and the way out.
        why: String,
    },
}

impl fmt::Display for GenerateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format { found, known } => write!(
                f,
                "error: the schema document has format {found}, this `realtime` reads {known}: use one version of realtime-core and of `realtime`"
            ),
            Self::Lower(error) => error.fmt(f),
            Self::Name { of, why } => write!(f, "error[name]: `{of}`: {why}"),
            Self::Type { of, why } => write!(f, "error[type]: `{of}`: {why}"),
        }
    }
}

/// Everything that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct GenerateErrors(pub Vec<GenerateError>);

impl fmt::Display for GenerateErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&all.join("\n\n"))
    }
}
