use realtime_core::prelude::*;
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}")]
struct Poll {
    #[sync(key, number = 7)]
    id: String,
    #[sync(number = 7)]
    question: String,
}

fn main() {}
