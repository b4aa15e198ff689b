//! A long run by hand: `cargo run --release -p realtime-fuzz -- <target|all> [runs] [seed]`.
//!
//! `seed` instead of a target writes the first inputs of every corpus. What a run finds new is added to the corpus:
//! look at it, and commit what leads somewhere.

use std::{env, process::ExitCode};

use realtime_fuzz::{TARGETS, Target, corpus, run};

/// How many of the inputs that a run found are added to a corpus.
const KEPT: usize = 48;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let wanted = args.first().map_or("", String::as_str);
    let number = |at: usize, default| args.get(at).map_or(Ok(default), |text| text.parse::<u64>());
    let (Ok(runs), Ok(seed)) = (number(1, 1_000_000), number(2, 1)) else {
        eprintln!("runs and seed are numbers");
        return ExitCode::FAILURE;
    };
    let chosen: Vec<&Target> =
        TARGETS.iter().filter(|t| t.name == wanted || matches!(wanted, "all" | "seed")).collect();
    if chosen.is_empty() {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("which target? {}, all, or seed", names.join(", "));
        return ExitCode::FAILURE;
    }
    let play = |target: &&Target| if wanted == "seed" { plant(target) } else { long(target, runs, seed) };
    match chosen.iter().try_for_each(play) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn plant(target: &Target) -> std::io::Result<()> {
    (target.seeds)().iter().try_for_each(|input| corpus::add(target.name, input).map(drop))
}

fn long(target: &Target, runs: u64, seed: u64) -> std::io::Result<()> {
    let report = run(target, &corpus::read(target.name)?, runs, seed);
    println!(
        "{}: {} tried, {} things reached, {} inputs new",
        target.name,
        report.tried,
        report.reached,
        report.found.len()
    );
    // The shortest say the same with less.
    let mut found = report.found;
    found.sort_by_key(Vec::len);
    found.iter().take(KEPT).try_for_each(|input| corpus::add(target.name, input).map(drop))
}
