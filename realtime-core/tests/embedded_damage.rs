//! C5, C9: a damaged file is refused when it is opened, or holds all that was acked; it never starts with a hole.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, path::Path, time::Duration};

use realtime_core::{
    protocol::{LaneId, Position, Topic},
    store::{
        Change, Commit, Effect, Embedded, Head, Kept, Key, LaneMove, LaneRows, Leased, Outbox as _, Page,
        Read, Replay, Store, StoreError,
    },
    testing::{Random, run},
};
use rusqlite::Connection;
use tempfile::TempDir;

const PAGE: usize = 4096;
const COMMITS: u64 = 20;

fn topics() -> [Topic; 2] {
    ["poll/a", "poll/b"].map(|name| Topic::new(name).unwrap())
}

/// Makes a file of two topics: 20 commits each, with rows of more than a page, lanes and effects.
fn made() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("realtime.db");
    run(async {
        let store = Embedded::at(&path);
        for topic in topics() {
            let mut head = store.heads(std::slice::from_ref(&topic)).await.unwrap()[0];
            for _ in 0..COMMITS {
                head = store.commit(&topic, commit(head)).await.unwrap();
            }
        }
    });
    (folder, path)
}

fn commit(head: Head) -> Commit {
    let seq = head.at.offset + 1;
    let key = Key { model: 1, id: format!("{seq}").into() };
    let value = vec![b'x'; if seq.is_multiple_of(7) { 3 * PAGE } else { 300 }];
    let kept = Kept { seq, hash: 9, at: None, outcome: "ok".into() };
    let lane = LaneMove { lane: LaneId([3; 16]), from: seq - 1, to: seq, got: seq / 2, kept: vec![kept] };
    let effect = Effect { index: 0, due_ms: seq, name: None, body: "do".into() };
    Commit {
        expected: head.at,
        epoch: 5,
        form: head.form,
        changes: vec![Change::Create { key, columns: vec![(1, value.into())] }],
        lanes: vec![lane],
        put: if seq.is_multiple_of(5) { vec![effect] } else { Vec::new() },
        take: Vec::new(),
        record: format!("a record that is long enough to be found: {seq}").into(),
    }
}

/// All that a store says of the topics.
async fn all(store: &Embedded) -> Result<Vec<(Page, LaneRows, Replay, Leased)>, StoreError> {
    let mut all = Vec::new();
    for topic in topics() {
        let scan = Read::Scan { model: None, index: 0, after: None, max_rows: 100, max_bytes: u32::MAX };
        let page = store.read(&topic, scan).await?;
        let lanes = store.lanes(&topic, &[LaneId([3; 16])]).await?;
        let replay = store.replay(&topic, Position::default(), usize::MAX).await?;
        let due = store.due(100, 100, Duration::ZERO).await?;
        all.push((page, lanes, replay, due));
    }
    Ok(all)
}

/// Opens a damaged file; returns the text of its refusal, or `None` where all is there.
#[track_caller]
fn opened(path: &Path, sound: &[(Page, LaneRows, Replay, Leased)], damage: &str) -> Option<String> {
    run(async {
        let store = Embedded::at(path);
        match store.start().await {
            Ok(()) => {
                let found = all(&store).await.unwrap_or_else(|e| panic!("{damage}: found too late: {e}"));
                assert!(found == sound, "{damage}: it started, and something is lost");
                None
            }
            Err(StoreError::Unusable(text)) => Some(text.to_string()),
            Err(other) => panic!("{damage}: {other:?}"),
        }
    })
}

/// Damages a copy of a sound file by SQL; returns the refusal.
#[track_caller]
fn refused_after(sql: &str) -> String {
    let (_folder, path) = made();
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let text = opened(&path, &[], sql).unwrap_or_else(|| panic!("{sql}: it started"));
    let name = path.display();
    assert!(text.starts_with(&format!("{name} is damaged: ")), "{sql}: {text}");
    assert!(
        text.ends_with(&format!("keep {name}, {name}-wal as they are for a look, and restore a copy")),
        "{text}"
    );
    text
}

