//! Two programs over one store: what the newer one knows more survives, and a raised form ends the older one (S31, S32).

use std::{collections::VecDeque, sync::Arc};

use futures_util::FutureExt;
use realtime_core::SyncModel;
use realtime_protocol::{Day, Topic};
use serde::{Deserialize, Serialize};

use super::super::{
    channel::Numbers,
    event::{Effect, Event, Loaded, Now},
    own::{Answer, Own, OwnCall, OwnError, Reply},
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

/// The model as two versions of the program know it.
mod v2 {
    use super::*;

    #[derive(SyncModel, Clone, Serialize, Deserialize)]
    #[sync(topic = "task/{id}", create = realtime_core::anyone)]
    pub(super) struct Task {
        #[sync(key)]
        pub(super) id: String,
        pub(super) title: String,
    }
}

mod v3 {
    use super::*;

    #[derive(SyncModel, Clone, Serialize, Deserialize)]
    #[sync(topic = "task/{id}", create = realtime_core::anyone)]
    pub(super) struct Task {
        #[sync(key)]
        pub(super) id: String,
        #[sync(default = String::from("none"))]
        pub(super) label: String,
        pub(super) title: String,
    }
}

struct Node {
    worker: Worker,
    io: VecDeque<Effect>,
    outdated: Option<u32>,
}

/// Nodes of different programs over one store.
struct Scene {
    store: Memory,
    topic: Topic,
    nodes: Vec<Node>,
    epoch: u32,
}

type Told = Result<String, OwnError>;

impl Scene {
    fn new() -> Self {
        Self { store: Memory::new(), topic: Topic::new("task/a").unwrap(), nodes: Vec::new(), epoch: 0 }
    }

    /// Starts a node of a program that writes up to this form; returns its number.
    fn start<M: SyncModel>(&mut self, form: u32) -> usize {
        let registry = Registry::new(vec![typed::<M>()], Guest::describe).ok().unwrap().with_form(form);
        let numbers = Arc::new(Numbers::new(1));
        let worker = Worker::new(Arc::new(registry), self.topic.clone(), 0, numbers);
        self.nodes.push(Node { worker, io: VecDeque::new(), outdated: None });
        self.nodes.len() - 1
    }

    fn run<M: SyncModel<Root = M>>(
        &mut self,
        node: usize,
        run: impl Fn(&mut Tx<M>) -> String + Send + Sync + 'static,
    ) -> Told {
        let erased = move |lent: &mut Run| Ok(Box::new(lent.with::<M, _>(&run)) as Answer);
        let zero = Timestamp::from_ms(0);
        let principal = Arc::new(Anyone { id: "robot".into() });
        let context =
            Context { principal, now: zero, server_now: zero, seed: Seed::default(), ids: 0, random: None };
        let (send, told) = std::sync::mpsc::channel();
        let reply = Reply(Box::new(move |result: Result<Answer, OwnError>| {
            send.send(result.map(|answer| *answer.downcast::<String>().unwrap())).unwrap();
        }));
        self.step(node, Event::Own(Own { call: OwnCall::Write(Arc::new(erased)), context, reply }));
        self.settle(node);
        told.try_recv().unwrap()
    }

    fn step(&mut self, node: usize, event: Event) {
        self.epoch += 1;
        let now = Now { today: Day::of_ms(0), ms: 0, epoch: self.epoch };
        for effect in self.nodes[node].worker.step(event, now) {
            match effect {
                Effect::Reply { to, result } => (to.0)(result),
                Effect::Outdated { form } => self.nodes[node].outdated = Some(form),
                Effect::Publish(_) => {}
                effect => self.nodes[node].io.push_back(effect),
            }
        }
    }

    fn settle(&mut self, node: usize) {
        while let Some(effect) = self.nodes[node].io.pop_front() {
            let event = match effect {
                Effect::Load => {
                    let what =
                        Read::Scan { model: None, index: 0, after: None, max_rows: 9, max_bytes: 9_999 };
                    let page = now(self.store.read(&self.topic, what)).unwrap();
                    Event::Loaded(Ok(Loaded { head: page.head, rows: page.rows }))
                }
                Effect::Commit(commit) => Event::Committed(now(self.store.commit(&self.topic, commit))),
                other => panic!("{other:?}"),
            };
            self.step(node, event);
        }
    }

    fn promote(&self, form: u32) {
        assert_eq!(now(self.store.promote(form)).unwrap(), form);
    }

    fn offset(&self) -> u64 {
        now(self.store.heads(std::slice::from_ref(&self.topic))).unwrap()[0].at.offset
    }
}

fn now<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("memory answers at once")
}

