//! The writer's thread: takes what waits, keeps it in one transaction with one fsync, then answers all.

use std::{
    io,
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
};

use realtime_protocol::Topic;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use super::{
    commit::{self, NotKept},
    open::{self, Opened},
    outbox,
    queue::Jobs,
    read::{self, Failure, ReadJob, signed},
    sql,
};
use crate::store::{
    rules::{SWEEP, TTL_MS},
    types::{Clock, Commit, CommitError, EffectId, Head, Leased, StoreError},
};

/// How many calls, and how many bytes of commits, share one transaction.
const MAX_JOBS: usize = 512;
const MAX_BYTES: usize = 1024 * 1024;

/// What the writer is asked.
pub(super) enum WriteJob {
    /// Answered as soon as the file is open.
    Ready(oneshot::Sender<()>),
    Commit {
        topic: Topic,
        commit: Box<Commit>,
        size: usize,
        reply: oneshot::Sender<Result<Head, CommitError>>,
    },
    Due {
        now_ms: u64,
        max: u32,
        until_ms: u64,
        reply: oneshot::Sender<Result<Leased, StoreError>>,
    },
    Done {
        ids: Vec<EffectId>,
        reply: oneshot::Sender<Result<(), StoreError>>,
    },
    Promote {
        form: u32,
        reply: oneshot::Sender<Result<u32, StoreError>>,
    },
}

/// The work of a job.
enum Work {
    Nothing,
    Commit(Topic, Box<Commit>),
    Due { now_ms: u64, max: u32, until_ms: u64 },
    Done(Vec<EffectId>),
    Promote(u32),
}

/// What came of it, to be said when it is on disk.
enum Outcome {
    Nothing,
    Commit(Result<Head, CommitError>),
    Due(Leased),
    Form(u32),
}

/// Who waits for it.
enum Reply {
    Ready(oneshot::Sender<()>),
    Commit(oneshot::Sender<Result<Head, CommitError>>),
    Due(oneshot::Sender<Result<Leased, StoreError>>),
    Done(oneshot::Sender<Result<(), StoreError>>),
    Form(oneshot::Sender<Result<u32, StoreError>>),
}

impl WriteJob {
    fn size(&self) -> usize {
        match self {
            Self::Commit { size, .. } => *size,
            Self::Ready(_) | Self::Due { .. } | Self::Done { .. } | Self::Promote { .. } => 0,
        }
    }

    fn split(self) -> (Work, Reply) {
        match self {
            Self::Ready(reply) => (Work::Nothing, Reply::Ready(reply)),
            Self::Commit { topic, commit, reply, .. } => (Work::Commit(topic, commit), Reply::Commit(reply)),
            Self::Due { now_ms, max, until_ms, reply } => {
                (Work::Due { now_ms, max, until_ms }, Reply::Due(reply))
            }
            Self::Done { ids, reply } => (Work::Done(ids), Reply::Done(reply)),
            Self::Promote { form, reply } => (Work::Promote(form), Reply::Form(reply)),
        }
    }
}

impl Reply {
    /// Says what came of it; nobody may be there any more (C11).
    fn say(self, outcome: Outcome) {
        match (self, outcome) {
            (Self::Ready(to), _) => drop(to.send(())),
            (Self::Commit(to), Outcome::Commit(result)) => drop(to.send(result)),
            (Self::Due(to), Outcome::Due(leased)) => drop(to.send(Ok(leased))),
            (Self::Done(to), _) => drop(to.send(Ok(()))),
            (Self::Form(to), Outcome::Form(form)) => drop(to.send(Ok(form))),
            (Self::Commit(_) | Self::Due(_) | Self::Form(_), _) => {}
        }
    }

    fn fail(self, error: StoreError) {
        match self {
            // The file is open, and that is all that was asked.
            Self::Ready(to) => drop(to.send(())),
            Self::Commit(to) => drop(to.send(Err(error.into()))),
            Self::Due(to) => drop(to.send(Err(error))),
            Self::Done(to) => drop(to.send(Err(error))),
            Self::Form(to) => drop(to.send(Err(error))),
        }
    }
}

