//! Entities that go by themselves: by age and by number, in ordinary commits, in simulated time.

use std::{collections::VecDeque, sync::Arc};

use futures_util::FutureExt;
use realtime_core::SyncModel;
use realtime_protocol::{Day, Topic};
use serde::{Deserialize, Serialize};

use super::super::{
    channel::Numbers,
    event::{Effect, Event, Loaded, Now},
    own::{Answer, Own, OwnCall, Reply},
    worker::Worker,
};
use crate::{
    describe::Described,
    field::{Seed, Timestamp},
    handler::{Registry, typed},
    principal::{Anyone, Guest},
    store::{Memory, Read, Store},
    tx::{Context, Run, Tx},
};

const DAY_MS: u64 = 86_400_000;

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "log/{id}", create = realtime_core::anyone)]
struct Log {
    #[sync(key)]
    id: String,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Log, retain = "3d")]
struct Line {
    #[sync(key)]
    id: String,
    written_at: Timestamp,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Log, retain = 20)]
struct Entry {
    #[sync(key)]
    id: String,
}

/// Nodes over one store, whose clock the test moves.
struct Scene {
    store: Arc<Memory>,
    topic: Topic,
    registry: Arc<Registry>,
    workers: Vec<(Worker, VecDeque<Effect>)>,
    now_ms: u64,
    epoch: u32,
}

impl Scene {
    fn new(nodes: usize) -> Self {
        let models = vec![typed::<Log>(), typed::<Line>(), typed::<Entry>()];
        let registry = Arc::new(Registry::new(models, Guest::describe).ok().unwrap());
        let (store, topic) = (Arc::new(Memory::new()), Topic::new("log/a").unwrap());
        let mut scene = Self { store, topic, registry, workers: Vec::new(), now_ms: 100 * DAY_MS, epoch: 0 };
        (0..nodes).for_each(|_| scene.start());
        scene.write(0, |tx| {
            tx.insert(Log { id: "a".into() });
        });
        scene
    }

    fn start(&mut self) {
        let numbers = Arc::new(Numbers::new(1));
        let worker = Worker::new(Arc::clone(&self.registry), self.topic.clone(), 0, numbers);
        self.workers.push((worker, VecDeque::new()));
    }

    fn step(&mut self, node: usize, event: Event) {
        self.epoch += 1;
        let now = Now { today: Day::of_ms(self.now_ms), ms: self.now_ms, epoch: self.epoch };
        let effects = self.workers[node].0.step(event, now);
        for effect in effects {
            match effect {
                Effect::Reply { to, result } => (to.0)(result),
                Effect::Publish(_) => {}
                effect => self.workers[node].1.push_back(effect),
            }
        }
    }

    fn settle(&mut self, node: usize) {
        while let Some(effect) = self.workers[node].1.pop_front() {
            let topic = &self.topic;
            let event = match effect {
                Effect::Load => {
                    let what = Read::Scan {
                        model: None,
                        index: 0,
                        after: None,
                        max_rows: 10_000,
                        max_bytes: 1 << 24,
                    };
                    let page = now(self.store.read(topic, what)).unwrap();
                    Event::Loaded(Ok(Loaded { head: page.head, rows: page.rows }))
                }
                Effect::Commit(commit) => Event::Committed(now(self.store.commit(topic, commit))),
                Effect::Replay { after } => Event::Replayed(now(self.store.replay(topic, after, 1 << 20))),
                other => panic!("{other:?}"),
            };
            self.step(node, event);
        }
    }

    fn write(&mut self, node: usize, run: impl Fn(&mut Tx<Log>) + Send + Sync + 'static) {
        let at = Timestamp::from_ms(i64::try_from(self.now_ms).unwrap());
        let erased = move |lent: &mut Run| {
            lent.with::<Log, _>(&run);
            Ok(Box::new(()) as Answer)
        };
        let context = Context {
            principal: Arc::new(Anyone { id: "robot".into() }),
            now: at,
            server_now: at,
            seed: Seed::default(),
            ids: 0,
            random: None,
        };
        let reply = Reply(Box::new(|result| drop(result.unwrap())));
        self.step(node, Event::Own(Own { call: OwnCall::Write(Arc::new(erased)), context, reply }));
        self.settle(node);
    }

