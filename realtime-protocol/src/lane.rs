//! Lanes: one page life's numbered mutations in one topic (S1, S2, S3).

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A lane as its client names it: 96 random bits, as 16 characters of base64url.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LaneName(String);

impl LaneName {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LaneName {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits =
            text.len() == 16 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits { Ok(Self(text)) } else { Err("a lane is named by 16 characters of base64url") }
    }
}

impl From<LaneName> for String {
    fn from(name: LaneName) -> Self {
        name.0
    }
}

/// A lane as stores, records and brokers know it: its key holds the principal (S1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LaneId(pub [u8; 16]);

impl LaneId {
    /// The first 16 bytes of `SHA-256(tenant, principal id, lane name)`, each but the last preceded by its length.
    #[must_use]
    pub fn new(tenant: &str, principal: &str, name: &LaneName) -> Self {
        let mut hash = Sha256::new();
        for part in [tenant, principal] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.update(name.0.as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        Self(id)
    }
}

impl fmt::Debug for LaneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The day on which a lane was minted, counted from 1 January 1970 (S2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Day(pub u16);

impl Day {
    /// Returns the day of a time in milliseconds since 1970; the last one that fits where it is beyond.
    #[must_use]
    pub fn of_ms(ms: u64) -> Self {
        Self(u16::try_from(ms / 86_400_000).unwrap_or(u16::MAX))
    }

    /// Tells whether a lane of this day, which has no row, may be taken as new (S2).
    ///
    /// No row and the lane younger than `ttl − 2 days`: `last = 0`. A day more than one ahead counts as old.
    #[must_use]
    pub fn is_young(self, today: Self, ttl_days: u16) -> bool {
        let (minted, today, ttl) = (i32::from(self.0), i32::from(today.0), i32::from(ttl_days));
        minted <= today + 1 && today - minted < ttl - 2
    }
}

/// How many unacknowledged seqs a lane may have: *fixed* (S6).
pub const WINDOW: u64 = 64;

/// How long a lane's row stays after its last move, in days (S2).
pub const LANE_TTL_DAYS: u16 = 30;

/// The largest outcome that is kept, in bytes (S6).
pub const MAX_OUTCOME_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_another_principal_with_the_same_name_has_another_lane() {
        let name = LaneName::try_from("AAAAAAAAAAAAAAAA".to_owned()).unwrap();
        let ann = LaneId::new("", "ann", &name);
        assert_ne!(ann, LaneId::new("", "mallory", &name));
        assert_ne!(ann, LaneId::new("acme", "ann", &name));
        assert_ne!(LaneId::new("a", "bc", &name), LaneId::new("ab", "c", &name));
    }

    #[test]
    fn s2_a_lane_without_a_row_is_new_while_its_row_could_not_yet_be_collected() {
        let minted = Day(1000);
        for (today, young) in
            [(998, false), (999, true), (1000, true), (1027, true), (1028, false), (1040, false)]
        {
            assert_eq!(minted.is_young(Day(today), LANE_TTL_DAYS), young, "on day {today}");
        }
    }
}
