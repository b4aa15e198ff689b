//! The poll: what it holds, and what people may do to it.
//!
//! `realtime generate --out web/src/realtime` turns this file into the page's typed client. Each mutation below
//! runs twice: in the browser at once, so that nobody waits, and on the server, whose word counts.

use realtime_core::prelude::*;

/// How many choices a poll may have.
const MOST: u32 = 12;

/// A question that everybody who opens it can vote on.
#[derive(SyncModel, Clone, Debug, Serialize, Deserialize)]
#[sync(topic = "poll/{id}", create = anyone)]
pub struct Poll {
    /// Its name in the address of the page: `/?poll=lunch`.
    #[sync(key)]
    pub id: String,
    /// What is asked.
    #[sync(length(min = 1, max = 280))]
    pub question: String,
    /// What one can vote for, in the order in which it was suggested.
    #[sync(length(min = 2, max = 12))]
    pub choices: Vec<Choice>,
    /// Whether voting is over.
    pub closed: bool,
}

/// One thing to vote for.
#[derive(SyncType, Clone, Debug, Serialize, Deserialize)]
pub struct Choice {
    /// Its name.
    #[sync(length(min = 1, max = 80))]
    pub label: String,
    /// How many votes it has.
    pub votes: u32,
}

/// Why a vote does not count.
#[derive(SyncError, Clone, Debug, PartialEq, Eq)]
pub enum VoteError {
    /// The poll has no such choice.
    NoSuchChoice,
    /// Voting is over.
    Closed,
}

/// Why a suggestion is not taken.
#[derive(SyncError, Clone, Debug, PartialEq, Eq)]
pub enum SuggestError {
    /// Voting is over.
    Closed,
    /// It is there already.
    Taken,
    /// The poll has as many choices as it may have.
    Full {
        /// That many.
        limit: u32,
    },
}

#[mutations]
impl Poll {
    /// Casts one vote. Every call counts.
    pub fn vote(&mut self, choice: usize) -> Result<(), VoteError> {
        if self.closed {
            return Err(VoteError::Closed);
        }
        self.choices.get_mut(choice).ok_or(VoteError::NoSuchChoice)?.votes += 1;
        Ok(())
    }

    /// Adds a choice.
    pub fn suggest(&mut self, #[sync(length(min = 1, max = 80))] label: String) -> Result<(), SuggestError> {
        if self.closed {
            return Err(SuggestError::Closed);
        }
        if self.choices.iter().any(|c| c.label == label) {
            return Err(SuggestError::Taken);
        }
        if self.choices.len() >= MOST as usize {
            return Err(SuggestError::Full { limit: MOST });
        }
        self.choices.push(Choice { label, votes: 0 });
        Ok(())
    }

    /// Ends voting.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Lets people vote again.
    pub fn reopen(&mut self) {
        self.closed = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mutation is a method: a test calls it.
    fn poll<const N: usize>(labels: [&str; N]) -> Poll {
        let choices = labels.map(|label| Choice { label: label.into(), votes: 0 });
        Poll { id: "lunch".into(), question: "Where to?".into(), choices: choices.into(), closed: false }
    }

    fn votes(poll: &Poll) -> Vec<u32> {
        poll.choices.iter().map(|c| c.votes).collect()
    }

    #[test]
    fn every_vote_counts() {
        let mut poll = poll(["Soup", "Curry"]);
        poll.vote(1).unwrap();
        poll.vote(1).unwrap();
        assert_eq!(votes(&poll), [0, 2]);
    }

    #[test]
    fn a_vote_for_nothing_is_refused() {
        assert_eq!(poll(["Soup"]).vote(9), Err(VoteError::NoSuchChoice));
    }

    #[test]
    fn a_closed_poll_takes_neither_votes_nor_suggestions_until_it_is_open_again() {
        let mut poll = poll(["Soup", "Curry"]);
        poll.close();
        assert_eq!(poll.vote(0), Err(VoteError::Closed));
        assert_eq!(poll.suggest("Pizza".into()), Err(SuggestError::Closed));
        poll.reopen();
        poll.vote(0).unwrap();
        assert_eq!(votes(&poll), [1, 0]);
    }

    #[test]
    fn a_suggestion_comes_last_without_votes() {
        let mut poll = poll(["Soup", "Curry"]);
        poll.suggest("Pizza".into()).unwrap();
        assert_eq!(poll.choices[2].label, "Pizza");
        assert_eq!(votes(&poll), [0, 0, 0]);
    }

    #[test]
    fn the_same_twice_and_one_too_many_are_refused() {
        let mut poll = poll(["Soup", "Curry"]);
        assert_eq!(poll.suggest("Soup".into()), Err(SuggestError::Taken));
        for n in 2..MOST {
            poll.suggest(format!("Dish {n}")).unwrap();
        }
        assert_eq!(poll.suggest("Pizza".into()), Err(SuggestError::Full { limit: 12 }));
    }
}
