//! Runs what waits on a topic: up to 256 mutations become one commit with one offset (S8).

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use bytes::Bytes;
use realtime_protocol::{
    LaneId, Position, Topic, code,
    frame::v1::{Done, Outcome, Refused, Settled},
    session::mutate::{Judgement, LaneState, judge},
};

use super::{
    change,
    conduct::Ticket,
    event::SubKey,
    lanes::{self, Lanes},
    own::{self, Own, OwnRefusal, OwnRun, Owns},
    queue::Queue,
    record::{LaneOutcome, RecordBody, RowChange},
    rows::{Overlay, Row, RowKey, Rows},
    versions::{Version, Versions},
    veto,
};
use crate::{
    handler::{self, Call, Registry, Written},
    hook::Who,
    mutation::Refusal,
    store::{Change, Commit, LaneMove},
    tx::Context,
};

/// The most mutations in one commit.
const MAX_BATCH: usize = 256;
/// About how many bytes of changes are one commit (S8).
const MAX_BATCH_BYTES: usize = 256 * 1024;
/// How many bytes the rows of a topic may have: a snapshot must fit into what may wait for a reader (L11).
pub(super) const MAX_TOPIC_BYTES: usize = 4 * 1024 * 1024;

/// A mutation that waits for its run.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) from: SubKey,
    pub(crate) lane: LaneId,
    pub(crate) index: u16,
    pub(crate) seq: u64,
    pub(crate) after: Option<u64>,
    pub(crate) got: u64,
    /// Of mutator and arguments (S3).
    pub(crate) hash: u32,
    pub(crate) call: Call,
    pub(crate) context: Context,
    /// Whether it may make a row of its lane, where there is none (S47).
    pub(crate) may_begin: bool,
    /// Whose it is.
    pub(crate) who: Arc<Who>,
    /// A hook refused it when it arrived, for this reason (S46).
    pub(crate) veto: Option<String>,
    /// Counts it among what its connection waits for, until it is gone.
    #[expect(dead_code, reason = "it is held, and counts until it is dropped")]
    pub(crate) ticket: Option<Arc<Ticket>>,
}

impl Waiting {
    /// About how many bytes it holds.
    pub(crate) fn weight(&self) -> usize {
        let args: usize = self.call.args.iter().map(|raw| raw.bytes().len() + 32).sum();
        args + self.call.key.as_ref().map_or(0, String::len) + 128
    }
}

/// A commit that was tried, and all that is needed to take it over or to try again.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) commit: Commit,
    pub(crate) record: RecordBody,
    pub(crate) written: BTreeMap<RowKey, Option<Arc<Row>>>,
    pub(crate) got: HashMap<LaneId, u64>,
    pub(crate) ran: Vec<Waiting>,
    /// How the versions of the entities that it touched stand after it.
    pub(crate) versions: BTreeMap<RowKey, Version>,
    /// What the program itself asked for, and what it is to be answered.
    pub(crate) own: Vec<(Own, own::Answer)>,
}

impl Batch {
    /// Tells whether it removes what is too old: then there may be more.
    pub(crate) fn sweeps(&self) -> bool {
        self.own.iter().any(|(own, _)| matches!(own.call, own::OwnCall::Sweep(_)))
    }

    /// Tells whether there are new entities.
    pub(crate) fn grows(&self) -> bool {
        self.record.rows.iter().any(|row| matches!(row, RowChange::Create { .. }))
    }
}

/// A batch of nothing, on top of `head`.
pub(crate) fn empty(head: Position, epoch: u32, form: u32) -> Batch {
    let (changes, lanes, put, take) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let commit = Commit { expected: head, epoch, form, changes, lanes, put, take, record: Bytes::new() };
    let (written, versions) = (BTreeMap::new(), BTreeMap::new());
    let (record, got) = (RecordBody::default(), HashMap::new());
    Batch { commit, record, written, got, ran: Vec::new(), versions, own: Vec::new() }
}

