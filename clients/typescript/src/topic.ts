/**
 * One topic as this page knows it: its subscription and confirmed state, with what is pending laid over it.
 *
 * The client's half of the session in docs/SESSION.md; `session.ts` carries its frames, `queue.ts` its mutations.
 */
import { type Base, type Data, applyRows } from "./collection/base.js";
import { type Call, type Entry, isRefusal } from "./collection/pending.js";
import { CLEAR, type Overlay, look, probe, replay } from "./collection/view.js";
import { type Listener, type Part, watchers } from "./collection/watch.js";
import * as wire from "./generated/frames.js";
import { queue } from "./queue.js";
import type { ModelSchema } from "./schema.js";
import type { Session } from "./session.js";
import type { FrameworkError, Mutation, PendingMutation, View } from "./types.js";

/** How long a topic stays open after its last listener has left. */
const LINGER_MS = 30_000;

/** A topic. */
export interface Topic {
  readonly name: string;
  /** The models of its entities, the root's first, by number. */
  readonly models: ReadonlyMap<number, ModelSchema>;
  /** What is visible of one entity, or of all entities of a model (`key` undefined). */
  view(model: number, key: string | undefined): View<unknown>;
  /** Calls `told` now and when that view changes; opens the topic. */
  watch(model: number, key: string | undefined, told: Listener): () => void;
  /** Makes a mutation: applied before this returns. */
  call(asked: Call): Mutation<unknown, unknown>;
  /** Says what is pending of one entity (`key` undefined: of the whole topic). */
  pending(model?: number, key?: string): readonly PendingMutation[];

  // What the session asks and feeds in.
  sub(): number;
  isOpen(): boolean;
  entries(): readonly Entry[];
  /** The connection is up: subscribe. */
  resume(): void;
  /** The connection is gone. */
  lost(): void;
  /** Sends what is ready. */
  flush(): void;
  /** Nothing of what was known may be seen any more: another principal (S5), or too many closed topics. */
  forget(): void;
  subscribed(frame: wire.Subscribed): void;
  page(frame: wire.Page): void;
  delta(frame: wire.Delta): void;
  ack(frame: wire.Ack): void;
  defer(frame: wire.Defer): void;
  reset(frame: wire.Reset): void;
  /** A head with nothing under way: the position is it (S27). */
  head(offset: number): void;
  /** What became known since it was last told, for `pong`. */
  news(): wire.Pong[2];
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
  const seen = watchers(session.env, name, see);
  const pending = queue(session, {
    name,
    invalid,
    offset: () => base?.offset,
    look: (model, key) => probe(base, overlay, model, key),
    confirmed: (model, key) => base?.rows.get(model)?.get(key),
    sub: () => [sub, count],
    open: (withRows) => open(base !== undefined || withRows ? wire.VIEW_ALL : wire.VIEW_NONE),
    publish,
    left: rest,
  });
  let overlay: Overlay = CLEAR;
  let base: Base | undefined;
  /** A snapshot that is coming: the old state goes on being shown until it is whole (S23). */
  let stage: Base | undefined;
  let refusal: FrameworkError | undefined = invalid;
  /** What is subscribed to, or will be; undefined: closed. */
  let wants: wire.View | undefined;
  let sub = 0;
  /** The count of the `subscribed` that holds; 0: none does. */
  let count = 0;
  let listeners = 0;
  let strikes = 0;
  let linger: (() => void) | undefined;

  // --- What is seen ---

  function see({ model, key }: Part, before?: View<unknown>): View<unknown> {
    if (refusal !== undefined) {
      if (refusal.code === "rt/missing") return MISSING;
      return before?.error === refusal ? before : { status: "refused", data: undefined, error: refusal };
    }
    if (base === undefined) return LOADING;
    const status = count > 0 && stage === undefined ? "live" : "cached";
    const data = key === undefined ? models.get(model)?.list?.(base, overlay, model, before?.data) : visible(model, key);
    if (data === undefined) return MISSING;
    return before?.status === status && before.data === data ? before : { status, data, error: undefined };
  }

  function visible(model: number, key: string): Data | undefined {
    return look(base, overlay, model, key);
  }

