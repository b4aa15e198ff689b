#[derive(SyncError)]
enum PostError {
    Empty,
    TooFast { wait_ms: u32 },
}
