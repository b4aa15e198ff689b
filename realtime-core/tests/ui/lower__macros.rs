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
        println!("{}", self.total);
        assert!(self.total > 3);
        self.names.push(format!("{:?} {0}", self.total));
        self.names = vec![String::new(); 3];
    }
}

fn main() {}
