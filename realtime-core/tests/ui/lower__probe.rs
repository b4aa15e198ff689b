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
        let words = (0..3).map(|n| n + 1);
        self.total = words.count() as u32;
        let flag = self.open;
        if flag.to_string().is_empty() {
            self.total = 1;
        }
    }
}

fn main() {}
