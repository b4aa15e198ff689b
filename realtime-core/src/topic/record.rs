//! What a commit's record holds: enough for another node, or a later resume, to take the same step (S19).

use bytes::Bytes;
use realtime_protocol::{
    LaneId, Raw,
    frame::{scan, v1::Outcome},
    raw::RawError,
};
use serde::{Deserialize, Serialize};

/// The version of this form.
const FORMAT: u8 = 1;
/// How deep one may be nested: rows, cells, and values.
const MAX_DEPTH: usize = 72;

/// A commit, as the log keeps it and the broker carries it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RecordBody {
    pub(crate) rows: Vec<RowChange>,
    pub(crate) lanes: Vec<LaneOutcome>,
}

/// What happened to one row; columns by their permanent numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum RowChange {
    Create {
        model: u16,
        key: String,
        cells: Vec<(u16, Raw)>,
    },
    Update {
        model: u16,
        key: String,
        cells: Vec<(u16, Raw)>,
        /// What these columns held, where a `read` may look at them; else empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        before: Vec<(u16, Raw)>,
    },
    Delete {
        model: u16,
        key: String,
        /// What the row held, where a `read` may look at it; else empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        before: Vec<(u16, Raw)>,
    },
}

/// What became of one mutation, in run order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LaneOutcome {
    pub(crate) lane: LaneId,
    pub(crate) seq: u64,
    pub(crate) hash: u32,
    pub(crate) outcome: Outcome,
}

impl RecordBody {
    pub(crate) fn encode(&self) -> Result<Bytes, RawError> {
        let body = (FORMAT, &self.rows, &self.lanes);
        rmp_serde::to_vec(&body).map(Bytes::from).map_err(|e| RawError::new(e.to_string()))
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, RawError> {
        scan(bytes, MAX_DEPTH).map_err(|e| RawError::new(format!("a record: {e}")))?;
        let (format, rows, lanes): (u8, _, _) =
            rmp_serde::from_slice(bytes).map_err(|e| RawError::new(format!("a record: {e}")))?;
        match format {
            FORMAT => Ok(Self { rows, lanes }),
            _ => Err(RawError::new("a record of a newer program")),
        }
    }
}

impl RowChange {
    /// About how many bytes it holds.
    pub(crate) fn weight(&self) -> usize {
        let (cells, before): (&[_], &[_]) = match self {
            Self::Create { cells, .. } => (cells, &[]),
            Self::Update { cells, before, .. } => (cells, before),
            Self::Delete { before, .. } => (&[], before),
        };
        cells.iter().chain(before).map(|(_, raw)| raw.bytes().len() + 16).sum::<usize>() + self.id().1.len()
    }

    pub(crate) fn id(&self) -> (u16, &str) {
        match self {
            Self::Create { model, key, .. }
            | Self::Update { model, key, .. }
            | Self::Delete { model, key, .. } => (*model, key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use realtime_protocol::frame::v1::Done;

    #[test]
    fn s19_a_record_reads_back_as_it_was_written() {
        let raw = Raw::encode(&vec!["a"]).unwrap();
        let body = RecordBody {
            rows: vec![
                RowChange::Create { model: 1, key: "a".into(), cells: vec![(9, raw.clone())] },
                RowChange::Delete { model: 1, key: "b".into(), before: Vec::new() },
                RowChange::Update {
                    model: 1,
                    key: "c".into(),
                    cells: vec![(9, raw.clone())],
                    before: vec![(9, Raw::null())],
                },
                RowChange::Update {
                    model: 1,
                    key: "d".into(),
                    cells: vec![(9, raw.clone())],
                    before: vec![],
                },
            ],
            lanes: vec![LaneOutcome {
                lane: LaneId([7; 16]),
                seq: 3,
                hash: 5,
                outcome: Done { value: Some(raw) }.into(),
            }],
        };
        assert_eq!(RecordBody::decode(&body.encode().unwrap()).unwrap(), body);
        assert!(RecordBody::decode(b"\x93\x02\x90\x90").is_err());
        assert!(RecordBody::decode(b"").is_err());
    }
}
