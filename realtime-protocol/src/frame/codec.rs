//! Frames to bytes and back: JSON and MessagePack, both always.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::scan::scan;

/// How frames are written. The subprotocol that a client asks for names it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Codec {
    /// JSON arrays, in text messages.
    Json,
    /// MessagePack arrays, in binary messages.
    MessagePack,
}

/// Bytes that are no frame.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CodecError(String);

/// How deep a frame may be nested: a frame, its entries, and arguments of depth 32 (S47).
const MAX_DEPTH: usize = 36;

impl Codec {
    /// Both, the preferred one first.
    pub const ALL: [Self; 2] = [Self::MessagePack, Self::Json];

    /// Returns the WebSocket subprotocol of version 1 in this codec.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "realtime.v1.json",
            Self::MessagePack => "realtime.v1.msgpack",
        }
    }

    /// Encodes a frame.
    ///
    /// # Errors
    ///
    /// Where a value in it cannot be written in this codec (JSON has no NaN).
    pub fn encode<T: Serialize>(self, frame: &T) -> Result<Bytes, CodecError> {
        match self {
            Self::Json => serde_json::to_vec(frame).map(Bytes::from).map_err(CodecError::of),
            Self::MessagePack => rmp_serde::to_vec(frame).map(Bytes::from).map_err(CodecError::of),
        }
    }

    /// Decodes a frame; what newer versions add at the end of it is passed over.
    ///
    /// # Errors
    ///
    /// Where `bytes` are no such frame, hold more than one, or are nested too deep.
    pub fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, CodecError> {
        match self {
            Self::Json => {
                check_json_depth(bytes)?;
                serde_json::from_slice(bytes).map_err(CodecError::of)
            }
            Self::MessagePack => {
                scan(bytes, MAX_DEPTH).map_err(CodecError::of)?;
                let mut rest = bytes;
                let mut from = rmp_serde::Deserializer::new(&mut rest);
                from.set_max_depth(MAX_DEPTH);
                let frame = T::deserialize(&mut from).map_err(CodecError::of)?;
                if rest.is_empty() {
                    Ok(frame)
                } else {
                    Err(CodecError("bytes after the end of the frame".into()))
                }
            }
        }
    }
}

/// serde_json's own limit is 128 and fixed: ours is counted in one pass over the text.
fn check_json_depth(bytes: &[u8]) -> Result<(), CodecError> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for &byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(CodecError(format!("nested deeper than {MAX_DEPTH}")));
        }
    }
    Ok(())
}

impl CodecError {
    fn of(error: impl ToString) -> Self {
        Self(error.to_string())
    }
}
