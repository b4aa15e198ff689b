use realtime_core::prelude::*;
#[derive(SyncError, Debug)]
enum One {
    TooFast(u32),
    Clash { code: String },
}

#[derive(SyncError, Debug)]
struct Two {
    why: String,
}

fn main() {}
