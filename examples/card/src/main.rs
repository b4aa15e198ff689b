//! npm run build -w examples/card/web && cargo run -p card    # then /?as=ann (who manages) and /?as=bob
//! A card of work: what it costs is for managers only, and of two estimates at once the second is told of the first.

use std::path::Path;

use realtime_core::prelude::*;
use tower_http::services::ServeDir;

/// Who is signed in. Here the token is the name; a program of yours verifies one.
#[derive(Principal, Clone, Serialize, Deserialize)]
struct User {
    /// The name.
    #[principal(id)]
    id: String,
}

impl User {
    /// Whether costs are this one's business.
    fn manages(&self) -> bool {
        self.id == "ann"
    }
}

/// A piece of work.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "card/{id}", principal = User)]
struct Card {
    #[sync(key)]
    id: String,
    /// What is to be done.
    title: String,
    /// How much work the team thinks it is.
    points: u32,
    /// How much it has been.
    hours: u32,
    /// What that has cost: nobody but managers gets a byte of it.
    #[sync(read = User::manages)]
    cost: u32,
}

#[mutations]
impl Card {
    /// Two estimates at once: the second is told of the first, and decides.
    #[mutation(conflict = refuse)]
    fn estimate(&mut self, points: u32) {
        self.points = points;
    }

    /// Writes down an hour of work. Everybody sees it at once; the cost of it shows to those who may see costs.
    fn work(&mut self, rate: u32) {
        self.hours += 1;
        self.cost += rate;
    }
}

async fn authenticate(hello: Hello) -> Result<User, AuthError> {
    match hello.token {
        Some(id) if !id.is_empty() => Ok(User { id }),
        _ => Err(AuthError::Denied("say who you are: /?as=ann".into())),
    }
}

#[tokio::main]
async fn main() -> Result {
    let card = Card { id: "guide".into(), title: "Write the guide".into(), points: 3, hours: 0, cost: 0 };
    let app = App::authenticate(authenticate).model::<Card>().seed(card);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/dist");
    serve("127.0.0.1:3000", app.into_router().await?.fallback_service(ServeDir::new(page))).await
}
