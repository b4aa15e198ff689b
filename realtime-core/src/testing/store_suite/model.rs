//! Random commits against a simple model of a topic: C1, C2, C3, C8 and C9 in combinations that nobody thought of.

use std::collections::BTreeMap;

use bytes::Bytes;
use realtime_protocol::{LaneId, Position};

use super::make::*;
use crate::{
    store::{Change, ColumnOp, Commit, CommitError, Head, Kept, Lane, LaneMove, Record, Store, StoreError},
    testing::{Random, fresh_topic},
};

/// How many random histories, and how many commits in each.
const HISTORIES: u64 = 6;
const COMMITS: u64 = 60;

/// Random commits, right and wrong ones, end where the model ends; each answer is the one that the model gives.
pub async fn c2_random_commits_end_where_a_simple_model_ends<S: Store>(make: impl AsyncFn() -> S) {
    let store = make().await;
    for seed in 0..HISTORIES {
        let topic = fresh_topic("model");
        let mut random = Random::seed(seed);
        let mut model = Model::new(head(&store, &topic).await);
        for n in 0..COMMITS {
            let commit = model.random_commit(&mut random);
            let want = model.commit(&commit);
            let got = store.commit(&topic, commit.clone()).await;
            let got = got.map_err(|error| class(&error));
            assert_eq!(got, want, "commit {n} of seed {seed}: {commit:?}");
        }
        let page = page(&store, &topic).await;
        let rows = page
            .rows
            .into_iter()
            .map(|row| (row.key.id, (row.version, row.columns)))
            .collect::<BTreeMap<_, _>>();
        assert_eq!((page.head, rows), (model.head, model.whole_rows()), "seed {seed}");
        for (id, row) in &model.lanes {
            assert_eq!(
                store.lanes(&topic, &[*id]).await.expect("lanes").1,
                [Some(row.clone())],
                "seed {seed}"
            );
        }
        assert_eq!(records(&store, &topic, Position::default()).await, model.log, "seed {seed}");
    }
}

/// An answer without what it carries.
fn class(error: &CommitError) -> &'static str {
    match error {
        CommitError::Behind { .. } => "behind",
        CommitError::Forked { .. } => "forked",
        CommitError::LaneMoved { .. } => "lane moved",
        CommitError::Taken { .. } => "taken",
        CommitError::Form { .. } => "form",
        CommitError::Store(StoreError::Invalid(_)) => "invalid",
        CommitError::Store(_) => "failed",
    }
}

type Columns = BTreeMap<u16, Vec<u8>>;

/// A topic, as simple as it can be.
#[derive(Clone)]
struct Model {
    head: Head,
    rows: BTreeMap<Bytes, (u64, Columns)>,
    lanes: BTreeMap<LaneId, Lane>,
    log: Vec<Record>,
}

impl Model {
    fn new(head: Head) -> Self {
        Self { head, rows: BTreeMap::new(), lanes: BTreeMap::new(), log: Vec::new() }
    }

    fn whole_rows(&self) -> BTreeMap<Bytes, (u64, Vec<(u16, Bytes)>)> {
        let whole =
            |columns: &Columns| columns.iter().map(|(number, value)| (*number, bytes(value))).collect();
        self.rows.iter().map(|(id, (version, columns))| (id.clone(), (*version, whole(columns)))).collect()
    }

    fn random_commit(&self, random: &mut Random) -> Commit {
        let ids = ["a", "b", "c", "d"];
        let id = |random: &mut Random| ids[random.below(4) as usize];
        let changes = (0..random.below(4)).map(|_| {
            let (id, value) = (id(random), random.below(1000).to_string());
            match random.below(20) {
                0..8 => create(id, value),
                8..12 => set(id, random.below(4) as u16, value),
                12..14 => Change::Update { key: key(id), columns: vec![(1, ColumnOp::Append(bytes(value)))] },
                14 => Change::Update { key: key(id), columns: vec![(1, ColumnOp::Unset)] },
                15..19 => Change::Delete { key: key(id) },
                _ => Change::Clear,
            }
        });
        let changes = changes.collect();
        let lanes = (0..3).filter(|_| random.chance(40)).collect::<Vec<u8>>();
        let lanes = lanes.into_iter().map(|n| self.random_move(n, random)).collect();
        let mut commit = Commit { epoch: random.below(3) as u32 + 1, changes, lanes, ..on(&self.head) };
        match random.below(20) {
            0 => commit.expected.epoch ^= 4,
            1 => commit.expected.offset = random.below(self.head.at.offset + 3),
            2 => commit.form += 1,
            3 if !self.log.is_empty() => {
                commit.expected = self.log[random.below(self.log.len() as u64) as usize].at
            }
            _ => {}
        }
        commit
    }

