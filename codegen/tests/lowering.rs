//! Lowered mutators: the same cases in Rust and in node over the generated code, and the TypeScript compiler over it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod fixture;

use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::Command,
};

use fixture::{
    Page, Sheet,
    random::Random,
    refused::Desk,
    room::{Message, Room},
};
use realtime_codegen::{OutputFile, generate, target::typescript::TypeScript};
use realtime_core::{
    App,
    protocol::schema::{Conflict, Schema},
};
use serde::Serialize;
use serde_json::{Value, json};

/// What a mutation came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Done(Value),
    Refused(Value),
}

/// Turns what a mutation returns into an answer.
pub(crate) trait IntoAnswer {
    fn answer(self) -> Answer;
}

impl<T: Serialize> IntoAnswer for Result<T, fixture::Fail> {
    fn answer(self) -> Answer {
        match self {
            Ok(value) => value.answer_plain(),
            Err(error) => Answer::Refused(fixture_error(&error)),
        }
    }
}

trait Plain {
    fn answer_plain(&self) -> Answer;
}

impl<T: Serialize> Plain for T {
    fn answer_plain(&self) -> Answer {
        Answer::Done(serde_json::to_value(self).unwrap())
    }
}

macro_rules! plain {
    ($($ty:ty),+) => { $(impl IntoAnswer for $ty { fn answer(self) -> Answer { self.answer_plain() } })+ };
}
plain!((), u32, bool, usize, String, Option<u32>, Option<String>);

fn fixture_error(error: &fixture::Fail) -> Value {
    match error {
        fixture::Fail::NotFound => json!({ "code": "NotFound" }),
        fixture::Fail::Closed => json!({ "code": "Closed" }),
        fixture::Fail::Full { limit, name } => json!({ "code": "Full", "limit": limit, "name": name }),
    }
}

/// The name of an argument in TypeScript.
pub(crate) fn camel(rust: &str) -> String {
    let mut upper = false;
    rust.chars()
        .filter_map(|c| {
            if c == '_' {
                upper = true;
                return None;
            }
            let c = if upper { c.to_ascii_uppercase() } else { c };
            upper = false;
            Some(c)
        })
        .collect()
}

// ---- the fixture's schema

/// Answers for its schema, as a program does, when the environment asks; it is run by `schema` only.
#[test]
fn child_that_answers_for_its_schema() {
    if env::var_os("REALTIME_SCHEMA").is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        if env::var_os("REFUSED").is_some() {
            let router = runtime.block_on(App::new().model::<Desk>().into_router::<()>());
            panic!("it should have ended: {:?}", router.err());
        }
        let router = runtime.block_on(
            App::new()
                .model::<Sheet>()
                .model::<Page>()
                .model::<Room>()
                .model::<Message>()
                .into_router::<()>(),
        );
        panic!("it should have ended: {:?}", router.err());
    }
    assert_eq!(camel("child_of"), "childOf");
}

/// The schema document of the fixture.
fn schema() -> Schema {
    ask(false)
}

fn ask(refused: bool) -> Schema {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("schema.json");
    let mut child = Command::new(env::current_exe().unwrap());
    if refused {
        child.env("REFUSED", "1");
    }
    let output = child
        .args(["--exact", "child_that_answers_for_its_schema", "--nocapture"])
        .env("REALTIME_SCHEMA", &file)
        .output()
        .unwrap();
    let text = fs::read_to_string(&file)
        .unwrap_or_else(|_| panic!("no schema: {}", String::from_utf8_lossy(&output.stderr)));
    serde_json::from_str(&text).unwrap()
}

// ---- outputs

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn snapshots() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots")
}

/// A tool of the npm workspace.
fn tool(name: &str) -> Command {
    let path = repository().join("node_modules/.bin").join(name);
    assert!(path.exists(), "{} is missing: run `npm ci` in {}", path.display(), repository().display());
    Command::new(path)
}

#[track_caller]
fn same_as_snapshots(folder: &str, files: &[OutputFile]) {
    let folder = snapshots().join(folder);
    for file in files {
        let path = folder.join(&file.path);
        if env::var_os("UPDATE_GENERATED").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &file.text).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == file.text,
            "{} differs: UPDATE_GENERATED=1 cargo test -p realtime-codegen writes it; read the diff",
            path.display()
        );
    }
}

#[test]
fn what_has_no_form_is_refused_with_its_place_and_all_at_once() {
    let errors = generate(&ask(true), &TypeScript).unwrap_err();
    same_as_snapshots("refused", &[OutputFile::new("errors.txt", errors.to_string() + "\n")]);
}

#[test]
fn whole_outputs_are_as_they_were() {
    same_as_snapshots("sheet", &generate(&schema(), &TypeScript).unwrap_or_else(|e| panic!("{e}")));
}

