//! Hooks (S46) and rights whose source is elsewhere (S36): each made slow, failing and panicking.

use std::{
    collections::HashMap,
    future::pending,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
};

use futures_util::future::BoxFuture;
use realtime_core::{
    Admitting, AuthError, Authenticated, Checking, Committed, Connecting, Disconnected, Hook, Plugin,
    Published, Subscribing, Verdict, Veto,
    prelude::*,
    protocol::frame::{
        Codec, ServerFrame,
        v1::{Auth, how},
    },
};
use serde_json::json;

use super::support::{Client, List, Server, raw};

/// What a door says.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Mood {
    No,
    Unsure,
    Panics,
    Slow,
}

/// A hook whose doors are moody, and which tells what it saw.
#[derive(Debug, Clone)]
struct Moody {
    moods: Arc<Mutex<HashMap<&'static str, Mood>>>,
    saw: Sender<String>,
}

impl Moody {
    fn new() -> (Self, Receiver<String>) {
        let (saw, seen) = channel();
        (Self { moods: Arc::default(), saw }, seen)
    }

    fn set(&self, door: &'static str, mood: Option<Mood>) {
        let mut moods = self.moods.lock().unwrap();
        match mood {
            Some(mood) => moods.insert(door, mood),
            None => moods.remove(door),
        };
    }

    fn verdict(&self, door: &str) -> Verdict {
        let mood = self.moods.lock().unwrap().get(door).copied();
        match mood {
            None | Some(Mood::Slow) => Ok(()),
            Some(Mood::No) => Err(Veto::refused("not today")),
            Some(Mood::Unsure) => Err(Veto::Unavailable),
            Some(Mood::Panics) => panic!("on purpose"),
        }
    }

