//! A page's mutations of one topic: numbered at the call, sent lane by lane, answered, held until the disk has
//! what they did (S3, S4, S6, S7, S22).

use realtime_protocol::{
    Raw,
    frame::v1::{self, LaneRow, Outcome, Settled},
    lane::WINDOW,
};

use super::disk::Lane;

/// What was asked for, and how it is to be run again.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::testing::world) struct Asked {
    pub(in crate::testing::world) mutator: u32,
    pub(in crate::testing::world) version: u32,
    pub(in crate::testing::world) key: Option<String>,
    pub(in crate::testing::world) args: Vec<Raw>,
    pub(in crate::testing::world) now: u64,
    pub(in crate::testing::world) seed: (u32, u32, u32, u32),
    /// The confirmed offset at the call, for mutations that refuse over newer changes.
    pub(in crate::testing::world) seen: Option<u64>,
}

/// What the topic knows of a lane.
#[derive(Clone, Debug)]
pub(in crate::testing::world) struct Track {
    pub(in crate::testing::world) lane: Lane,
    /// The seq that the next call gets.
    pub(in crate::testing::world) next: u64,
    /// The highest seq that the server has an outcome for, as far as is known.
    pub(in crate::testing::world) last: u64,
    pub(in crate::testing::world) told: u64,
    /// The last seqs that were confirmed and have left the queue.
    pub(in crate::testing::world) confirmed: Vec<u64>,
    /// Whether the confirmed state has this lane's truth: else its entries are not shown (S7).
    pub(in crate::testing::world) shown: bool,
}

/// One mutation under way.
#[derive(Clone, Debug)]
pub(in crate::testing::world) struct Entry {
    pub(in crate::testing::world) lane: Lane,
    pub(in crate::testing::world) seq: u64,
    pub(in crate::testing::world) asked: Asked,
    /// Whether it was ever on a wire, or may have been.
    pub(in crate::testing::world) sent: bool,
    /// Whether it was sent under the present `subscribed`.
    pub(in crate::testing::world) flying: bool,
    /// The lane has expired: nobody knows whether it ran (S4).
    pub(in crate::testing::world) parked: bool,
    pub(in crate::testing::world) answer: Option<(u64, Outcome)>,
    /// The confirmed state has it; held until the disk has that state (S7).
    pub(in crate::testing::world) done: bool,
}

/// A final word on a mutation.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// Its effect is in the confirmed state; with what the mutator returned.
    Confirmed(Option<Raw>),
    /// It was refused: nothing changed. With the error's code.
    Refused(String),
    /// Another page had the outcome, or withdrew it (S4).
    Settled,
    /// It was confirmed, and a failover of the store has lost it.
    Lost,
    /// Nobody knows whether it ran: its lane has expired.
    Unknown,
}

/// The queue.
#[derive(Clone, Debug, Default)]
pub(in crate::testing::world) struct Queue {
    /// Oldest lane first; the page's own last.
    pub(in crate::testing::world) tracks: Vec<Track>,
    pub(in crate::testing::world) entries: Vec<Entry>,
}

impl Entry {
    pub(in crate::testing::world) fn is_open(&self) -> bool {
        self.answer.is_none() && !self.parked && !self.done
    }
}

impl Queue {
    pub(in crate::testing::world) fn track(&mut self, lane: &str) -> &mut Track {
        let at = self.tracks.iter().position(|track| track.lane == lane).unwrap_or_else(|| {
            self.tracks.push(Track {
                lane: lane.to_owned(),
                next: 1,
                last: 0,
                told: 0,
                confirmed: Vec::new(),
                shown: true,
            });
            self.tracks.len() - 1
        });
        &mut self.tracks[at]
    }

    /// Numbers a call.
    pub(in crate::testing::world) fn call(&mut self, lane: &str, asked: Asked) -> u64 {
        let track = self.track(lane);
        let seq = track.next;
        track.next += 1;
        let lane = lane.to_owned();
        let (sent, flying, parked, done) = (false, false, false, false);
        self.entries.push(Entry { lane, seq, asked, sent, flying, parked, answer: None, done });
        seq
    }

    /// The seq up to which every outcome is known (S6).
    pub(in crate::testing::world) fn got(&self, track: &Track) -> u64 {
        let open = self.entries.iter().find(|entry| entry.lane == track.lane && entry.is_open());
        open.map_or(track.next - 1, |entry| entry.seq - 1)
    }

    pub(in crate::testing::world) fn has_open(&self, lane: &str) -> bool {
        self.entries.iter().any(|entry| entry.lane == lane && entry.is_open())
    }

    /// What is to be sent now, lane by lane: the next when all of the one before is answered (S3).
    pub(in crate::testing::world) fn sendable(&mut self) -> Vec<(Lane, u64, Vec<v1::Entry>)> {
        let mut frames = Vec::new();
        for at in 0..self.tracks.len() {
            let (lane, last) = (self.tracks[at].lane.clone(), self.tracks[at].last);
            let got = self.got(&self.tracks[at]);
            let mut after = last;
            let mut ready = Vec::new();
            for entry in self.entries.iter_mut().filter(|entry| entry.lane == lane && entry.is_open()) {
                if !entry.flying && entry.seq <= got + WINDOW {
                    ready.push(on_wire(entry, after));
                    (entry.sent, entry.flying) = (true, true);
                }
                after = entry.seq;
            }
            if !ready.is_empty() {
                self.tracks[at].told = got;
                frames.push((lane.clone(), got, ready));
            }
            if self.has_open(&lane) {
                break;
            }
        }
        frames
    }

