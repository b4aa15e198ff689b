//! Hooks in the topic's turn: what was refused at arrival, and the checks that look at what is there now (S46).

use std::sync::Arc;

use realtime_protocol::{Raw, Topic, code};

use super::{
    batch::Waiting,
    rows::{Overlay, Value},
};
use crate::{
    handler::Registry,
    hook::{Checking, Veto},
    mutation::Refusal,
};

/// The longest reason that a client is told, in characters: an outcome is small (S6).
const MAX_REASON: usize = 200;

/// Returns the refusal, where a hook says no.
pub(super) fn veto(registry: &Registry, topic: &Topic, rows: &Overlay, entry: &Waiting) -> Option<Refusal> {
    if let Some(reason) = &entry.veto {
        return Some(refused(reason));
    }
    if registry.hooks.is_empty() {
        return None;
    }
    let number = registry.root_of(topic).map(|at| registry.model(at).model.number());
    let root: Option<Value> =
        number.and_then(|number| rows.of_model(number).next().map(|(_, row)| Arc::clone(&row.value)));
    let checking = Checking {
        who: &entry.who,
        topic,
        mutation: &registry.name_of(entry.call.mutator),
        key: entry.call.key.as_deref(),
        args: &entry.call.args,
        root: root.as_ref(),
    };
    match registry.hooks.check(&checking) {
        Ok(()) => None,
        Err(Some(Veto::Refused(reason))) => Some(refused(&reason)),
        Err(Some(Veto::Unavailable)) => Some(Refusal::Denied),
        Err(None) => Some(Refusal::Fault("a hook panicked in `check`".into())),
    }
}

/// A policy's no, with the reason for people.
fn refused(reason: &str) -> Refusal {
    let message: String = reason.chars().take(MAX_REASON).collect();
    let error = serde_json::json!({ "code": code::DENIED, "message": message });
    Raw::encode(&error).map_or(Refusal::Denied, Refusal::Author)
}
