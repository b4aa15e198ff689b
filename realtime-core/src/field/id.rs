//! Ids that both sides make alike: from a mutation's seed and a counter (S45).

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// A key that `tx.new_id()` made: 128 bits as 22 characters of base64url; any other text serves too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(Arc<str>);

impl Id {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Id {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Where a mutation's ids and random numbers come from: 128 bits, given at the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Seed(pub [u32; 4]);

impl Seed {
    /// Returns the `k`-th id: sfc32 from the seed with `k` mixed in, twelve rounds passed over, four taken.
    #[must_use]
    pub fn id(self, k: u32) -> Id {
        let mut sfc = Sfc32::new(self, k);
        let mut bytes = [0; 16];
        for chunk in bytes.chunks_exact_mut(4) {
            chunk.copy_from_slice(&sfc.next().to_be_bytes());
        }
        Id(URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// Returns the stream of random numbers.
    pub(crate) fn stream(self) -> Sfc32 {
        Sfc32::new(self, u32::MAX)
    }
}

/// sfc32 of PractRand (Chris Doty-Humphrey): 32-bit arithmetic only, so that TypeScript does the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sfc32([u32; 4]);

impl Sfc32 {
    fn new(seed: Seed, k: u32) -> Self {
        let [a, b, c, d] = seed.0;
        let mut sfc = Self([a, b, c, d ^ k]);
        for _ in 0..12 {
            sfc.next();
        }
        sfc
    }

    /// Returns a number below `n`; 0 for 0.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.next()) * u64::from(n)) >> 32) as u32
    }

    fn next(&mut self) -> u32 {
        let [a, b, c, counter] = self.0;
        let out = a.wrapping_add(b).wrapping_add(counter);
        self.0 = [
            b ^ (b >> 9),
            c.wrapping_add(c << 3),
            c.rotate_left(21).wrapping_add(out),
            counter.wrapping_add(1),
        ];
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Vector {
        seed: [u32; 4],
        ids: Vec<String>,
        random: Vec<Random>,
    }

    #[derive(Deserialize)]
    struct Random {
        n: u32,
        value: u32,
    }

    /// The vectors are what the TypeScript client's own code made.
    #[test]
    fn s45_ids_and_random_numbers_are_those_of_the_typescript_client() {
        let text = include_str!("../../../realtime-protocol/tests/vectors/ids.json");
        let vectors: Vec<Vector> = serde_json::from_str(text).unwrap();
        assert!(vectors.len() >= 5);
        for vector in vectors {
            let seed = Seed(vector.seed);
            let ids: Vec<_> = (0..).take(vector.ids.len()).map(|k| seed.id(k).to_string()).collect();
            assert_eq!(ids, vector.ids, "{seed:?}");
            let mut stream = seed.stream();
            for Random { n, value } in vector.random {
                assert_eq!(stream.below(n), value, "{seed:?} below {n}");
            }
        }
    }
}
