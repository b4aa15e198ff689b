use realtime_core::prelude::*;
#[derive(Principal, Clone, Serialize, Deserialize)]
struct User {
    id: String,
}

#[derive(Principal, Clone, Serialize, Deserialize)]
struct Bot {
    #[principal(id)]
    number: u32,
}

fn main() {}
