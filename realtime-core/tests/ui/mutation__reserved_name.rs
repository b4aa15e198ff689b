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
    fn create(tx: &mut Tx<Poll>, id: String) {
        tx.remove::<Poll>(&id);
    }
}

fn main() {}
