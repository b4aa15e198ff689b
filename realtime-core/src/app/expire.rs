//! Topics that end by themselves: deleted a while after their last commit (S44).

use std::{
    any::Any,
    sync::{Arc, Weak},
    time::Duration,
};

use realtime_protocol::{Position, Topic};
use tokio::{
    sync::oneshot,
    time::{Instant, interval_at},
};

use super::handle::delete_root;
use crate::{
    error::Problem,
    field::{Seed, Timestamp},
    handler::Registry,
    host::clock,
    runtime::Hub,
    store::{Store, StoreError},
    topic::own::{Own, OwnCall, Reply},
    tx::Context,
};

/// When the first look is, after the start, and how often from then on.
const FIRST: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(60 * 60);
/// How many topics one call to the store names.
const PAGE: u32 = 256;

/// The topics of one root, and after how long without a commit they end, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expires {
    pub(super) model: u16,
    pub(super) name: &'static str,
    pub(super) ms: u64,
}

/// Finds out whether it can be done at all.
pub(super) async fn check(
    expires: &[Expires],
    registry: &Registry,
    store: &dyn Store,
) -> Result<(), Problem> {
    let Some(first) = expires.first() else { return Ok(()) };
    if let Some(stray) = expires.iter().find(|expires| registry.by_number(expires.model).is_none()) {
        let why = "it is not registered: add `.model::<…>()` to the app".to_owned();
        return Err(Problem::Expire { model: stray.name, why });
    }
    let asked = store.quiet(0, None, 1).await.map(drop);
    asked.map_err(|error| Problem::Expire { model: first.name, why: error.to_string() })
}

/// Looks again and again, until the hub is gone. On several nodes at once it does no harm.
pub(super) async fn run(
    expires: Vec<Expires>,
    registry: Arc<Registry>,
    hub: Weak<Hub>,
    store: Arc<dyn Store>,
) {
    let mut look = interval_at(Instant::now() + FIRST, EVERY);
    loop {
        look.tick().await;
        for expires in &expires {
            let Some(hub) = hub.upgrade() else { return };
            if let Err(error) = once(*expires, &registry, &hub, &*store, clock::now_ms()).await {
                tracing::warn!(%error, model = expires.name, "topics that are to end could not be found; later again");
            }
        }
    }
}

/// Ends the topics that have been quiet for long enough, one after the other.
async fn once(
    expires: Expires,
    registry: &Registry,
    hub: &Hub,
    store: &dyn Store,
    now_ms: u64,
) -> Result<(), StoreError> {
    let Some(entry) = registry.by_number(expires.model) else { return Ok(()) };
    let root = registry.root_at(entry);
    let mut after = None;
    loop {
        let quiet = store.quiet(now_ms.saturating_sub(expires.ms), after.as_ref(), PAGE).await?;
        let Some((last, _)) = quiet.last() else { return Ok(()) };
        after = Some(last.clone());
        for (topic, at) in quiet.iter().filter(|(topic, _)| registry.root_of(topic) == Some(root)) {
            end(topic, *at, expires.model, root, hub, now_ms).await;
        }
    }
}

/// Deletes a topic, unless somebody has written since.
async fn end(topic: &Topic, at: Position, model: u16, root: usize, hub: &Hub, now_ms: u64) {
    let now = Timestamp::from_ms(i64::try_from(now_ms).unwrap_or(i64::MAX));
    let principal: Arc<dyn Any + Send + Sync> = Arc::new(());
    let context = Context { principal, now, server_now: now, seed: Seed::default(), ids: 0, random: None };
    let (send, done) = oneshot::channel();
    // What did not happen is found by the next look.
    let reply = Reply(Box::new(move |_| {
        let _ = send.send(());
    }));
    hub.own(topic, root, Own { call: OwnCall::WriteAt(at, delete_root(model)), context, reply }).await;
    let _ = done.await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::{App, Guest, Never, store::Memory};
    use realtime_core::SyncModel;
    use serde::{Deserialize, Serialize};

    const DAY_MS: u64 = 86_400_000;

    #[derive(SyncModel, Clone, Serialize, Deserialize)]
    #[sync(topic = "draft/{id}")]
    struct Draft {
        #[sync(key)]
        id: String,
        text: String,
    }

    #[derive(SyncModel, Clone, Serialize, Deserialize)]
    #[sync(topic = "book/{id}")]
    struct Book {
        #[sync(key)]
        id: String,
    }

    async fn cleared(store: &Memory) -> Vec<bool> {
        let topics = ["draft/old", "draft/new", "book/old"].map(|name| Topic::new(name).unwrap());
        store.heads(&topics).await.unwrap().iter().map(|head| head.cleared).collect()
    }

    #[tokio::test]
    async fn s44_a_topic_ends_a_while_after_its_last_commit_and_no_other_does() {
        let now = Arc::new(AtomicU64::new(100 * DAY_MS));
        let told = Arc::clone(&now);
        let store = Arc::new(Memory::new().clock(Arc::new(move || told.load(Ordering::Relaxed))));
        let app = App::new()
            .model::<Draft>()
            .model::<Book>()
            .seed(Draft { id: "old".into(), text: String::new() })
            .seed(Draft { id: "new".into(), text: String::new() })
            .seed(Book { id: "old".into() })
            .expire::<Draft>(Duration::from_secs(30 * 86_400))
            .store(Arc::clone(&store));
        let (place, handle) = (app.place(), app.handle(Guest { id: "robot".into() }).topic::<Draft>("new"));
        let _router: axum::Router = app.into_router().await.unwrap();
        let running = place.get().unwrap();
        let hub = running.hub.upgrade().unwrap();
        let expires = Expires { model: Draft::NUMBER, name: "Draft", ms: 30 * DAY_MS };
        now.fetch_add(20 * DAY_MS, Ordering::Relaxed);
        let write = |tx: &mut crate::Tx<Draft>| {
            tx.get_mut::<Draft>("new").unwrap().text.push('x');
            Ok::<_, Never>(())
        };
        handle.commit(write).await.unwrap();
        let look =
            async |days: u64| once(expires, &running.registry, &hub, &*store, days * DAY_MS).await.unwrap();
        look(130).await;
        assert_eq!(cleared(&store).await, [false, false, false], "not before its time is over");
        look(131).await;
        assert_eq!(cleared(&store).await, [true, false, false]);
        look(151).await;
        assert_eq!(cleared(&store).await, [true, true, false], "those of other models stay");
        // It goes on after its end; who looked before that leaves it alone.
        let stale = Topic::new("draft/new").unwrap();
        let at = store.heads(std::slice::from_ref(&stale)).await.unwrap()[0].at;
        let insert = |tx: &mut crate::Tx<Draft>| {
            drop(tx.insert(Draft { id: "new".into(), text: "y".into() }).clone());
            Ok::<_, Never>(())
        };
        handle.commit(insert).await.unwrap();
        end(&stale, at, Draft::NUMBER, running.registry.root_of(&stale).unwrap(), &hub, 0).await;
        assert_eq!(cleared(&store).await, [true, false, false]);
    }

    #[tokio::test]
    async fn a_model_that_is_not_registered_cannot_expire() {
        let app = App::new().model::<Book>().expire::<Draft>(Duration::from_secs(1)).store(Memory::new());
        let error = app.into_router::<()>().await.unwrap_err().to_string();
        assert!(error.contains("`Draft` cannot expire") && error.contains(".model::<…>()"), "{error}");
    }
}