/// What can be said at once, without a commit.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The kept outcome of a repeat, with its mark.
    Kept { to: SubKey, index: u16, seq: u64, mark: u64, outcome: Outcome },
    /// Not now.
    Defer { to: SubKey, index: u16, seq: u64, code: &'static str },
    /// Another content under the same number (S3).
    Misbehaved { by: SubKey },
    /// What the program asked for is refused, or changed nothing.
    Own { own: Own, result: Result<own::Answer, own::OwnError> },
}

/// Where a batch runs.
pub(crate) struct Ground<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) topic: &'a Topic,
    /// The place of its root among the models.
    pub(crate) root: usize,
    pub(crate) head: Position,
    pub(crate) epoch: u32,
    pub(crate) form: u32,
    pub(crate) rows: &'a Arc<Rows>,
    pub(crate) lanes: &'a Lanes,
    pub(crate) versions: &'a Versions,
    /// The record keeps what was there before (S19).
    pub(crate) watched: bool,
    /// The bytes of its rows.
    pub(crate) size: usize,
}

/// Takes waiting mutations, and returns the commit that they make, if any, and what to answer at once.
pub(crate) fn run(ground: &Ground<'_>, waiting: &mut Queue, owns: &mut Owns) -> (Option<Batch>, Vec<Answer>) {
    let mut turn = Turn {
        ground,
        overlay: Overlay::over(Arc::clone(ground.rows)),
        states: HashMap::new(),
        deferred: HashSet::new(),
        outcomes: Vec::new(),
        got: HashMap::new(),
        ran: Vec::new(),
        versions: BTreeMap::new(),
        own: Vec::new(),
        answers: Vec::new(),
        bytes: 0,
        size: ground.size,
    };
    // Neither the program nor its clients keep the others out.
    while turn.own.len() < MAX_BATCH / 2 && turn.bytes < MAX_BATCH_BYTES / 2 {
        match owns.next_write() {
            Some((own, run)) => turn.run_own(own, &run),
            None => break,
        }
    }
    while turn.ran.len() < MAX_BATCH && turn.bytes < MAX_BATCH_BYTES {
        match waiting.pop_front() {
            Some(entry) => turn.take(entry),
            None => break,
        }
    }
    let mut answers = std::mem::take(&mut turn.answers);
    let Some(batch) = turn.finish() else { return (None, answers) };
    if batch.ran.is_empty() && batch.commit.changes.is_empty() {
        let unchanged = batch.own.into_iter().map(|(own, answer)| Answer::Own { own, result: Ok(answer) });
        answers.extend(unchanged);
        return (None, answers);
    }
    (Some(batch), answers)
}

struct Turn<'a> {
    ground: &'a Ground<'a>,
    overlay: Overlay,
    /// Lanes as they will stand after what ran so far.
    states: HashMap<LaneId, LaneState>,
    deferred: HashSet<(SubKey, LaneId)>,
    outcomes: Vec<LaneOutcome>,
    got: HashMap<LaneId, u64>,
    ran: Vec<Waiting>,
    versions: BTreeMap<RowKey, Version>,
    own: Vec<(Own, own::Answer)>,
    answers: Vec<Answer>,
    /// The bytes of what was written so far.
    bytes: usize,
    /// The bytes of the topic's rows, with what was written so far.
    size: usize,
}

