//! The embedded store: one SQLite file, one writer thread, grouped commits. The default.

mod codec;
mod commit;
mod open;
mod outbox;
mod queue;
mod read;
mod sql;
mod verify;
mod writer;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    thread::JoinHandle,
    time::Duration,
};

use futures_core::future::BoxFuture;
use realtime_protocol::{LaneId, Position, Topic};
use tokio::sync::{mpsc, oneshot};

use self::{queue::Jobs, read::ReadJob, writer::WriteJob};
use super::{
    Outbox, Store, rules,
    types::{
        Clock, Commit, CommitError, Durability, EffectId, Head, LaneRows, Leased, Page, Read, Replay,
        StoreError,
    },
};
use crate::host::clock;

/// How many calls may wait for the writer, and for the reader; then their callers wait (L11).
const QUEUE: usize = 1024;

/// Keeps topics in one file: `./realtime.db`, and beside it SQLite's `-wal` and `-shm`, and a `.lock`.
///
/// **What an ack means**, [`Durability::Disk`]: the commit was written to the log of the file and the operating
/// system said, after `fsync`, that it is on the disk. It survives the end of this process and of this machine;
/// it does not survive the loss of the disk, nor a disk that says so before it is true.
///
/// Commits that wait for the writer go into one transaction with one `fsync`, each apart from the others, so
/// that a refused one harms nobody; no commit waits for a timer. A commit that fails by itself, on a full disk
/// say, harms no other; where the end of a transaction fails nobody knows, and all of it are told so.
///
/// **Damage is found at the start**, and the file is refused rather than served with a hole: every page and index
/// is checked, every row against its sum, every kept log from end to end by the hash that each record has of the
/// one before, and that its end is where the topic stands. This reads the whole file: a start takes the longer the
/// more is kept (of each topic at most 1,000 records, or 1 MiB, and its rows and lanes). What is read later is
/// checked again. What cannot be found: a file, or a `-wal` after a crash, that was replaced by an older one; and
/// rows that were taken out of a sound file by SQL.
///
/// One process at a time: another one is refused at its start. Making one does no I/O; [`Store::start`], or
/// else the first call, opens the file. Dropping it waits until what was called is written and the file closed.
pub struct Embedded {
    path: PathBuf,
    clock: Clock,
    running: OnceLock<Running>,
}

/// The threads' queues, from the first call on.
struct Running {
    writes: Option<mpsc::Sender<WriteJob>>,
    reads: Option<mpsc::Sender<ReadJob>>,
    failed: Arc<OnceLock<String>>,
    writer: Option<JoinHandle<()>>,
}

/// Why a call has no answer.
enum Lost {
    /// The store is of no use any more: what to do.
    Failed(String),
    /// It was not taken.
    Unsent,
    /// It was taken, and its thread died.
    Unanswered,
}

impl Embedded {
    /// Keeps topics in the file at `path`, which is made where it is not there; its folder must be.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), clock: Arc::new(clock::now_ms), running: OnceLock::new() }
    }

    /// Tells the time by `clock` instead of the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Returns the file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn running(&self) -> &Running {
        self.running.get_or_init(|| Running::start(self.path.clone(), Arc::clone(&self.clock)))
    }

    async fn write<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> WriteJob) -> Result<T, Lost> {
        let running = self.running();
        running.ask(running.writes.as_ref(), job).await
    }

    async fn query<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> ReadJob,
    ) -> Result<T, StoreError> {
        let running = self.running();
        // A lost read is lost, nothing else: it may be asked again.
        running.ask(running.reads.as_ref(), job).await.map_err(Lost::harmless)?
    }
}

