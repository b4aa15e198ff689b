use realtime_core::prelude::*;

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "log/{id}")]
struct Log {
    #[sync(key)]
    id: String,
}

mod chrono {
    use realtime_core::prelude::*;

    #[derive(SyncType, Clone, Serialize, Deserialize)]
    pub struct Timestamp {
        pub seconds: u32,
    }
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Log, retain = "90d")]
struct Line {
    #[sync(key)]
    id: Id,
    at: chrono::Timestamp,
}

fn main() {}
