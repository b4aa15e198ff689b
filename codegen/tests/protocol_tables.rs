//! The client's tables are the protocol's: regenerated and compared.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::PathBuf};

use realtime_codegen::target::typescript::{codes, frames};

#[track_caller]
fn compare(name: &str, expected: &str) {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../clients/typescript/src/generated").join(name);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{name} is stale: UPDATE_GENERATED=1 cargo test -p realtime-codegen writes it"
    );
}

#[test]
fn frames_ts_is_what_the_protocol_says() {
    compare("frames.ts", &frames::frames_ts());
}

#[test]
fn codes_ts_is_what_the_protocol_says() {
    compare("codes.ts", &codes::codes_ts());
}
