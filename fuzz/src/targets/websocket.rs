//! What a client sends on a WebSocket: the same messages however it is cut, and never more than the limit.

use realtime_core::testing::decoders;

use super::reached;
use crate::Target;

pub(super) const WEBSOCKET: Target = Target { name: "websocket", run: websocket, seeds };

/// The largest message.
const LIMIT: usize = 1_024;

fn websocket(input: &[u8]) -> u64 {
    let whole = decoders::websocket(input, LIMIT, usize::MAX);
    for piece in [1, 7] {
        assert_eq!(decoders::websocket(input, LIMIT, piece), whole, "in pieces of {piece}");
    }
    let (messages, end) = whole;
    assert!(messages.iter().all(|(_, payload)| payload.len() <= LIMIT));
    assert!(messages.iter().map(|(_, payload)| payload.len()).sum::<usize>() <= input.len());
    let kinds: Vec<_> = messages.iter().map(|(kind, payload)| (*kind, payload.is_empty())).take(4).collect();
    reached((kinds, end))
}

/// A frame of a client: masked with four bytes.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let length = match u8::try_from(payload.len()) {
        Ok(short @ 0..=125) => vec![0x80 | short],
        _ => [&[0x80 | 126][..], &u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes()].concat(),
    };
    let masked: Vec<u8> = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    [&[first][..], &length, &mask, &masked].concat()
}

fn seeds() -> Vec<Vec<u8>> {
    vec![
        frame(0x81, b"[7,1,[]]"),
        frame(0x82, &[0x93, 7, 1, 0x90]),
        [frame(0x01, b"[7,"), frame(0x89, b"ping"), frame(0x80, b"1,[]]")].concat(),
        [frame(0x8a, b""), frame(0x88, &[0x03, 0xe8])].concat(),
        frame(0x82, &[7; 900]),
        frame(0x82, &[7; 1_100]),
        frame(0x81, b"\xff"),
    ]
}
