//! What an operator meets when the embedded store cannot open its file: one text, with the way out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, path::Path, sync::Arc};

use realtime_core::{
    protocol::Topic,
    store::{Change, Commit, Embedded, Head, Key, Read, Store, StoreError},
    testing::run,
};
use rusqlite::Connection;

async fn commit(store: &Embedded, topic: &Topic, head: Head) -> Head {
    let key = Key { model: 1, id: format!("{}", head.at.offset).into() };
    let commit = Commit {
        expected: head.at,
        epoch: 5,
        form: head.form,
        changes: vec![Change::Create { key, columns: vec![(1, "some value".into())] }],
        lanes: Vec::new(),
        put: Vec::new(),
        take: Vec::new(),
        record: "a record that is long enough to be found".into(),
    };
    store.commit(topic, commit).await.unwrap()
}

/// Makes a store with ten commits to `poll/a`, and closes it.
fn made(path: &Path) {
    run(async {
        let (store, topic) = (Embedded::at(path), Topic::new("poll/a").unwrap());
        let mut head = store.heads(std::slice::from_ref(&topic)).await.unwrap()[0];
        for _ in 0..10 {
            head = commit(&store, &topic, head).await;
        }
    });
}

/// Opens what cannot be opened; returns the text.
#[track_caller]
fn refused(path: &Path) -> String {
    run(async {
        let store = Embedded::at(path);
        let error = store.start().await.expect_err("the file cannot be used");
        assert!(matches!(error, StoreError::Unusable(_)), "{error:?}");
        let again = store.heads(&[Topic::new("poll/a").unwrap()]).await.expect_err("nor later");
        assert_eq!(again.to_string(), error.to_string());
        error.to_string()
    })
}

#[test]
fn a_constructor_does_no_io() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later.db");
    let store = Embedded::at(&path);
    assert!(!path.exists());
    run(store.start()).unwrap();
    assert!(path.exists());
    assert!(store.describe().ends_with("later.db, embedded"));
}

#[test]
fn a_second_store_on_one_file_is_told_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let first = Embedded::at(&path);
    run(first.start()).unwrap();
    assert_eq!(
        refused(&path),
        format!("{} is open already in this process: use one store for all apps", path.display())
    );
    drop(first);
    run(Embedded::at(&path).start()).expect("it is free again");
    fs::write(folder.path().join("one.db.lock"), "1").unwrap();
    let lock = fs::File::open(folder.path().join("one.db.lock")).unwrap();
    lock.lock().unwrap();
    let want =
        format!("{} is in use by another process (pid 1): stop it, or choose another path", path.display());
    assert_eq!(refused(&path), want);
}

#[test]
fn a_path_that_cannot_be_a_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().display().to_string();
    assert_eq!(
        refused(folder.path()),
        format!("{name} is a folder: name a file in it, such as {name}/realtime.db")
    );
    let nowhere = folder.path().join("no/realtime.db");
    let want = format!(
        "{name}/no/realtime.db cannot be made: there is no folder {name}/no: make it, or choose another path"
    );
    assert_eq!(refused(&nowhere), want);
}

#[test]
fn what_is_no_database_or_another_programs_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    let content = "my notes\n".repeat(1000);
    fs::write(&text, &content).unwrap();
    let want = format!("{} is not a database: choose another path; it was left as it is", text.display());
    assert_eq!(refused(&text), want);
    assert_eq!(fs::read_to_string(&text).unwrap(), content);

    let foreign = folder.path().join("foreign.db");
    Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE meta (a); CREATE TABLE topic (b)")
        .unwrap();
    let before = fs::read(&foreign).unwrap();
    let want = format!(
        "{} is a database, but not of realtime: choose another path; it was left as it is",
        foreign.display()
    );
    assert_eq!(refused(&foreign), want);
    assert_eq!(fs::read(&foreign).unwrap(), before);
}

#[test]
fn a_file_of_a_newer_program_says_to_upgrade() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("newer.db");
    made(&path);
    let file = Connection::open(&path).unwrap();
    file.execute_batch("UPDATE meta SET value = 2 WHERE name = 'format'; UPDATE meta SET value = '9.9' WHERE name = 'program'")
        .unwrap();
    drop(file);
    let this = env!("CARGO_PKG_VERSION");
    let want = format!(
        "{} was written by realtime 9.9 (format 2), this is {this} (format 1): upgrade, or restore a copy",
        path.display()
    );
    assert_eq!(refused(&path), want);
}

