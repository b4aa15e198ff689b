//! Scripts: what happens to a world and when, as text that reproduces a run line by line.

use std::fmt;

use realtime_protocol::Topic;

use super::{call::Call, store::Unsure};

/// One thing that happens.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Step {
    /// A page calls a mutation.
    Call {
        page: usize,
        call: Call,
    },
    /// A page takes back what it has not sent.
    Discard {
        page: usize,
        topic: Topic,
    },
    /// To a page or its connection; most for so many milliseconds.
    Cut {
        page: usize,
    },
    Silence {
        page: usize,
    },
    Stall {
        page: usize,
        ms: u64,
    },
    Unplug {
        page: usize,
        ms: u64,
    },
    Freeze {
        page: usize,
        ms: u64,
    },
    /// The page dies, and its browser's last `lose` writes had not come to the disk.
    Crash {
        page: usize,
        ms: u64,
        lose: usize,
    },
    CrashNode {
        node: usize,
        ms: u64,
    },
    Skew {
        node: usize,
        ms: i64,
    },
    Away {
        node: usize,
        ms: u64,
    },
    Slow {
        node: usize,
        ms: u64,
    },
    Unsure {
        node: usize,
        how: Unsure,
    },
    /// The store loses the last commits of each topic.
    FailOver {
        lose: usize,
    },
    Drop {
        node: usize,
    },
    Repeat {
        node: usize,
    },
    Delay {
        node: usize,
        ms: u64,
    },
    /// A node is cut off the broker, and told so, or not.
    Partition {
        node: usize,
        ms: u64,
        told: bool,
    },
}

/// A step, so many milliseconds after its phase has begun; each `faults` and `calls` of a test begins one.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Line {
    pub(super) phase: usize,
    pub(super) ms: u64,
    pub(super) step: Step,
}

/// A run: its seed, and all that happens by chance.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Script {
    pub(super) seed: u64,
    pub(super) lines: Vec<Line>,
}

impl Step {
    /// Reads a step; `None`: the text is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        read_step(text)
    }

    /// Its name in scripts and counts.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Call { .. } => "call",
            Self::Discard { .. } => "discard",
            Self::Cut { .. } => "cut",
            Self::Silence { .. } => "silence",
            Self::Stall { .. } => "stall",
            Self::Unplug { .. } => "unplug",
            Self::Freeze { .. } => "freeze",
            Self::Crash { .. } => "crash-page",
            Self::CrashNode { .. } => "crash-node",
            Self::Skew { .. } => "skew",
            Self::Away { .. } => "store-away",
            Self::Slow { .. } => "store-slow",
            Self::Unsure { how: Unsure::Kept, .. } => "unknown-kept",
            Self::Unsure { how: Unsure::Lost, .. } => "unknown-lost",
            Self::Unsure { how: Unsure::Late, .. } => "unknown-late",
            Self::FailOver { .. } => "failover",
            Self::Drop { .. } => "broker-drop",
            Self::Repeat { .. } => "broker-repeat",
            Self::Delay { .. } => "broker-delay",
            Self::Partition { told: true, .. } => "broker-cut",
            Self::Partition { told: false, .. } => "broker-cut-untold",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Call { page, call } => {
                let json = |value: &dyn erased::Json| value.text();
                let (key, args) = (json(&call.key), json(&call.args));
                write!(f, "{name} p{page} {} {} {key} {args}", call.topic, call.mutation)
            }
            Self::Discard { page, topic } => write!(f, "{name} p{page} {topic}"),
            Self::Cut { page } | Self::Silence { page } => write!(f, "{name} p{page}"),
            Self::Stall { page, ms } | Self::Unplug { page, ms } | Self::Freeze { page, ms } => {
                write!(f, "{name} p{page} {ms}")
            }
            Self::Crash { page, ms, lose } => write!(f, "{name} p{page} {ms} {lose}"),
            Self::CrashNode { node, ms }
            | Self::Away { node, ms }
            | Self::Slow { node, ms }
            | Self::Delay { node, ms }
            | Self::Partition { node, ms, .. } => write!(f, "{name} n{node} {ms}"),
            Self::Skew { node, ms } => write!(f, "{name} n{node} {ms}"),
            Self::Unsure { node, .. } | Self::Drop { node } | Self::Repeat { node } => {
                write!(f, "{name} n{node}")
            }
            Self::FailOver { lose } => write!(f, "{name} {lose}"),
        }
    }
}

