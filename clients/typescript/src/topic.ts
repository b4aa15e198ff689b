/**
 * One topic as this page knows it: its subscription, confirmed state, pending mutations and who watches them.
 *
 * It is the client's half of the session in docs/SESSION.md; `session.ts` carries its frames.
 */
import { type Base, type Data, applyRows, fits } from "./collection/base.js";
import { type Call, type Entry, type Lane, type Track, believe, followed, gotOf, isRefusal, sendable, verdictOf } from "./collection/pending.js";
import { type Listener, type Part, watchers } from "./collection/watch.js";
import { CLEAR, type Overlay, look, lookAll, replay } from "./collection/view.js";
import * as wire from "./generated/frames.js";
import { type Ticket, ticket } from "./mutation.js";
import { type Failure, attempt } from "./predict.js";
import type { ModelSchema } from "./schema.js";
import type { Session } from "./session.js";
import type { FrameworkError, Mutation, PendingMutation, Verdict, View } from "./types.js";

/** How long a topic stays open after its last listener has left. */
const LINGER_MS = 30_000;
/** How many mutations of a lane may wait. */
const QUEUE = 1_000;

/** A topic. */
export interface Topic {
  readonly name: string;
  /** The entities of the root's model and of those beside it, by number. */
  readonly models: ReadonlyMap<number, ModelSchema>;
  /** What is visible of one entity, or of all entities of a model (`key` undefined). */
  view(model: number, key: string | undefined): View<unknown>;
  /** Calls `told` now and when that view changes; opens the topic. */
  watch(model: number, key: string | undefined, told: Listener): () => void;
  /** Makes a mutation: applied before this returns. */
  call(call: Call): Mutation<unknown, unknown>;
  /** Says what is pending of one entity (`key` undefined: of the whole topic). */
  pending(model?: number, key?: string): readonly PendingMutation[];

  // What the session feeds in.
  readonly sub: number;
  readonly count: number;
  readonly channel: number;
  readonly isOpen: boolean;
  entries(): readonly Entry[];
  /** The connection is up: subscribe. */
  resume(): void;
  /** The connection is gone. */
  lost(): void;
  /** Sends what is ready. */
  flush(): void;
  /** Another principal: nothing of the former one stays visible, nothing of it is sent (S5). */
  estrange(): void;
  subscribed(frame: wire.Subscribed): void;
  page(frame: wire.Page): void;
  delta(frame: wire.Delta): void;
  ack(frame: wire.Ack): void;
  defer(frame: wire.Defer): void;
  reset(frame: wire.Reset): void;
  /** A head with nothing under way: the position is it (S27). */
  head(offset: number): void;
  /** What became known since it was last told, for `pong`. */
  news(): (readonly [sub: number, count: number, lane: number, got: number])[];
}

const LOADING: View<never> = { status: "loading", data: undefined, error: undefined };
const MISSING: View<never> = { status: "missing", data: undefined, error: undefined };

