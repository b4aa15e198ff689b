//! Permanent numbers of columns, as realtime-protocol hashes them: only to find two that meet.

/// Returns the number of a column, by its first name on the wire.
pub(crate) fn column_number(name: &str) -> u16 {
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    ((hash >> 16) ^ (hash & 0xffff)) as u16
}

#[cfg(test)]
mod tests {
    use super::column_number;

    #[test]
    fn s31_the_macro_hashes_as_the_protocol_does() {
        for name in ["id", "question", "choices", "sentAt", "", "ß"] {
            assert_eq!(column_number(name), realtime_protocol::schema::column_number(name), "{name}");
        }
    }
}