#[test]
fn c5_a_log_that_is_not_the_chain_that_was_written_is_refused() {
    for (sql, at) in [
        ("DELETE FROM log WHERE topic = 1 AND offset = 7", 7),
        ("UPDATE log SET record = zeroblob(length(record)) WHERE topic = 1 AND offset = 7", 7),
        ("UPDATE log SET epoch = 6 WHERE topic = 1 AND offset = 7", 7),
        ("UPDATE log SET prev_epoch = 6 WHERE topic = 1 AND offset = 7", 7),
        ("UPDATE log SET time = time + 1 WHERE topic = 1 AND offset = 7", 7),
        ("UPDATE log SET hash = zeroblob(16) WHERE topic = 1 AND offset = 7", 7),
        (
            "UPDATE log SET record = (SELECT record FROM log WHERE offset = 8) WHERE topic = 1 AND offset = 7",
            7,
        ),
        ("DELETE FROM log WHERE topic = 1 AND offset = 1", 1),
        ("DELETE FROM log WHERE topic = 1 AND offset = 20", 19),
        ("DELETE FROM log WHERE topic = 1", 0),
    ] {
        let text = refused_after(sql);
        assert!(text.contains(&format!("the log of poll/a breaks at {at}:")), "{sql}: {text}");
    }
}

#[test]
fn c5_a_topic_whose_row_is_lost_or_changed_is_refused() {
    for (sql, what) in [
        ("DELETE FROM topic WHERE id = 1", "the row of a topic is lost"),
        ("DELETE FROM topic", "the row of a topic is lost"),
        ("DELETE FROM topic; DELETE FROM log", "the row of a topic is lost"),
        ("DELETE FROM topic; DELETE FROM log; DELETE FROM entity", "the row of a topic is lost"),
        (
            "DELETE FROM topic; DELETE FROM log; DELETE FROM entity; DELETE FROM lane",
            "the row of a topic is lost",
        ),
        ("UPDATE topic SET offset = 19 WHERE id = 1", "table entity has rows that poll/a cannot have"),
        ("UPDATE topic SET offset = 21 WHERE id = 1", "the row of poll/a is not as it was written"),
        ("UPDATE topic SET epoch = 6 WHERE id = 1", "the row of poll/a is not as it was written"),
        ("UPDATE topic SET floor = 3 WHERE id = 1", "the log of poll/a begins before its floor"),
        ("UPDATE topic SET floor = 99 WHERE id = 1", "the log of poll/a begins before its floor"),
        ("UPDATE topic SET name = 'poll/z' WHERE id = 1", "the row of poll/z is not as it was written"),
        ("UPDATE topic SET name = '' WHERE id = 1", "a topic's name"),
        ("UPDATE topic SET cleared = 1 WHERE id = 1", "table entity has rows that poll/a cannot have"),
        ("UPDATE topic SET written = 1 WHERE id = 1", "the row of poll/a is not as it was written"),
        ("UPDATE topic SET tail = zeroblob(3) WHERE id = 1", "Cannot read 16 byte value"),
    ] {
        let text = refused_after(sql);
        assert!(text.contains(what), "{sql}: {text}");
    }
}

#[test]
fn c5_rows_lanes_and_effects_that_are_not_as_written_are_refused() {
    for (sql, what) in [
        (
            "UPDATE entity SET columns = zeroblob(length(columns)) WHERE topic = 1 AND id = X'37'",
            "not as it was written",
        ),
        ("UPDATE entity SET version = 6 WHERE topic = 1 AND id = X'37'", "not as it was written"),
        ("UPDATE entity SET version = 99 WHERE topic = 1 AND id = X'37'", "rows that poll/a cannot have"),
        ("UPDATE entity SET id = X'00' WHERE topic = 1 AND id = X'37'", "not as it was written"),
        ("UPDATE lane SET last = 99 WHERE topic = 1", "a lane is not as it was written"),
        ("UPDATE lane SET kept = X'' WHERE topic = 1", "a lane is not as it was written"),
        ("UPDATE lane SET topic = 7 WHERE topic = 1", "the row of a topic is lost: table lane"),
        ("UPDATE outbox SET body = X'00' WHERE topic = 1", "an effect is not as it was written"),
        ("UPDATE outbox SET due = 9 WHERE topic = 1", "an effect is not as it was written"),
        ("UPDATE outbox SET topic = 7 WHERE topic = 1", "the row of a topic is lost: table outbox"),
        ("DROP TABLE lane", "no such table"),
        ("DELETE FROM meta WHERE name = 'form'", "it does not say its form"),
    ] {
        let text = refused_after(sql);
        assert!(text.contains(what), "{sql}: {text}");
    }
}