    fn random_move(&self, n: u8, random: &mut Random) -> LaneMove {
        let last = self.lanes.get(&lane_id(n)).map_or(0, |lane| lane.last);
        let from = if random.chance(95) { last } else { random.below(last + 2) };
        let to = from + 1 + random.below(3);
        let kept =
            (from + 1..=to).filter(|_| random.chance(80)).map(|seq| kept(seq, None)).collect::<Vec<Kept>>();
        LaneMove { lane: lane_id(n), from, to, got: to.saturating_sub(random.below(20)), kept }
    }

    fn commit(&mut self, commit: &Commit) -> Result<Head, &'static str> {
        if commit.form != self.head.form {
            return Err("form");
        }
        if commit.expected != self.head.at {
            let known =
                commit.expected == Position::default() || self.log.iter().any(|r| r.at == commit.expected);
            return Err(if known { "behind" } else { "forked" });
        }
        let mut next = self.clone();
        let moves = !commit.changes.is_empty();
        if moves {
            next.head.at = Position { offset: self.head.at.offset + 1, epoch: commit.epoch };
            let (at, prev_epoch) = (next.head.at, self.head.at.epoch);
            next.log.push(Record { at, prev_epoch, bytes: commit.record.clone() });
        }
        let moved = commit.lanes.iter().try_for_each(|by| next.advance(by));
        let changed = commit.changes.iter().try_for_each(|change| next.change(change));
        // Where both fail a store may say either; the model says what the suite's own stores say first.
        match (moved, changed) {
            (Ok(()), Ok(())) => *self = next,
            (Err(moved), Ok(())) => return Err(moved),
            (_, Err(changed)) => return Err(changed),
        }
        Ok(self.head)
    }

    fn advance(&mut self, by: &LaneMove) -> Result<(), &'static str> {
        let row = self.lanes.entry(by.lane).or_insert(Lane { last: 0, got: 0, kept: Vec::new() });
        if row.last != by.from {
            return Err("lane moved");
        }
        row.last = by.to;
        row.got = row.got.max(by.got);
        row.kept.extend(by.kept.iter().cloned());
        let got = row.got;
        row.kept.retain(|kept| kept.seq > got);
        Ok(())
    }

    fn change(&mut self, change: &Change) -> Result<(), &'static str> {
        let version = self.head.at.offset;
        match change {
            Change::Create { key, columns } => {
                let columns = columns.iter().map(|(number, value)| (*number, value.to_vec())).collect();
                self.head.cleared = false;
                let before = self.rows.insert(key.id.clone(), (version, columns));
                return if before.is_none() { Ok(()) } else { Err("invalid") };
            }
            Change::Update { key, columns } => {
                let row = self.rows.get_mut(&key.id).ok_or("invalid")?;
                row.0 = version;
                for (number, op) in columns {
                    match op {
                        ColumnOp::Set(value) => drop(row.1.insert(*number, value.to_vec())),
                        ColumnOp::Append(value) => row.1.entry(*number).or_default().extend_from_slice(value),
                        ColumnOp::Unset => drop(row.1.remove(number)),
                    }
                }
            }
            Change::Delete { key } => drop(self.rows.remove(&key.id)),
            Change::Clear => {
                self.rows.clear();
                self.head.cleared = true;
            }
            Change::Trim => {}
        }
        Ok(())
    }
}
