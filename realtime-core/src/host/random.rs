//! Random numbers of the operating system: epochs, secrets, channel numbers.

/// Returns `N` random bytes.
///
/// # Panics
///
/// Where the operating system has none to give: nothing safe can be done without.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[cfg(feature = "testing")]
    if super::simulated::fill(&mut bytes) {
        return bytes;
    }
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Returns a random epoch, never 0: that is the epoch of what was never written.
pub(crate) fn epoch() -> u32 {
    u32::from_be_bytes(bytes()).max(1)
}
