use realtime_core::prelude::*;

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}", open = "anyone", create = anyone == anyone, delete = |_| true)]
struct Poll {
    #[sync(key)]
    id: String,
}

fn main() {}
