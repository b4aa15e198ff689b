//! A real program that cannot start: what it says, and with which code it ends (decision 0005).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    env, fs,
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

use realtime_core::prelude::*;

/// Set for the child: it is the program that serves.
const CHILD: &str = "REALTIME_TEST_SERVES";

/// The form that the child's program writes.
const FORM: &str = "REALTIME_TEST_FORM";

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "pad/{id}")]
struct Pad {
    #[sync(key)]
    id: String,
}

/// The program. In the parent it checks that it is not one.
#[test]
fn child_that_serves() {
    if env::var_os(CHILD).is_none() {
        assert!(env::var_os("REALTIME_LISTEN").is_none(), "the parent serves nothing");
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let form = env::var(FORM).map_or(1, |form| form.parse().unwrap());
    runtime.block_on(App::new().model::<Pad>().form(form).serve("127.0.0.1:0")).unwrap();
}

fn serve(store: &Path, listen: &str) -> Output {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "child_that_serves", "--nocapture"])
        .env(CHILD, "1")
        .env("REALTIME_STORE", store)
        .env("REALTIME_LISTEN", listen)
        .output()
        .unwrap()
}

fn promote(store: &Path, form: u32) -> Output {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "child_that_serves", "--nocapture"])
        .env(CHILD, "1")
        .env(FORM, form.to_string())
        .env("REALTIME_STORE", store)
        .env("REALTIME_PROMOTE", "1")
        .output()
        .unwrap()
}

#[track_caller]
fn ends_with_3(output: &Output, says: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.lines().any(|line| line.starts_with("error: ") && line.contains(says)), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_port_in_use_is_said_so_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let output = serve(&folder.path().join("a.db"), &addr);
    ends_with_3(&output, &format!("{addr} is in use"));
    ends_with_3(&output, "REALTIME_LISTEN");
}

#[test]
fn a_store_that_cannot_be_written_or_is_damaged_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    ends_with_3(&serve(&folder.path().join("none/a.db"), "127.0.0.1:0"), "make it, or choose another path");
    let noise = folder.path().join("noise.db");
    let bytes: Vec<u8> = (0..9_000_u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    fs::write(&noise, &bytes).unwrap();
    ends_with_3(&serve(&noise, "127.0.0.1:0"), "is not a database");
    assert_eq!(fs::read(&noise).unwrap(), bytes, "it is left as it is");
}

#[test]
fn s32_a_promotion_raises_the_form_once_and_the_older_program_does_not_start_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("a.db");
    for says in ["is 2 now, it was 1", "is 2 already"] {
        let output = promote(&store, 2);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(says), "{said}");
    }
    ends_with_3(&promote(&store, 1), "was promoted to form 2, and this program writes up to form 1");
    ends_with_3(&serve(&store, "127.0.0.1:0"), "deploy the newer program");
}
