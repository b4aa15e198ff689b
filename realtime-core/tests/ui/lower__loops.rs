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
    fn vote(&mut self, to: u32) {
        while self.total < to {
            self.total += 1;
        }
        loop {
            break;
        }
        (0..3).for_each(|_| return);
    }
}

fn main() {}
