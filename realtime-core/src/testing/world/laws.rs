//! The laws, checked at every notification and at rest; against what the world knows, not what a node says.

use bytes::Bytes;
use realtime_protocol::{Position, Topic, frame::v1::Outcome};

use super::{
    core::Ground,
    page::{Base, Page, Table, Verdict, View, Who, table},
};
use crate::{
    handler::{Door, Registry},
    policy::Answer,
    topic::rows::{RowKey, Rows, Value, root_value},
};

/// Words that may reach some only.
pub(super) struct Canary {
    pub(super) text: String,
    /// By the place of the principal.
    pub(super) may: Vec<bool>,
}

/// L9: no frame holds a word that its page may not see.
pub(super) fn no_leak(ground: &Ground, page: &Page, frame: &Bytes) {
    for canary in &ground.canaries {
        let may = canary.may.get(page.who.place).copied().unwrap_or(false);
        if !may && frame.windows(canary.text.len()).any(|window| window == canary.text.as_bytes()) {
            ground.sim.violated(format!("L9: `{}` reached p{} ({})", canary.text, page.me, page.who.id));
        }
    }
}

/// What a page shows now: L1, L4, L5, L6, L9.
pub(super) fn at_notification(ground: &Ground, page: &Page, view: &View) {
    let Some(base) = &view.base else { return };
    let history = ground.stores.history();
    let may_be = if base.guessed { history.of_offset(&view.topic, base.at.offset) } else { vec![base.at] };
    let truth = |at: &Position| {
        let rows = history.rows(&view.topic, *at)?;
        seen(&ground.registry, view.root, &rows, &page.who.seen[view.root].0)
    };
    let fits = may_be.iter().find(|at| truth(at).as_ref() == Some(&base.table));
    let Some(&at) = fits else {
        let differ = match may_be.first().filter(|at| history.rows(&view.topic, **at).is_some()) {
            Some(at) => difference(ground, base, truth(at).as_ref()),
            None => "no commit bears it".to_owned(),
        };
        let what = format!("L6: its confirmed state at {} is not that of the topic: {differ}", base.at);
        return broken(ground, page, view, &what);
    };
    for entry in view.shown() {
        let id = (page.lane_id(&entry.lane), entry.seq);
        if let Some(Outcome::Done(_)) = history.ran(&view.topic, id, at) {
            let what = format!(
                "L5: {} is pending over {}, which has its effect: it shows twice",
                entry.seq, base.at
            );
            return broken(ground, page, view, &what);
        }
    }
    for (lane, seq) in view.confirmed() {
        let id = (page.lane_id(lane), seq);
        let ran = matches!(history.ran(&view.topic, id, at), Some(Outcome::Done(_)));
        // The remainder of S22: after a failover a second holder may have taken the lane on beyond it.
        let adopted = ground.ledger.of(&view.topic, id).is_some_and(|called| called.adopted);
        let remainder = adopted && ground.failovers > 0;
        if !ran && !remainder && !history.was_idle(&view.topic, id) {
            let what = format!("L5: {seq} was confirmed, and {} does not have its effect", base.at);
            return broken(ground, page, view, &what);
        }
    }
}

fn broken(ground: &Ground, page: &Page, view: &View, what: &str) {
    ground.sim.violated(format!("p{} on {}: {what}", page.me, view.topic));
}

fn difference(ground: &Ground, base: &Base, expected: Option<&Table>) -> String {
    let Some(expected) = expected else { return "it may not be seen at all".to_owned() };
    let keys = base.table.keys().chain(expected.keys());
    let differ = keys.filter(|key| base.table.get(*key) != expected.get(*key));
    let name = |model: u16| ground.registry.by_number(model).map_or("?", |entry| entry.model.name());
    let row = |key: &(u16, String)| {
        format!("{} `{}`: {:?} instead of {:?}", name(key.0), key.1, base.table.get(key), expected.get(key))
    };
    differ.take(2).map(row).collect::<Vec<_>>().join("; ")
}

/// What a principal may see of a topic in this state, evaluated from scratch, every policy asked of every row;
/// `None`: it may not be opened.
pub(super) fn seen(registry: &Registry, root: usize, rows: &Rows, principal: &Value) -> Option<Table> {
    let entry = registry.model(root);
    let of_root = root_value(rows, entry.model.number());
    let found = of_root.as_ref();
    let door = if found.is_some() { Door::Open } else { Door::Create };
    if entry.model.ask(door, principal, found, found) != Answer::Yes {
        return None;
    }
    let mut table = table(rows);
    table.retain(|(model, key), cells| {
        let Some(entry) = registry.by_number(*model) else { return false };
        let Some(row) = rows.get(&RowKey::new(*model, key)) else { return false };
        let ask = |door| entry.model.ask(door, principal, Some(&row.value), found) == Answer::Yes;
        for (at, cell) in cells.iter_mut().enumerate() {
            if !ask(Door::ReadColumn(at)) {
                *cell = None;
            }
        }
        ask(Door::Read)
    });
    Some(table)
}

