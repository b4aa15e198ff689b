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
    refused::Desk,
    room::{Message, Room},
};
use realtime_codegen::{OutputFile, generate, target::typescript::TypeScript};
use realtime_core::{App, protocol::schema::Schema};
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

#[test]
fn the_typescript_compiler_takes_every_output_with_all_strict_flags() {
    let folder = tempfile::tempdir().unwrap();
    let files = generate(&schema(), &TypeScript).unwrap_or_else(|e| panic!("{e}"));
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

/// Numbers from a seed: the same cases each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn text(&mut self) -> String {
        self.pick(&[
            "",
            "a",
            "b",
            "ann",
            "1",
            "12",
            "+7",
            "-3",
            " 12",
            "0x10",
            "007",
            "__proto__",
            "constructor",
            "\u{feff}a",
            "\u{85}b\u{85}",
            "\u{ffff}",
            "\u{1d11e}",
            "İß",
            "a,b , c",
            "ab",
            "4294967295",
            "99999999999999999999",
            "x",
            "all",
        ])
        .to_owned()
    }

    fn unsigned(&mut self) -> u64 {
        self.pick(&[0, 1, 2, 3, 3, 4, 5, 7, 255, 256, 65_536, 2_147_483_648, 4_294_967_295])
    }

    fn signed(&mut self) -> i64 {
        self.pick(&[0, 1, -1, 2, -2, 3, 5, -5, 7, 100, -100, 2_147_483_647, -2_147_483_648, 1_000_000])
    }

    fn float(&mut self) -> Value {
        json!(self.pick(&[0.0, -0.0, 1.0, -1.5, 0.1, 255.9, 1e10, -7.25, 1e300]))
    }

    fn list(&mut self, most: usize, mut item: impl FnMut(&mut Self) -> Value) -> Value {
        (0..self.below(most + 1)).map(|_| item(self)).collect()
    }

    fn card(&mut self) -> Value {
        let due = if self.below(2) == 0 { Value::Null } else { json!(self.signed()) };
        json!({ "name": self.text(), "points": self.pick(&[0, 1, 1, 2, 3, 5, 4_294_967_295_u64]), "words": self.list(2, |r| json!(r.text())), "due": due })
    }

    fn map(&mut self, key: impl Fn(&mut Self) -> String, value: impl Fn(&mut Self) -> Value) -> Value {
        let mut map = serde_json::Map::new();
        for _ in 0..self.below(5) {
            map.insert(key(self), value(self));
        }
        Value::Object(map)
    }

    fn sheet(&mut self) -> Value {
        let points = |r: &mut Self| json!({ "x": r.signed(), "y": r.signed() });
        let mut tags: Vec<String> = (0..self.below(6)).map(|_| self.text()).collect();
        tags.sort();
        tags.dedup();
        let state = match self.below(5) {
            0 => json!("Draft"),
            1 => json!({ "Review": { "by": self.text(), "round": self.unsigned() } }),
            2 | 3 => json!({ "Done": self.unsigned() }),
            _ => json!({ "Split": [self.signed(), self.text()] }),
        };
        let shape = if self.below(2) == 0 {
            json!({ "kind": "dot" })
        } else {
            json!({ "kind": "big_circle", "radius": self.pick(&[1, 2, 3]) })
        };
        json!({
            "id": "s", "titleText": self.text(), "small": self.below(256), "count": self.unsigned(), "signed": self.signed(),
            "long": self.signed(), "ratio": self.float(), "open": self.below(3) > 0,
            "cards": self.list(4, Self::card), "numbers": self.list(5, |r| json!(r.signed())),
            "names": self.list(4, |r| json!(r.text())), "by": self.map(Self::text, |r| json!(r.unsigned())),
            "shelf": self.map(|r| r.pick(&["1", "2", "3", "10", "255"]).to_owned(), Self::card), "tags": tags,
            "spare": if self.below(2) == 0 { Value::Null } else { self.card() },
            "limit": if self.below(2) == 0 { Value::Null } else { json!(self.unsigned()) },
            "cursor": points(self), "before": points(self), "pair": [self.signed(), self.text()],
            "state": state, "shape": shape, "level": self.pick(&["Low", "Middle", "High"]),
        })
    }

    /// Arguments: often values that stand in the state, since else few branches are reached.
    fn argument(&mut self, ty: &realtime_core::protocol::schema::Ty, state: &Value) -> Value {
        use realtime_core::protocol::schema::Ty;
        match ty {
            Ty::Usize => json!(self.below(6)),
            Ty::U32 if self.below(2) == 0 => json!(self.below(6)),
            Ty::U32 => json!(self.unsigned()),
            Ty::U8 => json!(self.below(256)),
            Ty::I32 => json!(self.signed()),
            Ty::F64 => self.float(),
            Ty::Option(of) => {
                if self.below(3) == 0 {
                    Value::Null
                } else {
                    self.argument(of, state)
                }
            }
            Ty::String => {
                let mut known: Vec<String> = Vec::new();
                texts(state, &mut known);
                if self.below(3) > 0 && !known.is_empty() {
                    json!(self.pick(&known))
                } else {
                    json!(self.text())
                }
            }
            other => panic!("no arguments of {other:?}"),
        }
    }
}

/// Every text in a value, keys too.
fn texts(of: &Value, into: &mut Vec<String>) {
    match of {
        Value::String(text) => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(entries) => entries.iter().for_each(|(key, item)| {
            if entries.len() < 6 {
                into.push(key.clone());
            }
            texts(item, into);
        }),
        _ => {}
    }
}

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

fn write_cases(schema: &Schema, folder: &Path, each: usize) -> Vec<(String, Value)> {
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
            cases
                .push(json!({ "model": model, "name": camel(&mutation.name), "state": state, "args": args }));
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
    let expected = write_cases(&schema, folder.path(), each);
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
