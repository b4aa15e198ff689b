//! What a program prints when it starts: once, to stderr.

use realtime_protocol::schema::Schema;

use super::builder::Parts;
use crate::{principal::Principal, runtime::Served, store::Durability};

/// What is known before anything is opened.
pub(super) struct Banner {
    store: String,
    broker: String,
    guests: bool,
}

impl Banner {
    pub(super) fn of<P: Principal>(parts: &Parts<P>) -> Self {
        let broker = parts.broker.as_ref().map_or("none: one node".to_owned(), |b| format!("{b:?}"));
        Self { store: parts.store.describe(), broker, guests: parts.admits_guests() }
    }

    pub(super) fn print(&self, served: &Served) {
        let schema = &served.registry.schema;
        let mutations: usize = schema.models.iter().map(|m| m.mutations.len()).sum();
        let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        eprintln!(
            "realtime {}  schema {}, {}, {}",
            env!("CARGO_PKG_VERSION"),
            schema.short_hash(),
            count(schema.models.len(), "model"),
            count(mutations, "mutation"),
        );
        eprintln!("  store   {}: an ack means {}", self.store, ack_means(served.durability));
        eprintln!("  broker  {}", self.broker);
        let who = if self.guests { "guests: anybody may connect" } else { "your authenticator decides" };
        eprintln!("  auth    {who}        open doors: {}", open_doors(schema, served));
    }
}

/// What an acknowledgement says of a mutation (S29).
fn ack_means(durability: Durability) -> &'static str {
    match durability {
        Durability::Memory => "kept in this process; a restart forgets it",
        Durability::Process => "kept by another process on this machine",
        Durability::Disk => "written to disk (fsync)",
        Durability::Replicated => "kept by more than one machine",
        Durability::Quorum => "kept by a majority of machines",
    }
}

/// Every door that no attribute closes (R4).
fn open_doors(schema: &Schema, served: &Served) -> String {
    let mut doors = Vec::new();
    for (i, model) in schema.models.iter().enumerate() {
        let erased = &served.registry.model(i).model;
        let anyone = erased.says_anyone();
        if let realtime_protocol::schema::TopicOf::Root(pattern) = &model.topic
            && (!erased.guards_opening() || anyone.contains(&"open"))
        {
            doors.push(pattern.as_str().to_owned());
        }
        doors.extend(
            anyone.iter().filter(|door| **door != "open").map(|door| format!("{}.{door}", model.name)),
        );
        let open = model.mutations.iter().enumerate().filter(|(at, _)| !erased.guards_mutation(*at));
        doors.extend(open.map(|(_, m)| format!("{}.{}", model.name, m.name)));
    }
    if doors.is_empty() {
        "none".to_owned()
    } else {
        doors.join(", ") + "     (`open = …`, `allow = …` close them)"
    }
}
