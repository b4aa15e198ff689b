//! C10: what goes with time, and not before: lanes, cleared topics, old records.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use realtime_core::{
    protocol::{LaneId, Position, Topic},
    store::{Change, Clock, Commit, CommitError, Embedded, Head, Key, LaneMove, Memory, Replay, Store},
    testing::run,
};

const DAY: u64 = 24 * 60 * 60 * 1000;

/// Runs a test on both stores, with what sets their clock in milliseconds.
fn both(test: impl AsyncFn(&dyn Store, &dyn Fn(u64))) {
    let folder = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicU64::new(0));
    let clock: Clock = Arc::new({
        let now = Arc::clone(&now);
        move || now.load(Ordering::Relaxed)
    });
    let stores: [Box<dyn Store>; 2] = [
        Box::new(Memory::new().clock(Arc::clone(&clock))),
        Box::new(Embedded::at(folder.path().join("time.db")).clock(clock)),
    ];
    for store in stores {
        run(test(&*store, &|ms| now.store(ms, Ordering::Relaxed)));
    }
}

fn empty(at: Head) -> Commit {
    Commit {
        expected: at.at,
        epoch: 5,
        form: at.form,
        changes: Vec::new(),
        lanes: Vec::new(),
        put: Vec::new(),
        take: Vec::new(),
        record: "r".into(),
    }
}

async fn head(store: &dyn Store, topic: &Topic) -> Head {
    store.heads(std::slice::from_ref(topic)).await.unwrap()[0]
}

/// A commit to another topic: only commits sweep.
async fn poke(store: &dyn Store) -> Head {
    let other = Topic::new("time/other").unwrap();
    let at = head(store, &other).await;
    let key = Key { model: 1, id: format!("{}", at.at.offset).into() };
    let changes = vec![Change::Create { key, columns: Vec::new() }];
    store.commit(&other, Commit { changes, ..empty(at) }).await.unwrap()
}

fn move_to(from: u64, to: u64) -> Vec<LaneMove> {
    vec![LaneMove { lane: LaneId([1; 16]), from, to, got: to, kept: Vec::new() }]
}

async fn last(store: &dyn Store, topic: &Topic) -> Option<u64> {
    store.lanes(topic, &[LaneId([1; 16])]).await.unwrap().1[0].as_ref().map(|row| row.last)
}

#[test]
fn c10_lanes_and_cleared_topics_go_after_30_days_and_not_before() {
    both(async |store, set| {
        let gone = Topic::new("time/gone").unwrap();
        set(100 * DAY);
        let changes = vec![Change::Clear];
        let clear = Commit { changes, lanes: move_to(0, 3), ..empty(head(store, &gone).await) };
        let cleared = store.commit(&gone, clear).await.unwrap();
        set(130 * DAY);
        poke(store).await;
        assert_eq!((head(store, &gone).await, last(store, &gone).await), (cleared, Some(3)), "it is there");
        set(131 * DAY);
        poke(store).await;
        poke(store).await;
        let end = (head(store, &gone).await.at, last(store, &gone).await);
        assert_eq!(end, (Position::default(), None), "a later life starts at 1");
        // The log of 24 hours: what is older goes with the next commit, but for the last record.
        set(132 * DAY);
        assert_eq!(poke(store).await.floor, 1, "the commit of two days ago is out of the log");
        set(140 * DAY);
        assert_eq!(poke(store).await.floor, 4);
    });
}

#[test]
fn c10_a_lane_whose_time_is_over_is_gone_before_a_commit_sweeps_it() {
    both(async |store, set| {
        let topic = Topic::new("time/lane").unwrap();
        set(DAY);
        let at = head(store, &topic).await;
        store.commit(&topic, Commit { lanes: move_to(0, 3), ..empty(at) }).await.unwrap();
        set(31 * DAY);
        assert_eq!(last(store, &topic).await, Some(3), "for 30 days it is there");
        set(31 * DAY + 1);
        assert_eq!(last(store, &topic).await, None, "a moment later it is not, though nothing was committed");
        let late = store.commit(&topic, Commit { lanes: move_to(3, 4), ..empty(at) }).await;
        assert!(matches!(late, Err(CommitError::LaneMoved { now: None, .. })), "{late:?}");
        store.commit(&topic, Commit { lanes: move_to(0, 1), ..empty(at) }).await.unwrap();
        assert_eq!(last(store, &topic).await, Some(1), "a commit compares with what a read says (C2)");
        set(61 * DAY + 1);
        poke(store).await;
        assert_eq!(last(store, &topic).await, Some(1), "the new row has its own 30 days");
    });
}

#[test]
fn c10_a_clock_that_is_out_of_all_bounds_harms_nothing() {
    both(async |store, set| {
        let topic = Topic::new("time/end").unwrap();
        for (seq, now) in [(0, u64::MAX), (1, 0), (2, u64::MAX - 1), (3, 1 << 63)] {
            set(now);
            let key = Key { model: 1, id: format!("{seq}").into() };
            let changes = vec![Change::Create { key, columns: Vec::new() }];
            let at = head(store, &topic).await;
            let from = last(store, &topic).await.unwrap_or(0);
            let commit = Commit { changes, lanes: move_to(from, from + 1), ..empty(at) };
            assert_eq!(store.commit(&topic, commit).await.unwrap().at.offset, seq + 1);
            assert_eq!(last(store, &topic).await, Some(from + 1));
        }
        let replay = store.replay(&topic, head(store, &topic).await.at, 1).await;
        assert!(replay.is_ok(), "{replay:?}");
    });
}

/// Commits without end over a year: what is kept of a topic stays bounded, whoever trims, and what is gone is said.
#[test]
fn c10_s26_after_a_hundred_thousand_commits_log_lanes_and_rows_are_bounded() {
    let now = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&now);
    let store = Memory::new().clock(Arc::new(move || told.load(Ordering::Relaxed)));
    let topic = Topic::new("time/long").unwrap();
    run(async {
        let mut at = head(&store, &topic).await;
        for n in 0..100_000_u64 {
            now.store(n * 315_360, Ordering::Relaxed);
            let key = Key { model: 1, id: (n % 50).to_be_bytes().to_vec().into() };
            let mut changes =
                vec![Change::Delete { key: key.clone() }, Change::Create { key, columns: vec![] }];
            if n % 7_001 == 7_000 {
                changes.push(Change::Trim);
            }
            let lane = LaneId(u128::from(n).to_be_bytes());
            let lanes = vec![LaneMove { lane, from: 0, to: 1, got: 0, kept: Vec::new() }];
            at = store
                .commit(&topic, Commit { changes, lanes, record: vec![7; 16].into(), ..empty(at) })
                .await
                .unwrap();
        }
        assert_eq!(at.at.offset, 100_000);
        let kept = at.at.offset - at.floor;
        assert!((1..=1_000).contains(&kept), "a day of commits, at most: {kept}");
        let lane = async |n: u64| {
            store.lanes(&topic, &[LaneId(u128::from(n).to_be_bytes())]).await.unwrap().1[0].is_some()
        };
        assert!(!lane(0).await && !lane(90_000).await, "older than 30 days");
        assert!(lane(92_000).await && lane(99_999).await);
        let floor = Position { offset: at.floor, epoch: 5 };
        assert!(
            matches!(store.replay(&topic, floor, usize::MAX).await.unwrap(), Replay::Records { records, .. } if records.len() as u64 == kept)
        );
        let gone = Position { offset: at.floor - 1, epoch: 5 };
        assert!(matches!(store.replay(&topic, gone, usize::MAX).await.unwrap(), Replay::Gap { .. }));
    });
}
