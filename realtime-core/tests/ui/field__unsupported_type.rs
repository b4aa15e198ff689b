use realtime_core::prelude::*;
use std::time::Duration;

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}")]
struct Poll {
    #[sync(key)]
    id: String,
    lasts: Duration,
    choices: Vec<Choice>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Choice {
    label: String,
}

fn main() {}