fn create(tx: &mut Tx<v3::Task>) -> String {
    tx.insert(v3::Task { id: "a".into(), label: "red".into(), title: "new".into() });
    String::new()
}

fn title(to: &'static str) -> impl Fn(&mut Tx<v2::Task>) -> String + Send + Sync + 'static {
    move |tx| {
        let task = tx.get_mut::<v2::Task>("a").unwrap();
        std::mem::replace(&mut task.title, to.to_owned())
    }
}

fn label(to: &'static str) -> impl Fn(&mut Tx<v3::Task>) -> String + Send + Sync + 'static {
    move |tx| {
        let task = tx.get_mut::<v3::Task>("a").unwrap();
        let was = format!("{} {}", task.label, task.title);
        task.label = to.to_owned();
        was
    }
}

#[test]
fn s31_what_the_older_program_writes_between_leaves_the_newer_ones_column_alone() {
    let mut scene = Scene::new();
    let (old, new) = (scene.start::<v2::Task>(1), scene.start::<v3::Task>(1));
    scene.run(new, create).unwrap();
    assert_eq!(scene.run(old, title("older")).unwrap(), "new");
    assert_eq!(scene.run(new, label("blue")).unwrap(), "red older");
    assert_eq!(scene.run(old, title("older still")).unwrap(), "older");
    let another = scene.start::<v3::Task>(1);
    assert_eq!(scene.run(another, label("green")).unwrap(), "blue older still", "from the store, too");
    // A row that the older one made has the newer one's default.
    let mut scene = Scene::new();
    let (old, new) = (scene.start::<v2::Task>(1), scene.start::<v3::Task>(1));
    let made = |tx: &mut Tx<v2::Task>| tx.insert(v2::Task { id: "a".into(), title: "x".into() }).id.clone();
    scene.run(old, made).unwrap();
    assert_eq!(scene.run(new, label("red")).unwrap(), "none x");
}

#[test]
fn s32_until_the_promotion_both_write_after_it_the_older_one_retires_and_loses_nothing() {
    let mut scene = Scene::new();
    let (old, new) = (scene.start::<v2::Task>(1), scene.start::<v3::Task>(2));
    scene.run(new, create).unwrap();
    assert_eq!(scene.run(old, title("older")).unwrap(), "new", "the newer one writes the older form");
    scene.promote(2);
    let offset = scene.offset();
    assert!(matches!(scene.run(old, title("lost")), Err(OwnError::Outdated)));
    assert_eq!((scene.offset(), scene.nodes[old].outdated), (offset, Some(2)));
    assert_eq!(
        scene.run(new, label("blue")).unwrap(),
        "red older",
        "the newer one goes on in the newer form"
    );
    assert_eq!(scene.nodes[new].outdated, None);
    let late = scene.start::<v2::Task>(1);
    assert!(
        matches!(scene.run(late, title("lost")), Err(OwnError::Outdated)),
        "one that loads after it, too"
    );
}

#[test]
fn s32_a_rollback_before_the_promotion_finds_everything() {
    let mut scene = Scene::new();
    let old = scene.start::<v2::Task>(1);
    let made =
        |tx: &mut Tx<v2::Task>| tx.insert(v2::Task { id: "a".into(), title: "first".into() }).id.clone();
    scene.run(old, made).unwrap();
    let new = scene.start::<v3::Task>(2);
    scene.run(new, label("red")).unwrap();
    let back = scene.start::<v2::Task>(1);
    assert_eq!(scene.run(back, title("back")).unwrap(), "first");
    let again = scene.start::<v3::Task>(2);
    assert_eq!(scene.run(again, label("blue")).unwrap(), "red back");
}
