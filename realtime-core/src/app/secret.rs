//! The secret that signs guests' tokens: kept in the store, so that all nodes and all restarts share it.

use bytes::Bytes;
use realtime_protocol::{Position, Topic};

use crate::host::random;
use crate::store::{Change, Commit, CommitError, Key, Read, Store, StoreError};

/// The reserved topic that holds it. No client can open a topic that starts with `$`.
const TOPIC: &str = "$realtime/secret";
const COLUMN: u16 = 1;

/// Returns the secret; the first node to ask makes it.
pub(crate) async fn secret(store: &dyn Store) -> Result<[u8; 32], StoreError> {
    let topic = Topic::new(TOPIC).map_err(|e| StoreError::Unusable(e.into()))?;
    let mut form = 1;
    loop {
        if let Some(secret) = read(store, &topic).await? {
            return Ok(secret);
        }
        match store.commit(&topic, first_commit(random::bytes(), form)).await {
            // Kept, or another node was first: either way it is there to be read.
            Ok(_) | Err(CommitError::Behind { .. } | CommitError::Forked { .. }) => {}
            Err(CommitError::Store(StoreError::Unknown(_))) => {}
            Err(CommitError::Form { now }) => form = now,
            Err(CommitError::Store(error)) => return Err(error),
            Err(other) => return Err(StoreError::Unusable(format!("the guests' secret: {other:?}").into())),
        }
    }
}

fn key() -> Key {
    Key { model: 0, id: Bytes::from_static(b"guests") }
}

async fn read(store: &dyn Store, topic: &Topic) -> Result<Option<[u8; 32]>, StoreError> {
    let page = store.read(topic, Read::Keys(vec![key()])).await?;
    let Some(row) = page.rows.first() else { return Ok(None) };
    let bytes = row.columns.first().map(|(_, bytes)| bytes.as_ref()).unwrap_or_default();
    let secret = <[u8; 32]>::try_from(bytes);
    secret
        .map(Some)
        .map_err(|_| StoreError::Unusable("the store holds a guests' secret of another length".into()))
}

fn first_commit(secret: [u8; 32], form: u32) -> Commit {
    Commit {
        expected: Position::default(),
        epoch: random::epoch(),
        form,
        changes: vec![Change::Create {
            key: key(),
            columns: vec![(COLUMN, Bytes::copy_from_slice(&secret))],
        }],
        lanes: Vec::new(),
        put: Vec::new(),
        take: Vec::new(),
        record: Bytes::new(),
    }
}
