//! Columns and kept outcomes as bytes in the file, and the hash that chains a topic's log.

use bytes::{Buf, BufMut, Bytes, TryGetError};
use realtime_protocol::{Position, Topic};
use sha2::{Digest, Sha256};

use crate::store::types::{Kept, Record};

/// A link of the chain: the first 16 bytes of a SHA-256.
pub(super) type Link = [u8; 16];

/// Before the first record.
pub(super) const NO_LINK: Link = [0; 16];

/// Bytes that no program of ours wrote.
#[derive(Debug)]
pub(super) struct Damaged;

impl From<TryGetError> for Damaged {
    fn from(_: TryGetError) -> Self {
        Self
    }
}

/// Chains a record to the one before it.
pub(super) fn link(before: &Link, topic: &Topic, record: &Record, time_ms: u64) -> Link {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update((topic.as_str().len() as u64).to_be_bytes());
    hash.update(topic.as_str().as_bytes());
    hash.update(record.at.offset.to_be_bytes());
    hash.update(record.at.epoch.to_be_bytes());
    hash.update(record.prev_epoch.to_be_bytes());
    hash.update(time_ms.to_be_bytes());
    hash.update(&record.bytes);
    let mut link = NO_LINK;
    link.copy_from_slice(&hash.finalize()[..16]);
    link
}

/// Returns a row's sum: where it differs, the row is not the one that was written. `numbers` and `content` are all
/// that the row says.
pub(super) fn sum(topic: i64, numbers: [u64; 3], id: &[u8], content: &[u8]) -> i64 {
    let mut hash = Sha256::new();
    hash.update(topic.to_be_bytes());
    numbers.iter().for_each(|number| hash.update(number.to_be_bytes()));
    hash.update((id.len() as u64).to_be_bytes());
    hash.update(id);
    hash.update(content);
    hash.finalize().first_chunk().map_or(0, |first| i64::from_be_bytes(*first))
}

/// Each column: its number, the length of its value, the value.
pub(super) fn columns(columns: &[(u16, Bytes)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(columns.iter().map(|(_, bytes)| bytes.len() + 6).sum());
    for (number, bytes) in columns {
        out.put_u16(*number);
        put_bytes(&mut out, bytes);
    }
    out
}

pub(super) fn read_columns(bytes: Vec<u8>) -> Result<Vec<(u16, Bytes)>, Damaged> {
    let mut bytes = Bytes::from(bytes);
    let mut columns = Vec::new();
    while bytes.has_remaining() {
        columns.push((bytes.try_get_u16()?, get_bytes(&mut bytes)?));
    }
    Ok(columns)
}

/// Each outcome: seq, hash, whether it has a mark and which, the length of the outcome, the outcome.
pub(super) fn kept(kept: &[Kept]) -> Vec<u8> {
    let mut out = Vec::new();
    for Kept { seq, hash, at, outcome } in kept {
        out.put_u64(*seq);
        out.put_u32(*hash);
        out.put_u8(at.is_some().into());
        if let Some(at) = at {
            out.put_u64(at.offset);
            out.put_u32(at.epoch);
        }
        put_bytes(&mut out, outcome);
    }
    out
}

pub(super) fn read_kept(bytes: Vec<u8>) -> Result<Vec<Kept>, Damaged> {
    let mut bytes = Bytes::from(bytes);
    let mut kept = Vec::new();
    while bytes.has_remaining() {
        let (seq, hash) = (bytes.try_get_u64()?, bytes.try_get_u32()?);
        let at = match bytes.try_get_u8()? {
            0 => None,
            1 => Some(Position { offset: bytes.try_get_u64()?, epoch: bytes.try_get_u32()? }),
            _ => return Err(Damaged),
        };
        kept.push(Kept { seq, hash, at, outcome: get_bytes(&mut bytes)? });
    }
    Ok(kept)
}

/// A commit is far below 4 GiB, so that every length fits.
fn put_bytes(out: &mut Vec<u8>, bytes: &Bytes) {
    out.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    out.extend_from_slice(bytes);
}

fn get_bytes(from: &mut Bytes) -> Result<Bytes, Damaged> {
    let len = from.try_get_u32()? as usize;
    if len > from.remaining() { Err(Damaged) } else { Ok(from.split_to(len)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_read_back_as_they_were_written_and_cut_ones_are_damaged() {
        let cells =
            vec![(1, Bytes::from_static(b"a")), (700, Bytes::new()), (65_535, Bytes::from_static(b"xyz"))];
        let bytes = columns(&cells);
        assert_eq!(read_columns(bytes.clone()).unwrap(), cells);
        assert!(read_columns(bytes[..bytes.len() - 1].to_vec()).is_err());
    }

    #[test]
    fn kept_outcomes_read_back_as_they_were_written_and_cut_ones_are_damaged() {
        let at = Some(Position { offset: 9, epoch: 7 });
        let outcome = Bytes::from_static(b"ok");
        let rows = vec![
            Kept { seq: 1, hash: 2, at, outcome: outcome.clone() },
            Kept { seq: 5, hash: 0, at: None, outcome },
        ];
        let bytes = kept(&rows);
        assert_eq!(read_kept(bytes.clone()).unwrap(), rows);
        assert!(read_kept(bytes[..bytes.len() - 1].to_vec()).is_err());
    }
}
