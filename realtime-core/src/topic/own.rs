//! What the server itself does to a topic: commits and reads of the program, in the worker's turns, without a lane (S40).

use std::{any::Any, collections::VecDeque, fmt, sync::Arc};

use realtime_protocol::Position;

use super::{
    batch::{self, Batch},
    event::Effect,
    record::RecordBody,
    rows::Overlay,
    worker::{State, Worker},
};
use crate::{
    handler::run_own,
    mutation::Refusal,
    store::Change,
    tx::{Context, Run},
};

/// How many of these may wait in a topic; more are told to come back (L11).
const MAX_WAITING: usize = 1_024;

/// What a run returns, without its type.
pub(crate) type Answer = Box<dyn Any + Send>;

/// The program's code: it may run more than once, where other nodes commit first.
pub(crate) type OwnRun = Arc<dyn Fn(&mut Run) -> Result<Answer, OwnRefusal> + Send + Sync>;

/// Why nothing was written.
pub(crate) enum OwnRefusal {
    /// The program's own error.
    Author(Answer),
    /// A rule of the model, or a panic.
    Rule(Refusal),
}

/// Why there is no answer.
pub(crate) enum OwnError {
    Refused(OwnRefusal),
    /// Nothing happened: more than may wait, or other nodes were faster for too long.
    Busy,
    /// Nothing happened: the store is away.
    Unavailable(String),
    /// It happened, or not.
    Unknown,
    /// Nothing happened: the store's form was raised above what this program writes.
    Outdated,
}

/// What is to be done.
#[derive(Clone)]
pub(crate) enum OwnCall {
    /// A commit.
    Write(OwnRun),
    /// A look at the rows as they stand on this node; what it writes is dropped.
    Look(OwnRun),
    /// A commit on top of this position, and no other.
    WriteAt(Position, OwnRun),
    /// A commit that removes what is too old, or too many.
    Sweep(OwnRun),
    /// The log keeps no record before this commit's own (S26).
    Trim,
}

/// One of them, and who waits for it.
pub(crate) struct Own {
    pub(crate) call: OwnCall,
    pub(crate) context: Context,
    pub(crate) reply: Reply,
}

/// Who waits.
pub(crate) struct Reply(pub(crate) Box<dyn FnOnce(Result<Answer, OwnError>) + Send>);

/// What waits in a topic.
#[derive(Debug, Default)]
pub(crate) struct Owns(VecDeque<Own>);

impl Owns {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether a sweep waits.
    pub(super) fn has_sweep(&self) -> bool {
        self.0.iter().any(|own| matches!(own.call, OwnCall::Sweep(_)))
    }

    /// Takes the first, if it is a write.
    pub(super) fn next_write(&mut self) -> Option<(Own, OwnRun)> {
        match &self.0.front()?.call {
            OwnCall::Write(run) | OwnCall::WriteAt(_, run) | OwnCall::Sweep(run) => {
                let run = Arc::clone(run);
                self.0.pop_front().map(|own| (own, run))
            }
            OwnCall::Look(_) | OwnCall::Trim => None,
        }
    }

    fn next_trim(&mut self) -> Option<Own> {
        matches!(self.0.front()?.call, OwnCall::Trim).then(|| self.0.pop_front()).flatten()
    }
}

impl Worker {
    /// The program asks for something.
    pub(super) fn own(&mut self, own: Own, fx: &mut Vec<Effect>) {
        let looks = matches!(own.call, OwnCall::Look(_)) && self.knows_rows();
        if self.state == State::Broken && !looks {
            let away = OwnError::Unavailable("the store does not answer".into());
            return fx.push(Effect::Reply { to: own.reply, result: Err(away) });
        }
        if self.owns.0.len() >= MAX_WAITING {
            return fx.push(Effect::Reply { to: own.reply, result: Err(OwnError::Busy) });
        }
        self.owns.0.push_back(own);
    }

    /// Answers the looks that wait: the rows stand at one position in each turn.
    pub(super) fn look(&mut self, fx: &mut Vec<Effect>) {
        if !self.knows_rows() || self.owns.is_empty() {
            return;
        }
        for own in std::mem::take(&mut self.owns.0) {
            let OwnCall::Look(run) = &own.call else {
                self.owns.0.push_back(own);
                continue;
            };
            let mut rows = Overlay::over(Arc::clone(&self.rows));
            let looked = run_own(&self.registry, self.root, &self.topic, &mut rows, &own.context, run);
            let result = looked.map(|(answer, _)| answer).map_err(OwnError::Refused);
            fx.push(Effect::Reply { to: own.reply, result });
        }
    }

    /// Returns the commit of a trim, if it is its turn: it is alone, so that it follows what was asked before it.
    pub(super) fn trim_batch(&mut self) -> Option<Batch> {
        let own = self.owns.next_trim()?;
        let record = RecordBody::default();
        let bytes = record.encode().unwrap_or_default();
        let mut batch = batch::empty(self.head, self.epoch, self.form);
        batch.commit.changes.push(Change::Trim);
        batch.commit.record = bytes;
        batch.own.push((own, Box::new(())));
        Some(batch)
    }

    /// Their commit was kept.
    pub(super) fn own_kept(&mut self, owns: Vec<(Own, Answer)>, fx: &mut Vec<Effect>) {
        let trims = owns.iter().any(|(own, _)| matches!(own.call, OwnCall::Trim));
        // What the log has forgotten, this node forgets: unless readers wait for it still.
        if trims && self.flushed == self.head {
            self.tail.clear();
        }
        let reply = |(own, answer): (Own, Answer)| Effect::Reply { to: own.reply, result: Ok(answer) };
        fx.extend(owns.into_iter().map(reply));
    }

    /// Their commit was surely not kept: they run again.
    pub(super) fn own_again(&mut self, owns: Vec<(Own, Answer)>) {
        owns.into_iter().rev().for_each(|(own, _)| self.owns.0.push_front(own));
    }

    /// Their commit is given up.
    pub(super) fn own_lost(owns: Vec<(Own, Answer)>, why: impl Fn() -> OwnError, fx: &mut Vec<Effect>) {
        let reply = |(own, _): (Own, Answer)| Effect::Reply { to: own.reply, result: Err(why()) };
        fx.extend(owns.into_iter().map(reply));
    }

    /// The store is away: what waits is told so.
    pub(super) fn own_fail(&mut self, why: &str, fx: &mut Vec<Effect>) {
        let owns = std::mem::take(&mut self.owns.0).into_iter();
        let away =
            |own: Own| Effect::Reply { to: own.reply, result: Err(OwnError::Unavailable(why.to_owned())) };
        fx.extend(owns.map(away));
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = match self.call {
            OwnCall::Write(_) => "Write",
            OwnCall::Look(_) => "Look",
            OwnCall::WriteAt(..) => "WriteAt",
            OwnCall::Sweep(_) => "Sweep",
            OwnCall::Trim => "Trim",
        };
        f.debug_struct("Own").field("call", &call).finish_non_exhaustive()
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

impl fmt::Debug for OwnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused(OwnRefusal::Author(_)) => "Refused(Author)",
            Self::Refused(OwnRefusal::Rule(_)) => "Refused(Rule)",
            Self::Busy => "Busy",
            Self::Unavailable(_) => "Unavailable",
            Self::Unknown => "Unknown",
            Self::Outdated => "Outdated",
        })
    }
}
