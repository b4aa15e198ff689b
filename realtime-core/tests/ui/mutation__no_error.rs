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

#[derive(Debug)]
enum Oops {
    No,
}

#[mutations]
impl Poll {
    fn vote(&mut self) -> Result<(), Oops> {
        Err(Oops::No)
    }
}

fn main() {}