/// Opens the file, starts the reader, and writes until nobody can ask any more.
///
/// Where it gives up it says why in `failed`, before the queues close.
pub(super) fn run(
    path: &Path,
    clock: &Clock,
    mut jobs: Jobs<WriteJob>,
    reads: Jobs<ReadJob>,
    failed: &OnceLock<String>,
) {
    let opened = match open::open(path) {
        Ok(opened) => opened,
        Err(what) => {
            let _ = failed.set(what);
            return;
        }
    };
    let Opened { writer: db, reader, form, lock } = opened;
    let form = Arc::new(AtomicU32::new(form));
    let reader = match start_reader(path, reader, Arc::clone(&form), clock, reads) {
        Ok(reader) => reader,
        Err(error) => {
            let _ = failed.set(format!("no thread can be started for the store: {error}"));
            return;
        }
    };
    let mut writer = Writer { path, form, db };
    while let Some(first) = jobs.next() {
        let (work, replies) = drain(first, &mut jobs).into_iter().map(WriteJob::split).unzip();
        if let Err(what) = writer.write(work, replies, clock()) {
            let _ = failed.set(what);
            break;
        }
    }
    // First nobody asks, then nobody reads, then the file is closed, then another process may have it.
    drop(jobs);
    let _ = reader.join();
    drop(writer);
    drop(lock);
}

fn start_reader(
    path: &Path,
    db: Connection,
    form: Arc<AtomicU32>,
    clock: &Clock,
    reads: Jobs<ReadJob>,
) -> io::Result<JoinHandle<()>> {
    let (path, clock) = (path.to_owned(), Arc::clone(clock));
    let run = move || read::run(&path, db, &form, &clock, reads);
    thread::Builder::new().name("realtime-store-reads".into()).spawn(run)
}

/// Takes what waits already: no timer, so an idle store adds no delay.
fn drain(first: WriteJob, jobs: &mut Jobs<WriteJob>) -> Vec<WriteJob> {
    let mut bytes = first.size();
    let mut batch = vec![first];
    while batch.len() < MAX_JOBS && bytes < MAX_BYTES {
        let Some(job) = jobs.waiting() else { break };
        bytes += job.size();
        batch.push(job);
    }
    batch
}

struct Writer<'a> {
    path: &'a Path,
    /// The store's form; the reader has it too.
    form: Arc<AtomicU32>,
    db: Connection,
}

