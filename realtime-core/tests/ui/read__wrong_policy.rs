use realtime_core::prelude::*;

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "room/{id}", principal = Guest, read = nobody)]
struct Room {
    #[sync(key)]
    id: String,
    #[sync(read = Guest::moderator, write = of_another)]
    title: String,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "card/{id}", principal = Guest)]
struct Card {
    #[sync(key)]
    id: String,
}

fn of_another(_: &Guest, _: &Card) -> bool {
    true
}

fn main() {}
