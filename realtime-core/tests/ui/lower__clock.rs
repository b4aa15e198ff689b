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

use std::time::SystemTime;

#[mutations]
impl Poll {
    fn vote(&mut self) {
        let at = SystemTime::now();
        self.open = at > SystemTime::UNIX_EPOCH;
    }
}

fn main() {}
