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
        self.names.sort_unstable();
        let first = self.names.first().unwrap();
        self.total = first.bytes().count() as u32;
        self.names.resize(3, String::new());
    }
}

fn main() {}