  /** Builds the next visible state aside, swaps it in, and tells each listener at most once (L5). */
  function publish(): void {
    overlay = replay(base, pending.ours());
    seen.publish();
    session.changed();
    session.schedule(handle);
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
    const lanes = pending.lanes();
    sub = session.enlist(handle);
    const at = [wire.SUB, sub, name, wants ?? wire.VIEW_NONE, lanes] as const;
    const isFresh = fresh || base === undefined || wants === wire.VIEW_NONE;
    session.send(isFresh ? at : [...at, [base?.offset ?? 0, base?.epoch ?? 0, base?.cls ?? 0]]);
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
    stage = undefined;
    sub = count = 0;
    pending.ground();
  }

  /** Nobody listens: closes after a while, but not before everything is answered. */
  function rest(): void {
    if (listeners > 0 || wants === undefined || linger !== undefined) return;
    linger = session.env.timer(() => {
      linger = undefined;
      if (listeners > 0 || pending.ours().length > 0) return;
      wants = undefined;
      if (sub > 0) drop();
      session.closed(handle);
      publish();
      seen.clear();
    }, LINGER_MS);
  }

  // --- What the server says ---

  function subscribed([, , n, , how, offset, epoch, until, cls, lanes, reason, hiding]: wire.Subscribed): void {
    count = n;
    stage = undefined;
    pending.ground();
    const partial = hiding ?? [];
    const isLoading = how === wire.HOW_SNAPSHOT;
    if (reason === wire.REASON_FORK) pending.forked();
    if (isLoading) stage = { offset, epoch, cls, partial, rows: new Map() };
    else if (how === wire.HOW_RESUMED) {
      if (base === undefined) return strike(true);
      refusal = undefined;
      base.partial = partial;
      // Where it stands is known here, not there: what was sent before may not have come (S15).
    } else {
      base = undefined;
      // The code is the server's: one of the framework's own.
      refusal = how === wire.HOW_REFUSED ? ({ code: reason ?? "rt/denied" } as FrameworkError) : undefined;
    }
    pending.believe(lanes, until);
    advance();
    if (!isLoading) session.stable();
  }

  function page([, , rows, last]: wire.Page): void {
    if (stage === undefined) return;
    applyRows(stage, rows, models, visible, true);
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
    // It is right on top of any state from `to − span` on, and says nothing new to one at `to` (S14).
    if (to <= on.offset) return;
    if (to - span > on.offset) return strike(false);
    if (!applyRows(on, rows, models, visible, on === stage)) return strike(true);
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
    const isWritten = refusal !== undefined && outcomes.some(([, , outcome]) => !isRefusal(outcome));
    pending.answer(mark, outcomes);
    advance(true);
    // What could not be read may be there now: it was just written.
    if (isWritten && listeners > 0) resubscribe(true);
  }

  function defer([, , , , code, after]: wire.Defer): void {
    if (code === "gap") return strike(false);
    if (code === "token_expired") session.renew();
    pending.hold(after);
  }

  function reset([, , reason]: wire.Reset): void {
    count = 0;
    stage = undefined;
    session.mute(handle);
    // Only where the old rows may still be seen do they go on being shown until the new ones are whole (S35).
    if (reason !== "fork" && reason !== "lagged") base = undefined;
    if (reason === "revoked") {
      refusal = { code: "rt/denied" };
      if (pending.ours().length > 0) resubscribe(true);
    }
    publish();
  }

  /**
   * Drops what the confirmed state has reached (L4), shows the rest anew, and keeps the promises. While a snapshot
   * comes, marks belong to it (S22); without rows the answer alone confirms (S13); a refusal may go `atOnce` (S10).
   */
  function advance(atOnce = false): void {
    const done = pending.take((mark, isRefused) => {
      if (stage !== undefined) return atOnce && isRefused;
      return isRefused || base === undefined || mark <= base.offset;
    });
    publish();
    for (const [entry, verdict] of done) entry.settle(verdict);
    if (done.length > 0) rest();
    if (refusal !== undefined) pending.judge(undefined);
    else if (base !== undefined && stage === undefined) pending.judge(base.offset);
  }

  const handle: Topic = {
    name,
    models,
    view: seen.view,
    watch,
    call: pending.call,
    pending: pending.describe,
    sub: () => sub,
    isOpen: () => wants !== undefined,
    entries: pending.all,
    resume: () => wants !== undefined && subscribe(),
    lost: () => {
      lost();
      publish();
    },
    flush: pending.flush,
    forget: () => {
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
    news: () => (count > 0 ? pending.news() : []),
  };
  return handle;
}
