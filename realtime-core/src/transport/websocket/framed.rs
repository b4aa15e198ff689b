//! A message of the server's with its WebSocket header: framed once, since it is the same for all who read it.

use bytes::{BufMut, Bytes, BytesMut};
use realtime_protocol::frame::Codec;

/// Up to this size header and payload become one piece; above it, copying costs more than a second piece.
const JOINED: usize = 4096;
/// The longest header of an unmasked frame.
const MAX_HEAD: usize = 10;

/// What a frame is, in its first byte (RFC 6455, section 5.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Opcode {
    Text = 1,
    Binary = 2,
    Close = 8,
    Pong = 10,
}

/// A whole message, ready for the socket. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Framed {
    head: [u8; MAX_HEAD],
    /// How much of `head` is used: nothing where `body` holds the header too.
    head_len: u8,
    body: Bytes,
}

impl Framed {
    /// Frames what a codec encoded: JSON travels in text messages, MessagePack in binary ones.
    pub(crate) fn of(codec: Codec, payload: Bytes) -> Self {
        match codec {
            Codec::Json => Self::new(Opcode::Text, payload),
            Codec::MessagePack => Self::new(Opcode::Binary, payload),
        }
    }

    /// What has no header at all.
    pub(crate) fn bare(body: Bytes) -> Self {
        Self { head: [0; MAX_HEAD], head_len: 0, body }
    }

    /// Returns the payload of what is bare.
    #[cfg(test)]
    pub(crate) fn into_body(self) -> Bytes {
        self.body
    }

    pub(crate) fn new(opcode: Opcode, payload: Bytes) -> Self {
        let (head, len) = header(opcode, payload.len());
        if payload.len() > JOINED {
            return Self { head, head_len: u8::try_from(len).unwrap_or(0), body: payload };
        }
        let mut joined = BytesMut::with_capacity(len + payload.len());
        joined.put_slice(&head[..len]);
        joined.put_slice(&payload);
        Self { head, head_len: 0, body: joined.freeze() }
    }

    /// Returns the size on the wire.
    pub(crate) fn len(&self) -> usize {
        usize::from(self.head_len) + self.body.len()
    }

    /// Returns what is left to write after `written` bytes, in at most two pieces, of which the first may be empty.
    pub(crate) fn rest(&self, written: usize) -> [&[u8]; 2] {
        let head = &self.head[..usize::from(self.head_len)];
        let from = written.saturating_sub(head.len()).min(self.body.len());
        [&head[written.min(head.len())..], &self.body[from..]]
    }
}

/// Returns the header of an unmasked, final frame, and how long it is.
fn header(opcode: Opcode, len: usize) -> ([u8; MAX_HEAD], usize) {
    let mut head = [0; MAX_HEAD];
    head[0] = 0x80 | opcode as u8;
    if let (Ok(short), true) = (u8::try_from(len), len < 126) {
        head[1] = short;
        (head, 2)
    } else if let Ok(medium) = u16::try_from(len) {
        head[1] = 126;
        head[2..4].copy_from_slice(&medium.to_be_bytes());
        (head, 4)
    } else {
        head[1] = 127;
        head[2..].copy_from_slice(&(len as u64).to_be_bytes());
        (head, MAX_HEAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_the_length_in_the_fewest_bytes_and_the_rest_follows_from_anywhere() {
        for (len, head) in [
            (0, vec![0x82, 0]),
            (125, vec![0x82, 125]),
            (126, vec![0x82, 126, 0, 126]),
            (65_535, vec![0x82, 126, 0xff, 0xff]),
            (65_536, vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let payload = Bytes::from(vec![7; len]);
            let whole = [&head[..], &payload[..]].concat();
            let framed = Framed::of(Codec::MessagePack, payload);
            assert_eq!(framed.len(), whole.len());
            for written in (0..=framed.len()).filter(|at| *at < 20 || *at + 3 > whole.len()) {
                assert_eq!(framed.rest(written).concat(), whole[written..], "{len} from {written}");
            }
        }
        assert_eq!(Framed::of(Codec::Json, Bytes::from_static(b"[]")).rest(0)[1], b"\x81\x02[]");
    }
}
