//! A simulated page: the client's half of docs/SESSION.md, in Rust, with a disk that it shares with its browser's
//! other pages.

mod base;
mod disk;
mod life;
mod predict;
mod queue;
mod topic;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use realtime_protocol::{
    Day, LaneId, Topic, code,
    frame::{
        Codec,
        v1::{self, ClientFrame, ServerFrame, view},
    },
};

pub(super) use base::{Base, Cells, Table, table};
pub(super) use disk::{Browser, Lane};
pub(super) use queue::Asked;
pub use queue::Verdict;
pub(super) use topic::View;

use self::topic::Then;
use super::{
    core::Ground,
    laws,
    sim::{Event, Timer},
};
use crate::topic::rows::Value;

/// Who a page acts for.
#[derive(Debug)]
pub(super) struct Who {
    pub(super) id: String,
    /// The place among the world's principals: the token.
    pub(super) place: usize,
    /// What the models see of it.
    pub(super) seen: Vec<SeenBy>,
}

/// What one model sees.
pub(super) struct SeenBy(pub(super) Value);

impl std::fmt::Debug for SeenBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Whether a page runs, and whether it has a network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Up,
    Offline,
    Frozen,
    Crashed,
}

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) me: usize,
    pub(super) browser: usize,
    pub(super) who: Arc<Who>,
    pub(super) codec: Codec,
    pub(super) life: u32,
    pub(super) state: State,
    pub(super) link: Option<Link>,
    /// The user took it off the network: it stays so until he says otherwise.
    pub(super) unplugged: bool,
    /// Oldest first, its own last.
    lanes: Vec<Held>,
    own: Option<Lane>,
    pub(super) topics: BTreeMap<Topic, View>,
    next_sub: u32,
    /// The server's clock less the page's, in milliseconds.
    clock: i64,
    /// How wrong the page's clock is.
    pub(super) skew_ms: i64,
    attempts: u32,
    resend: bool,
    save: bool,
}

/// A lane that the page holds: its own, or adopted.
#[derive(Debug)]
struct Held {
    lane: Lane,
    day: Day,
    minted: u64,
    /// Its index on this connection.
    index: Option<u16>,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) conn: u64,
    pub(super) live: bool,
    heard: u64,
    ping_every: u64,
    next_index: u16,
}

impl Page {
    /// A frame of the server.
    pub(super) fn take(&mut self, bytes: &Bytes, ground: &mut Ground) {
        let frame: ServerFrame = match self.codec.decode(bytes) {
            Ok(frame) => frame,
            Err(error) => return ground.sim.violated(format!("a frame that cannot be read: {error}")),
        };
        laws::no_leak(ground, self, bytes);
        ground.sim.note(|| format!("p{} < {frame:?}", self.me));
        ground.recorder.received(self.me, &frame);
        ground.sim.count("frames to pages");
        let now = ground.now();
        if let Some(link) = &mut self.link {
            link.heard = now;
        }
        match frame {
            ServerFrame::Welcome(welcome) => self.welcomed(&welcome, ground),
            ServerFrame::Subscribed(frame) => {
                let Some(topic) = self.by(|view| view.sub == frame.id) else { return };
                self.with(&topic, ground, |page, view, _| view.subscribed(&frame, page.lane_of()));
            }
            ServerFrame::Page(frame) => {
                self.on_channel(frame.channel, ground, |view, ground| view.page(&ground.registry, &frame))
            }
            ServerFrame::Delta(frame) => {
                self.on_channel(frame.channel, ground, |view, ground| view.delta(&ground.registry, &frame))
            }
            ServerFrame::Reset(frame) => self.on_channel(frame.channel, ground, |view, _| view.reset(&frame)),
            ServerFrame::Ack(ack) => {
                let Some(topic) = self.by(|view| view.sub == ack.sub) else { return };
                self.with(&topic, ground, |page, view, _| view.ack(&ack, page.lane_of()));
            }
            ServerFrame::Defer(defer) => self.deferred(&defer, ground),
            ServerFrame::Ping(ping) => self.pong(&ping, ground),
            ServerFrame::Bye(bye) => ground.sim.note(|| format!("p{} is told {}", self.me, bye.code)),
            _ => {}
        }
        self.flush(ground);
    }

