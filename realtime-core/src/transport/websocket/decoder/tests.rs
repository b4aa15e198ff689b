//! The decoder against frames made here: cut anywhere, split anyhow, and broken on purpose.

use proptest::prelude::*;

use super::*;

const LIMIT: usize = 70_000;

/// A client's frame, masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..126 => bytes.push(0x80 | len as u8),
        len @ 126..65_536 => bytes.extend([[0x80 | 126].as_slice(), &(len as u16).to_be_bytes()].concat()),
        len => bytes.extend([[0x80 | 127].as_slice(), &(len as u64).to_be_bytes()].concat()),
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// Feeds `pieces` one after the other.
fn feed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Incoming>, Violation> {
    let mut decoder = Decoder::new(LIMIT);
    let mut messages = Vec::new();
    for mut piece in pieces {
        while let Some(message) = decoder.take(&mut piece)? {
            messages.push(message);
        }
    }
    Ok(messages)
}

fn whole(bytes: &[u8]) -> Result<Vec<Incoming>, Violation> {
    feed([bytes])
}

fn broken(bytes: &[u8]) -> &'static str {
    match whole(bytes) {
        Err(Violation::Protocol(why)) => why,
        other => panic!("{bytes:?}: {other:?}"),
    }
}

#[test]
fn a_message_cut_between_any_two_bytes_is_the_same_message() {
    let bytes = [
        frame(0x01, "né".as_bytes()),
        frame(0x89, b"ping"),
        frame(0x00, b""),
        frame(0x80, &[b'x'; 200]),
        frame(0x82, &vec![9; 66_000]),
        frame(0x88, &[0x03, 0xe8]),
    ]
    .concat();
    let expected = vec![
        Incoming::Ping(b"ping".to_vec()),
        Incoming::Text(["né".as_bytes(), &[b'x'; 200]].concat()),
        Incoming::Binary(vec![9; 66_000]),
        Incoming::Close,
    ];
    assert_eq!(whole(&bytes), Ok(expected.clone()));
    assert_eq!(feed(bytes.chunks(1)), Ok(expected.clone()), "byte by byte");
    for at in (0..300).chain(bytes.len() - 300..bytes.len()) {
        let (left, right) = bytes.split_at(at);
        assert_eq!(feed([left, right]), Ok(expected.clone()), "cut at {at}");
    }
}

proptest! {
    /// Messages, each in frames of any sizes, pings between them, cut into any pieces.
    #[test]
    fn however_it_is_split_and_cut_it_is_the_same(
        messages in prop::collection::vec((any::<bool>(), prop::collection::vec("[a-z]{0,200}", 1..4)), 1..6),
        cuts in prop::collection::vec(1_usize..90, 1..60),
    ) {
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for (text, parts) in &messages {
            for (i, part) in parts.iter().enumerate() {
                let opcode = if i > 0 { 0 } else if *text { 1 } else { 2 };
                let last = if i + 1 == parts.len() { 0x80 } else { 0 };
                bytes.extend(frame(last | opcode, part.as_bytes()));
                if last == 0 {
                    bytes.extend(frame(0x8a, b""));
                    expected.push(Incoming::Pong);
                }
            }
            let message = parts.concat().into_bytes();
            expected.push(if *text { Incoming::Text(message) } else { Incoming::Binary(message) });
        }
        let (mut pieces, mut rest) = (Vec::new(), &bytes[..]);
        for cut in cuts.iter().cycle() {
            let (piece, more) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = more;
            if rest.is_empty() { break; }
        }
        prop_assert_eq!(feed(pieces), Ok(expected));
    }

    /// Whatever comes, there is an answer, and nothing is held beyond what came.
    #[test]
    fn l11_any_bytes_are_taken_or_refused_and_no_length_is_believed(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut decoder = Decoder::new(LIMIT);
        let mut input = &bytes[..];
        while let Ok(Some(_)) = decoder.take(&mut input) {}
        prop_assert!(decoder.message.capacity() + decoder.control.capacity() <= 4 * bytes.len().max(8));
    }
}

#[test]
fn what_breaks_rfc_6455_is_refused_with_what_it_was() {
    let unmasked = [0x81, 0x02, b'h', b'i'];
    assert_eq!(broken(&unmasked), "a client masks its frames");
    assert_eq!(broken(&frame(0xc1, b"")), "no extension was negotiated");
    for opcode in [3, 7, 11, 15] {
        assert_eq!(broken(&frame(0x80 | opcode, b"")), "a reserved opcode");
    }
    assert_eq!(broken(&frame(0x09, b"")), "a control frame is not split");
    assert_eq!(broken(&frame(0x89, &[0; 126])), "a control frame has at most 125 bytes");
    assert_eq!(broken(&frame(0x80, b"")), "nothing to go on with");
    let within = [frame(0x01, b"a"), frame(0x81, b"b")].concat();
    assert_eq!(broken(&within), "a message within a message");
    assert_eq!(broken(&[0x82, 0xfe, 0, 125, 1, 2, 3, 4]), "a length is written in the fewest bytes");
    assert_eq!(
        broken(&[0x82, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
        broken(&[0x82, 0xfe, 0, 1, 1, 2, 3, 4])
    );
    assert_eq!(broken(&frame(0x81, &[0xff])), "a text message is UTF-8");
    assert_eq!(broken(&frame(0x88, &[3])), "half a close code");
    assert_eq!(broken(&frame(0x88, &[0x03, 0xe8, 0xff])), "a close reason is UTF-8");
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 2999, 5000] {
        assert_eq!(broken(&frame(0x88, &code.to_be_bytes())), "a close code that is not sent");
    }
    for code in [1000_u16, 1011, 3000, 4000, 4999] {
        assert_eq!(whole(&frame(0x88, &code.to_be_bytes())), Ok(vec![Incoming::Close]));
    }
    // A rule is checked at the first byte that shows it.
    assert_eq!(broken(&[0xc1]), "no extension was negotiated");
}

#[test]
fn l11_a_message_over_the_limit_is_refused_at_its_header_also_in_pieces() {
    let announced = [0x82, 0xff, 0, 0, 0, 0, 0, 2, 0, 0, 1, 2, 3, 4];
    assert_eq!(whole(&announced), Err(Violation::TooLarge));
    let mut decoder = Decoder::new(10);
    let pieces = [frame(0x02, &[0; 6]), frame(0x80, &[0; 5])].concat();
    assert_eq!(decoder.take(&mut &pieces[..]), Err(Violation::TooLarge));
    assert_eq!(Decoder::new(11).take(&mut &pieces[..]), Ok(Some(Incoming::Binary(vec![0; 11]))));
}
