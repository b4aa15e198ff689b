use realtime_core::prelude::*;
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}", patch(titel, id) = anyone, create)]
struct Poll {
    #[sync(key)]
    id: String,
    title: String,
}

fn main() {}
