//! Names in text: topics, the patterns that they follow, lanes.

use std::str;

use realtime_protocol::{LaneName, Pattern, Topic};

use super::{reached, words};
use crate::Target;

pub(super) const TOPIC: Target = Target { name: "topic", run: topic, seeds: topics };
pub(super) const PATTERN: Target = Target { name: "pattern", run: pattern, seeds: patterns };
pub(super) const LANE: Target = Target { name: "lane_name", run: lane, seeds: lanes };

fn topic(input: &[u8]) -> u64 {
    let Ok(text) = str::from_utf8(input) else { return 0 };
    match Topic::new(text) {
        Ok(topic) => {
            assert!(topic.as_str() == text && text.len() <= 128, "{text}");
            let json = serde_json::to_string(&topic).unwrap_or_default();
            assert_eq!(serde_json::from_str::<Topic>(&json).ok(), Some(topic.clone()));
            reached(topic.is_reserved())
        }
        Err(error) => reached(words(&error)),
    }
}

fn topics() -> Vec<Vec<u8>> {
    ["poll/lunch", "org/a%2Fb/board/7", "rt/heads", "a", "poll/ü"].map(|text| text.as_bytes().to_vec()).into()
}

/// The first line is a pattern; the others are values for its fields, or a topic that it may read.
fn pattern(input: &[u8]) -> u64 {
    let Ok(text) = str::from_utf8(input) else { return 0 };
    let mut lines = text.lines();
    let pattern = match Pattern::parse(lines.next().unwrap_or_default()) {
        Ok(pattern) => pattern,
        Err(error) => return reached(words(&error)),
    };
    // Values beyond the fields are none of the pattern's.
    let values: Vec<&str> = lines.take(pattern.fields().count()).collect();
    let filled = pattern.fill(&values);
    if let Ok(topic) = &filled {
        let read = pattern.read(topic);
        assert_eq!(read.as_deref(), Some(&values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>()[..]));
    }
    let read = text.lines().nth(1).and_then(|text| Topic::new(text).ok()).and_then(|topic| {
        let values = pattern.read(&topic)?;
        assert_eq!(pattern.fill(&values).ok(), Some(topic));
        Some(values.len())
    });
    reached((pattern.parts().len(), filled.is_ok(), read))
}

fn patterns() -> Vec<Vec<u8>> {
    ["poll/{id}\nlunch", "org/{org}/board/{id}\na/b\n7", "poll/{id}\npoll/lunch", "a\na", "{id}\nx y%"]
        .map(|text| text.as_bytes().to_vec())
        .into()
}

fn lane(input: &[u8]) -> u64 {
    let Ok(text) = str::from_utf8(input) else { return 0 };
    match LaneName::try_from(text.to_owned()) {
        Ok(name) => reached(name.as_str().len()),
        Err(error) => reached(words(&error)),
    }
}

fn lanes() -> Vec<Vec<u8>> {
    ["AAAAAAAAAAAAAAAA", "-_09azAZ-_09azAZ", "short"].map(|text| text.as_bytes().to_vec()).into()
}
