use realtime_core::prelude::*;
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{idd}", versoin = 2)]
struct Poll {
    #[sync(key)]
    id: String,
}

fn main() {}
