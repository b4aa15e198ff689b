//! A run of the program's own: no call, no policy; the rules of columns, sizes and topics hold as for everybody.

use std::panic::{AssertUnwindSafe, catch_unwind};

use realtime_protocol::Topic;

use super::{
    registry::Registry,
    run::{Scene, Written, caught},
};
use crate::{
    mutation::Refusal,
    topic::{
        own::{Answer, OwnRefusal, OwnRun},
        rows::Overlay,
    },
    tx::{Context, Run},
};

/// Runs `run` over `rows`, in a topic of the root at `root`.
///
/// # Errors
///
/// Why nothing was written.
pub(crate) fn run_own(
    registry: &Registry,
    root: usize,
    topic: &Topic,
    rows: &mut Overlay,
    context: &Context,
    run: &OwnRun,
) -> Result<(Answer, Written), OwnRefusal> {
    let scene = Scene::of_program(registry, root, topic, rows, context);
    // The rows are lent to the run, and come back whatever becomes of it.
    let mut lent = Run::new(std::mem::take(scene.rows), context.clone());
    let ran = catch_unwind(AssertUnwindSafe(|| run(&mut lent)));
    *scene.rows = lent.rows;
    let answer = ran.unwrap_or_else(|payload| Err(OwnRefusal::Rule(caught(payload))))?;
    let written = kept(&scene, lent.dirty).map_err(OwnRefusal::Rule)?;
    Ok((answer, written))
}

fn kept(scene: &Scene<'_>, dirty: crate::tx::Dirty) -> Result<Written, Refusal> {
    let mut written = scene.seal(dirty)?;
    scene.check_size(&written)?;
    scene.clear_with_root(&mut written);
    let root = scene.root.model.number();
    let makes_root = written.iter().any(|(key, row)| key.model == root && row.is_some());
    // Rows without a root would be anybody's who may create it (L9).
    if scene.root_row.is_none() && !makes_root && written.values().any(Option::is_some) {
        return Err(Refusal::Missing);
    }
    Ok(written)
}
