//! Topics, the patterns that name them, and positions in their histories.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// The longest topic, in bytes: short enough for a subject or channel of every broker.
pub const MAX_TOPIC_BYTES: usize = 128;

/// The address that one subscribes to, such as `poll/lunch`; the unit of order and of atomicity.
///
/// Checked when made: 1 to [`MAX_TOPIC_BYTES`] bytes of `A–Z a–z 0–9 - _ . ~ % / $`, so it holds no
/// wildcard of any broker. Text from outside is percent-encoded into it by [`Pattern::fill`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Topic(Arc<str>);

/// Why a text is no topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// Nothing at all.
    #[error("a topic is empty")]
    Empty,
    /// Longer than [`MAX_TOPIC_BYTES`].
    #[error("a topic has {0} bytes, the limit is {MAX_TOPIC_BYTES}: use shorter keys")]
    TooLong(usize),
    /// A character that is not percent-encoded.
    #[error("a topic holds {0:?}: percent-encode it")]
    Character(char),
}

impl Topic {
    /// Checks `text`.
    ///
    /// # Errors
    ///
    /// See [`TopicError`].
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, TopicError> {
        let text = text.into();
        match text.len() {
            0 => return Err(TopicError::Empty),
            n if n > MAX_TOPIC_BYTES => return Err(TopicError::TooLong(n)),
            _ => {}
        }
        match text.chars().find(|c| !is_topic_char(*c)) {
            Some(c) => Err(TopicError::Character(c)),
            None => Ok(Self(text)),
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether the framework keeps it for itself: no client may open it.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with('$')
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl TryFrom<String> for Topic {
    type Error = TopicError;
    fn try_from(text: String) -> Result<Self, TopicError> {
        Self::new(text)
    }
}

impl From<Topic> for String {
    fn from(topic: Topic) -> Self {
        topic.0.as_ref().to_owned()
    }
}

fn is_topic_char(c: char) -> bool {
    is_plain(c) || matches!(c, '%' | '/' | '$')
}

/// The unreserved characters of RFC 3986, section 2.3.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~')
}

/// A point in a topic's history: the number of a commit, and the epoch of its writer (L1, S21).
///
/// The default is where nothing was ever written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Position {
    /// The number of the commit within its topic, from 1; below 2^53.
    pub offset: u64,
    /// The random number that the commit's writer drew when it loaded the topic.
    pub epoch: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:08x}", self.offset, self.epoch)
    }
}

/// How topics of one root model are named: `org/{org}/board/{id}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
}

