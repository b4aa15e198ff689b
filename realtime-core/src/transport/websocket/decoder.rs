//! Reads what clients send (RFC 6455, server side, no extensions). Pure: bytes in, messages out.
//!
//! It owns no more than what came of the message that is under way: a header names a length, and nothing is
//! reserved for it. What breaks a rule ends the connection.

use std::str;

/// The longest payload of a control frame.
const MAX_CONTROL: u8 = 125;
/// The longest header of a masked frame.
const MAX_HEAD: usize = 14;

/// What came in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Incoming {
    /// It is UTF-8.
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close,
}

/// Why the connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Violation {
    /// A rule of RFC 6455 was broken.
    Protocol(&'static str),
    /// A message is larger than the limit.
    TooLarge,
}

/// A frame whose header is known.
#[derive(Clone, Copy, Debug)]
struct Frame {
    last: bool,
    opcode: u8,
    left: u64,
    mask: [u8; 4],
}

/// The state between two reads.
#[derive(Debug)]
pub(crate) struct Decoder {
    head: [u8; MAX_HEAD],
    /// How much of `head` has come.
    have: usize,
    frame: Option<Frame>,
    /// What came of the message, and whether it is text: one may be split over frames.
    message: Vec<u8>,
    text: Option<bool>,
    /// What came of a control frame: one may stand between the frames of a message.
    control: Vec<u8>,
    /// How large a message may be, in bytes.
    pub(super) limit: usize,
}

impl Decoder {
    /// Takes messages of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        let (message, control) = (Vec::new(), Vec::new());
        Self { head: [0; MAX_HEAD], have: 0, frame: None, message, text: None, control, limit }
    }

    /// Consumes `input` up to the end of the next message; `None` where it ends before.
    ///
    /// # Errors
    ///
    /// What the client did wrong: the rest of its bytes means nothing.
    pub(crate) fn take(&mut self, input: &mut &[u8]) -> Result<Option<Incoming>, Violation> {
        loop {
            let Some(frame) = self.frame else {
                if !self.header(input)? {
                    return Ok(None);
                }
                continue;
            };
            let left = self.payload(frame, input);
            self.frame = Some(left);
            if left.left > 0 {
                return Ok(None);
            }
            self.frame = None;
            if let Some(incoming) = self.finish(left)? {
                return Ok(Some(incoming));
            }
        }
    }

    /// Collects a header; tells whether it is complete.
    fn header(&mut self, input: &mut &[u8]) -> Result<bool, Violation> {
        while let Some((first, rest)) = input.split_first() {
            self.head[self.have] = *first;
            self.have += 1;
            *input = rest;
            self.check_start()?;
            let extended = match self.head[1] & 0x7f {
                126 => 2,
                127 => 8,
                _ => 0,
            };
            if self.have >= 2 && self.have == 6 + extended {
                self.have = 0;
                self.begin(extended)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Checks the first two bytes as soon as they are there.
    fn check_start(&self) -> Result<(), Violation> {
        let wrong = |why| Err(Violation::Protocol(why));
        let [first, second, ..] = self.head;
        match self.have {
            1 if first & 0x70 != 0 => wrong("no extension was negotiated"),
            1 if matches!(first & 0x0f, 3..=7 | 11..) => wrong("a reserved opcode"),
            1 if first & 0x88 == 0x08 => wrong("a control frame is not split"),
            1 if first & 0x0f == 0 && self.text.is_none() => wrong("nothing to go on with"),
            1 if matches!(first & 0x0f, 1 | 2) && self.text.is_some() => wrong("a message within a message"),
            2 if second & 0x80 == 0 => wrong("a client masks its frames"),
            2 if first & 0x08 != 0 && second & 0x7f > MAX_CONTROL => {
                wrong("a control frame has at most 125 bytes")
            }
            _ => Ok(()),
        }
    }

    /// A header is complete: `extended` bytes of it name the length.
    fn begin(&mut self, extended: usize) -> Result<(), Violation> {
        let long = self.head[2..2 + extended].iter().fold(0, |len, byte| (len << 8) | u64::from(*byte));
        let len = if extended == 0 { u64::from(self.head[1] & 0x7f) } else { long };
        let shortest = match extended {
            0 => 0,
            2 => 126,
            _ => 65_536,
        };
        if len < shortest || len >> 63 != 0 {
            return Err(Violation::Protocol("a length is written in the fewest bytes"));
        }
        let opcode = self.head[0] & 0x0f;
        let total = len.saturating_add(self.message.len() as u64);
        if opcode < 8 && total > self.limit as u64 {
            return Err(Violation::TooLarge);
        }
        let at = 2 + extended;
        let mask = [self.head[at], self.head[at + 1], self.head[at + 2], self.head[at + 3]];
        if matches!(opcode, 1 | 2) {
            self.text = Some(opcode == 1);
        }
        self.frame = Some(Frame { last: self.head[0] & 0x80 != 0, opcode, left: len, mask });
        Ok(())
    }

    /// Takes what there is of the payload; returns what is left of the frame.
    fn payload(&mut self, frame: Frame, input: &mut &[u8]) -> Frame {
        let take = usize::try_from(frame.left).unwrap_or(usize::MAX).min(input.len());
        let (mine, rest) = input.split_at(take);
        *input = rest;
        let into = if frame.opcode < 8 { &mut self.message } else { &mut self.control };
        let start = into.len();
        into.extend_from_slice(mine);
        unmask(&mut into[start..], frame.mask);
        let mut mask = frame.mask;
        mask.rotate_left(take % 4);
        Frame { left: frame.left - take as u64, mask, ..frame }
    }

    /// A frame is complete.
    fn finish(&mut self, frame: Frame) -> Result<Option<Incoming>, Violation> {
        if frame.opcode >= 8 {
            let payload = std::mem::take(&mut self.control);
            return match frame.opcode {
                8 => check_close(&payload).map(|()| Some(Incoming::Close)),
                9 => Ok(Some(Incoming::Ping(payload))),
                _ => Ok(Some(Incoming::Pong)),
            };
        }
        if !frame.last {
            return Ok(None);
        }
        let message = std::mem::take(&mut self.message);
        if self.text.take() != Some(true) {
            return Ok(Some(Incoming::Binary(message)));
        }
        match str::from_utf8(&message) {
            Ok(_) => Ok(Some(Incoming::Text(message))),
            Err(_) => Err(Violation::Protocol("a text message is UTF-8")),
        }
    }
}

fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    let word = u32::from_ne_bytes(mask);
    let (words, rest) = bytes.as_chunks_mut::<4>();
    for bytes in words {
        *bytes = (u32::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    rest.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}

/// A close frame is empty, or has a code that may be sent, and a reason in UTF-8 (sections 5.5.1 and 7.4).
fn check_close(payload: &[u8]) -> Result<(), Violation> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        let whole = payload.is_empty();
        return if whole { Ok(()) } else { Err(Violation::Protocol("half a close code")) };
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Violation::Protocol("a close code that is not sent"));
    }
    match str::from_utf8(reason) {
        Ok(_) => Ok(()),
        Err(_) => Err(Violation::Protocol("a close reason is UTF-8")),
    }
}

#[cfg(test)]
mod tests;
