/// A question.
#[derive(SyncModel)]
#[sync(topic = "poll/{id}", version = 2, create = anyone, patch(question) = author || !User::banned)]
pub struct Poll {
    #[sync(key)]
    pub id: String,
    #[sync(length(min = 1, max = 280))]
    pub question: String,
    #[sync(default = false)]
    pub closed: bool,
}
