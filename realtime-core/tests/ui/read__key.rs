use realtime_core::prelude::*;

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "org/{org}/room/{id}", principal = Guest)]
struct Room {
    #[sync(read = someone, write = someone)]
    org: String,
    #[sync(key, read = someone, write = someone)]
    id: String,
    #[sync(read = "someone")]
    title: String,
    #[sync(write)]
    topic: String,
    #[sync(read = someone, read = someone)]
    notes: String,
}

fn someone(_: &Guest) -> bool {
    true
}

fn main() {}
