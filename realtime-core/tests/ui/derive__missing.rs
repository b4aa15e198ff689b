use realtime_core::prelude::*;

#[derive(SyncModel, Serialize, Deserialize)]
#[sync(topic = "first/{id}")]
struct WithoutClone {
    #[sync(key)]
    id: String,
}

#[derive(SyncModel, Clone, Deserialize)]
#[sync(topic = "second/{id}")]
struct WithoutSerialize {
    #[sync(key)]
    id: String,
}

#[derive(SyncModel, Clone, Serialize)]
#[sync(topic = "third/{id}")]
struct WithoutDeserialize {
    #[sync(key)]
    id: String,
}

#[derive(SyncType, Clone)]
struct Part {
    text: String,
}

fn main() {}
