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

#[derive(SyncType, Clone, Serialize, Deserialize)]
enum State {
    Draft,
    Done,
}
use State::{Done, Draft};

#[mutations]
impl Poll {
    fn vote(&mut self, state: State, names: Vec<String>) -> u32 {
        let all @ (one, _) = (1, 2);
        let first = match names.as_slice() {
            [only] => only.clone(),
            _ => String::new(),
        };
        match state {
            Draft => one,
            Done => self.total << 2,
        }
    }
}

fn main() {}
