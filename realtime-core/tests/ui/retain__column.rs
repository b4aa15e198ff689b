use realtime_core::prelude::*;

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "log/{id}", retain = "90d")]
struct Log {
    #[sync(key)]
    id: String,
    at: Timestamp,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Log, retain = "90d")]
struct NoTime {
    #[sync(key)]
    id: Id,
    at: Option<Timestamp>,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Log, retain = "90d")]
struct TwoTimes {
    #[sync(key)]
    id: Id,
    sent_at: Timestamp,
    read_at: Timestamp,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Log, retain(send_at) = "90d")]
struct Misspelt {
    #[sync(key)]
    id: Id,
    sent_at: Timestamp,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Log, retain(id) = "90d")]
struct OfText {
    #[sync(key)]
    id: Id,
    sent_at: Timestamp,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Log, retain = 1000)]
struct Count {
    #[sync(key)]
    id: Id,
    sent_at: Timestamp,
    read_at: Timestamp,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Log, retain(sent_at, read_at) = "90d")]
struct Both {
    #[sync(key)]
    id: Id,
    sent_at: Timestamp,
    read_at: Timestamp,
}

fn main() {}
