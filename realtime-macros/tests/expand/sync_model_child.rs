#[derive(SyncModel)]
#[sync(topic = Room, principal = User)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[sync(key, number = 7)]
    id: Id,
    sent_at: Option<Timestamp>,
}