#[test]
fn a_changed_or_missing_record_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("changed", "UPDATE log SET record = X'00' WHERE offset = 9", 9),
        ("missing", "DELETE FROM log WHERE offset = 8", 8),
        ("cut", "DELETE FROM log WHERE offset = 10", 9),
        ("moved", "UPDATE log SET epoch = 6 WHERE offset = 10", 10),
    ];
    for (name, damage, at) in cases {
        let path = folder.path().join(name);
        made(&path);
        Connection::open(&path).unwrap().execute_batch(damage).unwrap();
        let text = refused(&path);
        assert!(text.contains(&format!("is damaged: the log of poll/a breaks at {at}")), "{name}: {text}");
        assert!(text.ends_with("and restore a copy"), "{text}");
    }
}

#[test]
fn c9_a_record_that_changed_further_back_is_damage_and_not_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("back.db");
    made(&path);
    Connection::open(&path).unwrap().execute_batch("UPDATE log SET record = X'00' WHERE offset = 2").unwrap();
    run(async {
        let (store, topic) = (Embedded::at(&path), Topic::new("poll/a").unwrap());
        store.start().await.expect("the ends of the logs are sound");
        let error = store.replay(&topic, Default::default(), usize::MAX).await.expect_err("a changed record");
        assert!(matches!(error, StoreError::Unusable(_)), "{error:?}");
    });
}

#[test]
fn damaged_pages_are_an_error_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("sound.db");
    made(&sound);
    let bytes = fs::read(&sound).unwrap();
    for page in 0..bytes.len() / 4096 {
        let path = folder.path().join(format!("page{page}.db"));
        let mut damaged = bytes.clone();
        damaged[page * 4096..(page + 1) * 4096].fill(0xa5);
        fs::write(&path, damaged).unwrap();
        run(async {
            let (store, topic) = (Embedded::at(&path), Topic::new("poll/a").unwrap());
            let scan = Read::Scan { model: None, index: 0, after: None, max_rows: 100, max_bytes: u32::MAX };
            let read = store.read(&topic, scan).await;
            // Where the page is not one that is read, the answer is whole.
            assert!(
                read.as_ref().is_ok_and(|page| page.rows.len() == 10) || read.is_err(),
                "page {page}: {read:?}"
            );
        });
    }
}

#[test]
fn c10_lanes_and_cleared_topics_go_after_30_days_and_not_before() {
    use realtime_core::{
        protocol::{LaneId, Position},
        store::{LaneMove, Memory},
    };
    use std::sync::atomic::{AtomicU64, Ordering};

    const DAY: u64 = 24 * 60 * 60 * 1000;
    let folder = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicU64::new(100 * DAY));
    let clock: realtime_core::store::Clock = Arc::new({
        let now = Arc::clone(&now);
        move || now.load(Ordering::Relaxed)
    });
    let stores: [Box<dyn Store>; 2] = [
        Box::new(Memory::new().clock(Arc::clone(&clock))),
        Box::new(Embedded::at(folder.path().join("days.db")).clock(clock)),
    ];
    for store in stores {
        now.store(100 * DAY, Ordering::Relaxed);
        run(days(&*store, &|day| now.store(day * DAY, Ordering::Relaxed)));
    }

    async fn days(store: &dyn Store, day: &dyn Fn(u64)) {
        let (gone, other) = (Topic::new("days/gone").unwrap(), Topic::new("days/other").unwrap());
        let lane = LaneId([1; 16]);
        let empty = |at: Head| Commit {
            expected: at.at,
            epoch: 5,
            form: at.form,
            changes: Vec::new(),
            lanes: Vec::new(),
            put: Vec::new(),
            take: Vec::new(),
            record: "r".into(),
        };
        let lanes = vec![LaneMove { lane, from: 0, to: 3, got: 3, kept: Vec::new() }];
        let changes = vec![Change::Clear];
        let zero = store.heads(std::slice::from_ref(&gone)).await.unwrap()[0];
        let cleared = store.commit(&gone, Commit { changes, lanes, ..empty(zero) }).await.unwrap();
        let poke = async || {
            let at = store.heads(std::slice::from_ref(&other)).await.unwrap()[0];
            let key = Key { model: 1, id: format!("{}", at.at.offset).into() };
            let changes = vec![Change::Create { key, columns: Vec::new() }];
            store.commit(&other, Commit { changes, ..empty(at) }).await.unwrap()
        };
        day(130);
        poke().await;
        let (head, rows) = store.lanes(&gone, &[lane]).await.unwrap();
        assert_eq!(
            (head, rows[0].as_ref().map(|row| row.last)),
            (cleared, Some(3)),
            "after 30 days it is there"
        );
        day(131);
        poke().await;
        poke().await;
        let (head, rows) = store.lanes(&gone, &[lane]).await.unwrap();
        assert_eq!((head.at, rows), (Position::default(), vec![None]), "a later life starts at 1");
        // The log of 24 hours: what is older goes with the next commit, but for the last record.
        day(132);
        assert_eq!(poke().await.floor, 1, "the commit of two days ago is out of the log");
        day(140);
        assert_eq!(poke().await.floor, 4);
    }
}
