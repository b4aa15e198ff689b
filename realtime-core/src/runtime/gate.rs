//! The hooks of a connection that wait: what goes to a topic passes here in order, and neither the connection nor
//! another topic waits for a hook. Only where an application has hooks: a task for each subscription.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use realtime_protocol::{
    Topic, code,
    frame::{Codec, ServerFrame, v1::Defer},
};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    time::{Instant, sleep_until},
};

use super::{Closing, Hub, Outbound, shard::Message};
use crate::{
    hook::{Admitting, Hooks, Subscribing, Verdict, Veto, Who},
    host::tasks,
    topic::event::{Event, SubKey},
};

/// How much of a connection may wait for its hooks; more end it (L11).
const MAX_WAITING: usize = 1_024;
/// How long an answer of `subscribe` lives (S36).
const LIVES: Duration = Duration::from_secs(60);
/// When one that could not be told is asked again; later each time.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a deferral lasts, in milliseconds, and what was sent before it was known.
const DEFER_MS: u32 = 1_000;

/// What is on its way to the topic of a subscription.
pub(super) enum Step {
    /// The subscription itself: its hook is asked first, and again from time to time.
    Open(Subscribing, Message),
    /// Mutations: each one's hook is asked first.
    Run(Vec<Admitting>, Message),
    /// Who it is may have changed: the topic is told, and the hook asked again.
    Again(Arc<Who>, Topic, Message),
    /// The end.
    Close(Topic, Message),
}

/// A connection's gate.
pub(super) struct Gate {
    ways: Arc<Ways>,
    subs: BTreeMap<u32, UnboundedSender<Step>>,
    waiting: Arc<AtomicUsize>,
}

/// What its tasks work with.
pub(super) struct Ways {
    pub(super) hub: Arc<Hub>,
    pub(super) hooks: Hooks,
    pub(super) out: Arc<Outbound>,
    pub(super) codec: Codec,
}

impl Gate {
    pub(super) fn new(ways: Ways) -> Self {
        Self { ways: Arc::new(ways), subs: BTreeMap::new(), waiting: Arc::default() }
    }

    /// Takes a step of a subscription.
    ///
    /// # Errors
    ///
    /// How the connection ends, where too much waits already.
    pub(super) fn pass(&mut self, key: SubKey, step: Step) -> Result<(), Closing> {
        let is_last = matches!(step, Step::Close(..));
        if !is_last && self.waiting.load(Ordering::Relaxed) >= MAX_WAITING {
            return Err(Closing::new(code::LIMIT, "more waits for the application's hooks than may"));
        }
        let (ways, waiting) = (&self.ways, &self.waiting);
        let steps = self.subs.entry(key.sub).or_insert_with(|| {
            let (steps, taken) = mpsc::unbounded_channel();
            let (ways, waiting) = (Arc::clone(ways), Arc::clone(waiting));
            tasks::spawn(Watch { ways, key, waiting, asked: None, held: BTreeMap::new() }.run(taken));
            steps
        });
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // It fails only while the runtime shuts down: then nobody waits for an answer.
        let _ = steps.send(step);
        if is_last {
            self.subs.remove(&key.sub);
        }
        Ok(())
    }
}

/// One subscription's task.
struct Watch {
    ways: Arc<Ways>,
    key: SubKey,
    waiting: Arc<AtomicUsize>,
    /// What its hook was asked, and when it is asked again.
    asked: Option<(Subscribing, Instant)>,
    /// Of each lane of which something was deferred: from which seq on, and until when.
    held: BTreeMap<u16, (u64, Instant)>,
}

impl Watch {
    async fn run(mut self, mut steps: UnboundedReceiver<Step>) {
        let mut wait = AGAIN;
        loop {
            let due = self.asked.as_ref().map(|(_, due)| *due);
            tokio::select! {
                step = steps.recv() => {
                    let Some(step) = step else { return };
                    self.waiting.fetch_sub(1, Ordering::Relaxed);
                    match step {
                        Step::Open(ask, message) => self.open(ask, message).await,
                        Step::Run(asks, message) => self.admit(asks, message).await,
                        Step::Again(who, topic, message) => {
                            self.ways.hub.send(&topic, message).await;
                            self.ask(Some(who), &mut wait).await;
                        }
                        Step::Close(topic, message) => return self.ways.hub.send(&topic, message).await,
                    }
                }
                () = at(due) => self.ask(None, &mut wait).await,
            }
        }
    }

    async fn open(&mut self, ask: Subscribing, mut message: Message) {
        let verdict = self.ways.hooks.subscribe(&ask).await;
        if let Message::Subscribe { subscriber, .. } = &mut message {
            subscriber.barred = barred(&verdict);
        }
        self.ways.hub.send(&ask.topic, message).await;
        let lives = if verdict == Err(Veto::Unavailable) { AGAIN } else { LIVES };
        self.asked = Some((ask, Instant::now() + lives));
    }

    /// Asks again, and tells the topic.
    async fn ask(&mut self, who: Option<Arc<Who>>, wait: &mut Duration) {
        let Some((mut ask, _)) = self.asked.take() else { return };
        ask.who = who.unwrap_or(ask.who);
        let verdict = self.ways.hooks.subscribe(&ask).await;
        let topic = ask.topic.clone();
        let event = Event::Barred { key: self.key, barred: barred(&verdict) };
        self.ways.hub.send(&topic, Message::Event { topic: topic.clone(), event }).await;
        let lives = if verdict == Err(Veto::Unavailable) { *wait } else { LIVES };
        *wait = if verdict == Err(Veto::Unavailable) { (*wait * 2).min(LIVES) } else { AGAIN };
        self.asked = Some((ask, Instant::now() + lives));
    }

    /// Asks for each mutation; one that cannot be told now is deferred with all that follow it.
    async fn admit(&mut self, asks: Vec<Admitting>, mut message: Message) {
        let Message::Event { topic, event: Event::Mutate { lane, entries, .. } } = &mut message else {
            return;
        };
        let (topic, lane) = (topic.clone(), lane.index);
        let mut pass = 0;
        for (ask, entry) in asks.iter().zip(entries.iter_mut()) {
            // What follows a deferred one, sent before that was known: it would look like a gap.
            let is_held =
                self.held.get(&lane).is_some_and(|(seq, until)| *seq < entry.seq && Instant::now() < *until);
            let verdict = if is_held { Err(Veto::Unavailable) } else { self.ways.hooks.admit(ask).await };
            match verdict {
                Ok(()) => {}
                Err(Veto::Refused(reason)) => entry.veto = Some(reason),
                Err(Veto::Unavailable) => {
                    self.defer(lane, entry.seq);
                    break;
                }
            }
            pass += 1;
        }
        entries.truncate(pass);
        if pass == asks.len() {
            self.held.remove(&lane);
        }
        if pass > 0 {
            self.ways.hub.send(&topic, message).await;
        }
    }

    fn defer(&mut self, lane: u16, seq: u64) {
        let until = Instant::now() + Duration::from_millis(DEFER_MS.into());
        self.held.insert(lane, (seq, until));
        let (sub, code) = (self.key.sub, code::STORE_UNAVAILABLE.to_owned());
        let frame = ServerFrame::from(Defer { sub, lane, seq, code, after: DEFER_MS });
        if let Ok(frame) = self.ways.codec.encode(&frame) {
            self.ways.out.push(frame);
        }
    }
}

fn barred(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Ok(()) => None,
        Err(Veto::Refused(_)) => Some(code::DENIED),
        Err(Veto::Unavailable) => Some(code::STORE_UNAVAILABLE),
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