impl Writer<'_> {
    /// Runs a batch in one transaction, and answers when it is on disk.
    ///
    /// # Errors
    ///
    /// Where nobody can know what the file holds: no more is written to it.
    fn write(&mut self, work: Vec<Work>, replies: Vec<Reply>, now_ms: u64) -> Result<(), String> {
        let failure = match self.sql(sql::BEGIN) {
            Ok(()) => match self.all(&work, now_ms) {
                Ok(outcomes) => return self.end(outcomes, replies),
                Err(failure) => failure,
            },
            // Another program has the file: none of the batch would fare better by itself.
            Err(error) => return self.fail(replies, error.into()),
        };
        if replies.len() == 1 {
            return self.fail(replies, failure);
        }
        match self.roll_back() {
            true => self.each_alone(work, replies, now_ms),
            false => self.fail(replies, failure),
        }
    }

    fn all(&self, work: &[Work], now_ms: u64) -> Result<Vec<Outcome>, Failure> {
        let outcomes = work.iter().map(|work| self.one(work, now_ms)).collect::<Result<Vec<_>, _>>()?;
        self.sweep(outcomes.len(), now_ms)?;
        Ok(outcomes)
    }

    fn end(&self, outcomes: Vec<Outcome>, replies: Vec<Reply>) -> Result<(), String> {
        match self.sql(sql::COMMIT) {
            Ok(()) => {
                replies.into_iter().zip(outcomes).for_each(|(reply, outcome)| reply.say(outcome));
                Ok(())
            }
            Err(error) => self.unsure(replies, &error),
        }
    }

    /// One of a batch failed, and SQLite undid all of it: each is tried by itself, so that one harms no other.
    fn each_alone(&mut self, work: Vec<Work>, replies: Vec<Reply>, now_ms: u64) -> Result<(), String> {
        let mut over = Ok(());
        for (work, reply) in work.into_iter().zip(replies) {
            match &over {
                Ok(()) => over = self.write(vec![work], vec![reply], now_ms),
                Err(what) => reply.fail(StoreError::Unusable(what.clone().into())),
            }
        }
        over
    }

    /// Nothing of the batch was kept.
    fn fail(&self, replies: Vec<Reply>, failure: Failure) -> Result<(), String> {
        let error = failure.explain(self.path);
        let rolled_back = self.roll_back();
        replies.into_iter().for_each(|reply| reply.fail(again(&error)));
        if rolled_back { Ok(()) } else { Err(format!("{error}: restart the process")) }
    }

    fn roll_back(&self) -> bool {
        let rolled_back = self.db.is_autocommit() || self.sql(sql::ROLLBACK).is_ok();
        if let Ok(form) = self.db.query_row(sql::META, ["form"], |row| row.get(0)) {
            self.form.store(form, Ordering::Relaxed);
        }
        rolled_back
    }

    fn one(&self, work: &Work, now_ms: u64) -> Result<Outcome, Failure> {
        match work {
            Work::Nothing => Ok(Outcome::Nothing),
            Work::Commit(topic, commit) => {
                self.apart(topic, Commit::clone(commit), now_ms).map(Outcome::Commit)
            }
            Work::Due { now_ms, max, until_ms } => {
                outbox::lease(&self.db, *now_ms, *max, *until_ms).map(Outcome::Due)
            }
            Work::Done(ids) => outbox::done(&self.db, ids).map(|()| Outcome::Nothing),
            Work::Promote(form) => self.promote(*form).map(Outcome::Form),
        }
    }

    /// Raises the form: what follows in this transaction is compared with it already.
    fn promote(&self, form: u32) -> Result<u32, Failure> {
        let form = form.max(self.form.load(Ordering::Relaxed));
        self.db.prepare_cached(sql::SET_META)?.execute(("form", form))?;
        self.form.store(form, Ordering::Relaxed);
        Ok(form)
    }

    /// Runs one commit so that, if it is refused, nothing of it stays and the others of the batch do.
    fn apart(
        &self,
        topic: &Topic,
        commit: Commit,
        now_ms: u64,
    ) -> Result<Result<Head, CommitError>, Failure> {
        self.sql(sql::SAVE)?;
        let result = match commit::commit(&self.db, self.form.load(Ordering::Relaxed), topic, commit, now_ms)
        {
            Ok(head) => Ok(head),
            Err(NotKept::Refused(error)) => {
                self.sql(sql::UNDO)?;
                Err(error)
            }
            Err(NotKept::Failed(failure)) => return Err(failure),
        };
        self.sql(sql::RELEASE)?;
        Ok(result)
    }

    /// Removes lanes and topics whose time is over, a few for each commit (S2, S44).
    fn sweep(&self, commits: usize, now_ms: u64) -> rusqlite::Result<()> {
        let Some(before) = now_ms.checked_sub(TTL_MS).map(signed) else { return Ok(()) };
        let most = signed((commits * SWEEP) as u64);
        self.db.prepare_cached(sql::DROP_OLD_LANES)?.execute((before, most))?;
        let mut idle = self.db.prepare_cached(sql::IDLE_TOPICS)?;
        let ids =
            idle.query_map((before, most), |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()?;
        for id in ids {
            self.db.prepare_cached(sql::DROP_LOG)?.execute([id])?;
            self.db.prepare_cached(sql::DROP_TOPIC)?.execute([id])?;
        }
        Ok(())
    }

    /// The transaction's end failed. Whether it is on disk nobody knows; after a failed `fsync`, not even whether
    /// a later one can tell: so only a disk that is full, or a file that is locked, is tried again.
    fn unsure(&self, replies: Vec<Reply>, error: &rusqlite::Error) -> Result<(), String> {
        let what = format!("{}: {error}", self.path.display());
        replies.into_iter().for_each(|reply| reply.fail(StoreError::Unknown(what.clone().into())));
        let harmless = matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        );
        if harmless && self.roll_back() {
            return Ok(());
        }
        Err(format!("{what}: it may not reach the disk: look at the disk, then restart the process"))
    }

    fn sql(&self, sql: &str) -> rusqlite::Result<()> {
        self.db.prepare_cached(sql)?.execute([]).map(drop)
    }
}

/// Returns the same error for another call of the batch.
fn again(error: &StoreError) -> StoreError {
    let what = error.to_string().into();
    match error {
        StoreError::Unavailable(_) => StoreError::Unavailable(what),
        StoreError::Unknown(_) => StoreError::Unknown(what),
        StoreError::Unusable(_) => StoreError::Unusable(what),
        StoreError::Invalid(_) => StoreError::Invalid(what),
    }
}

#[cfg(test)]
mod tests;
