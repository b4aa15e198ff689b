use realtime_core::prelude::*;
#[derive(Principal, Clone, Serialize, Deserialize)]
struct User {
    #[principal(id)]
    id: String,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "room/{id}", principal = User)]
struct Room {
    #[sync(key)]
    id: String,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "card/{id}", principal = User)]
struct Card {
    #[sync(key)]
    id: String,
}

fn author(user: &User, card: &Card) -> bool {
    card.id == user.id
}

#[mutations]
impl Room {
    #[mutation(allow = author)]
    fn rename(&mut self, tx: &mut Tx<Room>, id: Id) {
        tx.get::<Card>(&id);
    }
}

fn main() {}