impl Default for Embedded {
    fn default() -> Self {
        Self::at("./realtime.db")
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Running {
    fn start(path: PathBuf, clock: Clock) -> Self {
        let (writes, write_jobs) = mpsc::channel(QUEUE);
        let (reads, read_jobs) = mpsc::channel(QUEUE);
        let failed = Arc::new(OnceLock::new());
        let report = Arc::clone(&failed);
        // Times are kept as SQLite's numbers.
        let clock: Clock = Arc::new(move || clock().min(i64::MAX as u64));
        let (write_jobs, read_jobs) = (Jobs::new(write_jobs), Jobs::new(read_jobs));
        let run = move || writer::run(&path, &clock, write_jobs, read_jobs, &report);
        let spawned = std::thread::Builder::new().name("realtime-store".into()).spawn(run);
        if let Err(error) = &spawned {
            let _ = failed.set(format!("no thread can be started for the store: {error}"));
        }
        Self { writes: Some(writes), reads: Some(reads), failed, writer: spawned.ok() }
    }

    /// Hands a job to a thread, and waits for its answer; dropped, it loses the answer only (C11).
    async fn ask<J, T>(
        &self,
        queue: Option<&mpsc::Sender<J>>,
        job: impl FnOnce(oneshot::Sender<T>) -> J,
    ) -> Result<T, Lost> {
        let failed = || self.failed.get().cloned().map(Lost::Failed);
        let (reply, answer) = oneshot::channel();
        let Some(queue) = queue else { return Err(Lost::Unsent) };
        if queue.send(job(reply)).await.is_err() {
            return Err(failed().unwrap_or(Lost::Unsent));
        }
        answer.await.map_err(|_| failed().unwrap_or(Lost::Unanswered))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.writes = None;
        self.reads = None;
        if let Some(writer) = self.writer.take() {
            // Its panic was reported by its thread, and to those who waited.
            let _ = writer.join();
        }
    }
}

impl Lost {
    const STOPPED: &'static str = "the store's thread has stopped: restart the process";

    fn harmless(self) -> StoreError {
        match self {
            Self::Failed(what) => StoreError::Unusable(what.into()),
            Self::Unsent | Self::Unanswered => StoreError::Unavailable(Self::STOPPED.into()),
        }
    }

    fn of_write(self) -> StoreError {
        match self {
            Self::Unanswered => StoreError::Unknown(Self::STOPPED.into()),
            other => other.harmless(),
        }
    }
}

impl Store for Embedded {
    fn describe(&self) -> String {
        format!("{}, embedded", self.path.display())
    }

    fn start(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.write(WriteJob::Ready).await.map_err(Lost::harmless) })
    }

    fn durability(&self) -> Durability {
        Durability::Disk
    }

    fn commit<'a>(&'a self, topic: &'a Topic, commit: Commit) -> BoxFuture<'a, Result<Head, CommitError>> {
        Box::pin(async move {
            rules::check_shape(topic, &commit)?;
            let size = rules::size(&commit);
            let (topic, commit) = (topic.clone(), Box::new(commit));
            let job = |reply| WriteJob::Commit { topic, commit, size, reply };
            self.write(job).await.map_err(|lost| CommitError::Store(lost.of_write()))?
        })
    }

    fn replay<'a>(
        &'a self,
        topic: &'a Topic,
        after: Position,
        max_bytes: usize,
    ) -> BoxFuture<'a, Result<Replay, StoreError>> {
        let topic = topic.clone();
        Box::pin(self.query(move |reply| ReadJob::Replay { topic, after, max_bytes, reply }))
    }

    fn read<'a>(&'a self, topic: &'a Topic, what: Read) -> BoxFuture<'a, Result<Page, StoreError>> {
        let topic = topic.clone();
        Box::pin(self.query(move |reply| ReadJob::Read { topic, what, reply }))
    }

    fn lanes<'a>(
        &'a self,
        topic: &'a Topic,
        lanes: &'a [LaneId],
    ) -> BoxFuture<'a, Result<LaneRows, StoreError>> {
        let (topic, lanes) = (topic.clone(), lanes.to_vec());
        Box::pin(self.query(move |reply| ReadJob::Lanes { topic, lanes, reply }))
    }

    fn heads<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<Vec<Head>, StoreError>> {
        Box::pin(async move {
            rules::check_heads(topics)?;
            let topics = topics.to_vec();
            self.query(move |reply| ReadJob::Heads { topics, reply }).await
        })
    }

    fn quiet<'a>(
        &'a self,
        before_ms: u64,
        after: Option<&'a Topic>,
        max: u32,
    ) -> BoxFuture<'a, Result<Vec<(Topic, Position)>, StoreError>> {
        let after = after.cloned();
        Box::pin(self.query(move |reply| ReadJob::Quiet { before_ms, after, max, reply }))
    }

    fn promote(&self, form: u32) -> BoxFuture<'_, Result<u32, StoreError>> {
        Box::pin(async move {
            self.write(|reply| WriteJob::Promote { form, reply }).await.map_err(Lost::of_write)?
        })
    }

    fn outbox(&self) -> Option<&dyn Outbox> {
        Some(self)
    }
}

impl Outbox for Embedded {
    fn due(&self, now_ms: u64, max: u32, lease: Duration) -> BoxFuture<'_, Result<Leased, StoreError>> {
        let until_ms = rules::lease_end(now_ms, lease);
        let job = move |reply| WriteJob::Due { now_ms, max, until_ms, reply };
        Box::pin(async move { self.write(job).await.map_err(Lost::of_write)? })
    }

    fn done<'a>(&'a self, ids: &'a [EffectId]) -> BoxFuture<'a, Result<(), StoreError>> {
        let ids = ids.to_vec();
        Box::pin(
            async move { self.write(|reply| WriteJob::Done { ids, reply }).await.map_err(Lost::of_write)? },
        )
    }
}
