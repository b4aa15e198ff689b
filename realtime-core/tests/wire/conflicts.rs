//! Conflicts: `order` runs each in turn, `refuse` tells the second (S8).

use realtime_core::{
    prelude::*,
    protocol::frame::v1::{Entry, Mutate, Outcome},
};
use serde_json::{Value, json};

use super::support::{Client, Server, call, raw};

#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "card/{id}")]
struct Card {
    #[sync(key)]
    id: String,
    points: u32,
}

#[mutations]
impl Card {
    #[mutation(conflict = refuse)]
    fn estimate(&mut self, points: u32) {
        self.points = points;
    }

    #[mutation(conflict = order)]
    fn raise(&mut self) {
        self.points += 1;
    }
}

async fn server() -> Server {
    let card = |id: &str| Card { id: id.into(), points: 0 };
    Server::serve(App::new().model::<Card>().seed(card("c")).store(Memory::new())).await
}

/// A guest at the card, and the offset at which it joined.
async fn guest(server: &Server) -> (Client, u64) {
    let (mut client, _) = server.guest().await;
    let offset = client.sub(1, "card/c").await.offset;
    (client, offset)
}

/// Sends one call that has seen the topic up to an offset; returns the mark, or the refusal.
async fn calls(
    client: &mut Client,
    seq: u64,
    what: &str,
    args: Vec<i32>,
    seen: Option<u64>,
) -> Result<u64, Value> {
    let Entry::Call(mut asked) = call(seq, what, Some("c"), args.into_iter().map(raw).collect()) else {
        panic!("a call")
    };
    asked.seen = seen;
    client.send(Mutate { sub: 1, count: 1, lane: 0, got: 0, entries: vec![asked.into()] }).await;
    let ack = client.ack().await;
    match &ack.outcomes[..] {
        [(0, acked, Outcome::Done(_))] if *acked == seq => Ok(ack.mark),
        [(0, acked, Outcome::Refused(refused))] if *acked == seq => Err(refused.error.decode().unwrap()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn s8_the_second_of_two_is_told_which_commit_was_first() {
    let server = server().await;
    let ((mut ann, from), (mut bob, _)) = (guest(&server).await, guest(&server).await);
    let first = calls(&mut ann, 1, "Card.estimate", vec![5], Some(from)).await.unwrap();
    let stale = |version: u64| Err(json!({ "code": "rt/stale", "version": version }));
    assert_eq!(calls(&mut bob, 1, "Card.estimate", vec![8], Some(from)).await, stale(first));
    let second = calls(&mut bob, 2, "Card.estimate", vec![8], Some(first)).await.unwrap();
    assert_eq!(second, first + 1, "who has seen it may go on");
    assert_eq!(
        calls(&mut bob, 3, "Card.estimate", vec![9], Some(first)).await,
        Ok(second + 1),
        "its own is none"
    );
    assert_eq!(
        calls(&mut ann, 2, "Card.estimate", vec![1], None).await,
        stale(second + 1),
        "nothing was seen"
    );
}

#[tokio::test]
async fn s8_what_runs_in_order_is_never_stale_but_counts_as_a_change() {
    let server = server().await;
    let ((mut ann, from), (mut bob, _)) = (guest(&server).await, guest(&server).await);
    calls(&mut ann, 1, "Card.raise", vec![], None).await.unwrap();
    let raised = calls(&mut bob, 1, "Card.raise", vec![], Some(from)).await.unwrap();
    let stale = json!({ "code": "rt/stale", "version": raised });
    assert_eq!(calls(&mut ann, 2, "Card.estimate", vec![1], Some(from)).await, Err(stale));
}
