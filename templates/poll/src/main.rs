//! The poll's server: the model at `/ws`, and the built page at every other path.

mod poll;

use std::{env, path::PathBuf};

use poll::{Choice, Poll};
use realtime_core::prelude::*;
use tower_http::services::ServeDir;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let site = app().into_router().await?.fallback_service(ServeDir::new(page()));
    serve("127.0.0.1:3000", site).await
}

/// Everything that is served in realtime, and the poll that is there from the first start on.
fn app() -> App {
    let choices = ["Soup", "Curry", "Pizza", "Falafel"].map(|label| Choice { label: label.into(), votes: 0 });
    App::new().model::<Poll>().seed(Poll {
        id: "lunch".into(),
        question: "Where do we go for lunch?".into(),
        choices: choices.into(),
        closed: false,
    })
}

/// The folder of the built page: `web/dist`, or what `PAGE_DIR` names.
fn page() -> PathBuf {
    let folder = env::var_os("PAGE_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/web/dist")), PathBuf::from);
    if !folder.join("index.html").exists() {
        eprintln!("no page in {}: `npm install && npm run build` in web/ makes it", folder.display());
    }
    folder
}
