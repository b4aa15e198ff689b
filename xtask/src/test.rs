//! `cargo xtask test`: runs the steps in order, stops at the first that fails, says how to run it alone.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::steps::{self, STEPS, Step};
use crate::{prepare, shell};

/// Which steps to run, and how thoroughly.
#[derive(Debug)]
pub(crate) struct Selection {
    steps: Vec<&'static Step>,
    all: bool,
}

impl Selection {
    /// Reads what follows `test`: step names and `--all`, in any order; no name means every step.
    ///
    /// # Errors
    ///
    /// Names the argument that is neither, and lists the steps.
    pub(crate) fn parse(options: &[&str]) -> Result<Self, String> {
        let all = options.contains(&"--all");
        let mut chosen = Vec::new();
        for name in options.iter().filter(|option| **option != "--all") {
            let step = STEPS.iter().find(|step| step.name == *name);
            chosen
                .push(step.ok_or_else(|| format!("no step `{name}`; the steps are\n{}", steps::listing()))?);
        }
        Ok(Self { steps: if chosen.is_empty() { STEPS.iter().collect() } else { chosen }, all })
    }

    /// Installs what the steps need, then runs them until one fails; the last line counts them.
    ///
    /// # Errors
    ///
    /// Says what could not be installed; a failed step is the exit code and the summary, not an error.
    pub(crate) fn run(&self) -> Result<ExitCode, String> {
        let needs: BTreeSet<_> = self.steps.iter().flat_map(|step| step.needs).copied().collect();
        prepare::all(needs)?;
        let mut done = Vec::new();
        for step in &self.steps {
            let (took, result) = self.run_step(step);
            let failed = result.is_err();
            done.push((*step, took, result));
            if failed {
                break;
            }
        }
        Ok(self.summarise(&done))
    }

    fn run_step(&self, step: &Step) -> (Duration, Result<(), String>) {
        eprintln!("\n== {}: {}", step.name, step.what);
        let env: &[(&str, &str)] = if self.all { &[("REALTIME_TEST_ALL", "1")] } else { &[] };
        #[expect(clippy::disallowed_methods, reason = "how long a step took; no product code runs here")]
        let start = Instant::now();
        let result = step.commands.iter().try_for_each(|line| shell::run(line, "", env));
        let took = start.elapsed();
        eprintln!("== {}: {} in {:.1} s", step.name, verdict(&result), took.as_secs_f32());
        (took, result)
    }

    fn summarise(&self, done: &[(&Step, Duration, Result<(), String>)]) -> ExitCode {
        println!();
        for (step, took, result) in done {
            println!("{:<8} {:>7.1} s  {}", step.name, took.as_secs_f32(), verdict(result));
        }
        for step in &self.steps[done.len()..] {
            println!("{:<8} {:>9}  not run", step.name, "");
        }
        let failures: Vec<_> =
            done.iter().filter_map(|(step, _, result)| Some((step, result.as_ref().err()?))).collect();
        for (step, error) in &failures {
            println!("\n{} failed: {error}\nonly this step: cargo xtask test {}", step.name, step.name);
        }
        println!("\n{} passed, {} failed", done.len() - failures.len(), failures.len());
        if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn verdict(result: &Result<(), String>) -> &'static str {
    if result.is_ok() { "passed" } else { "FAILED" }
}

#[cfg(test)]
mod tests {
    use super::{STEPS, Selection};

    #[test]
    fn no_name_means_every_step_in_order() {
        let selection = Selection::parse(&["--all"]).unwrap();
        let names: Vec<_> = selection.steps.iter().map(|step| step.name).collect();
        assert_eq!(names, STEPS.iter().map(|step| step.name).collect::<Vec<_>>());
        assert!(selection.all && !Selection::parse(&[]).unwrap().all);
    }

    #[test]
    fn a_name_means_that_step() {
        let selection = Selection::parse(&["vitest"]).unwrap();
        assert_eq!(selection.steps.iter().map(|step| step.name).collect::<Vec<_>>(), ["vitest"]);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_list() {
        let message = Selection::parse(&["clipy"]).unwrap_err();
        assert!(message.contains("`clipy`") && message.contains("clippy"), "{message}");
    }
}
