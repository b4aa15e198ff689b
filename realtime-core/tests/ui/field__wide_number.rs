use realtime_core::prelude::*;
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}")]
struct Poll {
    #[sync(key)]
    id: String,
    total: u64,
    #[sync(range(max = 9007199254740991))]
    bounded: u64,
    hash: u128,
    times: Vec<i64>,
}

fn main() {}
