#[derive(SyncModel)]
#[sync(topic = "room/{id}", principal = User, open = member || User::staff, read = member, every = "50ms")]
struct Room {
    #[sync(key)]
    id: String,
    #[sync(default = "new room", write = host)]
    title: String,
    #[sync(read = host && !User::guest, write = host)]
    reports: Vec<String>,
}
