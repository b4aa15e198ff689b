//! The vectors that clients in other languages replay: made here, committed, compared.

use std::{cell::RefCell, env, fs, path::PathBuf};

use realtime_core::{
    App, Guest,
    testing::{Client, World},
};
use serde_json::{Value, json};

#[expect(unreachable_pub, reason = "the template's own file")]
#[path = "../../../templates/poll/src/poll.rs"]
mod poll;

use poll::{Choice, Poll};

use crate::poll::guest;

fn app() -> App {
    let choices = ["Soup", "Curry"].map(|label| Choice { label: label.into(), votes: 0 });
    let (id, question) = ("lunch".into(), "Where to?".into());
    App::new().model::<Poll>().seed(Poll { id, question, choices: choices.into(), closed: false })
}

/// Plays `life` with two pages, writes down that of the first, and compares it with the file.
fn check(name: &str, about: &str, life: impl Fn(&World<Guest>, &Client, &Client)) {
    let steps = RefCell::new(Vec::new());
    World::trace(1, app, |w| {
        let [ann, bob] = w.clients([guest("ann"), guest("bob")]);
        w.record(&ann);
        bob.open::<Poll>("lunch");
        ann.open::<Poll>("lunch");
        w.settle();
        life(w, &ann, &bob);
        w.settle();
        *steps.borrow_mut() = w.recorded();
    });
    let file = json!({ "about": about, "principal": "ann", "steps": steps.into_inner() });
    compare(name, &print(&file));
}

/// One step a line.
fn print(file: &Value) -> String {
    let steps = file["steps"].as_array().expect("steps");
    let steps: Vec<String> = steps.iter().map(|step| format!("    {step}")).collect();
    let (about, principal, steps) = (&file["about"], &file["principal"], steps.join(",\n"));
    format!("{{\n  \"about\": {about},\n  \"principal\": {principal},\n  \"steps\": [\n{steps}\n  ]\n}}\n")
}

fn compare(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../clients/vectors/{name}.json"));
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, text).expect("clients/vectors can be written");
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        known, text,
        "`UPDATE_GENERATED=1 cargo test -p realtime-core --test world vectors` writes {name}.json"
    );
}

#[test]
fn l5_vector_a_vote_is_shown_confirmed_and_joined_by_anothers() {
    check("vote", "A vote shows at once and is confirmed; then another page votes.", |w, ann, bob| {
        ann.call::<Poll>("lunch", "vote", (1,));
        w.settle();
        bob.call::<Poll>("lunch", "vote", (0,));
        w.settle();
        ann.call::<Poll>("lunch", "suggest", ("Pizza",));
        w.settle();
        ann.call::<Poll>("lunch", "vote", (2,));
    });
}

#[test]
fn s20_vector_a_refusal_and_a_resume_after_a_cut() {
    let about = "A vote is refused, since another page has closed the poll; the connection is cut, a vote is made \
                 offline, and what was missed comes as one delta.";
    check("refusal-and-resume", about, |w, ann, bob| {
        ann.call::<Poll>("lunch", "vote", (0,));
        w.settle();
        bob.call::<Poll>("lunch", "close", ());
        w.settle();
        ann.call::<Poll>("lunch", "vote", (1,));
        w.settle();
        ann.go_offline();
        for _ in 0..3 {
            bob.call::<Poll>("lunch", "reopen", ());
            w.settle();
            bob.call::<Poll>("lunch", "vote", (0,));
            w.settle();
        }
        ann.call::<Poll>("lunch", "vote", (1,));
        ann.go_online();
    });
}

#[test]
fn s22_vector_a_fork_after_a_failover_that_lost_a_vote() {
    let about = "The store fails over and loses the last votes; the page is told so, gets a snapshot of the other \
                 history, and its last vote is lost.";
    check("fork", about, |w, ann, bob| {
        ann.call::<Poll>("lunch", "vote", (0,));
        w.settle();
        ann.call::<Poll>("lunch", "vote", (1,));
        w.settle();
        w.happen("failover 1");
        w.settle();
        bob.call::<Poll>("lunch", "vote", (0,));
        w.settle();
        ann.call::<Poll>("lunch", "vote", (1,));
    });
}
