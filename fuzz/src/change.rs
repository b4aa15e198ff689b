//! How an input is changed: bytes, runs of bytes, pieces of other inputs, and values at the edges of formats.

/// A seeded generator: splitmix64.
#[derive(Debug)]
pub struct Dice(u64);

/// What decoders trip over: lengths, marks of MessagePack, brackets, numbers at their ends, broken UTF-8.
const EDGES: &[&[u8]] = &[
    b"[",
    b"]",
    b"{",
    b"}",
    b"\"",
    b"\\u0000",
    b"\\",
    b",",
    b"null",
    b"-1",
    b"1e999",
    b"0",
    b"18446744073709551615",
    b"9007199254740992",
    b"4294967296",
    b"65536",
    b"%2F",
    b"/",
    b"*",
    b"{id}",
    b"rt/",
    b"\xff",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\x90",
    b"\x91",
    b"\x9f",
    b"\x80",
    b"\x81",
    b"\xc0",
    b"\xc1",
    b"\xc4\xff",
    b"\xca\x7f\xc0\x00\x00",
    b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",
    b"\xcc\xff",
    b"\xcd\xff\xff",
    b"\xce\xff\xff\xff\xff",
    b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xd3\x80\x00\x00\x00\x00\x00\x00\x00",
    b"\xd9\xff",
    b"\xda\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\xdc\xff\xff",
    b"\xdd\xff\xff\xff\xff",
    b"\xde\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\x81\x80\x00\x00\x00\x00",
    b"\x82\xfe\xff\xff",
    b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff",
];

impl Dice {
    /// One that this seed repeats.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `n`; 0 where there is none.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.number() % n.max(1) as u64).unwrap_or(0)
    }
}

/// Takes an input of the pool, and changes it a few times.
pub(crate) fn changed(pool: &[Vec<u8>], dice: &mut Dice, longest: usize) -> Vec<u8> {
    let mut input = pool.get(dice.below(pool.len())).cloned().unwrap_or_default();
    for _ in 0..=dice.below(4) {
        change(&mut input, pool, dice);
    }
    input.truncate(longest);
    input
}

fn change(input: &mut Vec<u8>, pool: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(input.len() + 1);
    let end = at + dice.below((input.len() - at).min(32) + 1);
    match dice.below(8) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = dice.number().to_le_bytes()[0];
            }
        }
        2 => drop(input.drain(at..end)),
        3 => input.truncate(at),
        4 => {
            let copy = input[at..end].to_vec();
            let times = 1 + dice.below(64);
            drop(input.splice(at..at, copy.repeat(times)));
        }
        5 | 6 => drop(input.splice(at..end, EDGES[dice.below(EDGES.len())].iter().copied())),
        _ => {
            let other = pool.get(dice.below(pool.len())).map_or(&[][..], Vec::as_slice);
            let from = dice.below(other.len() + 1);
            let to = from + dice.below(other.len() - from + 1);
            drop(input.splice(at..end, other[from..to].iter().copied()));
        }
    }
}
