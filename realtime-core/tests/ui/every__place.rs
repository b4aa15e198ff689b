use realtime_core::prelude::*;

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "fast/{id}", every = "5ms")]
struct Fast {
    #[sync(key)]
    id: String,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "slow/{id}", every = "2m")]
struct Slow {
    #[sync(key)]
    id: String,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "odd/{id}", evry = "1s")]
struct Odd {
    #[sync(key)]
    id: String,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "number/{id}", every = 50)]
struct Number {
    #[sync(key)]
    id: String,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "good/{id}", every = "50ms")]
struct Good {
    #[sync(key)]
    id: String,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Good, every = "50ms")]
struct Child {
    #[sync(key)]
    id: String,
}

fn main() {}