/** Makes a topic; `invalid` where its name cannot be one: then everything is refused here. */
export function topic(
  session: Session,
  name: string,
  models: ReadonlyMap<number, ModelSchema>,
  invalid: FrameworkError | undefined,
): Topic {
  const { env } = session;
  const seen = watchers(env, name, see);
  const tracks: Track[] = [];
  let entries: readonly Entry[] = [];
  let overlay: Overlay = CLEAR;
  let base: Base | undefined;
  /** A snapshot that is coming: the old state goes on being shown until it is whole (S23). */
  let stage: Base | undefined;
  let refusal: FrameworkError | undefined = invalid;
  let wants: wire.View | undefined;
  let sub = 0;
  let count = 0;
  let channel = -1;
  let listeners = 0;
  let strikes = 0;
  let held: (() => void) | undefined;
  let linger: (() => void) | undefined;

  // --- What is seen ---

  function see({ model, key }: Part, view?: View<unknown>): View<unknown> {
    if (refusal !== undefined) {
      if (refusal.code === "rt/missing") return MISSING;
      return view?.error === refusal ? view : { status: "refused", data: undefined, error: refusal };
    }
    if (base === undefined) return LOADING;
    const status = count > 0 && stage === undefined ? "live" : "cached";
    const data = key === undefined ? listOf(base, model, view?.data) : look(base, overlay, model, key);
    if (data === undefined) return MISSING;
    return view?.status === status && view.data === data ? view : { status, data, error: undefined };
  }

  function listOf(from: Base, model: number, before: unknown): readonly Data[] {
    const all = lookAll(from, overlay, model);
    const same = Array.isArray(before) && before.length === all.length && all.every((data, i) => data === before[i]);
    return same ? (before as readonly Data[]) : all;
  }

  /** Builds the next visible state aside, swaps it in, and tells each listener at most once (L5). */
  function publish(): void {
    overlay = replay(base, entries.filter(isOurs));
    seen.publish();
    session.changed();
  }

  function watch(model: number, key: string | undefined, told: Listener): () => void {
    listeners++;
    linger?.();
    linger = undefined;
    open(wire.VIEW_ALL);
    const remove = seen.add(model, key, told);
    return () => {
      if (remove() && --listeners === 0) rest();
    };
  }

  // --- Open and closed ---

  function open(view: wire.View): void {
    if (invalid !== undefined || (wants !== undefined && wants >= view)) return;
    wants = view;
    if (sub > 0) drop();
    session.want();
    if (session.isLive()) subscribe();
  }

  function subscribe(fresh = false): void {
    const lanes = tracks
      .filter(({ lane }) => session.isOurs(lane))
      .map((track): wire.SubLane => {
        track.told = gotOf(track, entries);
        return [session.indexOf(track.lane), track.told, entries.some((e) => e.lane === track.lane && !e.parked)];
      });
    sub = session.enlist(handle);
    const { offset, epoch, cls } = base ?? { offset: 0, epoch: 0, cls: 0 };
    const at = [wire.SUB, sub, name, wants ?? wire.VIEW_NONE, lanes] as const;
    session.send(base === undefined || fresh || wants === wire.VIEW_NONE ? at : [...at, [offset, epoch, cls]]);
  }

  /** Lets go of the subscription: frames of its channel are ignored from here on (S16). */
  function drop(): void {
    session.send([wire.UNSUB, sub]);
    lost();
  }

  function resubscribe(fresh: boolean): void {
    drop();
    subscribe(fresh);
  }

  /** Where the stream cannot be followed: once more from here, then afresh, then on another connection. */
  function strike(fresh: boolean): void {
    strikes++;
    if (strikes > 3) session.broken(`realtime: ${name} cannot be followed`);
    else resubscribe(fresh || strikes > 1);
    publish();
  }

  function lost(): void {
    session.delist(handle);
    held?.();
    held = undefined;
    stage = undefined;
    sub = count = 0;
    channel = -1;
    for (const entry of entries) entry.flying = false;
  }

  /** Nobody listens: closes after a while, but not before everything is answered. */
  function rest(): void {
    if (listeners > 0 || wants === undefined) return;
    linger?.();
    linger = env.timer(() => {
      linger = undefined;
      if (listeners > 0 || entries.some(isOurs)) return;
      wants = undefined;
      if (sub > 0) drop();
      session.closed(handle);
      publish();
      seen.clear();
    }, LINGER_MS);
  }

  // --- What the server says ---

  function subscribed([, , n, ch, how, offset, epoch, until, cls, lanes, reason]: wire.Subscribed): void {
    count = n;
    channel = ch;
    stage = undefined;
    for (const entry of entries) entry.flying = false;
    const isLoading = how === wire.HOW_SNAPSHOT;
    if (isLoading) stage = { offset, epoch, cls, rows: new Map() };
    else if (how === wire.HOW_RESUMED && base !== undefined) {
      refusal = undefined;
      if (until === offset && offset > base.offset) base.offset = offset;
    } else {
      base = undefined;
      refusal = how === wire.HOW_REFUSED ? ({ code: reason ?? "rt/denied" } as FrameworkError) : undefined;
    }
    for (const row of lanes) {
      const track = tracks.find(({ lane }) => lane.index === row[1]);
      if (track === undefined) continue;
      if (row[0] === wire.EXPIRED) expire(track);
      else {
        const seqs = believe(row, until, track, entries);
        if (seqs.length > 0) session.options.onLost?.({ topic: name, seqs });
      }
    }
    advance();
    if (!isLoading) session.stable();
  }

  function page([, , rows, last]: wire.Page): void {
    if (stage === undefined) return;
    applyRows(stage, rows, models, shownOf, true);
    if (!last) return;
    base = stage;
    stage = undefined;
    refusal = undefined;
    advance();
    session.stable();
  }

  function delta([, , to, span, rows, epoch]: wire.Delta): void {
    const on = stage ?? base;
    if (on === undefined) return;
    const fit = fits(on, to, span);
    if (fit === "ignore") return;
    if (fit === "gap") return strike(false);
    if (!applyRows(on, rows, models, shownOf, on === stage)) return strike(true);
    strikes = 0;
    on.offset = to;
    on.epoch = epoch ?? on.epoch;
    if (on === base) advance();
  }

  function head(offset: number): void {
    if (base === undefined || stage !== undefined || offset <= base.offset) return;
    base.offset = offset;
    advance();
  }

  function ack([, , mark, outcomes]: wire.Ack): void {
    let retry = false;
    for (const [index, seq, outcome] of outcomes) {
      const track = tracks.find(({ lane }) => lane.index === index);
      if (track !== undefined) track.last = Math.max(track.last, seq);
      const entry = entries.find((e) => e.lane === track?.lane && e.seq === seq);
      if (entry === undefined) continue;
      entry.answer = { outcome, mark: isRefusal(outcome) ? 0 : mark };
      retry ||= refusal !== undefined && !isRefusal(outcome);
    }
    advance(outcomes.some(([, , outcome]) => isRefusal(outcome)));
    // What could not be read may be there now: it was just written.
    if (retry && listeners > 0) resubscribe(true);
  }

  function defer([, , , , code, after]: wire.Defer): void {
    if (code === "gap") return resubscribe(false);
    if (code === "token_expired") session.renew();
    held?.();
    held = env.timer(() => {
      held = undefined;
      for (const entry of entries) entry.flying = false;
      flush();
    }, after);
  }

  function reset([, , reason]: wire.Reset): void {
    channel = -1;
    count = 0;
    stage = undefined;
    session.delistChannel(handle);
    // Only where the old rows may still be seen do they go on being shown until the new ones are whole (S35).
    if (reason !== "fork" && reason !== "lagged") base = undefined;
    if (reason === "revoked") {
      refusal = { code: "rt/denied" };
      if (entries.some(isOurs)) resubscribe(true);
    }
    publish();
  }

  /** Drops what the confirmed state has reached (L4), shows the rest anew, and keeps the promises. */
  function advance(refusals = false): void {
    const done: (readonly [Entry, Verdict<unknown, unknown>])[] = [];
    entries = entries.filter((entry) => {
      const { answer } = entry;
      if (answer === undefined || !isReached(answer.mark, refusals && isRefusal(answer.outcome))) return true;
      done.push([entry, verdictOf(answer)]);
      return false;
    });
    for (const [{ lane, seq }, verdict] of done) {
      const track = tracks.find((t) => t.lane === lane);
      if (verdict.status === "confirmed" && track !== undefined) track.confirmed = [...track.confirmed.slice(-63), seq];
    }
    publish();
    for (const [entry, verdict] of done) entry.settle(verdict);
    session.schedule(handle);
    if (done.length > 0 && listeners === 0 && linger === undefined) rest();
  }

  /** While a snapshot comes, marks belong to it (S22); without rows the answer alone confirms (S13). */
  function isReached(mark: number, atOnce: boolean): boolean {
    if (atOnce) return true;
    if (stage !== undefined) return false;
    return base === undefined || mark <= base.offset;
  }

  function shownOf(model: number, key: string): Data | undefined {
    return look(base, overlay, model, key);
  }

  // --- What is asked for ---

  function call(asked: Call): Mutation<unknown, unknown> {
    const lane = session.lane();
    const track = trackOf(lane);
    const id = `${lane.name}/${name}/${track.next}`;
    const wrong = invalid ?? asked.invalid;
    if (wrong !== undefined) return refused(asked, id, wrong);
    const effect: ReturnType<typeof attempt> | undefined = base && attempt(asked.predict, beforeOf(asked));
    if (isFailure(effect) && effect.kind === "refused") {
      if (effect.thrown !== undefined) env.report(`realtime: ${asked.name} failed`, effect.thrown);
      return refused(asked, id, effect.error);
    }
    if (track.next - gotOf(track, entries) > QUEUE) return refused(asked, id, { code: "rt/limit", what: "queue" });
    if (session.sizeOf(tuple(asked, track.next, undefined)) > session.maxFrame() - 128) {
      return refused(asked, id, { code: "rt/limit", what: "frame" });
    }
    const predicted = effect === undefined || isFailure(effect) ? undefined : effect.value;
    const made: Ticket = ticket(session, { id, name: asked.name, predicted, discard: () => discard(entry) });
    const entry: Entry = {
      id,
      call: asked,
      lane,
      seq: track.next++,
      sent: false,
      flying: false,
      parked: false,
      answer: undefined,
      layer: effect === undefined || isFailure(effect) ? undefined : { before: beforeOf(asked), effect },
      shown: false,
      settle: made.settle,
    };
    entries = [...entries, entry];
    open(base === undefined ? wire.VIEW_NONE : wire.VIEW_ALL);
    publish();
    session.schedule(handle);
    return made.mutation;
  }

  function refused(asked: Call, id: string, error: unknown): Mutation<unknown, unknown> {
    const made = ticket(session, { id, name: asked.name, predicted: undefined, discard: () => undefined });
    made.settle({ status: "refused", error, where: "here" });
    return made.mutation;
  }

  function beforeOf({ model, key }: Call): Data | undefined {
    return key === null ? undefined : look(base, overlay, model, key);
  }

  function trackOf(lane: Lane): Track {
    let track = tracks.find((t) => t.lane === lane);
    if (track === undefined) tracks.push((track = { lane, next: 1, last: 0, told: 0, confirmed: [] }));
    return track;
  }

  /** Sends lane by lane, the next when all of the one before is answered, so that a user's order holds (S3). */
  function flush(): void {
    if (count === 0 || held !== undefined) return;
    for (const track of tracks) {
      if (!session.isOurs(track.lane)) continue;
      const { entries: ready, got } = sendable(track, entries);
      for (let from = 0; from < ready.length; ) from = sendSome(track, ready, from, got);
      if (entries.some((e) => e.lane === track.lane && e.answer === undefined && !e.parked)) return;
    }
  }

  /** Sends as many as fit in a frame; returns where the next frame starts. */
  function sendSome(track: Track, ready: readonly Entry[], from: number, got: number): number {
    const frame: ReturnType<typeof tuple>[] = [];
    let size = 64;
    let at = from;
    for (let entry = ready[at]; entry !== undefined; entry = ready[++at]) {
      const after = followed(entry, track, entries);
      const next = tuple(entry.call, entry.seq, after === entry.seq - 1 ? undefined : after);
      size += session.sizeOf(next) + 8;
      if (frame.length > 0 && size > session.maxFrame()) break;
      frame.push(next);
      entry.sent = entry.flying = track.lane.used = true;
    }
    track.told = got;
    session.send([wire.MUTATE, sub, count, session.indexOf(track.lane), got, frame]);
    return at;
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
    if (parked.length > 0) session.options.onParked?.(parked.map(describe));
  }

  function renumber(entry: Entry): void {
    entry.lane = session.lane();
    entry.seq = trackOf(entry.lane).next++;
    entry.sent = entry.flying = entry.parked = false;
    entry.answer = undefined;
  }

  function discard(entry: Entry): void {
    if (!entries.includes(entry) || (entry.sent && !entry.parked)) return;
    entries = entries.filter((e) => e !== entry);
    publish();
    entry.settle({ status: "refused", error: { code: "rt/discarded" }, where: "here" });
    rest();
  }

  function retry(entry: Entry): void {
    if (!entry.parked || !entries.includes(entry)) return;
    renumber(entry);
    entries = [...entries.filter((e) => e !== entry), entry];
    publish();
    session.schedule(handle);
  }

  function isOurs(entry: Entry): boolean {
    return session.isOurs(entry.lane);
  }

  function describe(entry: Entry): PendingMutation {
    const { call: asked, answer } = entry;
    const isHeld = entry.parked || !isOurs(entry);
    return {
      id: entry.id,
      topic: name,
      mutation: asked.name,
      args: asked.given,
      status: isHeld ? "parked" : answer !== undefined ? "accepted" : entry.sent ? "sent" : "unsent",
      shown: entry.shown && isOurs(entry),
      since: asked.now,
      retry: () => retry(entry),
      discard: () => discard(entry),
    };
  }

  const handle: Topic = {
    name,
    models,
    view: seen.view,
    watch,
    call,
    pending: (model, key) =>
      entries
        .filter(({ call: c }) => key === undefined || (c.model === model && (c.key === key || c.key === null)))
        .map(describe),
    get sub() {
      return sub;
    },
    get count() {
      return count;
    },
    get channel() {
      return channel;
    },
    get isOpen() {
      return wants !== undefined;
    },
    entries: () => entries,
    resume: () => wants !== undefined && subscribe(),
    lost: () => {
      lost();
      publish();
    },
    flush,
    estrange: () => {
      base = undefined;
      refusal = invalid;
      publish();
    },
    subscribed,
    page,
    delta,
    ack,
    defer,
    reset,
    head,
    news: () =>
      tracks.flatMap((track) => {
        const got = gotOf(track, entries);
        if (count === 0 || got === track.told || track.lane.index < 0) return [];
        track.told = got;
        return [[sub, count, track.lane.index, got] as const];
      }),
  };
  return handle;
}

/** Returns the entry as it stands in `mutate`. */
function tuple({ mutator, version, now, key, args, seed }: Call, seq: number, after: number | undefined) {
  const head = [wire.CALL, seq, mutator, version, now, key, args] as const;
  if (seed !== undefined) return [...head, after ?? null, seed] as const;
  return after === undefined ? head : ([...head, after] as const);
}

function isFailure(of: ReturnType<typeof attempt> | undefined): of is Failure {
  return of !== undefined && "kind" in of;
}
