/**
 * Lanes, and the mutations of one topic that have no final word yet: data, and rules over it (S3, S4, S6, S22).
 *
 * Numbers are given at the call, dense in their lane and topic; whoever is refused here takes none.
 */
import { DONE, KNOWN, type LaneRow, type Outcome, REFUSED, SETTLED, WINDOW } from "../generated/frames.js";
import type { Judge } from "../conflict.js";
import type { Predict, Effect } from "../predict.js";
import type { Seed } from "../ids.js";
import type { FrameworkError, Verdict } from "../types.js";
import type { Data } from "./base.js";

/** One page life's numbered mutations. */
export interface Lane {
  /** 96 random bits. */
  readonly name: string;
  /** The day on which it was minted, by the server's clock where it is known; fixed once an entry was sent (S2). */
  day: number;
  /** Whether an entry of it was ever sent. */
  used: boolean;
  /** Its index on the present connection; −1 where it was not named yet. */
  index: number;
  /** Whose it is: the principal under which it was first connected (S5). */
  principal: string | undefined;
}

/** What a topic knows of a lane. */
export interface Track {
  readonly lane: Lane;
  /** The seq that the next call gets. */
  next: number;
  /** The highest seq that the server has an outcome for, as far as is known. */
  last: number;
  /** The `got` that the server was last told. */
  told: number;
  /** The last seqs that were confirmed, to tell which a failover has lost (S4). */
  confirmed: number[];
}

/** What is asked for, as it stands on the wire, and how to predict it. */
export interface Call {
  readonly name: string;
  readonly model: number;
  readonly mutator: number;
  readonly version: number;
  /** The entity; null for a mutation of the topic. */
  readonly key: string | null;
  readonly args: readonly unknown[];
  /** The arguments as they were given. */
  readonly given: unknown;
  readonly now: number;
  readonly seed: Seed | undefined;
  /** What is wrong with the arguments: then nothing is run or sent. */
  readonly invalid: FrameworkError | undefined;
  readonly predict: Predict;
  /** What asks the application where another change came first. */
  readonly judge: Judge | undefined;
}

/** An outcome, and the position at which its effect is in the confirmed state. */
export interface Answer {
  readonly outcome: Outcome;
  readonly mark: number;
}

/** A refusal as `rt/stale`, and what became of it. */
export interface Stale {
  readonly error: FrameworkError & { readonly code: "rt/stale" };
  /** The position at which the change that came first is here. */
  version: number;
  asked: boolean;
}

/** One mutation under way. */
export interface Entry {
  readonly id: string;
  readonly call: Call;
  lane: Lane;
  seq: number;
  /** Whether it was ever on a wire: else it is surely unsent. */
  sent: boolean;
  /** Whether it was sent under the present `subscribed` (S24). */
  flying: boolean;
  /** Nobody knows whether it ran, or it came too late: held until somebody says (S4). */
  parked: boolean;
  /** Where others must not have changed its entity: up to which offset its author knew (S8). */
  seen: number | undefined;
  /** It came too late, and the application is to decide. */
  stale: Stale | undefined;
  answer: Answer | undefined;
  /** Its last run: the entity that it saw, and what came out. */
  layer: { readonly before: Data | null | undefined; readonly effect: Effect } | undefined;
  shown: boolean;
  readonly settle: (verdict: Verdict<unknown, unknown>) => void;
}

/** Tells whether `entry` is of that lane and waits for an answer. */
export function isUnanswered(entry: Entry, track: Track): boolean {
  return entry.lane === track.lane && entry.answer === undefined && !entry.parked;
}

/** Returns the seq up to which every outcome is known (S6). */
export function gotOf(track: Track, entries: readonly Entry[]): number {
  const open = entries.find((e) => isUnanswered(e, track));
  return open === undefined ? track.next - 1 : open.seq - 1;
}

/** What may be sent now of one lane, in order, and what the first of it follows. */
export interface Sendable {
  readonly entries: readonly Entry[];
  readonly got: number;
}

/** Returns what may be sent now: in the window, not yet under way. */
export function sendable(track: Track, entries: readonly Entry[]): Sendable {
  const got = gotOf(track, entries);
  return { entries: entries.filter((e) => isUnanswered(e, track) && !e.flying && e.seq <= got + WINDOW), got };
}

/** Returns what `entry` follows: the unanswered entry held before it, or the row's `last` (S4). */
export function followed(entry: Entry, track: Track, entries: readonly Entry[]): number {
  let before = track.last;
  for (const e of entries) {
    if (e === entry) break;
    if (isUnanswered(e, track)) before = e.seq;
  }
  return before;
}

/**
 * Takes a lane's row for the truth (S22): answers the entries up to its `last`, and has the others sent again.
 *
 * `until` is the mark of outcomes that have none. Returns the seqs that were confirmed and are lost.
 */
export function believe(row: LaneRow, until: number, track: Track, entries: readonly Entry[]): readonly number[] {
  const [last, kept] = row[0] === KNOWN ? [row[2], row[4]] : [0, []];
  const answer = (outcome: Outcome, mark: number | null): Answer => ({ outcome, mark: mark ?? until });
  const outcomes = new Map(kept.map(([seq, mark, outcome]) => [seq, answer(outcome, mark)]));
  track.last = last;
  for (const entry of entries) {
    if (entry.lane !== track.lane || entry.parked) continue;
    // An outcome that the row keeps no more is known here, since `got` said so; its mark may be a lost history's.
    const known = outcomes.get(entry.seq) ?? answer(entry.answer?.outcome ?? [SETTLED], null);
    entry.answer = entry.seq > last ? undefined : known;
  }
  const lost = track.confirmed.filter((seq) => seq > last || outcomes.get(seq)?.outcome[0] === REFUSED);
  track.confirmed = track.confirmed.filter((seq) => !lost.includes(seq));
  return lost;
}

/** Reads an answer. */
export function verdictOf({ outcome, mark }: Answer): Verdict<unknown, unknown> {
  if (outcome[0] === DONE) return { status: "confirmed", value: outcome[1], offset: mark };
  if (outcome[0] === REFUSED) return { status: "refused", error: outcome[1], where: "server" };
  return { status: "settled" };
}

/** A refusal has no effect: it may be dropped at once (S10). */
export function isRefusal(outcome: Outcome): boolean {
  return outcome[0] === REFUSED;
}
