//! Looks through MessagePack before it is decoded: one whole value, not too deep, and no length without its bytes.
//!
//! Decoders reserve memory for the length that a header names; five bytes may name four thousand million (S47).

/// What is wrong with some MessagePack.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScanError {
    /// It ends before what its headers name.
    #[error("it ends before what a length in it names")]
    Short,
    /// It is nested deeper than is allowed.
    #[error("nested deeper than {0}")]
    Deep(usize),
    /// Bytes follow the value.
    #[error("bytes after the end of the frame")]
    Long,
    /// A byte that MessagePack never uses.
    #[error("a byte that begins no value")]
    Reserved,
}

/// Checks that `bytes` are one value, nested at most `deepest` levels deep.
///
/// # Errors
///
/// What is wrong with them.
pub fn scan(bytes: &[u8], deepest: usize) -> Result<(), ScanError> {
    let mut rest = bytes;
    // How many values are to come in each of the arrays and maps that are open.
    let mut open = Vec::with_capacity(8);
    open.push(1_u64);
    while let Some(left) = open.last_mut() {
        if *left == 0 {
            open.pop();
            continue;
        }
        *left -= 1;
        let (inside, payload) = header(&mut rest)?;
        rest = rest.get(payload..).ok_or(ScanError::Short)?;
        // Each value takes a byte at least, so that no sum of lengths is larger than the input.
        if inside > rest.len() as u64 {
            return Err(ScanError::Short);
        }
        if inside > 0 {
            if open.len() > deepest {
                return Err(ScanError::Deep(deepest));
            }
            open.push(inside);
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(ScanError::Long) }
}

/// Reads one header: how many values are inside, and how many bytes of its own follow.
fn header(rest: &mut &[u8]) -> Result<(u64, usize), ScanError> {
    let (&first, tail) = rest.split_first().ok_or(ScanError::Short)?;
    *rest = tail;
    let small = |mask: u8| u64::from(first & mask);
    Ok(match first {
        0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => (0, 0),
        0x80..=0x8f => (small(0x0f) * 2, 0),
        0x90..=0x9f => (small(0x0f), 0),
        0xa0..=0xbf => (0, usize::from(first & 0x1f)),
        0xc1 => return Err(ScanError::Reserved),
        0xc4 | 0xd9 => (0, length(rest, 1)?),
        0xc5 | 0xda => (0, length(rest, 2)?),
        0xc6 | 0xdb => (0, length(rest, 4)?),
        0xc7..=0xc9 => (0, length(rest, 1 << (first - 0xc7))?.saturating_add(1)),
        0xcc | 0xd0 => (0, 1),
        0xcd | 0xd1 => (0, 2),
        0xca | 0xce | 0xd2 => (0, 4),
        0xcb | 0xcf | 0xd3 => (0, 8),
        0xd4..=0xd8 => (0, (1 << (first - 0xd4)) + 1),
        0xdc => (length(rest, 2)? as u64, 0),
        0xdd => (length(rest, 4)? as u64, 0),
        0xde => (length(rest, 2)? as u64 * 2, 0),
        0xdf => (length(rest, 4)? as u64 * 2, 0),
    })
}

/// Reads a length of `size` bytes, big end first.
fn length(rest: &mut &[u8], size: usize) -> Result<usize, ScanError> {
    let (head, tail) = rest.split_at_checked(size).ok_or(ScanError::Short)?;
    *rest = tail;
    Ok(head.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s47_a_length_without_its_bytes_is_found_before_anything_is_reserved() {
        for (bytes, want) in [
            (&[0x92, 0xdd, 0xff, 0xff, 0xff, 0xff, 0x01][..], Err(ScanError::Short)),
            (&[0xdf, 0xff, 0xff, 0xff, 0xff], Err(ScanError::Short)),
            (&[0xdb, 0x00, 0x00, 0x00, 0x02, b'a'], Err(ScanError::Short)),
            (&[0xc9, 0xff, 0xff, 0xff, 0xff, 0], Err(ScanError::Short)),
            (&[0x92, 0x01], Err(ScanError::Short)),
            (&[], Err(ScanError::Short)),
            (&[0xc1], Err(ScanError::Reserved)),
            (&[0x01, 0x01], Err(ScanError::Long)),
            (&[0x91, 0x91, 0x91, 0x01], Err(ScanError::Deep(2))),
            (&[0x91, 0x91, 0x90], Ok(())),
            (&[0x92, 0xa1, b'a', 0x81, 0x01, 0xcb, 0, 0, 0, 0, 0, 0, 0, 0], Ok(())),
            (&[0xc7, 0x01, 0x05, 0x09], Ok(())),
            (&[0xd4, 0x05, 0x09], Ok(())),
        ] {
            assert_eq!(scan(bytes, 2), want, "{bytes:02x?}");
        }
    }
}