    fn ask(&self, door: &'static str) -> BoxFuture<'_, Verdict> {
        Box::pin(async move {
            let is_slow = self.moods.lock().unwrap().get(door) == Some(&Mood::Slow);
            if is_slow {
                pending::<()>().await;
            }
            self.verdict(door)
        })
    }
}

impl Hook for Moody {
    fn connect<'a>(&'a self, ask: &'a Connecting) -> BoxFuture<'a, Verdict> {
        assert_eq!(ask.who.principal::<Guest>().unwrap().id, ask.who.id());
        self.ask("connect")
    }
    fn subscribe<'a>(&'a self, _: &'a Subscribing) -> BoxFuture<'a, Verdict> {
        self.ask("subscribe")
    }
    fn admit<'a>(&'a self, _: &'a Admitting) -> BoxFuture<'a, Verdict> {
        self.ask("admit")
    }
    fn check(&self, check: &Checking<'_>) -> Verdict {
        assert_eq!(check.root::<List>().unwrap().id, "a");
        self.verdict("check")
    }
    fn committed(&self, it: &Committed) {
        let _ = self
            .saw
            .send(format!("{} {} {} refused: {}", it.at.offset, it.principal, it.mutation, it.refused));
        self.verdict("committed").unwrap();
    }
    fn published(&self, it: &Published) {
        let _ = self.saw.send(format!("published {} {}", it.topic, it.at.offset));
    }
    fn disconnected(&self, it: &Disconnected) {
        let _ = self.saw.send(format!("{} is gone", it.principal));
    }
}

/// A plugin is what one could have written oneself.
struct Doors(Moody);

impl<P: Principal> Plugin<P> for Doors {
    fn register(self, app: App<P>) -> App<P> {
        app.hook(self.0)
    }
}

async fn server(hook: &Moody) -> Server {
    let by_name = async |hello: Hello| -> Result<Guest, AuthError> {
        Ok(Guest { id: hello.token.unwrap_or_default() })
    };
    let list = List { id: "a".into(), title: "A".into(), items: vec![], done: false };
    let app = App::authenticate(by_name).model::<List>().seed(list).plugin(Doors(hook.clone()));
    Server::serve(app.store(Memory::new())).await
}

async fn ann(server: &Server) -> Client {
    let mut ann = server.connect(Codec::Json).await;
    ann.hello(Some("ann".into())).await;
    ann
}

/// Waits for a deferral of this code.
async fn deferred(client: &mut Client) -> String {
    loop {
        if let ServerFrame::Defer(defer) = client.next().await {
            return defer.code;
        }
    }
}

#[tokio::test]
async fn sv19_s46_connect_refuses_for_good_and_is_unavailable_where_it_fails_panics_or_is_slow() {
    let (hook, _seen) = Moody::new();
    let server = server(&hook).await;
    for (mood, code) in [(Mood::No, 4503), (Mood::Unsure, 4003), (Mood::Panics, 4003), (Mood::Slow, 4003)] {
        hook.set("connect", Some(mood));
        let mut client = server.connect(Codec::Json).await;
        client.greet(Some("ann".into())).await;
        assert_eq!(client.parted().await.code, code, "{mood:?}");
    }
    hook.set("connect", None);
    ann(&server).await.sub(1, "list/a").await;
}

#[tokio::test]
async fn sv19_s46_subscribe_refuses_one_topic_and_is_asked_again_where_it_could_not_be_told() {
    let (hook, _seen) = Moody::new();
    let server = server(&hook).await;
    let mut ann = ann(&server).await;
    for (id, mood, reason) in
        [(1, Mood::No, "rt/denied"), (2, Mood::Panics, "unavailable"), (3, Mood::Slow, "unavailable")]
    {
        hook.set("subscribe", Some(mood));
        let topic = format!("list/{id}");
        let refused = ann.sub(id, &topic).await;
        assert_eq!((refused.how, refused.reason.as_deref()), (how::REFUSED, Some(reason)), "{mood:?}");
    }
    hook.set("subscribe", Some(Mood::Unsure));
    assert_eq!(ann.sub(4, "list/a").await.how, how::REFUSED);
    hook.set("subscribe", None);
    // Asked again by itself: a second `subscribed` brings the rows.
    loop {
        if let ServerFrame::Subscribed(answer) = ann.next().await
            && answer.id == 4
        {
            break assert_eq!((answer.how, answer.count), (how::SNAPSHOT, 2));
        }
    }
}

#[tokio::test]
async fn sv19_s46_admit_refuses_finally_and_defers_where_it_fails_panics_or_is_slow() {
    let (hook, _seen) = Moody::new();
    let server = server(&hook).await;
    let mut ann = ann(&server).await;
    let mut bystander = server.connect(Codec::Json).await;
    bystander.hello(Some("bob".into())).await;
    ann.sub(1, "list/a").await;
    bystander.sub(1, "list/a").await;
    hook.set("admit", Some(Mood::No));
    let refusal = ann.refusal("List.add", Some("a"), vec![raw("eggs")]).await;
    assert_eq!(refusal, json!({ "code": "rt/denied", "message": "not today" }));
    for mood in [Mood::Unsure, Mood::Panics, Mood::Slow] {
        let mut ann = server.connect(Codec::Json).await;
        ann.hello(Some(format!("{mood:?}"))).await;
        ann.sub(1, "list/a").await;
        hook.set("admit", Some(mood));
        ann.mutate("List.add", Some("a"), vec![raw("eggs")]).await;
        assert_eq!(deferred(&mut ann).await, "unavailable", "{mood:?}");
    }
    hook.set("admit", None);
    bystander.outcome("List.add", Some("a"), vec![raw("ham")]).await;
}

#[tokio::test]
async fn s46_check_refuses_in_the_turn_and_its_panic_is_a_fault_of_that_mutation_only() {
    let (hook, _seen) = Moody::new();
    let server = server(&hook).await;
    let mut ann = ann(&server).await;
    ann.sub(1, "list/a").await;
    hook.set("check", Some(Mood::No));
    let refusal = ann.refusal("List.add", Some("a"), vec![raw("eggs")]).await;
    assert_eq!(refusal, json!({ "code": "rt/denied", "message": "not today" }));
    hook.set("check", Some(Mood::Panics));
    assert_eq!(ann.refusal("List.add", Some("a"), vec![raw("eggs")]).await["code"], "rt/fault");
    hook.set("check", None);
    ann.outcome("List.add", Some("a"), vec![raw("eggs")]).await;
}

#[tokio::test]
async fn s46_observers_hear_of_each_mutation_once_and_go_on_after_a_panic() {
    let (hook, seen) = Moody::new();
    let server = server(&hook).await;
    hook.set("committed", Some(Mood::Panics));
    let mut ann = ann(&server).await;
    ann.sub(1, "list/a").await;
    ann.outcome("List.add", Some("a"), vec![raw("eggs")]).await;
    ann.refusal("List.add", Some("a"), vec![raw("too long")]).await;
    ann.close().await;
    let saw: Vec<_> = tokio::task::spawn_blocking(move || seen.iter().take(4).collect()).await.unwrap();
    let want = [
        "2 ann List.add refused: false",
        "published list/a 2",
        "2 ann List.add refused: true",
        "ann is gone",
    ];
    assert_eq!(saw, want);
}

#[tokio::test]
async fn s36_rights_are_asked_for_anew_when_the_program_says_so_and_withdrawn_at_once() {
    let (hook, _seen) = Moody::new();
    let list = List { id: "a".into(), title: "A".into(), items: vec![], done: false };
    let app = App::new().model::<List>().seed(list).hook(hook.clone()).store(Memory::new());
    let handle = app.handle(Guest { id: "robot".into() });
    let server = Server::serve(app).await;
    let (mut ann, welcome) = server.guest().await;
    let (mut bob, _) = server.guest().await;
    assert_eq!(ann.sub(1, "list/a").await.how, how::SNAPSHOT);
    assert_eq!(bob.sub(1, "list/a").await.how, how::SNAPSHOT);
    hook.set("subscribe", Some(Mood::No));
    assert_eq!(handle.reauthenticate(&welcome.principal_id).unwrap(), 1);
    while !matches!(ann.next().await, ServerFrame::Reset(reset) if reset.reason == "revoked") {}
    hook.set("subscribe", None);
    handle.reauthenticate(&welcome.principal_id).unwrap();
    loop {
        if let ServerFrame::Subscribed(answer) = ann.next().await
            && answer.how == how::SNAPSHOT
        {
            break;
        }
    }
    bob.outcome("List.add", Some("a"), vec![raw("eggs")]).await;
    assert_eq!(handle.reauthenticate("nobody").unwrap(), 0);
}

#[tokio::test]
async fn s36_a_proof_that_has_expired_defers_mutations_until_auth_renews_it() {
    // A token is the time, in milliseconds since 1970, until which it is good.
    let by_time = async |hello: Hello| -> Result<Authenticated<Guest>, AuthError> {
        let until =
            hello.token.unwrap_or_default().parse().map_err(|_| AuthError::Denied("no time".into()))?;
        Ok(Authenticated::new(Guest { id: "ann".into() }).until(until))
    };
    let list = List { id: "a".into(), title: "A".into(), items: vec![], done: false };
    let app = App::authenticate(by_time).model::<List>().seed(list).store(Memory::new());
    let server = Server::serve(app).await;
    let now = u64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    let mut late = server.connect(Codec::Json).await;
    late.greet(Some((now - 60_000).to_string())).await;
    assert_eq!(late.parted().await.code, 4007, "beyond its grace: come back with a new one");
    let mut ann = server.connect(Codec::Json).await;
    ann.hello(Some((now - 1_000).to_string())).await;
    assert_eq!(ann.sub(1, "list/a").await.how, how::SNAPSHOT, "it goes on reading");
    ann.mutate("List.add", Some("a"), vec![raw("eggs")]).await;
    assert_eq!(deferred(&mut ann).await, "token_expired");
    ann.send(Auth { token: (now + 3_600_000).to_string() }).await;
    ann.mutate_again("List.add", Some("a"), vec![raw("eggs")]).await;
}