    fn welcomed(&mut self, welcome: &v1::Welcome, ground: &mut Ground) {
        let Some(link) = &mut self.link else { return };
        link.live = true;
        link.ping_every = u64::from(welcome.ping_every);
        self.clock =
            i64::try_from(welcome.now).unwrap_or(0) - i64::try_from(self.clock_ms(ground)).unwrap_or(0);
        self.timer(ground, self.beat_after(), Timer::Beat);
        let topics: Vec<_> = self.topics.keys().cloned().collect();
        topics.iter().for_each(|topic| self.subscribe(topic, false, ground));
    }

    fn beat_after(&self) -> u64 {
        self.link.as_ref().map_or(0, |link| link.ping_every)
    }

    fn deferred(&mut self, defer: &v1::Defer, ground: &mut Ground) {
        let Some(topic) = self.by(|view| view.sub == defer.sub) else { return };
        ground.sim.count("deferrals");
        if defer.code == code::GAP {
            return self.subscribe(&topic, false, ground);
        }
        if let Some(view) = self.topics.get_mut(&topic) {
            view.held = true;
        }
        if !self.resend {
            self.resend = true;
            self.timer(ground, u64::from(defer.after).max(50), Timer::Resend);
        }
    }

    fn pong(&mut self, ping: &v1::Ping, ground: &mut Ground) {
        for (channel, head) in &ping.heads {
            self.on_channel(*channel, ground, |view, _| view.head(*head));
        }
        let mut got = Vec::new();
        for view in self.topics.values_mut().filter(|view| view.count > 0) {
            for at in 0..view.queue.tracks.len() {
                let known = view.queue.got(&view.queue.tracks[at]);
                let track = &mut view.queue.tracks[at];
                let index =
                    self.lanes.iter().find(|held| held.lane == track.lane).and_then(|held| held.index);
                if let Some(index) = index.filter(|_| known != track.told) {
                    track.told = known;
                    got.push((view.sub, view.count, index, known));
                }
            }
        }
        self.send(v1::Pong { t: ping.t, got }.into(), ground);
    }

    /// Opens a topic, for reading too where `read`.
    pub(super) fn open(&mut self, topic: &Topic, root: usize, read: bool, ground: &mut Ground) {
        let view = self.topics.entry(topic.clone()).or_insert_with(|| View::new(topic.clone(), root));
        let wants = if read { view::ALL } else { view::NONE };
        let is_new = view.sub == 0 || wants > view.wants;
        view.wants = view.wants.max(wants);
        if is_new {
            ground.recorder.opened(self.me, topic, read);
            self.subscribe(topic, false, ground);
        }
    }

    /// Subscribes, or does so again: from where it stands, unless `fresh`.
    pub(super) fn subscribe(&mut self, topic: &Topic, fresh: bool, ground: &mut Ground) {
        if !self.link.as_ref().is_some_and(|link| link.live) {
            return;
        }
        let Some(mut topic_view) = self.topics.remove(topic) else { return };
        if topic_view.sub > 0 {
            self.send(v1::Unsub { id: topic_view.sub }.into(), ground);
            topic_view.lost();
        }
        let mut lanes = Vec::new();
        for at in 0..topic_view.queue.tracks.len() {
            let track = &topic_view.queue.tracks[at];
            let (lane, got) = (track.lane.clone(), topic_view.queue.got(track));
            // Without a position, or where it is not shown yet, the truth is asked for (S22, S7).
            let wanted = topic_view.queue.has_open(&lane) || !track.shown;
            topic_view.queue.tracks[at].told = got;
            if let Some(index) = self.index_of(&lane, ground) {
                lanes.push((index, got, wanted));
            }
        }
        self.next_sub += 1;
        topic_view.sub = self.next_sub;
        let resume = topic_view.base.as_ref().filter(|_| !fresh && topic_view.wants == view::ALL);
        let resume = resume.map(|base| (base.at.offset, base.at.epoch, base.class));
        let (id, wants) = (topic_view.sub, topic_view.wants);
        self.send(v1::Sub { id, topic: topic.clone(), view: wants, lanes, resume }.into(), ground);
        self.topics.insert(topic.clone(), topic_view);
    }

