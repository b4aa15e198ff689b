//! Prediction: the pending mutations, run by the same Rust mutators over the confirmed rows (L5).

use std::sync::Arc;

use realtime_protocol::Topic;

use super::queue::Asked;
use crate::{
    field::{Seed, Timestamp},
    handler::{self, Registry},
    topic::rows::{Overlay, Rows, Value},
    tx::Context,
};

/// Where mutations run.
pub(in crate::testing::world) struct Place<'a> {
    pub(in crate::testing::world) registry: &'a Registry,
    pub(in crate::testing::world) topic: &'a Topic,
    pub(in crate::testing::world) principal: &'a Value,
    pub(in crate::testing::world) server_now: u64,
}

/// Returns the rows after these mutations; what is refused here has no effect, and stays pending all the same.
pub(in crate::testing::world) fn replay(place: &Place<'_>, rows: Arc<Rows>, asked: &[&Asked]) -> Rows {
    let mut overlay = Overlay::over(rows);
    for asked in asked {
        let call = handler::Call {
            mutator: asked.mutator,
            key: asked.key.clone(),
            args: asked.args.clone(),
            seen: asked.seen,
        };
        let context = context(place, asked);
        if let Ok((_, written)) =
            handler::run(place.registry, place.topic, &mut overlay, &context, &call, None)
        {
            written.into_iter().for_each(|(key, row)| overlay.put(key, row));
        }
    }
    let (base, written) = overlay.into_written();
    let mut rows = Arc::unwrap_or_clone(base);
    for (key, row) in written {
        match row {
            Some(row) => rows.insert(key, row),
            None => rows.remove(&key),
        };
    }
    rows
}

fn context(place: &Place<'_>, asked: &Asked) -> Context {
    let at = |ms: u64| Timestamp::from_ms(i64::try_from(ms).unwrap_or(i64::MAX));
    let (a, b, c, d) = asked.seed;
    Context {
        principal: Arc::clone(place.principal),
        now: at(asked.now),
        server_now: at(place.server_now),
        seed: Seed([a, b, c, d]),
        ids: 0,
        random: None,
    }
}
