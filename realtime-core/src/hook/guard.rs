//! All hooks of an app as one: asked one after the other, each with its deadline, and no panic comes through.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use tokio::time::timeout;

use super::{
    Admitting, Checking, Connecting, Hook, Subscribing, Verdict, Veto,
    observe::{Happened, Observers},
};

/// How long a hook may take to answer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(1);

/// The hooks of an app, in the order in which they were added.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    all: Arc<[Arc<dyn Hook>]>,
    observers: Observers,
}

impl Hooks {
    /// Starts the tasks of those that observe.
    pub(crate) fn start(all: Vec<Arc<dyn Hook>>) -> Self {
        let observers = Observers::start(&all);
        Self { all: all.into(), observers }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) async fn connect(&self, ask: &Connecting) -> Verdict {
        self.each("connect", |hook| hook.connect(ask)).await
    }

    pub(crate) async fn subscribe(&self, ask: &Subscribing) -> Verdict {
        self.each("subscribe", |hook| hook.subscribe(ask)).await
    }

    pub(crate) async fn admit(&self, ask: &Admitting) -> Verdict {
        self.each("admit", |hook| hook.admit(ask)).await
    }

    /// Asks each; the first no is the answer.
    async fn each<'a>(&'a self, door: &str, ask: impl Fn(&'a dyn Hook) -> BoxFuture<'a, Verdict>) -> Verdict {
        for hook in &*self.all {
            // Making the future may panic as well as waiting for it.
            let asked = AssertUnwindSafe(async { ask(&**hook).await }).catch_unwind();
            match timeout(DEADLINE, asked).await {
                Ok(Ok(verdict)) => verdict?,
                Ok(Err(_)) => {
                    tracing::error!(?hook, door, "a hook panicked: it is taken for a no");
                    return Err(Veto::Unavailable);
                }
                Err(_) => {
                    tracing::warn!(?hook, door, "a hook took longer than a second: it is taken for a no");
                    return Err(Veto::Unavailable);
                }
            }
        }
        Ok(())
    }

    /// Asks each, in the topic's turn.
    ///
    /// # Errors
    ///
    /// The veto; or `None`, where a hook panicked.
    pub(crate) fn check(&self, ask: &Checking<'_>) -> Result<(), Option<Veto>> {
        for hook in &*self.all {
            match catch_unwind(AssertUnwindSafe(|| hook.check(ask))) {
                Ok(verdict) => verdict.map_err(Some)?,
                Err(_) => return Err(None),
            }
        }
        Ok(())
    }

    /// Tells all that observe; never waits.
    pub(crate) fn tell(&self, what: &Happened) {
        self.observers.tell(what);
    }

    /// Returns how much the observers have missed.
    #[cfg(test)]
    pub(crate) fn missed(&self) -> u64 {
        self.observers.missed()
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&*self.all).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::{Committed, Who};
    use realtime_protocol::{Position, Topic};
    use std::{
        future::pending,
        sync::Mutex,
        sync::mpsc::{Receiver, Sender, channel},
    };

    /// Slow, failing or panicking, by the name of the topic.
    #[derive(Debug)]
    struct Moody(Mutex<Receiver<()>>);

    impl Hook for Moody {
        fn subscribe<'a>(&'a self, ask: &'a Subscribing) -> BoxFuture<'a, Verdict> {
            assert_ne!(ask.topic.as_str(), "panics/early");
            Box::pin(async move {
                match ask.topic.as_str() {
                    "slow" => pending().await,
                    "fails" => Err(Veto::Unavailable),
                    "refuses" => Err(Veto::refused("no")),
                    "panics/late" => panic!("on purpose"),
                    _ => Ok(()),
                }
            })
        }
        fn committed(&self, _: &Committed) {
            let _ = self.0.lock().map(|gate| gate.recv());
        }
    }

    fn hooks() -> (Hooks, Sender<()>) {
        let (open, gate) = channel();
        (Hooks::start(vec![Arc::new(Moody(Mutex::new(gate)))]), open)
    }

    #[tokio::test(start_paused = true)]
    async fn s46_a_hook_that_is_slow_fails_or_panics_is_a_no_for_now_within_a_second() {
        let (hooks, _open) = hooks();
        for (topic, want) in [
            ("fine", Ok(())),
            ("refuses", Err(Veto::refused("no"))),
            ("fails", Err(Veto::Unavailable)),
            ("slow", Err(Veto::Unavailable)),
            ("panics/early", Err(Veto::Unavailable)),
            ("panics/late", Err(Veto::Unavailable)),
        ] {
            let began = tokio::time::Instant::now();
            let ask = Subscribing::new(Arc::new(Who::default()), Topic::new(topic).unwrap());
            assert_eq!(hooks.subscribe(&ask).await, want, "{topic}");
            assert!(began.elapsed() <= DEADLINE, "{topic}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn s46_an_observer_that_stands_still_makes_nobody_wait_and_what_it_misses_is_counted() {
        let (hooks, open) = hooks();
        let committed = Committed {
            principal: "ann".into(),
            topic: Topic::new("list/a").unwrap(),
            mutation: "List.add".into(),
            key: None,
            at: Position::default(),
            refused: false,
        };
        let told = Happened::Committed(committed);
        (0..3_000).for_each(|_| hooks.tell(&told));
        let missed = hooks.missed();
        assert!((3_000 - 1_026..=3_000 - 1_024).contains(&missed), "{missed}");
        drop(open);
    }
}
