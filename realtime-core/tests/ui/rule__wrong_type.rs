use realtime_core::prelude::*;
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}")]
struct Poll {
    #[sync(key)]
    id: String,
    #[sync(length(max = 3))]
    votes: u32,
    #[sync(range(max = 3))]
    title: String,
    #[sync(length(min = 9, max = 3))]
    names: Vec<String>,
    #[sync(pattern("a*"))]
    slug: String,
}

fn main() {}
