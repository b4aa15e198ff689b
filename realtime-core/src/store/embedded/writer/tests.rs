//! What a batch does on a disk that is full, made so by a limit on the pages of the file.

use std::path::PathBuf;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::oneshot::{self, Receiver};

use super::*;
use crate::{
    store::{
        rules,
        types::{Change, Key},
    },
    testing::run,
};

type Answer = Result<Head, CommitError>;

struct Disk {
    _folder: TempDir,
    path: PathBuf,
    opened: Option<Opened>,
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("full.db");
        let opened = Some(open::open(&path).unwrap());
        Self { _folder: folder, path, opened }
    }

    /// Leaves room for so many pages more.
    fn room(&self, pages: i64) {
        let db = &self.opened.as_ref().unwrap().writer;
        let count: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        let set =
            db.pragma_update_and_check(None, "max_page_count", count + pages, |row| row.get::<_, i64>(0));
        assert_eq!(set.unwrap(), count + pages);
    }

    /// Writes one batch; returns its answers.
    fn write(&mut self, batch: Vec<(Topic, Commit)>) -> Vec<Answer> {
        let Opened { writer: db, reader, form, lock } = self.opened.take().unwrap();
        let mut writer = Writer { path: &self.path, form: Arc::new(AtomicU32::new(form)), db };
        let (work, (replies, answers)): (Vec<_>, (Vec<_>, Vec<Receiver<Answer>>)) = batch
            .into_iter()
            .map(|(topic, commit)| {
                let (reply, answer) = oneshot::channel();
                (Work::Commit(topic, Box::new(commit)), (Reply::Commit(reply), answer))
            })
            .unzip();
        writer.write(work, replies, 1).unwrap();
        self.opened = Some(Opened { writer: writer.db, reader, form, lock });
        answers.into_iter().map(|answer| answer.blocking_recv().unwrap()).collect()
    }

    fn head(&self, topic: &Topic) -> Head {
        let opened = self.opened.as_ref().unwrap();
        read::topic_row(&opened.reader, opened.form, topic).unwrap().head
    }
}

fn topic(name: &str) -> Topic {
    Topic::new(name).unwrap()
}

/// A commit that adds a row of so many bytes to where the topic stands.
fn add(disk: &Disk, of: &Topic, bytes: usize) -> (Topic, Commit) {
    let at = disk.head(of);
    let id = Bytes::from(at.at.offset.to_string());
    let columns = vec![(1, Bytes::from(vec![7; bytes]))];
    let commit = Commit {
        expected: at.at,
        epoch: 5,
        form: rules::FIRST_FORM,
        changes: vec![Change::Create { key: Key { model: 1, id }, columns }],
        lanes: Vec::new(),
        put: Vec::new(),
        take: Vec::new(),
        record: "r".into(),
    };
    (of.clone(), commit)
}

fn told_full(answer: &Answer, disk: &Disk) {
    let Err(CommitError::Store(StoreError::Unavailable(text))) = answer else { panic!("{answer:?}") };
    let want =
        format!("{}: the disk is full: make room on it, and commits are kept again", disk.path.display());
    assert_eq!(text.to_string(), want);
}

#[test]
fn c1_a_commit_that_finds_the_disk_full_harms_no_other_of_its_batch() {
    let mut disk = Disk::new();
    let [a, b, c] = ["full/a", "full/b", "full/c"].map(topic);
    assert!(disk.write([&a, &b, &c].map(|of| add(&disk, of, 10)).into()).iter().all(Result::is_ok));
    disk.room(4);
    let (small, large, last) = (add(&disk, &a, 10), add(&disk, &b, 100_000), add(&disk, &c, 10));
    let answers = disk.write(vec![small, large, last]);
    told_full(&answers[1], &disk);
    for (of, answer) in [(&a, &answers[0]), (&c, &answers[2])] {
        assert_eq!(answer.as_ref().unwrap(), &disk.head(of), "those that fit are kept");
    }
    assert_eq!([&a, &b, &c].map(|of| disk.head(of).at.offset), [2, 1, 2]);
}

#[test]
fn c9_a_full_disk_is_said_and_the_store_goes_on_when_there_is_room() {
    let mut disk = Disk::new();
    let a = topic("full/a");
    disk.room(2);
    for _ in 0..3 {
        let answers = disk.write(vec![add(&disk, &a, 50_000)]);
        told_full(&answers[0], &disk);
        assert_eq!(disk.head(&a).at.offset, 0, "nothing of it is there");
    }
    disk.room(1_000);
    for offset in 1..=3 {
        let answers = disk.write(vec![add(&disk, &a, 50_000)]);
        assert_eq!(answers[0].as_ref().unwrap().at.offset, offset);
    }
    let path = disk.path.clone();
    let Disk { _folder, opened, .. } = disk;
    drop(opened);
    let store = crate::store::Embedded::at(path);
    run(crate::store::Store::start(&store)).expect("the file is sound");
}
