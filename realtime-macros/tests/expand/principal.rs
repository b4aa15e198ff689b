#[derive(Principal)]
struct User {
    #[principal(id)]
    id: String,
}
