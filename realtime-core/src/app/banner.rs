//! What a program prints when it starts: once, to stderr.

use realtime_protocol::schema::TopicOf;

use super::builder::Parts;
use crate::{handler::Registry, principal::Principal, runtime::Served, store::Durability};

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
        eprintln!("  auth    {who}        open doors: {}", open_doors(&served.registry));
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

/// Every door that no attribute closes (R4); behind a topic that is closed none is open, but to create it.
fn open_doors(registry: &Registry) -> String {
    let mut doors = Vec::new();
    for (i, model) in registry.schema.models.iter().enumerate() {
        let entry = registry.model(i);
        let anyone = entry.model.says_anyone();
        let topic_is_open = is_open(registry, registry.root_at(entry));
        if let (TopicOf::Root(pattern), true) = (&model.topic, topic_is_open) {
            doors.push(pattern.as_str().to_owned());
        }
        let is_root = matches!(model.topic, TopicOf::Root(_));
        let reachable = |door: &str| topic_is_open || (is_root && door == "create");
        let generic = anyone.iter().filter(|door| **door != "open" && reachable(door));
        doors.extend(generic.map(|door| format!("{}.{door}", model.name)));
        let named = model.mutations.iter().enumerate();
        let named = named.filter(|(at, _)| topic_is_open && !entry.model.guards_mutation(*at));
        doors.extend(named.map(|(_, mutation)| format!("{}.{}", model.name, mutation.name)));
    }
    if doors.is_empty() {
        "none".to_owned()
    } else {
        doors.join(", ") + "     (`open = …`, `allow = …` close them)"
    }
}

fn is_open(registry: &Registry, root: usize) -> bool {
    let root = &registry.model(root).model;
    !root.guards_opening() || root.says_anyone().contains(&"open")
}

#[cfg(test)]
mod tests {
    use realtime_protocol::schema::Ty;

    use super::open_doors;
    use crate::{
        handler::{Registry, typed},
        prelude::*,
    };

    #[derive(SyncModel, Clone, Serialize, Deserialize)]
    #[sync(topic = "wall/{id}", principal = Guest, create = anyone, delete = first, patch(text) = first || anyone)]
    struct Wall {
        #[sync(key)]
        id: String,
        text: String,
    }

    #[mutations]
    impl Wall {
        fn paint(&mut self) {
            self.text.clear();
        }

        #[mutation(allow = anyone)]
        fn wash(&mut self) {
            self.text.clear();
        }

        #[mutation(allow = first)]
        fn tear(&mut self) {
            self.text.clear();
        }
    }

    #[derive(SyncModel, Clone, Serialize, Deserialize)]
    #[sync(topic = "safe/{id}", principal = Guest, open = first, create = anyone, delete = anyone)]
    struct Safe {
        #[sync(key)]
        id: String,
    }

    #[mutations]
    impl Safe {
        fn lock(&mut self) {}
    }

    #[derive(SyncModel, Clone, Serialize, Deserialize)]
    #[sync(topic = Safe, create = anyone)]
    struct Coin {
        #[sync(key)]
        id: Id,
    }

    fn first(guest: &Guest) -> bool {
        guest.id == "1"
    }

    #[test]
    fn r4_each_open_door_is_told_and_no_closed_one() {
        let models = vec![typed::<Wall>(), typed::<Safe>(), typed::<Coin>()];
        let Ok(registry) = Registry::new(models, |_| Ty::String) else { panic!("they fit together") };
        let told = open_doors(&registry);
        let doors: Vec<_> = told.split("  ").next().unwrap_or_default().split(", ").collect();
        let want = ["wall/{id}", "Wall.create", "Wall.patch", "Wall.paint", "Wall.wash", "Safe.create"];
        assert_eq!(doors, want);
    }
}