/// Values as one word of a script.
mod erased {
    pub(super) trait Json {
        fn text(&self) -> String;
    }

    impl<T: serde::Serialize> Json for T {
        fn text(&self) -> String {
            serde_json::to_string(self).unwrap_or_default()
        }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        for Line { phase, ms, step } in &self.lines {
            writeln!(f, "{phase} {ms} {step}")?;
        }
        Ok(())
    }
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    ///
    /// The line that is none.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut script = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let wrong = || format!("`{line}` is no line of a script");
            if let Some(seed) = line.strip_prefix("seed ") {
                script.seed = seed.parse().map_err(|_| wrong())?;
            } else {
                script.lines.push(read_line(line).ok_or_else(wrong)?);
            }
        }
        Ok(script)
    }
}

fn read_line(line: &str) -> Option<Line> {
    let (phase, rest) = line.split_once(' ')?;
    let (ms, step) = rest.split_once(' ')?;
    Some(Line { phase: phase.parse().ok()?, ms: ms.parse().ok()?, step: read_step(step)? })
}

fn read_step(text: &str) -> Option<Step> {
    let (name, rest) = text.split_once(' ')?;
    let words: Vec<&str> = rest.split(' ').collect();
    let number = |at: usize| words.get(at)?.parse::<u64>().ok();
    let page = || words.first()?.strip_prefix('p')?.parse::<usize>().ok();
    let node = || words.first()?.strip_prefix('n')?.parse::<usize>().ok();
    Some(match name {
        "call" => Step::Call { page: page()?, call: read_call(rest)? },
        "discard" => Step::Discard { page: page()?, topic: Topic::new(*words.get(1)?).ok()? },
        "cut" => Step::Cut { page: page()? },
        "silence" => Step::Silence { page: page()? },
        "stall" => Step::Stall { page: page()?, ms: number(1)? },
        "unplug" => Step::Unplug { page: page()?, ms: number(1)? },
        "freeze" => Step::Freeze { page: page()?, ms: number(1)? },
        "crash-page" => {
            Step::Crash { page: page()?, ms: number(1)?, lose: usize::try_from(number(2)?).ok()? }
        }
        "crash-node" => Step::CrashNode { node: node()?, ms: number(1)? },
        "skew" => Step::Skew { node: node()?, ms: words.get(1)?.parse().ok()? },
        "store-away" => Step::Away { node: node()?, ms: number(1)? },
        "store-slow" => Step::Slow { node: node()?, ms: number(1)? },
        "unknown-kept" => Step::Unsure { node: node()?, how: Unsure::Kept },
        "unknown-lost" => Step::Unsure { node: node()?, how: Unsure::Lost },
        "unknown-late" => Step::Unsure { node: node()?, how: Unsure::Late },
        "failover" => Step::FailOver { lose: usize::try_from(number(0)?).ok()? },
        "broker-drop" => Step::Drop { node: node()? },
        "broker-repeat" => Step::Repeat { node: node()? },
        "broker-delay" => Step::Delay { node: node()?, ms: number(1)? },
        "broker-cut" => Step::Partition { node: node()?, ms: number(1)?, told: true },
        "broker-cut-untold" => Step::Partition { node: node()?, ms: number(1)?, told: false },
        _ => return None,
    })
}

/// `p0 poll/lunch Poll.vote "lunch" [1]`
fn read_call(text: &str) -> Option<Call> {
    let mut words = text.splitn(4, ' ').skip(1);
    let (topic, mutation, rest) = (words.next()?, words.next()?, words.next()?);
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<serde_json::Value>();
    let key = serde_json::from_value(values.next()?.ok()?).ok()?;
    let args = serde_json::from_value(values.next()?.ok()?).ok()?;
    Some(Call { topic: Topic::new(topic).ok()?, mutation: mutation.to_owned(), key, args })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l13_a_script_reads_back_as_it_was_printed() {
        let text = "seed 17\n0 12 call p1 poll/lunch Poll.vote \"a lunch\" [1,{\"x\":null}]\n0 40 cut p0\n\
                    1 5 crash-page p2 300 4\n1 6 crash-node n1 250\n1 7 skew n0 -40\n1 8 unknown-late n1\n\
                    1 9 failover 3\n2 10 broker-cut-untold n0 900\n2 11 discard p0 poll/lunch\n";
        assert_eq!(Script::read(text).unwrap().to_string(), text);
        assert!(Script::read("0 5 cut n0").is_err());
        assert!(Script::read("0 5 jump p0").is_err());
    }
}
