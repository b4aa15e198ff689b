//! Schema -> files of another language, and the `realtime` command.
//!
//! [`generate`] is pure: the schema document in, files out. A language is a [`Target`].

mod cli;
mod error;
mod scaffold;
pub mod target;

pub use cli::Cli;
pub use error::{GenerateError, GenerateErrors};
use realtime_protocol::schema::{SCHEMA_FORMAT, Schema};
pub use target::{OutputFile, Target};

/// Generates the files of one target.
///
/// # Errors
///
/// Everything in the schema that has no form in that language, all at once; a document of another format.
pub fn generate(schema: &Schema, target: &dyn Target) -> Result<Vec<OutputFile>, GenerateErrors> {
    if schema.format != SCHEMA_FORMAT {
        return Err(GenerateErrors(vec![GenerateError::Format {
            found: schema.format,
            known: SCHEMA_FORMAT,
        }]));
    }
    target.generate(schema)
}
