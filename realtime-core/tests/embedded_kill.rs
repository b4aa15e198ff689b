//! C4, C5: the embedded store under SIGKILL. A child process commits and says what was acked; it is killed in
//! the middle; the file is opened anew, and every ack must be there. (What only a power loss can lose, the page
//! cache keeps here: that the store asks for `fsync` is tested where it opens its file.)

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use realtime_core::{
    protocol::{LaneId, Position, Topic},
    store::{
        Change, ColumnOp, Commit, CommitError, Embedded, Head, Kept, Key, LaneMove, Read, Replay, Store as _,
    },
    testing::run,
};

/// Names the file to the child, which is this test binary too.
const CHILD: &str = "REALTIME_TEST_KILLED_CHILD";
const WRITERS: u8 = 8;
const KILLS: u64 = 5;

fn topic(writer: u8) -> Topic {
    Topic::new(format!("kill/{writer}")).unwrap()
}

#[test]
fn c4_s29_every_ack_survives_sigkill_and_c5_each_topic_is_a_prefix() {
    if let Some(path) = env::var_os(CHILD) {
        return run(child(PathBuf::from(path)));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed.db");
    let mut acked = [0; WRITERS as usize];
    for kill in 1..=KILLS {
        let before = acked;
        kill_in_the_middle(&path, &mut acked, 200 * kill);
        assert_ne!(acked, before, "the child got somewhere");
        run(verify(&path, &mut acked));
    }
}

/// Runs the child until it has acked `enough`, kills it, and notes all that it said.
fn kill_in_the_middle(path: &Path, acked: &mut [u64], enough: u64) {
    let name = "c4_s29_every_ack_survives_sigkill_and_c5_each_topic_is_a_prefix";
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acks = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let Some((writer, offset)) = line.strip_prefix("ack ").and_then(|line| line.split_once(' ')) else {
            continue;
        };
        let (writer, offset): (usize, u64) = (writer.parse().unwrap(), offset.parse().unwrap());
        assert_eq!(offset, acked[writer] + 1, "acks are dense");
        acked[writer] = offset;
        acks += 1;
        if acks == enough {
            // The lines that are in the pipe already are read on: they were acked too.
            child.kill().unwrap();
        }
    }
    let status = child.wait().unwrap();
    assert!(acks >= enough && !status.success(), "the child was killed, and did not end by itself: {status}");
}

/// Everything that was acked is there, and what is there is whole.
async fn verify(path: &Path, acked: &mut [u64]) {
    let store = Embedded::at(path);
    store.start().await.unwrap();
    for writer in 0..WRITERS {
        let topic = topic(writer);
        let (head, lanes) = store.lanes(&topic, &[LaneId([writer; 16])]).await.unwrap();
        let offset = head.at.offset;
        assert!(offset >= acked[usize::from(writer)], "{offset} of {topic} after {acked:?}");
        acked[usize::from(writer)] = offset;
        assert_eq!(lanes[0].as_ref().map_or(0, |lane| lane.last), offset, "the lane is of the same commit");
        let rows = store.read(&topic, Read::Keys(vec![key()])).await.unwrap().rows;
        let row = &rows[0];
        assert_eq!((row.version, row.columns[0].1.len() as u64), (offset, offset), "each commit once");
        let from =
            Position { offset: head.floor, epoch: if head.floor == 0 { 0 } else { u32::from(writer) + 1 } };
        match store.replay(&topic, from, usize::MAX).await.unwrap() {
            Replay::Records { records, more: false, .. } => {
                let offsets: Vec<_> = records.iter().map(|record| record.at.offset).collect();
                assert_eq!(offsets, (head.floor + 1..=offset).collect::<Vec<_>>());
            }
            other => panic!("{other:?}"),
        }
    }
}

fn key() -> Key {
    Key { model: 1, id: "row".into() }
}

/// Commits without end, on every topic at once, and says each ack before the next commit.
async fn child(path: PathBuf) {
    let store = Embedded::at(path);
    store.start().await.unwrap();
    let writers = (0..WRITERS).map(|writer| write(&store, writer));
    futures_util::future::join_all(writers).await;
}

async fn write(store: &Embedded, writer: u8) {
    let topic = topic(writer);
    let mut head: Head = store.heads(std::slice::from_ref(&topic)).await.unwrap()[0];
    loop {
        head = match store.commit(&topic, next(&head, writer)).await {
            Ok(head) => head,
            Err(CommitError::Behind { .. }) => unreachable!("one writer for each topic"),
            Err(error) => panic!("{error}"),
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "ack {writer} {}", head.at.offset).and_then(|()| out.flush()).unwrap();
    }
}

fn next(head: &Head, writer: u8) -> Commit {
    let seq = head.at.offset + 1;
    let kept = vec![Kept { seq, hash: 1, at: None, outcome: "ok".into() }];
    let moved = LaneMove {
        lane: LaneId([writer; 16]),
        from: head.at.offset,
        to: seq,
        got: seq.saturating_sub(4),
        kept,
    };
    let change = match seq {
        1 => Change::Create { key: key(), columns: vec![(1, "x".into())] },
        _ => Change::Update { key: key(), columns: vec![(1, ColumnOp::Append("x".into()))] },
    };
    Commit {
        expected: head.at,
        epoch: u32::from(writer) + 1,
        form: head.form,
        changes: vec![change],
        lanes: vec![moved],
        put: Vec::new(),
        take: Vec::new(),
        record: format!("record {seq}").into(),
    }
}
