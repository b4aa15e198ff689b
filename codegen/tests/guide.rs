//! The guide's pages on rights and conflicts: what they show of TypeScript fits what is generated from what they show of Rust.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{env, fs, path::PathBuf, process::Command};

use realtime_codegen::{generate, target::typescript::TypeScript};
use realtime_core::{prelude::*, protocol::schema::Schema};
use serde_json::json;

/// As in docs/guide/conflicts.md, with a column of docs/guide/rights.md.
#[derive(SyncModel, Clone, Serialize, Deserialize)]
#[sync(topic = "card/{id}")]
struct Card {
    #[sync(key)]
    id: String,
    title: String,
    points: u32,
    done: bool,
    #[sync(read = staff, write = staff)]
    margin: u32,
}

fn staff(who: &realtime_core::Anyone) -> bool {
    who.id == "staff"
}

#[mutations]
impl Card {
    /// Two estimates at once: the second is told of the first, and decides.
    #[mutation(conflict = refuse)]
    fn estimate(&mut self, points: u32) {
        self.points = points;
    }

    /// Means the same, whatever came before.
    fn finish(&mut self) {
        self.done = true;
    }
}

/// Answers for its schema, as a program does, when the environment asks; it is run by `schema` only.
#[test]
fn child_that_answers_for_its_schema() {
    if env::var_os("REALTIME_SCHEMA").is_none() {
        assert!(!staff(&serde_json::from_value(json!({ "id": "ann" })).unwrap()));
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let router = runtime.block_on(App::new().model::<Card>().into_router::<()>());
    panic!("it should have ended: {:?}", router.err());
}

fn schema() -> Schema {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("schema.json");
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "child_that_answers_for_its_schema"])
        .env("REALTIME_SCHEMA", &file)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&child.stderr);
    serde_json::from_str(&fs::read_to_string(&file).unwrap_or_else(|e| panic!("{e}: {told}"))).unwrap()
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

#[test]
fn what_the_guide_says_of_conflicts_and_rights_compiles() {
    let folder = tempfile::tempdir().unwrap();
    let files = generate(&schema(), &TypeScript).unwrap_or_else(|e| panic!("{e}"));
    for file in &files {
        fs::write(folder.path().join(&file.path), &file.text).unwrap();
    }
    let card = files.iter().find(|file| file.path == "card.ts").unwrap();
    assert!(card.text.contains("margin?: number"), "{}", card.text);
    let page = fs::read_to_string(repository().join("docs/guide/conflicts.md")).unwrap();
    let (_, piece) = page.split_once("\n```ts\n").unwrap();
    let (piece, _) = piece.split_once("\n```").unwrap();
    let program = format!("import {{ createClient }} from \"./index.js\";\n{piece}\nrt.card(\"c\");\n");
    fs::write(folder.path().join("use.ts"), program).unwrap();
    let root = repository();
    let config = json!({
        "extends": root.join("tsconfig.base.json"),
        "compilerOptions": {
            "noEmit": true,
            "paths": {
                "@realtime/client/generated": [root.join("clients/typescript/src/generated.ts")],
                "@realtime/client/draft": [root.join("clients/typescript/src/draft/index.ts")],
            },
            "typeRoots": [], "moduleResolution": "bundler", "module": "esnext",
        },
        "include": ["*.ts"],
    });
    fs::write(folder.path().join("tsconfig.json"), config.to_string()).unwrap();
    let tsc = root.join("node_modules/.bin/tsc");
    assert!(tsc.exists(), "{} is missing: run `npm ci` in {}", tsc.display(), root.display());
    let output = Command::new(tsc).arg("-p").arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
