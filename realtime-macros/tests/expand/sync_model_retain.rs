#[derive(SyncModel)]
#[sync(topic = Room, create = anyone, delete = author, retain(sent_at) = "90d")]
struct Message {
    #[sync(key)]
    id: Id,
    sent_at: Timestamp,
    read_at: Timestamp,
}