/// Tells whether somebody may open a topic as it stands in truth.
pub(super) fn may_see(ground: &Ground, who: &Who, view: &View) -> bool {
    let head = ground.stores.head(&view.topic);
    let rows = ground.stores.history().rows(&view.topic, head);
    rows.is_some_and(|rows| seen(&ground.registry, view.root, &rows, &who.seen[view.root].0).is_some())
}

/// At rest: L2, L3, L8, and each call has its final word.
pub(super) fn at_rest(ground: &Ground, pages: &[Page]) -> Vec<String> {
    let mut broken = Vec::new();
    // Who is off the network by his own will sees what he saw.
    let pages: Vec<&Page> = pages.iter().filter(|page| !page.unplugged).collect();
    for page in &pages {
        for view in page.topics.values() {
            broken.extend(view_at_rest(ground, page, view).map(|what| format!("p{}: {what}", page.me)));
        }
    }
    // While pages are not there yet, calls need not be looked at.
    if !broken.is_empty() {
        return broken;
    }
    broken.extend(calls_at_rest(ground, &pages));
    broken
}

fn view_at_rest(ground: &Ground, page: &Page, view: &View) -> Option<String> {
    if view.wants == 0 {
        return None;
    }
    let head = ground.stores.head(&view.topic);
    let rows = ground.stores.history().rows(&view.topic, head)?;
    let expected = seen(&ground.registry, view.root, &rows, &page.who.seen[view.root].0);
    match (&view.base, expected) {
        (None, None) => None,
        (Some(base), Some(expected)) if stands_at(base, head) && base.table == expected => {
            let differs = view.visible != expected;
            differs.then(|| format!("L8: what it shows of {} is not what is there", view.topic))
        }
        (Some(base), Some(_)) => {
            Some(format!("L8: it stands at {} of {}, the store at {head}", base.at, view.topic))
        }
        (None, Some(_)) => {
            Some(format!("L8: it sees nothing of {}, and may: {:?}", view.topic, view.refusal))
        }
        (Some(_), None) => Some(format!("L9: it sees {}, and may not", view.topic)),
    }
}

fn stands_at(base: &Base, head: Position) -> bool {
    base.at == head || base.guessed && base.at.offset == head.offset
}

fn calls_at_rest(ground: &Ground, pages: &[&Page]) -> Vec<String> {
    let history = ground.stores.history();
    let mut broken = Vec::new();
    for ((topic, entry), called) in &ground.ledger.calls {
        let ran = matches!(history.outcome(topic, *entry), Some(Outcome::Done(_)));
        let name = || format!("{} of lane {:?} in {topic}", entry.1, entry.0);
        let is_here = pages.iter().any(|page| page.me == called.page);
        if called.told.is_empty() && is_here && ground.ledger.is_alive(called) {
            broken.push(format!("L10: nobody was told of {}", name()));
        }
        // Who died was told nothing of what came later; a second holder may have been told instead (S22).
        let changed = ground.failovers > 0 && (called.adopted || !ground.ledger.is_alive(called));
        match called.told.last() {
            Some(Verdict::Confirmed(_)) if !ran && !changed && !history.was_idle(topic, *entry) => {
                broken.push(format!("L2: {} was confirmed, and is not there", name()));
            }
            Some(Verdict::Refused(_) | Verdict::Lost) if ran && !changed => {
                broken.push(format!("L3: {} was refused, and ran", name()));
            }
            _ => {}
        }
    }
    for topic in history.topics() {
        broken.extend(strangers(ground, topic, &history.all_done(topic)));
    }
    broken.extend(pages.iter().filter_map(|page| stuck(page)));
    broken
}

/// What ran without anybody having called it.
fn strangers(
    ground: &Ground,
    topic: &Topic,
    done: &std::collections::BTreeSet<super::history::Entry>,
) -> Vec<String> {
    let unknown = done.iter().filter(|entry| ground.ledger.of(topic, **entry).is_none());
    unknown
        .map(|(lane, seq)| format!("L3: {seq} of lane {lane:?} ran in {topic}, and nobody called it"))
        .collect()
}

fn stuck(page: &Page) -> Option<String> {
    let pending: usize = page.topics.values().map(View::pending).sum();
    (pending > 0).then(|| format!("L8: {pending} mutations of p{} are pending for ever", page.me))
}
