//! Frames: one unit on the wire, as data; the same arrays in both codecs. Specified in docs/PROTOCOL.md.

mod cells;
mod codec;
mod scan;
mod table;
pub mod v1;

pub use cells::Cells;
pub use codec::{Codec, CodecError};
pub use scan::{ScanError, scan};
pub use table::{FieldInfo, FrameInfo};
pub use v1::{ClientFrame, ServerFrame};
