use realtime_core::prelude::*;
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}", version = 0)]
struct Poll {
    #[sync(key)]
    id: String,
}

fn main() {}
