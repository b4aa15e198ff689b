use realtime_core::prelude::*;
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}")]
struct Poll {
    #[sync(key)]
    id: String,
    #[serde(skip)]
    cache: Vec<String>,
    #[serde(flatten)]
    more: Choice,
}

#[derive(SyncType, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Choice {
    Text { label: String },
}

fn main() {}
