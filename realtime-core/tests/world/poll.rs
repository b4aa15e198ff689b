//! The model of these tests: a poll whose votes are counted, with a host's notes.

use realtime_core::prelude::*;
use realtime_core::testing::{Call, Random};

/// What is asked for.
#[derive(SyncModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[sync(topic = "poll/{id}", create = anyone, delete = anyone)]
pub(crate) struct Poll {
    #[sync(key)]
    pub(crate) id: String,
    pub(crate) votes: Vec<u32>,
    pub(crate) closed: bool,
}

/// What somebody said; not more than a few are kept.
#[derive(SyncModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[sync(topic = Poll, create = anyone, delete = anyone)]
pub(crate) struct Remark {
    #[sync(key)]
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) likes: u32,
}

#[derive(SyncError, Debug)]
pub(crate) enum VoteError {
    Closed,
    NoSuchChoice,
}

#[mutations]
impl Poll {
    pub(crate) fn vote(&mut self, choice: usize) -> Result<u32, VoteError> {
        if self.closed {
            return Err(VoteError::Closed);
        }
        let votes = self.votes.get_mut(choice).ok_or(VoteError::NoSuchChoice)?;
        *votes += 1;
        Ok(*votes)
    }

    pub(crate) fn toggle(&mut self) {
        self.closed = !self.closed;
    }

    pub(crate) fn idle(&mut self) {}
}

#[mutations]
impl Remark {
    pub(crate) fn like(&mut self) {
        self.likes += 1;
    }

    pub(crate) fn replace(&mut self, tx: &mut Tx<Poll>, other: String) {
        if let Some(gone) = tx.remove::<Remark>(&other) {
            self.likes += gone.likes;
        }
    }
}

pub(crate) fn lunch() -> Poll {
    Poll { id: "lunch".into(), votes: vec![0, 0], closed: false }
}

pub(crate) fn app() -> App {
    App::new().model::<Poll>().model::<Remark>().seed(lunch())
}

/// What somebody may ask of the poll, by chance.
pub(crate) fn any(dice: &mut Random) -> Call {
    let topic = "poll/lunch";
    let remark = *dice.pick(&["a", "b", "c", "d"]);
    match dice.below(20) {
        0..9 => Call::new::<Poll>(topic, "lunch", "vote", (dice.below(3),)),
        9 => Call::new::<Poll>(topic, "lunch", "toggle", ()),
        10 => Call::new::<Poll>(topic, "lunch", "idle", ()),
        11..14 => Call::create(
            topic,
            &Remark { id: remark.into(), text: format!("says {}", dice.below(9)), likes: 0 },
        ),
        14..17 => Call::new::<Remark>(topic, remark, "like", ()),
        17 => Call::new::<Remark>(topic, remark, "replace", (*dice.pick(&["a", "b"]),)),
        _ => Call::delete::<Remark>(topic, remark),
    }
}

/// A guest of this name.
pub(crate) fn guest(id: &str) -> realtime_core::Guest {
    realtime_core::Guest { id: id.into() }
}