/// The fixture as it would be where any column may be hidden, and a mutation is refused where others came first.
fn guarded() -> Schema {
    let mut schema = schema();
    for model in &mut schema.models {
        let columns = model.columns.iter().filter(|c| c.rust != model.key);
        model.rights.columns = columns.map(|c| c.rust.clone()).collect();
        for mutation in model.mutations.iter_mut().filter(|m| m.name == "score") {
            mutation.conflict = Conflict::Refuse;
        }
    }
    schema
}

#[test]
fn s33_a_column_that_may_be_hidden_may_be_absent_and_a_conflict_has_its_types() {
    let files = generate(&guarded(), &TypeScript).unwrap_or_else(|e| panic!("{e}"));
    let shown: Vec<OutputFile> =
        files.into_iter().filter(|f| ["index.ts", "room.ts"].contains(&f.path.as_str())).collect();
    same_as_snapshots("guarded", &shown);
}

#[test]
fn the_typescript_compiler_takes_every_output_with_all_strict_flags() {
    compiles(&schema());
    compiles(&guarded());
}

fn compiles(schema: &Schema) {
    let folder = tempfile::tempdir().unwrap();
    let files = generate(schema, &TypeScript).unwrap_or_else(|e| panic!("{e}"));
    for file in &files {
        fs::write(folder.path().join(&file.path), &file.text).unwrap();
    }
    let root = repository();
    let config = json!({
        "extends": root.join("tsconfig.base.json"),
        "compilerOptions": {
            "noEmit": true, "declaration": true, "isolatedDeclarations": true,
            "paths": {
                "@realtime/client/generated": [root.join("clients/typescript/src/generated.ts")],
                "@realtime/client/draft": [root.join("clients/typescript/src/draft/index.ts")],
            },
            "typeRoots": [], "moduleResolution": "bundler", "module": "esnext",
        },
        "include": ["*.ts"],
    });
    fs::write(folder.path().join("tsconfig.json"), config.to_string()).unwrap();
    let output = tool("tsc").arg("-p").arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

// ---- both sides

/// Runs a case in Rust: outcome and state; the state is void where it did not end well.
fn in_rust(model: &str, name: &str, state: &Value, args: &Value) -> Value {
    fn run<M: Serialize + serde::de::DeserializeOwned>(
        state: &Value,
        call: impl FnOnce(&mut M) -> Answer,
    ) -> std::thread::Result<(Answer, Value)> {
        let mut of: M = serde_json::from_value(state.clone()).unwrap();
        let answer = catch_unwind(AssertUnwindSafe(|| call(&mut of)))?;
        Ok((answer, serde_json::to_value(&of).unwrap()))
    }
    let outcome = match model {
        "Sheet" => run::<Sheet>(state, |of| fixture::call_sheet(of, name, args)),
        _ => run::<Page>(state, |of| fixture::call_page(of, name, args)),
    };
    match outcome {
        // What JSON cannot say becomes null, which is no number.
        Ok((Answer::Done(_), after)) if after["ratio"].is_null() => json!({ "fault": true }),
        Ok((Answer::Done(value), after)) => json!({ "value": value, "state": after }),
        Ok((Answer::Refused(error), _)) => json!({ "refused": error }),
        Err(_) => json!({ "fault": true }),
    }
}

fn write_cases(schema: &Schema, folder: &Path, each: usize, masked: bool) -> Vec<(String, Value)> {
    let mut random = Random(0x5eed_1234_abcd);
    let mut cases = Vec::new();
    let mut expected = Vec::new();
    // Faults panic on the Rust side, thousands of times: nobody wants to read that.
    std::panic::set_hook(Box::new(|_| {}));
    let mutations = ["Sheet", "Page"].into_iter().flat_map(|name| {
        let model = schema.model(name).unwrap();
        model.mutations.iter().map(move |mutation| (name, mutation))
    });
    for (model, mutation) in mutations {
        for _ in 0..each {
            let state = random.sheet();
            let args: serde_json::Map<String, Value> = mutation
                .args
                .iter()
                .map(|arg| (camel(&arg.rust), random.argument(&arg.ty, &state)))
                .collect();
            let args = Value::Object(args);
            expected.push((mutation.name.clone(), told(in_rust(model, &mutation.name, &state, &args))));
            let hidden = if masked { random.mask(&state) } else { Vec::new() };
            cases.push(json!({ "model": model, "name": camel(&mutation.name), "state": state, "args": args, "hidden": hidden }));
        }
    }
    let _ = std::panic::take_hook();
    fs::write(folder.join("cases.json"), serde_json::to_string(&cases).unwrap()).unwrap();
    expected
}

const RUNNER: &str = include_str!("fixture/runner.ts");

fn in_node(files: &[OutputFile], folder: &Path) -> Vec<Value> {
    for file in files {
        fs::write(folder.join(&file.path), &file.text).unwrap();
    }
    fs::write(folder.join("runner.ts"), RUNNER).unwrap();
    let generated = repository().join("clients/typescript/src/generated.ts");
    let bundled = tool("esbuild")
        .arg(folder.join("runner.ts"))
        .args(["--bundle", "--platform=node", "--format=esm", "--log-level=warning"])
        .arg(format!("--alias:@realtime/client/generated={}", generated.display()))
        .arg(format!(
            "--alias:@realtime/client/draft={}",
            repository().join("clients/typescript/src/draft/index.ts").display()
        ))
        .arg(format!(
            "--alias:@realtime/draft/own={}",
            repository().join("clients/typescript/src/draft/own.ts").display()
        ))
        .arg(format!("--outfile={}", folder.join("runner.mjs").display()))
        .output()
        .unwrap();
    assert!(bundled.status.success(), "{}", String::from_utf8_lossy(&bundled.stderr));
    let output = Command::new("node").arg(folder.join("runner.mjs")).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&fs::read_to_string(folder.join("outcomes.json")).unwrap()).unwrap()
}

