//! C9: the end of a transaction fails, because the file may not grow (`ulimit -f`): what nobody knows is said so,
//! to all, and what was acked before is there when the file is opened anew.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use realtime_core::{
    protocol::Topic,
    store::{Change, Commit, CommitError, Embedded, Head, Key, Store as _, StoreError},
    testing::run,
};

/// Names the file to the child, which is this test binary too.
const CHILD: &str = "REALTIME_TEST_FULL_CHILD";
const TOPICS: usize = 4;

fn topics() -> Vec<Topic> {
    (0..TOPICS).map(|n| Topic::new(format!("full/{n}")).unwrap()).collect()
}

fn commit(head: Head) -> Commit {
    let key = Key { model: 1, id: head.at.offset.to_string().into() };
    Commit {
        expected: head.at,
        epoch: 5,
        form: head.form,
        changes: vec![Change::Create { key, columns: vec![(1, vec![7; 10_000].into())] }],
        lanes: Vec::new(),
        put: Vec::new(),
        take: Vec::new(),
        record: "r".into(),
    }
}

#[test]
fn c9_where_the_end_of_a_transaction_fails_all_of_it_are_told_that_nobody_knows() {
    if let Some(path) = env::var_os(CHILD) {
        return run(child(PathBuf::from(path)));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("full.db");
    let name = "c9_where_the_end_of_a_transaction_fails_all_of_it_are_told_that_nobody_knows";
    // 2,048 blocks of 512 bytes; the signal of the limit is ignored, so that a write fails instead.
    let script = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" --exact \"$1\" --nocapture";
    let out = Command::new("sh")
        .args(["-c", script])
        .arg(env::current_exe().unwrap())
        .arg(name)
        .env(CHILD, &path)
        .output()
        .unwrap();
    let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{text}{errors}");
    let acked = text.lines().find_map(|line| line.strip_prefix("acked ")).unwrap().to_owned();
    run(verify(&path, acked.parse().unwrap()));
}

/// Commits to all topics at once until it fails; says how often all were acked.
async fn child(path: PathBuf) {
    let (store, topics) = (Embedded::at(path), topics());
    let mut heads = store.heads(&topics).await.unwrap();
    let failed = loop {
        let commits = topics.iter().zip(&heads).map(|(topic, head)| store.commit(topic, commit(*head)));
        let answers = futures_util::future::join_all(commits).await;
        if answers.iter().all(Result::is_ok) {
            heads = answers.into_iter().map(Result::unwrap).collect();
            continue;
        }
        break answers;
    };
    let unknown = |e: &&CommitError| matches!(e, CommitError::Store(StoreError::Unknown(_)));
    let errors: Vec<_> = failed.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert!(errors.iter().filter(|e| unknown(e)).count() > 0, "{errors:?}");
    for error in errors.iter().filter(|e| !unknown(e)) {
        // Its batch came after the one that failed.
        assert!(matches!(error, CommitError::Store(StoreError::Unusable(_))), "{error:?}");
    }
    match store.commit(&topics[0], commit(heads[0])).await {
        Err(CommitError::Store(StoreError::Unusable(text))) => {
            assert!(text.to_string().ends_with("look at the disk, then restart the process"), "{text}");
        }
        other => panic!("no more is written to a file of which nobody knows: {other:?}"),
    }
    println!("acked {}", heads[0].at.offset);
}

/// All that was acked is there; what nobody knew is there or not.
async fn verify(path: &Path, acked: u64) {
    assert!(acked > 3, "{acked}");
    let store = Embedded::at(path);
    store.start().await.expect("the file is sound");
    for head in store.heads(&topics()).await.unwrap() {
        assert!(head.at.offset == acked || head.at.offset == acked + 1, "{head:?} after {acked}");
    }
}
