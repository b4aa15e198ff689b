use realtime_core::prelude::*;

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "room/{id}", principal = Guest, raed = someone, write = someone)]
struct Room {
    #[sync(key)]
    id: String,
    #[sync(raed = someone, wriet = someone, retain = 9)]
    title: String,
}

#[derive(SyncType, Clone, Serialize, Deserialize)]
struct Part {
    #[sync(read = someone)]
    secret: String,
}

#[mutations]
impl Room {
    #[mutation(read = someone, write = someone)]
    fn rename(&mut self, #[sync(read = someone)] title: String) {
        self.title = title;
    }
}

fn someone(_: &Guest) -> bool {
    true
}

fn main() {}