impl Turn<'_> {
    fn take(&mut self, entry: Waiting) {
        let Some(known) = self.ground.lanes.get(entry.lane) else { return };
        let state = self.states.get(&entry.lane).copied().unwrap_or_else(|| known.state());
        // Nobody knows the outcome of what he is just asking for.
        let entry = Waiting { got: entry.got.min(entry.seq.saturating_sub(1)), ..entry };
        match judge(state, entry.seq, entry.after, entry.got) {
            Judgement::Run if state == LaneState::Fresh && !entry.may_begin => self.defer(&entry, code::FULL),
            Judgement::Run => self.run(entry, state),
            Judgement::Repeat => self.repeat(&entry),
            Judgement::Gap | Judgement::Expired => self.defer(&entry, code::GAP),
            Judgement::Full => self.defer(&entry, code::FULL),
        }
    }

    fn run(&mut self, entry: Waiting, state: LaneState) {
        let ground = self.ground;
        let stale = self.stale(&entry);
        let rows = &mut self.overlay;
        let result = match veto::veto(ground.registry, ground.topic, rows, &entry) {
            Some(refusal) => Err(refusal),
            None => handler::run(ground.registry, ground.topic, rows, &entry.context, &entry.call, stale),
        };
        let result = result.and_then(|(value, written)| self.keep(Some(entry.lane), written).map(|()| value));
        let outcome = match result {
            Ok(value) => Done { value }.into(),
            Err(refusal) => refused(ground.topic, &refusal),
        };
        let got = match state {
            LaneState::Known { got, .. } => got.max(entry.got),
            LaneState::Fresh | LaneState::Expired => entry.got,
        };
        self.states.insert(entry.lane, LaneState::Known { last: entry.seq, got });
        self.got.insert(entry.lane, got);
        let (lane, seq, hash) = (entry.lane, entry.seq, entry.hash);
        self.outcomes.push(LaneOutcome { lane, seq, hash, outcome });
        self.ran.push(entry);
    }

    /// Runs what the program itself asks for.
    fn run_own(&mut self, own: Own, run: &OwnRun) {
        let ground = self.ground;
        if let own::OwnCall::WriteAt(at, _) = own.call
            && (at != ground.head || !self.own.is_empty())
        {
            self.answers.push(Answer::Own { own, result: Err(own::OwnError::Busy) });
            return;
        }
        let ran = handler::run_own(
            ground.registry,
            ground.root,
            ground.topic,
            &mut self.overlay,
            &own.context,
            run,
        );
        let refuse = |rule| OwnRefusal::Rule(rule);
        let ran = ran.and_then(|(answer, written)| self.keep(None, written).map(|()| answer).map_err(refuse));
        match ran {
            Ok(answer) => self.own.push((own, answer)),
            Err(refusal) => {
                self.answers.push(Answer::Own { own, result: Err(own::OwnError::Refused(refusal)) });
            }
        }
    }

    /// Returns the offset at which others touched the entity of a call since its author saw it (S8).
    fn stale(&self, entry: &Waiting) -> Option<u64> {
        let key = self.ground.registry.target(entry.call.mutator, entry.call.key.as_deref()?)?;
        let version = self.version(&key)?.of_others(entry.lane);
        (version > entry.call.seen.unwrap_or(0)).then_some(version)
    }

    fn version(&self, key: &RowKey) -> Option<Version> {
        self.versions.get(key).or_else(|| self.ground.versions.get(key)).copied()
    }

    /// What is written counts as of the commit to come.
    fn touch(&mut self, lane: Option<LaneId>, written: &Written) {
        let registry = self.ground.registry;
        for (key, row) in written.iter().filter(|(key, _)| registry.refuses_conflicts(key.model)) {
            let same = match (self.overlay.get(key), row) {
                (Some(before), Some(after)) => before.cells == after.cells,
                (None, None) => true,
                _ => false,
            };
            if !same {
                let version = Version::touched(self.version(key), self.ground.head.offset + 1, lane);
                self.versions.insert(key.clone(), version);
            }
        }
    }

    /// Takes over what a mutation wrote, unless the topic would become too large.
    fn keep(&mut self, lane: Option<LaneId>, written: Written) -> Result<(), Refusal> {
        let old: usize = written.keys().filter_map(|key| self.overlay.get(key)).map(|row| row.size()).sum();
        let new: usize = written.values().flatten().map(|row| row.size()).sum();
        let size = self.size.saturating_sub(old) + new;
        if new > old && size > MAX_TOPIC_BYTES {
            return Err(Refusal::Limit("the size of a topic"));
        }
        self.touch(lane, &written);
        self.size = size;
        self.bytes += new;
        written.into_iter().for_each(|(key, row)| self.overlay.put(key, row));
        Ok(())
    }

    /// A repeat of this very batch is answered by its commit; an older one by what was kept.
    fn repeat(&mut self, entry: &Waiting) {
        let in_batch = self.outcomes.iter().find(|o| o.lane == entry.lane && o.seq == entry.seq);
        if let Some(outcome) = in_batch {
            if outcome.hash != entry.hash {
                self.answers.push(Answer::Misbehaved { by: entry.from });
            }
            return;
        }
        let kept = self.ground.lanes.get(entry.lane).and_then(|known| known.kept(entry.seq));
        let (mark, outcome) = match kept {
            Some(kept) if kept.hash != entry.hash => {
                self.answers.push(Answer::Misbehaved { by: entry.from });
                return;
            }
            Some(kept) => (kept.at.map(|at| at.offset), lanes::outcome_of(kept)),
            None => (None, Settled {}.into()),
        };
        let mark = mark.unwrap_or(self.ground.head.offset);
        self.answers.push(Answer::Kept { to: entry.from, index: entry.index, seq: entry.seq, mark, outcome });
    }

    fn defer(&mut self, entry: &Waiting, code: &'static str) {
        if self.deferred.insert((entry.from, entry.lane)) {
            let (to, index, seq) = (entry.from, entry.index, entry.seq);
            self.answers.push(Answer::Defer { to, index, seq, code });
        }
    }

    fn finish(self) -> Option<Batch> {
        if self.ran.is_empty() && self.own.is_empty() {
            return None;
        }
        let ground = self.ground;
        let (base, written) = self.overlay.into_written();
        let changed = written.iter().filter_map(|(key, after)| {
            change::row_change(ground.registry, key, base.get(key), after.as_ref(), ground.watched)
        });
        // Nothing is left: the topic is gone (S44).
        let is_gone = !base.is_empty()
            && base.keys().all(|key| matches!(written.get(key), Some(None)))
            && written.values().all(Option::is_none);
        let record = RecordBody { rows: changed.collect(), lanes: self.outcomes };
        let changes = record.rows.iter().map(change::store_change).collect();
        let bytes = record.encode().unwrap_or_default();
        let offset = ground.head.offset + u64::from(!record.rows.is_empty());
        let epoch = if record.rows.is_empty() { ground.head.epoch } else { ground.epoch };
        let commit = Commit {
            expected: ground.head,
            epoch: ground.epoch,
            form: ground.form,
            changes: if is_gone { vec![Change::Clear] } else { changes },
            lanes: moves(ground.lanes, Position { offset, epoch }, &record.lanes, &self.got),
            put: Vec::new(),
            take: Vec::new(),
            record: bytes,
        };
        let (got, ran, versions, own) = (self.got, self.ran, self.versions, self.own);
        Some(Batch { commit, record, written, got, ran, versions, own })
    }
}

