use realtime_core::prelude::*;
/// No field names a poll.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}")]
struct Poll {
    id: String,
    question: String,
}

fn main() {}