    fn sweep(&mut self, node: usize) {
        self.step(node, Event::Sweep);
        self.settle(node);
    }

    /// The keys that the store holds of a model, and the topic's offset.
    fn kept<M: SyncModel>(&self) -> Vec<String> {
        let what = Read::Scan {
            model: Some(M::NUMBER),
            index: 0,
            after: None,
            max_rows: 10_000,
            max_bytes: 1 << 24,
        };
        let page = now(self.store.read(&self.topic, what)).unwrap();
        page.rows.iter().map(|row| String::from_utf8(row.key.id.to_vec()).unwrap()).collect()
    }

    fn offset(&self) -> u64 {
        now(self.store.heads(std::slice::from_ref(&self.topic))).unwrap()[0].at.offset
    }
}

fn now<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("memory answers at once")
}

fn line(id: u64) -> impl Fn(&mut Tx<Log>) + Send + Sync + 'static {
    move |tx| {
        let written_at = tx.server_now();
        tx.insert(Line { id: format!("{id:04}"), written_at });
    }
}

#[test]
fn retain_by_age_removes_what_is_older_at_the_next_look_and_when_a_topic_is_loaded() {
    let mut scene = Scene::new(1);
    for day in 0..5 {
        scene.write(0, line(day));
        scene.now_ms += DAY_MS;
    }
    assert_eq!(scene.kept::<Line>().len(), 5, "nobody looked yet");
    scene.sweep(0);
    assert_eq!(scene.kept::<Line>(), ["0002", "0003", "0004"], "three days old is not older than three days");
    let offset = scene.offset();
    scene.sweep(0);
    assert_eq!(scene.offset(), offset, "nothing to do is no commit");
    scene.now_ms += 2 * DAY_MS;
    scene.start();
    scene.write(1, |_| {});
    assert_eq!(scene.kept::<Line>(), ["0004"], "a node that loads the topic removes them first of all");
}

#[test]
fn retain_by_number_keeps_the_newest_with_some_room_so_that_not_each_costs_a_commit() {
    let mut scene = Scene::new(1);
    let insert = |id: u64| {
        move |tx: &mut Tx<Log>| {
            tx.insert(Entry { id: format!("{id:04}") });
        }
    };
    for id in 0..36 {
        scene.write(0, insert(id));
    }
    assert_eq!(scene.kept::<Entry>().len(), 36);
    scene.write(0, insert(36));
    assert_eq!(scene.kept::<Entry>().len(), 20);
    assert_eq!(scene.kept::<Entry>()[0], "0017", "the lowest keys go");
    scene.write(0, insert(37));
    scene.sweep(0);
    assert_eq!(scene.kept::<Entry>()[0], "0018");
}

#[test]
fn l11_a_sweep_removes_a_bounded_number_in_each_commit_until_all_are_gone() {
    let mut scene = Scene::new(1);
    scene.write(0, |tx| {
        for id in 0..1_000 {
            tx.insert(Line { id: format!("{id:04}"), written_at: Timestamp::from_ms(0) });
        }
    });
    let offset = scene.offset();
    scene.sweep(0);
    assert_eq!((scene.kept::<Line>().len(), scene.offset() - offset), (0, 4));
}

#[test]
fn two_sweepers_at_once_do_no_harm() {
    let mut scene = Scene::new(2);
    scene.write(0, line(1));
    scene.write(1, |_| {});
    scene.now_ms += 4 * DAY_MS;
    scene.step(0, Event::Sweep);
    scene.step(1, Event::Sweep);
    scene.settle(1);
    scene.settle(0);
    assert_eq!(scene.kept::<Line>().len(), 0);
    scene.write(0, line(2));
    assert_eq!(scene.kept::<Line>(), ["0002"]);
}