/// One segment of a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// Stands as it is.
    Text(String),
    /// `{field}`: the value of that field of the root.
    Field(String),
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// `a//b`, or nothing at all.
    #[error("a topic pattern has an empty segment")]
    EmptySegment,
    /// The first segment tells one model's topics from another's.
    #[error("a topic pattern starts with a fixed segment, as in `poll/{{id}}`")]
    StartsWithField,
    /// `a{b}c`, `{`, `{}`.
    #[error("`{0}`: a segment is either fixed text or one `{{field}}`")]
    Segment(String),
    /// A field twice.
    #[error("`{{{0}}}` stands twice in a topic pattern")]
    Twice(String),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// See [`PatternError`].
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let parts = text.split('/').map(parse_segment).collect::<Result<Vec<_>, _>>()?;
        if matches!(parts.first(), Some(Part::Field(_))) {
            return Err(PatternError::StartsWithField);
        }
        for (i, part) in parts.iter().enumerate() {
            if let Part::Field(name) = part
                && parts[..i].contains(part)
            {
                return Err(PatternError::Twice(name.clone()));
            }
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// Returns the text that it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the segments.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Returns the names of its fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|p| match p {
            Part::Field(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Returns the topic with `values` (one for each field, in order) percent-encoded in their places.
    ///
    /// # Errors
    ///
    /// [`TopicError`] where the result is too long, or a value is empty.
    pub fn fill<S: AsRef<str>>(&self, values: &[S]) -> Result<Topic, TopicError> {
        let mut values = values.iter();
        let mut text = String::new();
        for (i, part) in self.parts.iter().enumerate() {
            if i > 0 {
                text.push('/');
            }
            match part {
                Part::Text(fixed) => text.push_str(fixed),
                Part::Field(_) => match values.next().map(AsRef::as_ref) {
                    Some(value) if !value.is_empty() => encode(value, &mut text),
                    _ => return Err(TopicError::Empty),
                },
            }
        }
        Topic::new(text)
    }

    /// Returns the fields' values where `topic` is of this pattern.
    #[must_use]
    pub fn read(&self, topic: &Topic) -> Option<Vec<String>> {
        let mut values = Vec::new();
        let mut segments = topic.as_str().split('/');
        for part in &self.parts {
            let segment = segments.next()?;
            match part {
                Part::Text(fixed) if fixed == segment => {}
                Part::Text(_) => return None,
                Part::Field(_) => values.push(decode(segment)?),
            }
        }
        segments.next().is_none().then_some(values)
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;
    fn try_from(text: String) -> Result<Self, PatternError> {
        Self::parse(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

fn parse_segment(segment: &str) -> Result<Part, PatternError> {
    if segment.is_empty() {
        return Err(PatternError::EmptySegment);
    }
    if let Some(name) = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
        let ok = !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
        return if ok {
            Ok(Part::Field(name.to_owned()))
        } else {
            Err(PatternError::Segment(segment.to_owned()))
        };
    }
    if segment.chars().all(is_plain) {
        return Ok(Part::Text(segment.to_owned()));
    }
    Err(PatternError::Segment(segment.to_owned()))
}

/// Percent-encodes all but the unreserved characters (RFC 3986, section 2.3), with upper-case digits.
fn encode(value: &str, out: &mut String) {
    for byte in value.bytes() {
        if is_plain(char::from(byte)) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// The inverse of [`encode`], and of nothing else: two topics never name one entity.
fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    let value = String::from_utf8(bytes).ok()?;
    let mut again = String::new();
    encode(&value, &mut again);
    (again == segment && !value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_pattern_reads_back_whatever_the_key_holds() {
        let pattern = Pattern::parse("org/{org}/board/{id}").unwrap();
        for id in ["q3", "a/b", "ice cream", "50%", "*", ">", "#", "ß", "..", "%2F"] {
            let topic = pattern.fill(&["acme", id]).unwrap();
            assert_eq!(pattern.read(&topic), Some(vec!["acme".to_owned(), id.to_owned()]), "{topic}");
        }
    }

    #[test]
    fn one_entity_has_one_topic() {
        let pattern = Pattern::parse("poll/{id}").unwrap();
        for other in ["poll/%61", "poll/%2f", "poll/%", "poll/%zz", "poll/", "poll/a/b", "polls/a"] {
            assert_eq!(Topic::new(other).ok().and_then(|t| pattern.read(&t)), None, "{other}");
        }
    }

    #[test]
    fn a_pattern_says_what_is_wrong_with_it() {
        let cases = [
            ("", PatternError::EmptySegment),
            ("poll//{id}", PatternError::EmptySegment),
            ("{id}", PatternError::StartsWithField),
            ("poll/x{id}", PatternError::Segment("x{id}".into())),
            ("poll/{}", PatternError::Segment("{}".into())),
            ("poll/*", PatternError::Segment("*".into())),
            ("poll/{id}/{id}", PatternError::Twice("id".into())),
        ];
        for (text, want) in cases {
            assert_eq!(Pattern::parse(text), Err(want), "{text}");
        }
    }

    #[test]
    fn a_topic_is_short_and_without_wildcards() {
        assert_eq!(Topic::new(""), Err(TopicError::Empty));
        assert_eq!(Topic::new("poll/*"), Err(TopicError::Character('*')));
        assert_eq!(Topic::new("x".repeat(129)), Err(TopicError::TooLong(129)));
        assert!(Topic::new("$realtime/secret").unwrap().is_reserved());
    }
}
