//! What a worker wants from the store, carried out.

use std::sync::Arc;

use realtime_protocol::{LaneId, Position, Topic};

use crate::{
    store::{Read, Store, StoreError},
    topic::event::{Loaded, ReadAnswer},
};

/// How much of the log one replay reads, in bytes; a longer catch-up becomes a snapshot.
const REPLAY_BYTES: usize = 1024 * 1024;
/// How often a load begins again because the topic moved between two of its pages.
const LOAD_TRIES: u32 = 16;

/// Reads all rows of a topic, as of one position.
pub(super) async fn load(store: Arc<dyn Store>, topic: Topic) -> Result<Loaded, StoreError> {
    for _ in 0..LOAD_TRIES {
        if let Some(loaded) = load_once(&*store, &topic).await? {
            return Ok(loaded);
        }
    }
    Err(StoreError::Unavailable("the topic moves faster than it can be read".into()))
}

async fn load_once(store: &dyn Store, topic: &Topic) -> Result<Option<Loaded>, StoreError> {
    let (mut rows, mut after, mut at) = (Vec::new(), None, None);
    loop {
        let what = Read::Scan { model: None, index: 0, after, max_rows: 1_000, max_bytes: 1024 * 1024 };
        let page = store.read(topic, what).await?;
        if at.is_some_and(|at| at != page.head.at) {
            return Ok(None);
        }
        at = Some(page.head.at);
        rows.extend(page.rows);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(Some(Loaded { head: page.head, rows })),
        }
    }
}

/// Reads lanes and records for joining subscribers.
pub(super) async fn read(
    store: Arc<dyn Store>,
    topic: Topic,
    lanes: Vec<LaneId>,
    after: Vec<Position>,
) -> Result<ReadAnswer, StoreError> {
    let mut replays = Vec::with_capacity(after.len());
    for position in after {
        replays.push((position, store.replay(&topic, position, REPLAY_BYTES).await?));
    }
    // The lanes last: what they hold is then never older than the records (S24).
    let (head, rows) = store.lanes(&topic, &lanes).await?;
    Ok(ReadAnswer { head, lanes: lanes.into_iter().zip(rows).collect(), replays })
}

/// Reads what other nodes committed.
pub(super) async fn replay(
    store: Arc<dyn Store>,
    topic: Topic,
    after: Position,
) -> Result<crate::store::Replay, StoreError> {
    store.replay(&topic, after, REPLAY_BYTES).await
}
