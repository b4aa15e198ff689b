//! The bounded run of the test command: each corpus, and a fixed number of changes of it from a fixed seed.
//!
//! One test for all targets, one after the other: what a target holds is measured for the whole process.

use realtime_fuzz::{TARGETS, corpus, run};

/// How many changed inputs are tried for each target.
const RUNS: u64 = 3_000;

#[test]
fn s47_no_input_panics_or_holds_more_than_it_explains() {
    for target in TARGETS {
        let committed = corpus::read(target.name).expect("a corpus for each target");
        let report = run(target, &committed, RUNS, 7);
        assert!(report.tried >= RUNS && report.reached > 1, "{}: {report:?}", target.name);
        for seed in (target.seeds)() {
            assert!(committed.contains(&seed), "{}: `cargo run -p realtime-fuzz -- seed`", target.name);
        }
    }
}
