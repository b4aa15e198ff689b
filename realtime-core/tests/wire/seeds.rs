//! Seeds and clocks that a client makes up: they reach nothing but its own (S45).

use realtime_core::{
    prelude::*,
    protocol::{
        frame::v1::{Call, Mutate, Outcome},
        schema::mutator_number,
    },
};

use super::support::{Client, Server, raw};

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "wall/{id}")]
struct Wall {
    #[sync(key)]
    id: String,
}

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = Wall)]
struct Post {
    #[sync(key)]
    id: Id,
    text: String,
    at: Timestamp,
    kept_at: Timestamp,
}

#[mutations]
impl Wall {
    fn post(tx: &mut Tx<Wall>, text: String) -> Id {
        let (id, at, kept_at) = (tx.new_id(), tx.now(), tx.server_now());
        tx.insert(Post { id: id.clone(), text, at, kept_at });
        id
    }
}

type Seed = (u32, u32, u32, u32);

/// Posts, and returns the id, or the code of the refusal.
async fn post(client: &mut Client, seq: u64, text: &str, now: u64, seed: Seed) -> Result<Id, String> {
    let (mutator, args) = (mutator_number("Wall", "post"), vec![raw(text)]);
    let seed = Some(seed);
    let call = Call { seq, mutator, version: 1, now, key: None, args, after: None, seed, seen: None };
    client.send(Mutate { sub: 1, count: 1, lane: 0, got: seq - 1, entries: vec![call.into()] }).await;
    loop {
        let realtime_core::protocol::frame::ServerFrame::Ack(ack) = client.next().await else { continue };
        match &ack.outcomes[0].2 {
            Outcome::Done(done) => return Ok(done.value.as_ref().unwrap().decode().unwrap()),
            Outcome::Refused(refused) => {
                let error: serde_json::Value = refused.error.decode().unwrap();
                return Err(error["code"].as_str().unwrap().to_owned());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn s45_a_forged_seed_hits_an_existing_id_and_overwrites_nothing() {
    let app = App::new().model::<Wall>().model::<Post>().seed(Wall { id: "a".into() }).store(Memory::new());
    let wall = app.handle(Guest { id: "robot".into() }).topic::<Wall>("a");
    let server = Server::serve(app).await;
    let ((mut ann, _), (mut mallory, _)) = (server.guest().await, server.guest().await);
    ann.sub(1, "wall/a").await;
    mallory.sub(1, "wall/a").await;
    let (hers, other) = ((1, 2, 3, 4), (1, 2, 3, 5));
    let id = post(&mut ann, 1, "ann's", 0, hers).await.unwrap();
    assert_eq!(post(&mut mallory, 1, "mallory's", 0, hers).await, Err("rt/exists".to_owned()));
    assert_eq!(post(&mut ann, 2, "ann's again", 0, hers).await, Err("rt/exists".to_owned()));
    assert_ne!(post(&mut mallory, 2, "mallory's", 0, other).await.unwrap(), id);
    let texts = wall.read(move |tx| (tx.get::<Post>(&id).unwrap().text.clone(), tx.all::<Post>().count()));
    assert_eq!(texts.await.unwrap(), ("ann's".to_owned(), 2));
}

#[tokio::test]
async fn s45_a_time_of_intent_is_never_ahead_of_the_server_nor_older_than_a_lane_can_be() {
    let app = App::new().model::<Wall>().model::<Post>().seed(Wall { id: "a".into() }).store(Memory::new());
    let wall = app.handle(Guest { id: "robot".into() }).topic::<Wall>("a");
    let server = Server::serve(app).await;
    let (mut ann, _) = server.guest().await;
    ann.sub(1, "wall/a").await;
    let month = 30 * 86_400_000;
    for (seq, now, late) in [(1, u64::MAX, 0), (2, 0, month)] {
        let id = post(&mut ann, seq, "x", now, (9, 9, 9, u32::try_from(seq).unwrap())).await.unwrap();
        let times = wall.read(move |tx| tx.get::<Post>(&id).map(|post| (post.kept_at, post.at)));
        let (kept_at, at) = times.await.unwrap().unwrap();
        assert_eq!(kept_at.as_ms() - at.as_ms(), late);
    }
}