/// A copy in which a number that is no integer is its bits, as in `runner.ts`.
fn told(value: Value) -> Value {
    match value {
        Value::Number(n) => match n.as_f64().filter(|_| !n.is_i64() && !n.is_u64()) {
            Some(x)
                if x.fract() == 0.0
                    && x.abs() < 9_007_199_254_740_992.0
                    && !(x == 0.0 && x.is_sign_negative()) =>
            {
                json!(x as i64)
            }
            Some(x) => json!(format!("bits {}", x.to_bits())),
            None => Value::Number(n),
        },
        Value::Array(items) => items.into_iter().map(told).collect(),
        Value::Object(entries) => entries.into_iter().map(|(key, item)| (key, told(item))).collect(),
        other => other,
    }
}

#[test]
fn both_sides_come_to_the_same_end() {
    let schema = schema();
    let files = generate(&schema, &TypeScript).unwrap_or_else(|e| panic!("{e}"));
    let folder = tempfile::tempdir().unwrap();
    let each = env::var("DIFFERENTIAL").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    let expected = write_cases(&schema, folder.path(), each, false);
    let found = in_node(&files, folder.path());
    let cases: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(folder.path().join("cases.json")).unwrap()).unwrap();
    assert_eq!(expected.len(), found.len());
    let mut wrong = std::collections::BTreeMap::new();
    let mut done = std::collections::BTreeMap::<&str, (u32, u32)>::new();
    for (i, ((name, rust), node)) in expected.iter().zip(&found).enumerate() {
        let count = done.entry(name).or_default();
        count.1 += u32::from(node.get("unknown").is_some());
        if node.get("unknown").is_none() && rust != node {
            wrong.entry(name).or_insert_with(|| format!("{}\n  rust {rust}\n  node {node}", cases[i]));
        }
        count.0 += u32::from(rust.get("value").is_some());
    }
    let report: Vec<String> = wrong.iter().map(|(name, what)| format!("{name}: {what}")).collect();
    assert!(report.is_empty(), "{} mutators differ:\n{}", report.len(), report.join("\n"));
    for (name, (ok, unknown)) in done {
        assert!(ok > 0, "{name} never came to its end: its cases show little");
        assert!(f64::from(unknown) <= each as f64 * 0.05, "{name} gave up {unknown} times of {each}");
    }
}

#[test]
fn s33_over_random_masks_a_prediction_is_right_or_skipped() {
    let schema = guarded();
    let files = generate(&schema, &TypeScript).unwrap_or_else(|e| panic!("{e}"));
    let folder = tempfile::tempdir().unwrap();
    let expected = write_cases(&schema, folder.path(), 200, true);
    let found = in_node(&files, folder.path());
    let cases: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(folder.path().join("cases.json")).unwrap()).unwrap();
    let (mut right, mut skipped, mut dropped) = (0, 0, 0);
    for (((name, rust), node), case) in expected.iter().zip(&found).zip(&cases) {
        if node.get("unknown").is_some() {
            skipped += 1;
            continue;
        }
        let mut wanted = rust.clone();
        if let Some(state) = wanted.get_mut("state").and_then(Value::as_object_mut) {
            state.retain(|column, _| !case["hidden"].as_array().unwrap().iter().any(|name| name == column));
        }
        // `+=` on a hidden column is dropped: only there may the server's run overflow, and this one not.
        if wanted.get("fault").is_some() && node.get("fault").is_none() && adds(&files, case) {
            dropped += 1;
            continue;
        }
        assert_eq!(&wanted, node, "{name}: {case}");
        right += 1;
    }
    assert!(right > 1_000 && skipped > 1_000, "{right} right, {skipped} skipped");
    assert!(dropped * 50 < right, "{dropped} were dropped, {right} right");
}

/// Whether a case's mutator has a `+=` that is dropped where its column is hidden.
fn adds(files: &[OutputFile], case: &Value) -> bool {
    let (model, name) = (case["model"].as_str().unwrap(), case["name"].as_str().unwrap());
    let function = format!("function {}_{name}(", camel(&model.to_lowercase()));
    let body = files.iter().find_map(|file| file.text.split_once(&function)).map_or("", |(_, body)| body);
    body.split("\nexport function").next().unwrap_or_default().contains("$.hidden(")
}