    /// Nothing that was sent will be answered: it waits for the next `subscribed` (S22).
    pub(in crate::testing::world) fn ground(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.flying = false);
    }

    /// What was seen was of a history that is gone.
    pub(in crate::testing::world) fn saw_nothing(&mut self) {
        for entry in self.entries.iter_mut().filter(|entry| entry.is_open()) {
            entry.asked.seen = entry.asked.seen.map(|_| 0);
        }
    }

    pub(in crate::testing::world) fn answer(&mut self, lane: &str, seq: u64, mark: u64, outcome: &Outcome) {
        let track = self.track(lane);
        track.last = track.last.max(seq);
        let entry = self.entries.iter_mut().find(|entry| entry.lane == lane && entry.seq == seq);
        if let Some(entry) = entry.filter(|entry| !entry.done) {
            entry.answer = Some((mark, outcome.clone()));
        }
    }

    /// A lane's row is the truth, and replaces what was believed (S22); returns what is to be told.
    pub(in crate::testing::world) fn believe(
        &mut self,
        lane: &str,
        row: &LaneRow,
        until: u64,
    ) -> Vec<(u64, Verdict)> {
        let (last, kept) = match row {
            LaneRow::Known(known) => (known.last, known.kept.as_slice()),
            LaneRow::Fresh(_) => (0, [].as_slice()),
            LaneRow::Expired(_) => return self.expire(lane),
            _ => return Vec::new(),
        };
        self.track(lane).last = last;
        let mut told = Vec::new();
        for entry in self.entries.iter_mut().filter(|entry| entry.lane == lane && !entry.parked) {
            let kept = kept.iter().find(|(seq, ..)| *seq == entry.seq);
            if entry.seq > last {
                (entry.answer, entry.done) = (None, false);
            } else if let Some((_, mark, outcome)) = kept {
                // Told already, and now it is another: what it did went with the lost history, and then it was refused.
                let is_other = entry.done && matches!(outcome, Outcome::Refused(_));
                if is_other {
                    told.push((entry.seq, verdict(outcome)));
                }
                if !entry.done {
                    entry.answer = Some((mark.unwrap_or(until), outcome.clone()));
                }
            } else if !entry.done {
                let known = entry.answer.take().map(|(_, outcome)| outcome);
                entry.answer = Some((until, known.unwrap_or_else(|| Settled {}.into())));
            }
        }
        let entries = &self.entries;
        let held = |seq: u64| entries.iter().any(|entry| entry.lane == lane && entry.seq == seq);
        let Some(track) = self.tracks.iter_mut().find(|track| track.lane == lane) else { return told };
        track.confirmed.retain(|seq| {
            let kept = kept.iter().find(|(of, ..)| of == seq);
            let lost = *seq > last || kept.is_some_and(|(_, _, o)| matches!(o, Outcome::Refused(_)));
            if lost && !held(*seq) {
                told.push((*seq, Verdict::Lost));
            }
            !lost
        });
        told
    }

    fn expire(&mut self, lane: &str) -> Vec<(u64, Verdict)> {
        let of_lane = self.entries.iter_mut().filter(|entry| entry.lane == lane && entry.is_open());
        of_lane
            .map(|entry| {
                entry.parked = true;
                (entry.seq, Verdict::Unknown)
            })
            .collect()
    }

    /// Takes what is answered and reached, with its verdict (L4).
    pub(in crate::testing::world) fn settle(
        &mut self,
        reached: impl Fn(u64, bool) -> bool,
    ) -> Vec<(Lane, u64, Verdict)> {
        let mut told = Vec::new();
        for entry in self.entries.iter_mut().filter(|entry| !entry.done) {
            let Some((mark, outcome)) = &entry.answer else { continue };
            if reached(*mark, matches!(outcome, Outcome::Refused(_))) {
                entry.done = true;
                told.push((entry.lane.clone(), entry.seq, verdict(outcome)));
            }
        }
        for (lane, seq, verdict) in &told {
            if matches!(verdict, Verdict::Confirmed(_)) {
                self.track(lane).confirmed.push(*seq);
            }
        }
        told
    }

    /// Takes out what the disk need not hold any more.
    pub(in crate::testing::world) fn forget_done(&mut self) -> Vec<(Lane, u64)> {
        let gone = self.entries.iter().filter(|entry| entry.done);
        let gone = gone.map(|entry| (entry.lane.clone(), entry.seq)).collect();
        self.entries.retain(|entry| !entry.done);
        gone
    }
}

fn verdict(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Done(done) => Verdict::Confirmed(done.value.clone()),
        Outcome::Refused(refused) => Verdict::Refused(code_of(&refused.error)),
        _ => Verdict::Settled,
    }
}

fn code_of(error: &Raw) -> String {
    let object = error.decode::<serde_json::Value>().ok();
    object.as_ref().and_then(|error| error["code"].as_str()).unwrap_or("?").to_owned()
}

fn on_wire(entry: &Entry, after: u64) -> v1::Entry {
    let Asked { mutator, version, key, args, now, seed, seen } = entry.asked.clone();
    v1::Call {
        seq: entry.seq,
        mutator,
        version,
        now,
        key,
        args,
        after: (after + 1 != entry.seq).then_some(after),
        seed: Some(seed),
        seen,
    }
    .into()
}
