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
    #[mutation(alow = anyone, offline = queue)]
    fn one(&mut self) {}
    #[mutation(optimistic = "ts")]
    fn two(&mut self) {}
    fn three(&mut self, #[sync(lenght(max = 3))] text: String) {}
}

fn main() {}
