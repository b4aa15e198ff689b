//! The only place that reads the clock: everything else is handed the time (L13).

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the milliseconds since 1 January 1970, UTC.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub(crate) fn now_ms() -> u64 {
    #[cfg(feature = "testing")]
    if let Some(now) = super::simulated::now_ms() {
        return now;
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Returns a duration in whole milliseconds.
pub(crate) fn ms(duration: std::time::Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
