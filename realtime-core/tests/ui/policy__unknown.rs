use realtime_core::prelude::*;

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}", open = member)]
struct Poll {
    #[sync(key)]
    id: String,
}

fn members(_: &realtime_core::Anyone) -> bool {
    true
}

fn main() {}
