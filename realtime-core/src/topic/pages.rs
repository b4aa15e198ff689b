//! Snapshots in pages: cut from the rows as they stand, as the reader has room for them (S23).

use bytes::Bytes;
use realtime_protocol::frame::{
    Codec,
    v1::{self, Page},
};

use super::{
    channel,
    rows::{RowKey, Rows, Value},
    sight::Eyes,
};

/// About how large a page is, in bytes.
const PAGE_BYTES: usize = 16 * 1024;
/// How many pages are sent before the reader is waited for.
const PAGES_AT_ONCE: usize = 4;

/// A page, encoded, and the row from which the next one goes on; `None`: it was the last.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) frame: Bytes,
    pub(crate) next: Option<RowKey>,
}

/// Returns the next pages, from the row `from` on.
pub(crate) fn pages(
    eyes: &Eyes<'_>,
    (codec, channel): (Codec, u32),
    rows: &Rows,
    root_row: Option<&Value>,
    from: &RowKey,
) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut page: Vec<v1::Row> = Vec::new();
    let mut size = 0;
    let encode = |rows, last| channel::encode(codec, &Page { channel, rows, last }.into());
    for (key, row, seen) in eyes.rows(rows, from, root_row) {
        if size > 0 && size + row.size() > PAGE_BYTES {
            let frame = encode(std::mem::take(&mut page), false);
            parts.push(Part { frame, next: Some(key.clone()) });
            size = 0;
            if parts.len() == PAGES_AT_ONCE {
                return parts;
            }
        }
        size += row.size() + key.key.len();
        page.push(seen);
    }
    parts.push(Part { frame: encode(page, true), next: None });
    parts
}

/// The row from which a snapshot begins.
pub(crate) fn first() -> RowKey {
    RowKey::new(0, "")
}
