use realtime_core::prelude::*;
#[derive(SyncType, Clone, Serialize, Deserialize)]
struct Pair(u32, u32);

#[derive(SyncType, Clone, Serialize, Deserialize)]
struct Nothing;

#[derive(SyncType, Clone, Serialize, Deserialize)]
struct Of<T> {
    of: T,
}

#[derive(SyncType, Clone, Serialize, Deserialize)]
struct Keyed {
    #[sync(key)]
    id: String,
}

fn main() {}