    /// Sends what is ready.
    pub(super) fn flush(&mut self, ground: &mut Ground) {
        if !self.link.as_ref().is_some_and(|link| link.live) {
            return;
        }
        let ready: Vec<_> = self
            .topics
            .values_mut()
            .filter(|view| view.count > 0 && !view.held)
            .map(|view| (view.sub, view.count, view.queue.sendable()))
            .collect();
        for (sub, count, frames) in ready {
            for (lane, got, entries) in frames {
                if let Some(lane) = self.index_of(&lane, ground) {
                    self.send(v1::Mutate { sub, count, lane, got, entries }.into(), ground);
                }
            }
        }
        self.save_soon(ground);
    }

    fn index_of(&mut self, lane: &str, ground: &mut Ground) -> Option<u16> {
        let held = self.lanes.iter().find(|held| held.lane == lane)?;
        if let Some(index) = held.index {
            return Some(index);
        }
        let link = self.link.as_mut()?;
        let index = link.next_index;
        link.next_index += 1;
        let day = held.day;
        self.send(v1::Lane { name: disk::name(lane), day }.into(), ground);
        self.lanes.iter_mut().find(|held| held.lane == lane)?.index = Some(index);
        Some(index)
    }

    fn lane_of(&self) -> impl Fn(u16) -> Option<Lane> + use<> {
        let named: Vec<_> = self.lanes.iter().map(|held| (held.index, held.lane.clone())).collect();
        move |index| named.iter().find(|(at, _)| *at == Some(index)).map(|(_, lane)| lane.clone())
    }

    fn by(&self, is: impl Fn(&View) -> bool) -> Option<Topic> {
        self.topics.values().find(|view| view.sub > 0 && is(view)).map(|view| view.topic.clone())
    }

    fn on_channel(
        &mut self,
        channel: u32,
        ground: &mut Ground,
        act: impl FnOnce(&mut View, &Ground) -> Then,
    ) {
        let Some(topic) = self.by(|view| view.channel == Some(channel)) else { return };
        self.with(&topic, ground, |_, view, ground| act(view, ground));
    }

    fn with(
        &mut self,
        topic: &Topic,
        ground: &mut Ground,
        act: impl FnOnce(&Self, &mut View, &Ground) -> Then,
    ) {
        let Some(mut view) = self.topics.remove(topic) else { return };
        let then = act(self, &mut view, ground);
        self.topics.insert(topic.clone(), view);
        for (lane, seq, verdict) in then.told {
            let entry = (self.lane_id(&lane), seq);
            ground.recorder.told(self.me, topic, seq, &verdict);
            ground.ledger.tell(topic, entry, verdict, &ground.sim);
        }
        if let Some(broken) = then.broken {
            ground.sim.violated(format!("p{}: {broken}", self.me));
        }
        self.publish(topic, ground);
        if let Some(fresh) = then.again {
            self.subscribe(topic, fresh, ground);
        }
    }

    /// Shows the topic anew, and lets the laws look at it.
    fn publish(&mut self, topic: &Topic, ground: &mut Ground) {
        let server_now = self.clock_ms(ground).saturating_add_signed(self.clock);
        let Some(view) = self.topics.get_mut(topic) else { return };
        view.replay(&ground.registry, &self.who.seen[view.root].0, server_now);
        ground.sim.count("notifications");
        let view = &self.topics[topic];
        laws::at_notification(ground, self, view);
        ground.recorder.shown(self.me, ground.registry.as_ref(), view);
    }

    pub(super) fn lane_id(&self, lane: &str) -> LaneId {
        LaneId::new("", &self.who.id, &disk::name(lane))
    }

    fn send(&self, frame: ClientFrame, ground: &mut Ground) {
        let Some(link) = &self.link else { return };
        ground.sim.note(|| format!("p{} > {frame:?}", self.me));
        ground.recorder.sent(self.me, &frame);
        if let Ok(bytes) = self.codec.encode(&frame) {
            ground.net.send_up(link.conn, bytes);
        }
    }

    fn clock_ms(&self, ground: &Ground) -> u64 {
        ground.clock_ms().saturating_add_signed(self.skew_ms)
    }

    fn timer(&self, ground: &Ground, ms: u64, timer: Timer) {
        ground.sim.after(ms, Event::Timer { page: self.me, life: self.life, timer });
    }
}

impl Page {
    /// Tells whether all that it has open was answered.
    pub(super) fn is_in_step(&self) -> bool {
        self.topics.values().all(View::is_in_step)
    }
}
