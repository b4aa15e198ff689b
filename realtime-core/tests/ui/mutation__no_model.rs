use realtime_core::prelude::*;
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}")]
struct Poll {
    #[sync(key)]
    id: String,
    total: u32,
    names: Vec<String>,
    open: bool,
}

struct Other;

#[mutations]
impl Other {
    fn vote(&mut self) {}
}

fn main() {}
