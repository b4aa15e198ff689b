//! What an operator meets when the embedded store cannot open its file: one text, with the way out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, path::Path};

use realtime_core::{
    protocol::Topic,
    store::{Change, Commit, Embedded, Head, Key, Store, StoreError},
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
    let want = format!(
        "{} is not a database: choose another path, or restore a copy if it was one; it was left as it is",
        text.display()
    );
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