/// One move per lane, from where its row stands to its last outcome.
fn moves(lanes: &Lanes, at: Position, outcomes: &[LaneOutcome], got: &HashMap<LaneId, u64>) -> Vec<LaneMove> {
    let mut moves: Vec<LaneMove> = Vec::new();
    for outcome in outcomes {
        let kept = lanes::kept(Some(at), outcome);
        if let Some(moved) = moves.iter_mut().find(|m| m.lane == outcome.lane) {
            moved.to = outcome.seq;
            moved.kept.push(kept);
            continue;
        }
        let from = match lanes.get(outcome.lane).map(lanes::KnownLane::state) {
            Some(LaneState::Known { last, .. }) => last,
            _ => 0,
        };
        let got = got.get(&outcome.lane).copied().unwrap_or(0);
        moves.push(LaneMove { lane: outcome.lane, from, to: outcome.seq, got, kept: vec![kept] });
    }
    moves
}

/// A refusal as an outcome; a fault is the program's business too, so it is logged.
fn refused(topic: &Topic, refusal: &Refusal) -> Outcome {
    if let Refusal::Fault(what) = refusal {
        tracing::error!(%topic, what, "a mutator failed; it was refused as rt/fault");
    }
    let error = refusal.to_raw();
    if error.bytes().len() > realtime_protocol::lane::MAX_OUTCOME_BYTES {
        return Refused { error: Refusal::Limit("the size of a mutation's error").to_raw() }.into();
    }
    Refused { error }.into()
}