#[test]
fn c5_a_page_of_noise_is_refused_or_nothing_is_lost() {
    let (_folder, path) = made();
    let sound = run(async { all(&Embedded::at(&path)).await.unwrap() });
    let bytes = fs::read(&path).unwrap();
    let mut random = Random::seed(5);
    let mut refused = 0;
    let pages = bytes.len() / PAGE;
    for page in 0..pages {
        let noise: Vec<u8> = std::iter::repeat_with(|| random.number() as u8).take(PAGE).collect();
        for (kind, noise) in [("zeros", vec![0; PAGE]), ("ones", vec![0xff; PAGE]), ("random", noise)] {
            let mut damaged = bytes.clone();
            damaged[page * PAGE..][..PAGE].copy_from_slice(&noise);
            fs::write(&path, damaged).unwrap();
            if let Some(text) = opened(&path, &sound, &format!("{kind} in page {page}")) {
                assert!(
                    text.contains(&path.display().to_string()) && text.contains("restore a copy"),
                    "{text}"
                );
                refused += 1;
            }
        }
    }
    assert!(pages > 20 && refused > 2 * pages, "{refused} of 3 times {pages}");
}

#[test]
fn c5_a_byte_that_changed_is_refused_or_nothing_is_lost() {
    let (_folder, path) = made();
    let sound = run(async { all(&Embedded::at(&path)).await.unwrap() });
    let bytes = fs::read(&path).unwrap();
    let mut random = Random::seed(6);
    let mut refused = 0;
    for _ in 0..300 {
        let mut damaged = bytes.clone();
        let at = random.below(bytes.len() as u64) as usize;
        damaged[at] ^= 1 << random.below(8);
        fs::write(&path, damaged).unwrap();
        refused += usize::from(opened(&path, &sound, &format!("byte {at}")).is_some());
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn c5_a_file_that_was_cut_is_refused() {
    let (_folder, path) = made();
    let bytes = fs::read(&path).unwrap();
    for length in [1, 99, PAGE - 1, PAGE, bytes.len() / 2, bytes.len() - PAGE] {
        fs::write(&path, &bytes[..length]).unwrap();
        let cut = format!("{length} bytes of {}", bytes.len());
        let text = opened(&path, &[], &cut).unwrap_or_else(|| panic!("{cut}: it started"));
        assert!(text.contains("restore a copy"), "{cut}: {text}");
    }
}

#[test]
fn c9_what_was_damaged_under_an_open_store_is_an_error_and_not_an_answer() {
    let (_folder, path) = made();
    run(async {
        let store = Embedded::at(&path);
        store.start().await.unwrap();
        let sql = "UPDATE log SET record = X'00' WHERE offset = 2; UPDATE lane SET last = 99;
            UPDATE entity SET columns = X'00'";
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let topic = &topics()[0];
        let replay =
            store.replay(topic, Position::default(), usize::MAX).await.expect_err("a changed record");
        let lanes = store.lanes(topic, &[LaneId([3; 16])]).await.expect_err("a changed lane");
        let key = Key { model: 1, id: "2".into() };
        let row = store.read(topic, Read::Keys(vec![key])).await.expect_err("a changed row");
        for error in [replay, lanes, row] {
            assert!(matches!(error, StoreError::Unusable(_)), "{error:?}");
        }
    });
}
