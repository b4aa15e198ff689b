#[derive(SyncType)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum State {
    Draft,
    InReview { by: String },
}
