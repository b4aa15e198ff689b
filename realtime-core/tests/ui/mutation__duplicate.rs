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

#[mutations]
impl Poll {
    fn vote(&mut self) {
        self.total += 1;
    }
    fn vote(&mut self, by: u32) {
        self.total += by;
    }
}

fn main() {}
