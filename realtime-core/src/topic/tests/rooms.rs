//! A topic of which readers see different parts: a room, and the notes in it.

use std::sync::Arc;

use realtime_core::SyncModel;
use realtime_protocol::schema::Conflict;
use serde::{Deserialize, Serialize};

use crate::{
    describe::Described,
    handler::{Registry, typed_with},
    policy::{Answer, ByEntity, ByRoot, Policy},
    principal::{Anyone, Guest},
};

/// A root whose `notes` only its host may read.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "room/{id}", create = realtime_core::anyone, patch(host, public, notes) = realtime_core::anyone, delete = realtime_core::anyone)]
pub(super) struct Room {
    #[sync(key)]
    pub(super) id: String,
    pub(super) host: String,
    pub(super) public: bool,
    pub(super) notes: String,
}

/// A note, which its owner may read, and everybody once the room is public; `private` is the owner's alone.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Room, create = realtime_core::anyone, patch(owner, text, private) = realtime_core::anyone, delete = realtime_core::anyone)]
pub(super) struct Note {
    #[sync(key)]
    pub(super) id: String,
    pub(super) owner: String,
    pub(super) text: String,
    pub(super) private: String,
}

fn host(user: &Anyone, room: &Room) -> bool {
    room.host == user.id || user.id == "root"
}

fn owner(user: &Anyone, note: &Note) -> bool {
    note.owner == user.id || user.id == "root"
}

fn public(_: &Anyone, room: &Room) -> bool {
    room.public
}

/// The models, with the `read`s of their docs; `root`, who calls for all, reads all.
pub(super) fn registry(every: Option<u32>) -> Arc<Registry> {
    let mut room = Room::parts();
    room.every = every;
    room.columns[3].read = Some(|user, room, root| Policy::<_, Room, ByEntity>::ask(&host, user, room, root));
    let mut note = Note::parts();
    note.read = Some(|user, note, root| {
        let own: Answer = Policy::<_, Note, ByEntity>::ask(&owner, user, note, root);
        own.or(|| Policy::<_, Note, ByRoot>::ask(&public, user, note, root))
    });
    note.columns[3].read =
        Some(|user, note, root| Policy::<_, Note, ByEntity>::ask(&owner, user, note, root));
    note.mutations.iter_mut().for_each(|mutation| mutation.conflict = Conflict::Refuse);
    Arc::new(Registry::new(vec![typed_with(room), typed_with(note)], Guest::describe).ok().unwrap())
}
