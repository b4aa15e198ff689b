use realtime_core::prelude::*;

#[policy]
fn good(_: &Guest) -> bool {
    true
}

#[policy]
async fn waits(_: &Guest) -> bool {
    true
}

#[policy]
fn owned(guest: Guest, other: &mut Guest) -> bool {
    guest.id == other.id
}

#[policy]
fn says_who(guest: &Guest) -> String {
    guest.id.clone()
}

#[policy]
fn says_nothing(_: &Guest) {}

#[policy]
fn asks_nobody() -> bool {
    true
}

#[policy]
fn asks_all(_: &Guest, _: &Guest, _: &Guest, _: &Guest) -> bool {
    true
}

#[policy]
fn generic<T>(_: &T) -> bool {
    true
}

#[policy(read)]
unsafe extern "C" fn odd(_: &Guest) -> bool {
    true
}

#[policy]
struct Author;

struct User;

impl User {
    #[policy]
    fn moderator(&self) -> bool {
        true
    }

    #[policy]
    fn promote(&mut self) -> bool {
        true
    }
}

fn main() {
    good(&Guest { id: String::new() });
    User.moderator();
}
