//! Comparing heads: finds the last message that a broker lost, and keeps nodes in step without one (S27, S28).

mod schedule;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use realtime_protocol::{Position, Topic};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until, timeout},
};

use self::schedule::Schedule;
use super::{Hub, peers::Peers, shard::Message};
use crate::store::Store;

/// The reserved topic over which nodes tell each other heads.
pub(super) const TOPIC: &str = "$realtime/heads";
/// How many bytes of heads are one message, where the broker takes as many.
const MESSAGE_BYTES: usize = 64 * 1024;
/// About how many bytes a head takes beside its topic's name.
const HEAD_BYTES: usize = 20;
/// How often one who has nothing to do looks whether the node is still there.
const LOOK: Duration = Duration::from_secs(60);
/// How long the store has for an answer, before it is asked again.
const DEADLINE: Duration = Duration::from_secs(10);

/// The heads that a node has to tell, and to ask for.
#[derive(Debug)]
pub(super) struct Heads {
    start: Instant,
    schedule: Mutex<Schedule>,
    to_tell: Notify,
    to_ask: Notify,
    found_gap: AtomicU64,
}

impl Heads {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            schedule: Mutex::default(),
            to_tell: Notify::new(),
            to_ask: Notify::new(),
            found_gap: AtomicU64::new(0),
        }
    }

    /// How often a head showed what no message had told: the counter `heads_found_gap`.
    #[cfg(test)]
    pub(super) fn found_gap(&self) -> u64 {
        self.found_gap.load(Ordering::Relaxed)
    }

    /// A head showed something that no message had told.
    pub(super) fn count_gap(&self, topic: &Topic) {
        let heads_found_gap = self.found_gap.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::info!(%topic, heads_found_gap, "a head showed commits that no message had told");
    }

    pub(super) fn watch(&self, topic: &Topic) {
        self.plan(|schedule, now| schedule.watch(topic, now));
    }

    pub(super) fn unwatch(&self, topic: &Topic) {
        self.lock().unwatch(topic);
    }

    pub(super) fn is_watched(&self, topic: &Topic) -> bool {
        self.lock().is_watched(topic)
    }

    pub(super) fn heard(&self, topic: &Topic) {
        let now = self.now();
        self.lock().heard(topic, now);
    }

    /// This node moved the topic's head; `told`: the record itself goes out.
    pub(super) fn moved(&self, topic: &Topic, at: Position, told: bool) {
        self.plan(|schedule, now| schedule.moved(topic, at, told, now));
    }

    /// Messages of these topics, or of any, may be missing.
    pub(super) fn doubt(&self, topics: Option<Vec<Topic>>) {
        self.plan(|schedule, now| schedule.doubt(topics, now));
    }

    /// What the broker's last answer says of it.
    pub(super) fn link(&self, works: bool) {
        self.plan(|schedule, now| schedule.link(works, now));
    }

    /// The broker did not take this join.
    pub(super) fn unjoined(&self, topic: &Topic) {
        self.plan(|schedule, _| schedule.unjoined(topic));
    }

    /// Changes the schedule, and wakes who waits for something later than is due now.
    fn plan(&self, change: impl FnOnce(&mut Schedule, u64)) {
        let now = self.now();
        let mut schedule = self.lock();
        let (tell, ask) = (schedule.next_repeat(), schedule.next_ask());
        change(&mut schedule, now);
        let sooner = |before: Option<u64>, after: Option<u64>| {
            after.is_some_and(|after| before.is_none_or(|before| after < before))
        };
        let (tell, ask) = (sooner(tell, schedule.next_repeat()), sooner(ask, schedule.next_ask()));
        drop(schedule);
        if tell {
            self.to_tell.notify_one();
        }
        if ask {
            self.to_ask.notify_one();
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `due`, or until the schedule has something sooner.
    async fn wait(&self, due: Option<u64>, sooner: &Notify) {
        let due = due.map_or(Instant::now() + LOOK, |due| self.start + Duration::from_millis(due));
        tokio::select! {
            biased;
            () = sleep_until(due) => {}
            () = sooner.notified() => {}
        }
    }
}

/// Repeats the heads that this node moved, and mends what the broker did not take.
pub(super) async fn tell(hub: Weak<Hub>, peers: Arc<Peers>) {
    let Ok(topic) = Topic::new(TOPIC) else { return };
    let heads = &peers.heads;
    while hub.strong_count() > 0 {
        let (moved, tries, rejoin) = {
            let (now, mut schedule) = (heads.now(), heads.lock());
            (schedule.repeat(now), schedule.tries(now), schedule.rejoin())
        };
        let max = peers.broker.max_message().min(MESSAGE_BYTES);
        let mut messages = messages(&moved, max);
        if messages.is_empty() && tries {
            messages.push(encode(&[]));
        }
        for message in messages {
            peers.publish_bytes(&topic, message).await;
        }
        for topics in rejoin.chunks(512) {
            peers.join(topics).await;
            heads.doubt(Some(topics.to_vec()));
        }
        let due = heads.lock().next_repeat();
        heads.wait(due, &heads.to_tell).await;
    }
}

/// Asks the store for heads, and hands them to the topics' workers.
pub(super) async fn ask(hub: Weak<Hub>, peers: Arc<Peers>, store: Arc<dyn Store>) {
    let heads = &peers.heads;
    while hub.strong_count() > 0 {
        let now = heads.now();
        let topics = heads.lock().ask(now);
        if !topics.is_empty() {
            match timeout(DEADLINE, store.heads(&topics)).await {
                Ok(Ok(found)) => {
                    let Some(hub) = hub.upgrade() else { return };
                    for (topic, head) in topics.into_iter().zip(found) {
                        hub.send(&topic.clone(), Message::Head { topic, at: head.at, sure: true }).await;
                    }
                }
                Ok(Err(_)) | Err(_) => heads.lock().unanswered(topics, now),
            }
        }
        let due = heads.lock().next_ask();
        heads.wait(due, &heads.to_ask).await;
    }
}

/// Splits heads into messages of at most `max` bytes.
fn messages(heads: &[(Topic, Position)], max: usize) -> Vec<Bytes> {
    let (mut messages, mut from, mut bytes) = (Vec::new(), 0, HEAD_BYTES);
    for (i, (topic, _)) in heads.iter().enumerate() {
        let size = topic.as_str().len() + HEAD_BYTES;
        if bytes + size > max && i > from {
            messages.push(encode(&heads[from..i]));
            (from, bytes) = (i, HEAD_BYTES);
        }
        bytes += size;
    }
    if from < heads.len() {
        messages.push(encode(&heads[from..]));
    }
    messages
}

fn encode(heads: &[(Topic, Position)]) -> Bytes {
    let heads: Vec<_> = heads.iter().map(|(topic, at)| (topic.as_str(), at.offset, at.epoch)).collect();
    rmp_serde::to_vec(&heads).unwrap_or_default().into()
}

/// Reads a message of another node; what does not decode says nothing.
pub(super) fn decode(bytes: &[u8]) -> Vec<(Topic, Position)> {
    let heads: Vec<(String, u64, u32)> = rmp_serde::from_slice(bytes).unwrap_or_default();
    let head = |(topic, offset, epoch)| Some((Topic::new(topic).ok()?, Position { offset, epoch }));
    heads.into_iter().filter_map(head).collect()
}
