use realtime_core::prelude::*;

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{id}")]
struct Poll {
    #[sync(key)]
    id: String,
    votes: u32,
}

#[mutations]
impl Poll {
    fn vote(&mut self) {
        self.votes += 1;
    }
}

#[mutations]
impl Poll {
    fn reset(&mut self) {
        self.votes = 0;
    }
}

fn main() {}
