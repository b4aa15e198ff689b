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

use std::time::Duration;

#[mutations]
impl Poll {
    fn wait(&mut self, time: Duration) {
        self.open = false;
    }
}

fn main() {}
