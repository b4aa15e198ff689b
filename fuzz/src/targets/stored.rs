//! What stores, logs and files hold: values, records of commits, the schema document.

use realtime_core::testing::decoders;
use realtime_protocol::{Raw, schema::Schema};
use serde::Deserialize;

use super::{reached, words};
use crate::Target;

pub(super) const RAW: Target = Target { name: "raw", run: raw, seeds: raws };
pub(super) const RECORD: Target = Target { name: "record", run: record, seeds: records };
pub(super) const SCHEMA: Target = Target { name: "schema", run: schema, seeds: schemas };

/// As the bytes of a stored column, and as JSON of an argument.
fn raw(input: &[u8]) -> u64 {
    let stored = Raw::from_bytes(input.to_vec().into());
    let told = (stored.is_finite(), stored.is_shallow(), stored.is_null(), format!("{stored:?}").is_empty());
    let value = stored.decode::<serde_json::Value>().is_ok();
    let mut json = serde_json::Deserializer::from_slice(input);
    let argument = Raw::deserialize(&mut json).map(|raw| {
        let again = Raw::encode(&raw).ok();
        assert_eq!(again.as_ref(), Some(&raw), "a value is the same when it is written again");
        raw.is_shallow()
    });
    reached((told, value, argument.map_err(|error| words(&error))))
}

fn raws() -> Vec<Vec<u8>> {
    let json = serde_json::json!({"a": [1, -1, 1.5, null, true, "text"], "b": {"c": []}});
    let stored = Raw::encode(&json).map(|raw| raw.bytes().to_vec()).unwrap_or_default();
    vec![stored, json.to_string().into_bytes(), b"[[[[]]]]".to_vec(), vec![0x91; 70]]
}

fn record(input: &[u8]) -> u64 {
    let (what, again) = decoders::record(input);
    if let Some(again) = again {
        assert_eq!(what, again);
        return reached(what.chars().filter(|c| c.is_ascii_uppercase()).take(24).collect::<String>());
    }
    reached(words(&what))
}

fn records() -> Vec<Vec<u8>> {
    decoders::records()
}

fn schema(input: &[u8]) -> u64 {
    match serde_json::from_slice::<Schema>(input) {
        Ok(schema) => {
            let text = serde_json::to_string(&schema).unwrap_or_default();
            let again: Result<Schema, _> = serde_json::from_str(&text);
            assert_eq!(again.map(|again| serde_json::to_string(&again).unwrap_or_default()).ok(), Some(text));
            let _ = schema.short_hash();
            reached((schema.models.len().min(3), schema.types.len().min(3)))
        }
        Err(error) => reached(words(&error)),
    }
}

fn schemas() -> Vec<Vec<u8>> {
    let empty = r#"{"format":1,"realtime":"0.1.0","principal":"String","models":[],"types":[]}"#;
    vec![empty.as_bytes().to_vec()]
}
