use realtime_core::prelude::*;
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "poll/{idd}", version = 0, retain = "90d")]
struct Poll {
    id: String,
    total: u64,
    #[sync(lenght(max = 3))]
    #[serde(skip)]
    title: String,
}

#[mutations]
impl Poll {
    async fn vote(&mut self) {
        while self.total > 0 {
            self.total -= 1;
        }
    }
    fn vote(&mut self, by: &str) {
        todo!()
    }
}

fn main() {}
