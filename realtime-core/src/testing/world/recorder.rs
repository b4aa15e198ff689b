//! Writes down what one page called, got, sent and showed: a vector that another client replays.

use std::collections::BTreeMap;

use realtime_protocol::{
    LaneName, Topic,
    frame::v1::{ClientFrame, Entry, ServerFrame},
};
use serde_json::{Value, json};

use super::page::{Asked, Table, Verdict, View};
use crate::handler::Registry;

/// The steps of one page; of none, where nobody asked for it.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    page: Option<usize>,
    steps: Vec<Value>,
    plain: Plain,
}

/// Random numbers in the order of their first appearance, so that a vector is the same whatever was drawn.
#[derive(Debug, Default)]
struct Plain {
    epochs: BTreeMap<u64, u64>,
    channels: BTreeMap<u64, u64>,
    classes: BTreeMap<u64, u64>,
    lanes: BTreeMap<String, u64>,
}

impl Recorder {
    pub(super) fn of(page: usize) -> Self {
        Self { page: Some(page), ..Self::default() }
    }

    pub(super) fn opened(&mut self, page: usize, topic: &Topic, read: bool) {
        self.step(page, || json!({ "open": { "topic": topic, "read": read } }));
    }

    pub(super) fn called(&mut self, page: usize, topic: &Topic, asked: &Asked, registry: &Registry) {
        self.step(page, || {
            let name = mutation_name(registry, asked.mutator);
            json!({ "call": { "topic": topic, "mutation": name, "key": asked.key, "args": asked.args } })
        });
    }

    pub(super) fn sent(&mut self, page: usize, frame: &ClientFrame) {
        if self.page == Some(page) {
            let frame = self.plain.sent(frame.clone());
            self.step(page, || json!({ "sent": frame }));
        }
    }

    pub(super) fn received(&mut self, page: usize, frame: &ServerFrame) {
        if self.page == Some(page) {
            let frame = self.plain.received(frame.clone());
            self.step(page, || json!({ "received": frame }));
        }
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

fn number(of: &mut BTreeMap<u64, u64>, it: u64) -> u64 {
    let next = of.len() as u64 + 1;
    if it == 0 { 0 } else { *of.entry(it).or_insert(next) }
}

impl Plain {
    fn epoch(&mut self, epoch: u32) -> u32 {
        u32::try_from(number(&mut self.epochs, epoch.into())).unwrap_or(0)
    }

    fn channel(&mut self, channel: u32) -> u32 {
        u32::try_from(number(&mut self.channels, channel.into())).unwrap_or(0)
    }

    fn lane(&mut self, name: &LaneName) -> LaneName {
        let next = self.lanes.len() as u64 + 1;
        let number = *self.lanes.entry(name.as_str().to_owned()).or_insert(next);
        LaneName::try_from(format!("lane{number:012}")).unwrap_or_else(|_| name.clone())
    }

    fn received(&mut self, mut frame: ServerFrame) -> ServerFrame {
        match &mut frame {
            ServerFrame::Welcome(it) => it.now = 0,
            ServerFrame::Subscribed(it) => {
                it.epoch = self.epoch(it.epoch);
                it.channel = self.channel(it.channel);
                it.class = number(&mut self.classes, it.class);
            }
            ServerFrame::Page(it) => it.channel = self.channel(it.channel),
            ServerFrame::Delta(it) => {
                it.channel = self.channel(it.channel);
                it.epoch = it.epoch.map(|epoch| self.epoch(epoch));
            }
            ServerFrame::Reset(it) => it.channel = self.channel(it.channel),
            ServerFrame::Ping(it) => {
                it.t = 0;
                for (channel, _) in &mut it.heads {
                    *channel = self.channel(*channel);
                }
            }
            _ => {}
        }
        frame
    }

    fn sent(&mut self, mut frame: ClientFrame) -> ClientFrame {
        match &mut frame {
            ClientFrame::Hello(it) => {
                for (name, day) in &mut it.lanes {
                    (*name, day.0) = (self.lane(name), 0);
                }
            }
            ClientFrame::Lane(it) => (it.name, it.day.0) = (self.lane(&it.name), 0),
            ClientFrame::Sub(it) => {
                it.resume = it.resume.map(|(offset, epoch, class)| {
                    (offset, self.epoch(epoch), number(&mut self.classes, class))
                });
            }
            ClientFrame::Mutate(it) => {
                for entry in &mut it.entries {
                    if let Entry::Call(call) = entry {
                        (call.now, call.seed) = (0, None);
                    }
                }
            }
            ClientFrame::Pong(it) => it.t = 0,
            _ => {}
        }
        frame
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
