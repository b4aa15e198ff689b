//! TypeScript: the client's own tables, and the code of one application's client.

mod client;
pub mod codes;
pub mod frames;
mod imports;
mod lower;
mod model;
mod names;
mod schema;
mod types;

pub use lower::LowerError;
use realtime_protocol::schema::Schema;

use super::{MARK, OutputFile, Target};
use crate::{GenerateErrors, error::GenerateError};

/// The TypeScript target: one file per model, the schema as data, and `index.ts`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TypeScript;

impl Target for TypeScript {
    fn name(&self) -> &'static str {
        "typescript"
    }

    fn generate(&self, schema: &Schema) -> Result<Vec<OutputFile>, GenerateErrors> {
        let mut errors = Vec::new();
        client::check_names(schema, &mut errors);
        let owners = model::owners(schema);
        let mut files = Vec::new();
        for of in &schema.models {
            let text = model::print(schema, of, &owners, &mut errors);
            files.push(OutputFile::new(format!("{}.ts", model::file(of)), with_header(schema, &text)));
        }
        files.push(OutputFile::new("schema.ts", with_header(schema, &schema::print(schema))));
        files.push(OutputFile::new("index.ts", with_header(schema, &client::index(schema, &owners))));
        if errors.is_empty() { Ok(files) } else { Err(GenerateErrors(errors)) }
    }
}

/// Adds the first line, which marks a file as generated.
fn with_header(schema: &Schema, text: &str) -> String {
    let version = env!("CARGO_PKG_VERSION").rsplit_once('.').map_or("0", |(minor, _)| minor);
    let hash = schema.short_hash();
    format!(
        "// {MARK} {version} from schema {hash}. Do not edit; `realtime generate --check` compares.\n{text}"
    )
}

/// A doc comment as JSDoc.
fn jsdoc(doc: &str, indent: &str) -> String {
    let doc = doc.trim().replace("*/", "*\\/");
    let lines: Vec<&str> = doc.lines().map(str::trim_end).collect();
    match lines.as_slice() {
        [] => String::new(),
        [one] => format!("{indent}/** {} */\n", one.trim()),
        many => {
            let body: String = many
                .iter()
                .map(|line| {
                    let line = line.strip_prefix(' ').unwrap_or(line);
                    if line.is_empty() { format!("{indent} *\n") } else { format!("{indent} * {line}\n") }
                })
                .collect();
            format!("{indent}/**\n{body}{indent} */\n")
        }
    }
}

fn type_error(errors: &mut Vec<GenerateError>, of: &str, why: &str) {
    let error = GenerateError::Type { of: of.into(), why: why.into() };
    if !errors.contains(&error) {
        errors.push(error);
    }
}
