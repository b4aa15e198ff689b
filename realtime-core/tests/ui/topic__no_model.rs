use realtime_core::prelude::*;
struct Room;

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Room)]
struct Message {
    #[sync(key)]
    id: String,
}

fn main() {}
