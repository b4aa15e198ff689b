//! One store of several apps in a process: an `Arc` of a store is a store.

use std::sync::Arc;

use futures_core::future::BoxFuture;
use realtime_protocol::{LaneId, Position, Topic};

use super::{Commit, CommitError, Durability, Head, LaneRows, Outbox, Page, Read, Replay, Store, StoreError};

/// Hands every call on. Each app calls `start`: a store takes a second one as a question whether it is open.
impl<S: Store + ?Sized> Store for Arc<S> {
    fn describe(&self) -> String {
        (**self).describe()
    }

    fn start(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        (**self).start()
    }

    fn durability(&self) -> Durability {
        (**self).durability()
    }

    fn commit<'a>(&'a self, topic: &'a Topic, commit: Commit) -> BoxFuture<'a, Result<Head, CommitError>> {
        (**self).commit(topic, commit)
    }

    fn replay<'a>(
        &'a self,
        topic: &'a Topic,
        after: Position,
        max_bytes: usize,
    ) -> BoxFuture<'a, Result<Replay, StoreError>> {
        (**self).replay(topic, after, max_bytes)
    }

    fn read<'a>(&'a self, topic: &'a Topic, what: Read) -> BoxFuture<'a, Result<Page, StoreError>> {
        (**self).read(topic, what)
    }

    fn lanes<'a>(
        &'a self,
        topic: &'a Topic,
        lanes: &'a [LaneId],
    ) -> BoxFuture<'a, Result<LaneRows, StoreError>> {
        (**self).lanes(topic, lanes)
    }

    fn heads<'a>(&'a self, topics: &'a [Topic]) -> BoxFuture<'a, Result<Vec<Head>, StoreError>> {
        (**self).heads(topics)
    }

    fn quiet<'a>(
        &'a self,
        before_ms: u64,
        after: Option<&'a Topic>,
        max: u32,
    ) -> BoxFuture<'a, Result<Vec<(Topic, Position)>, StoreError>> {
        (**self).quiet(before_ms, after, max)
    }

    fn promote(&self, form: u32) -> BoxFuture<'_, Result<u32, StoreError>> {
        (**self).promote(form)
    }

    fn outbox(&self) -> Option<&dyn Outbox> {
        (**self).outbox()
    }
}
