/** The mutations of one topic that are under way: made, numbered, sent lane by lane, answered, parked, taken back. */
import type { Data } from "./collection/base.js";
import {
  type Call,
  type Entry,
  type Lane,
  type Track,
  believe,
  followed,
  gotOf,
  isRefusal,
  isUnanswered,
  sendable,
  verdictOf,
} from "./collection/pending.js";
import * as wire from "./generated/frames.js";
import { ticket } from "./mutation.js";
import { attempt } from "./predict.js";
import type { Session } from "./session.js";
import type { FrameworkError, Mutation, PendingMutation, Verdict } from "./types.js";

/** How many mutations of a lane may wait. */
const QUEUE = 1_000;

/** The topic as its queue sees it. */
export interface Host {
  readonly name: string;
  /** Why nothing can be asked of this topic. */
  readonly invalid: FrameworkError | undefined;
  /** Where the confirmed state stands; undefined where there is none to predict over. */
  offset(): number | undefined;
  /** The entity as a mutator may see it. */
  look(model: number, key: string): Data | null | undefined;
  /** The entity as the server has it. */
  confirmed(model: number, key: string): Data | undefined;
  /** Where a `mutate` is sent: the subscription, and the count of its `subscribed`; 0 while there is none. */
  sub(): readonly [id: number, count: number];
  /** Something is to be sent, or its rows are needed: open it. */
  open(withRows: boolean): void;
  publish(): void;
  /** Something has left the queue. */
  left(): void;
}

/** The queue of a topic. */
export interface Queue {
  all(): readonly Entry[];
  /** Those of the present principal (S5). */
  ours(): readonly Entry[];
  call(asked: Call): Mutation<unknown, unknown>;
  describe(model: number | undefined, key: string | undefined): readonly PendingMutation[];
  /** The lanes with a history here, as `sub` names them. */
  lanes(): readonly wire.SubLane[];
  /** Nothing that was sent will be answered: it waits for the next `subscribed`. */
  ground(): void;
  /** Takes the rows of lanes for the truth (S22). */
  believe(rows: readonly wire.LaneRow[], until: number): void;
  answer(mark: number, outcomes: wire.Ack[3]): void;
  /** Takes out what is answered and reached, with its verdict. */
  take(isReached: (mark: number, isRefusal: boolean) => boolean): readonly (readonly [Entry, Verdict<unknown, unknown>])[];
  /** The confirmed state stands at `offset` (undefined: there will be none): asks about the conflicts that it shows. */
  judge(offset: number | undefined): void;
  /** The history is another one: what was seen of the old one counts no more. */
  forked(): void;
  /** Sends nothing for a while, then everything that is unanswered again. */
  hold(ms: number): void;
  flush(): void;
  /** What became known since the server was last told. */
  news(): wire.Pong[2];
}

