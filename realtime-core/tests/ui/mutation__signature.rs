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
    fn read(&self) -> u32 {
        self.total
    }
    fn generic<T>(&mut self) {}
    fn borrowed(&mut self, name: &str, names: &[String]) {
        self.names.push(name.to_owned());
    }
    fn wide(&mut self, n: u64) -> i64 {
        0
    }
}

fn main() {}
