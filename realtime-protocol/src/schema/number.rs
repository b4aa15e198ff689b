//! Permanent numbers: the hash of a name, so that neither order nor a file decides them (S30, S31).
//!
//! A collision is found where the names meet (columns: by the derive; the rest: when an `App` starts) and is
//! mended by `#[sync(number = …)]`. A column that is renamed keeps the number of its first name.

/// Returns the number of a model: 16 bits.
#[must_use]
pub const fn model_number(name: &str) -> u16 {
    fold16(fnv1a(&[name]))
}

/// Returns the number of a column, by its first name on the wire: 16 bits.
#[must_use]
pub const fn column_number(name: &str) -> u16 {
    fold16(fnv1a(&[name]))
}

/// Returns the number of a mutator of a model: 32 bits. `create`, `patch` and `delete` are the generic ones.
#[must_use]
pub const fn mutator_number(model: &str, mutation: &str) -> u32 {
    fnv1a(&[model, ".", mutation])
}

const fn fold16(hash: u32) -> u16 {
    ((hash >> 16) ^ (hash & 0xffff)) as u16
}

/// FNV-1a with 32 bits (draft-eastlake-fnv), over the parts in turn.
const fn fnv1a(parts: &[&str]) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    let mut i = 0;
    while i < parts.len() {
        let bytes = parts[i].as_bytes();
        let mut k = 0;
        while k < bytes.len() {
            hash = (hash ^ bytes[k] as u32).wrapping_mul(0x0100_0193);
            k += 1;
        }
        i += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s31_numbers_never_change() {
        assert_eq!(model_number("Poll"), 51_694);
        assert_eq!(column_number("id"), 24_024);
        assert_eq!(mutator_number("Poll", "vote"), 4_143_077_702);
    }
}