/** Makes the queue of a topic. */
export function queue(session: Session, host: Host): Queue {
  const { env } = session;
  const tracks: Track[] = [];
  let entries: readonly Entry[] = [];
  let held: (() => void) | undefined;

  const isOurs = ({ lane }: { readonly lane: Lane }): boolean => session.isOurs(lane);

  function trackOf(lane: Lane): Track {
    let track = tracks.find((t) => t.lane === lane);
    if (track === undefined) tracks.push((track = { lane, next: 1, last: 0, told: 0, confirmed: [] }));
    return track;
  }

  // --- Made here ---

  function call(asked: Call): Mutation<unknown, unknown> {
    const lane = session.lane();
    const track = trackOf(lane);
    const id = `${lane.name}/${host.name}/${track.next}`;
    const before = asked.key === null ? undefined : host.look(asked.model, asked.key);
    let wrong: unknown = host.invalid ?? asked.invalid;
    const run = wrong === undefined && host.offset() !== undefined ? attempt(asked.predict, before) : undefined;
    const effect = run === undefined || "kind" in run ? undefined : run;
    if (run !== undefined && "kind" in run && run.kind === "refused") {
      if (run.thrown !== undefined) env.report(`realtime: ${asked.name} failed`, run.thrown);
      wrong = run.error;
    }
    wrong ??= overLimit(asked, track);
    const made = ticket(session, { id, name: asked.name, predicted: effect?.value, discard: () => discard(entry) });
    const entry: Entry = {
      id,
      call: asked,
      lane,
      seq: track.next,
      sent: false,
      flying: false,
      parked: false,
      seen: asked.judge && (host.offset() ?? 0),
      stale: undefined,
      answer: undefined,
      layer: effect && { before, effect },
      shown: false,
      settle: made.settle,
    };
    if (wrong === undefined) add(entry, track);
    else made.settle({ status: "refused", error: wrong, where: "here" });
    return made.mutation;
  }

  function add(entry: Entry, track: Track): void {
    track.next++;
    entries = [...entries, entry];
    host.open(entry.call.judge !== undefined);
    host.publish();
  }

  function overLimit(asked: Call, track: Track): FrameworkError | undefined {
    if (track.next - gotOf(track, entries) > QUEUE) return { code: "rt/limit", what: "queue" };
    const isLarge = session.sizeOf(tuple(asked, track.next, undefined, 0)) > session.maxFrame() - 128;
    return isLarge ? { code: "rt/limit", what: "frame" } : undefined;
  }

  // --- Sent ---

  /** Lane by lane, the next when all of the one before is answered, so that a user's order holds (S3). */
  function flush(): void {
    if (host.sub()[1] === 0 || held !== undefined) return;
    for (const track of tracks.filter(isOurs)) {
      const { entries: ready, got } = sendable(track, entries);
      for (let from = 0; from < ready.length; ) from = sendSome(track, ready, from, got);
      if (entries.some((e) => isUnanswered(e, track))) return;
    }
  }

  /** Sends as many as fit in a frame; returns where the next frame starts. */
  function sendSome(track: Track, ready: readonly Entry[], from: number, got: number): number {
    const frame: wire.Entry[] = [];
    let size = 64;
    let at = from;
    for (let entry = ready[at]; entry !== undefined; entry = ready[++at]) {
      const after = followed(entry, track, entries);
      const next = tuple(entry.call, entry.seq, after === entry.seq - 1 ? undefined : after, entry.seen);
      size += session.sizeOf(next) + 8;
      if (frame.length > 0 && size > session.maxFrame()) break;
      frame.push(next);
      entry.sent = entry.flying = track.lane.used = true;
    }
    track.told = got;
    session.send([wire.MUTATE, ...host.sub(), session.indexOf(track.lane), got, frame]);
    return at;
  }

  function ground(): void {
    held?.();
    held = undefined;
    for (const entry of entries) entry.flying = false;
  }

  // --- Answered ---

  function answer(mark: number, outcomes: wire.Ack[3]): void {
    for (const [index, seq, outcome] of outcomes) {
      const track = tracks.find(({ lane }) => lane.index === index);
      if (track === undefined) continue;
      track.last = Math.max(track.last, seq);
      const entry = entries.find((e) => e.lane === track.lane && e.seq === seq);
      if (entry !== undefined) entry.answer = { outcome, mark };
    }
  }

  function take(isReached: (mark: number, isRefusal: boolean) => boolean): readonly (readonly [Entry, Verdict<unknown, unknown>])[] {
    const done: (readonly [Entry, Verdict<unknown, unknown>])[] = [];
    entries = entries.filter((entry) => {
      if (entry.answer === undefined || !isReached(entry.answer.mark, isRefusal(entry.answer.outcome))) return true;
      const verdict = verdictOf(entry.answer);
      if (entry.call.judge?.hold(session, entry, verdict)) {
        host.open(true);
        return true;
      }
      done.push([entry, verdict]);
      const track = tracks.find(({ lane }) => lane === entry.lane);
      if (verdict.status === "confirmed" && track !== undefined) track.confirmed = [...track.confirmed, entry.seq].slice(-wire.WINDOW);
      return false;
    });
    return done;
  }

  function remove(entry: Entry, verdict: Verdict<unknown, unknown>): void {
    entries = entries.filter((e) => e !== entry);
    host.publish();
    entry.settle(verdict);
    host.left();
  }

  function learn(rows: readonly wire.LaneRow[], until: number): void {
    for (const row of rows) {
      const track = tracks.find(({ lane }) => lane.index === row[1]);
      if (track === undefined) continue;
      if (row[0] === wire.EXPIRED) expire(track);
      else {
        const seqs = believe(row, until, track, entries);
        if (seqs.length > 0) session.options.onLost?.({ topic: host.name, seqs });
      }
    }
  }

  /** The lane is too old to know what ran: what is surely unsent moves to a new one, the rest is parked (S4). */
  function expire(track: Track): void {
    session.retire(track.lane);
    tracks.splice(tracks.indexOf(track), 1);
    const mine = entries.filter((e) => e.lane === track.lane);
    for (const entry of mine) {
      if (entry.sent) entry.parked = true;
      else renumber(entry);
    }
    const parked = mine.filter((e) => e.parked);
    if (parked.length > 0) session.options.onParked?.(parked.map(described));
  }

  function renumber(entry: Entry): void {
    entry.lane = session.lane();
    entry.seq = trackOf(entry.lane).next++;
    entry.sent = entry.flying = entry.parked = false;
    entry.answer = undefined;
  }

  // --- For the user ---

  function discard(entry: Entry): void {
    if (!entries.includes(entry) || (entry.sent && !entry.parked)) return;
    remove(entry, { status: "refused", error: entry.stale?.error ?? { code: "rt/discarded" }, where: entry.stale ? "server" : "here" });
  }

  function retry(entry: Entry): void {
    if (!entry.parked || !entries.includes(entry)) return;
    if (entry.stale !== undefined) entry.seen = host.offset() ?? 0;
    entry.stale = undefined;
    renumber(entry);
    entries = [...entries.filter((e) => e !== entry), entry];
    host.publish();
  }

  function described(entry: Entry): PendingMutation {
    const { call: asked, answer: answered } = entry;
    const isHeld = entry.parked || !isOurs(entry);
    return {
      id: entry.id,
      topic: host.name,
      mutation: asked.name,
      args: asked.given,
      status: isHeld ? "parked" : answered !== undefined ? "accepted" : entry.sent ? "sent" : "unsent",
      shown: entry.shown && isOurs(entry),
      since: asked.now,
      retry: () => retry(entry),
      discard: () => discard(entry),
    };
  }

  return {
    all: () => entries,
    ours: () => entries.filter(isOurs),
    call,
    describe: (model, key) =>
      entries
        .filter(({ call: c }) => key === undefined || (c.model === model && (c.key === key || c.key === null)))
        .map(described),
    lanes: () =>
      tracks.filter(isOurs).map((track) => {
        track.told = gotOf(track, entries);
        return [session.indexOf(track.lane), track.told, entries.some((e) => e.lane === track.lane && !e.parked)];
      }),
    ground,
    believe: learn,
    answer,
    take,
    judge(offset) {
      for (const entry of entries.filter(isOurs)) {
        const { key, judge, model } = entry.call;
        judge?.ask(session, entry, offset, key === null ? undefined : host.confirmed(model, key), () => retry(entry), () => discard(entry));
      }
    },
    forked() {
      for (const entry of entries) {
        entry.seen &&= 0;
        if (entry.stale) entry.stale.version = 0;
      }
    },
    hold(ms) {
      held?.();
      held = env.timer(() => {
        ground();
        flush();
      }, ms);
    },
    flush,
    news: () =>
      tracks.flatMap((track) => {
        const got = gotOf(track, entries);
        if (got === track.told || track.lane.index < 0) return [];
        track.told = got;
        return [[...host.sub(), track.lane.index, got] as const];
      }),
  };
}

/** Returns the entry as it stands in `mutate`: what is absent at its end is left out. */
function tuple(
  { mutator, version, now, key, args, seed }: Call,
  seq: number,
  after: number | undefined,
  seen: number | undefined,
): wire.Entry {
  const head = [wire.CALL, seq, mutator, version, now, key, args] as const;
  if (seen !== undefined) return [...head, after ?? null, seed ?? null, seen];
  if (seed !== undefined) return [...head, after ?? null, seed];
  return after === undefined ? head : [...head, after];
}
