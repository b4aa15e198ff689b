//! Fuzzing without a compiler of its own: seeded changes of a committed corpus, repeated from a seed (L13).
//!
//! A target is a function of bytes. It must not panic, nor hold more memory than its input explains; it returns
//! what it reached, and an input that reached something new is changed again.

mod change;
pub mod corpus;
mod targets;

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use peak_alloc::PeakAlloc;

pub use change::Dice;
pub use targets::TARGETS;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What a target may hold beside what its input explains, in bytes.
const FREE_BYTES: usize = 64 * 1024;
/// What each byte of input may make it hold: a JSON value of one byte is a whole enum, a map's entry a node.
const BYTES_PER_BYTE: usize = 512;
/// The longest input: over the largest frame that a client may send.
const MAX_INPUT: usize = 128 * 1024;

/// One decoder, or the session machine.
#[derive(Debug)]
pub struct Target {
    /// Its name, and that of its folder below `corpus/`.
    pub name: &'static str,
    /// What it does with an input. Returns a hash of how far that came.
    pub run: fn(&[u8]) -> u64,
    /// Inputs that lead far: the committed corpus begins with these.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Report {
    /// How many inputs were tried.
    pub tried: u64,
    /// Those that reached something that no input before had reached.
    pub found: Vec<Vec<u8>>,
    /// How many different things were reached.
    pub reached: usize,
}

/// Tries the corpus of `target`, then `runs` changes of it.
///
/// # Panics
///
/// Where the target does, or holds too much; the input is printed before.
pub fn run(target: &Target, corpus: &[Vec<u8>], runs: u64, seed: u64) -> Report {
    let mut report = Report::default();
    let mut reached = HashSet::new();
    let mut pool: Vec<Vec<u8>> = Vec::new();
    for input in corpus {
        reached.insert(guarded(target, input));
        pool.push(input.clone());
    }
    report.tried = corpus.len() as u64;
    let mut dice = Dice::new(seed);
    for _ in 0..runs {
        let input = change::changed(&pool, &mut dice, MAX_INPUT);
        report.tried += 1;
        if reached.insert(guarded(target, &input)) {
            report.found.push(input.clone());
            pool.push(input);
        }
    }
    report.reached = reached.len();
    report
}

/// Runs one input; says which it was, should it panic or hold too much.
fn guarded(target: &Target, input: &[u8]) -> u64 {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let held = MEMORY.peak_usage().saturating_sub(before);
    let allowed = FREE_BYTES + BYTES_PER_BYTE * input.len();
    let shown: String =
        input.iter().take(4_096).flat_map(|byte| std::ascii::escape_default(*byte)).map(char::from).collect();
    match outcome {
        Ok(_) if held > allowed => {
            panic!("{}: {held} bytes for {} of input: b\"{shown}\"", target.name, input.len())
        }
        Ok(reached) => reached,
        Err(panic) => {
            eprintln!("{}: panics on b\"{shown}\"", target.name);
            resume_unwind(panic)
        }
    }
}
