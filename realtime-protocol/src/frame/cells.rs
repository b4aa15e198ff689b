//! Changed columns of a row: numbers and values in turn, in one flat array.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, SeqAccess, Visitor},
    ser::SerializeSeq,
};

use crate::Raw;

/// Column numbers and their values: `[3, "new title", 5, true]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cells(pub Vec<(u16, Raw)>);

impl Serialize for Cells {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut seq = to.serialize_seq(Some(self.0.len() * 2))?;
        for (column, value) in &self.0 {
            seq.serialize_element(column)?;
            seq.serialize_element(value)?;
        }
        seq.end()
    }
}

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InTurn;
        impl<'de> Visitor<'de> for InTurn {
            type Value = Cells;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("column numbers and values in turn")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Cells, A::Error> {
                let mut cells = Vec::new();
                while let Some(column) = seq.next_element()? {
                    let value =
                        seq.next_element()?.ok_or_else(|| A::Error::custom("a column without a value"))?;
                    cells.push((column, value));
                }
                Ok(Cells(cells))
            }
        }
        from.deserialize_seq(InTurn)
    }
}
