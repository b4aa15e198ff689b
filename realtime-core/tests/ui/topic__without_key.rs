use realtime_core::prelude::*;
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "org/{org}/polls")]
struct Poll {
    #[sync(key)]
    id: String,
    org: String,
}

fn main() {}
