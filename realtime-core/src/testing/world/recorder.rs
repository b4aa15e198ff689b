//! Writes down what one page called, got, sent and showed: a vector that another client replays.

use realtime_protocol::{
    Topic,
    frame::v1::{ClientFrame, ServerFrame},
};
use serde_json::{Value, json};

use super::page::{Asked, Table, Verdict, View};
use crate::handler::Registry;

/// The steps of one page; of none, where nobody asked for it.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    page: Option<usize>,
    steps: Vec<Value>,
}

impl Recorder {
    pub(super) fn of(page: usize) -> Self {
        Self { page: Some(page), steps: Vec::new() }
    }

    pub(super) fn opened(&mut self, page: usize, topic: &Topic, read: bool) {
        self.step(page, || json!({ "open": { "topic": topic, "read": read } }));
    }

    pub(super) fn called(&mut self, page: usize, topic: &Topic, asked: &Asked, registry: &Registry) {
        self.step(page, || {
            let name = mutation_name(registry, asked.mutator);
            let (a, b, c, d) = asked.seed;
            json!({ "call": {
                "topic": topic, "mutation": name, "key": asked.key, "args": asked.args,
                "now": asked.now, "seed": [a, b, c, d],
            } })
        });
    }

    pub(super) fn sent(&mut self, page: usize, frame: &ClientFrame) {
        self.step(page, || json!({ "sent": frame }));
    }

    pub(super) fn received(&mut self, page: usize, frame: &ServerFrame) {
        self.step(page, || json!({ "received": frame }));
    }

    pub(super) fn lost(&mut self, page: usize) {
        self.step(page, || json!({ "disconnected": true }));
    }

    pub(super) fn told(&mut self, page: usize, topic: &Topic, seq: u64, verdict: &Verdict) {
        self.step(page, || {
            let verdict = match verdict {
                Verdict::Confirmed(value) => json!({ "status": "confirmed", "value": value }),
                Verdict::Refused(code) => json!({ "status": "refused", "code": code }),
                Verdict::Settled => json!({ "status": "settled" }),
                Verdict::Lost => json!({ "status": "lost" }),
                Verdict::Unknown => json!({ "status": "unknown" }),
            };
            json!({ "told": { "topic": topic, "seq": seq, "verdict": verdict } })
        });
    }

    pub(super) fn shown(&mut self, page: usize, registry: &Registry, view: &View) {
        let Some(base) = &view.base else {
            return self.step(page, || json!({ "shown": { "topic": view.topic, "refused": view.refusal } }));
        };
        self.step(page, || {
            json!({ "shown": {
                "topic": view.topic,
                "offset": base.at.offset,
                "confirmed": rows(registry, &base.table),
                "visible": rows(registry, &view.visible),
                "pending": view.pending(),
            } })
        });
    }

    /// Returns the steps.
    pub(super) fn steps(&self) -> Vec<Value> {
        self.steps.clone()
    }

    fn step(&mut self, page: usize, step: impl FnOnce() -> Value) {
        if self.page != Some(page) {
            return;
        }
        let step = step();
        // A state that is what it was tells nothing.
        let last_shown = self.steps.iter().rev().find(|step| step.get("shown").is_some());
        if step.get("shown").is_none() || last_shown != Some(&step) {
            self.steps.push(step);
        }
    }
}

/// Rows by model and key, with their columns by name; hidden ones are left out.
fn rows(registry: &Registry, table: &Table) -> Value {
    let row = |((model, key), cells): (&(u16, String), &super::page::Cells)| {
        let entry = registry.by_number(*model)?;
        let schema = registry.schema_of(entry);
        let cells = schema.columns.iter().zip(cells);
        let named = cells.filter_map(|(column, cell)| Some((column.name.clone(), json!(cell.as_ref()?))));
        Some(json!([schema.name, key, named.collect::<serde_json::Map<_, _>>()]))
    };
    table.iter().filter_map(row).collect()
}

/// Returns `Poll.vote` for a mutator's number.
pub(super) fn mutation_name(registry: &Registry, number: u32) -> String {
    for model in &registry.schema.models {
        for name in ["create", "patch", "delete"] {
            if realtime_protocol::schema::mutator_number(&model.name, name) == number {
                return format!("{}.{name}", model.name);
            }
        }
        if let Some(mutation) = model.mutations.iter().find(|mutation| mutation.number == number) {
            return format!("{}.{}", model.name, mutation.name);
        }
    }
    number.to_string()
}
