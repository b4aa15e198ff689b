/** Conflicts (api.md 3): where another change came first, the application decides, once this page has seen that change. */
import type { Data } from "./collection/base.js";
import type { Entry } from "./collection/pending.js";
import type { Environment } from "./environment.js";
import type { Session } from "./session.js";
import type { FrameworkError, Verdict } from "./types.js";

/** How long a handler may think: nothing waits for ever. */
const THINK_MS = 3_600_000;

/** What is to be decided: a mutation was refused, since others had changed its entity. */
export interface ConflictOf<T, A> {
  /** The entity as this page showed it, with the change; undefined where that could not be shown. */
  readonly mine: T | undefined;
  /** What the mutation was called with. */
  readonly args: A;
  /** The entity as the others left it; undefined where it is gone. */
  readonly theirs: T | undefined;
  /** Calls it again, over what the others did: the first call's promises settle with its verdict. */
  retry(): void;
  /** Lets it be refused, as `rt/stale`. */
  drop(): void;
}

/** Decides: calls `retry` or `drop` before it returns, or before the promise that it returns settles. Neither: dropped. */
export type ConflictHandler<T, A> = (conflict: ConflictOf<T, A>) => unknown;

/** What becomes of mutations that others came before. */
export interface Judge {
  /** Holds what came too late, where the application wants to decide; says whether. */
  hold(session: Session, entry: Entry, verdict: Verdict<unknown, unknown>): boolean;
  /** Asks about a held one, once the confirmed state stands where the other change is; `undefined`: it will not. */
  ask(
    session: Session,
    entry: Entry,
    offset: number | undefined,
    theirs: Data | undefined,
    retry: () => void,
    drop: () => void,
  ): void;
}

/** What generated code names for a mutation that is declared `conflict = refuse`. */
export const refuse: Judge = {
  hold(session, entry, verdict) {
    if (verdict.status !== "refused" || handlerOf(session, entry) === undefined) return false;
    const error = verdict.error as FrameworkError;
    if (error.code !== "rt/stale") return false;
    entry.parked = true;
    entry.answer = undefined;
    entry.stale = { error, version: error.version, asked: false };
    return true;
  },

  ask(session, entry, offset, theirs, retry, drop) {
    const { stale, call, layer } = entry;
    const handler = handlerOf(session, entry);
    if (stale === undefined || stale.asked || handler === undefined) return;
    if (offset === undefined) return drop();
    if (offset < stale.version) return;
    stale.asked = true;
    // Somebody may have answered in `rt.pending` meanwhile.
    const still = (act: () => void) => (): void => void (entry.stale === stale && act());
    const conflict = { mine: layer?.effect.data, args: call.given, theirs, retry: still(retry), drop: still(drop) };
    // In a turn of its own: the state is told first.
    queueMicrotask(() => put(session.env, call.name, handler, conflict));
  },
};

function handlerOf({ options }: Session, { call }: Entry): ConflictHandler<unknown, unknown> | undefined {
  return options.onConflict?.[call.name] as ConflictHandler<unknown, unknown> | undefined;
}

/** Asks `handler`. One that throws, or does not answer, has dropped it, and the developer hears of it. */
function put(
  env: Environment,
  name: string,
  handler: ConflictHandler<unknown, unknown>,
  conflict: ConflictOf<unknown, unknown>,
): void {
  let isOpen = true;
  const answer = (act: () => void) => (): void => {
    if (!isOpen) return;
    isOpen = false;
    cancel();
    act();
  };
  const drop = answer(conflict.drop);
  const give = (why: string, detail?: unknown): void => {
    if (isOpen) env.report(`realtime: onConflict of ${name} ${why}: the mutation is dropped`, detail);
    drop();
  };
  const cancel = env.timer(() => give("did not answer within an hour"), THINK_MS);
  const ask = async (): Promise<void> => {
    await handler({ ...conflict, retry: answer(conflict.retry), drop });
    give("called neither retry nor drop");
  };
  ask().catch((error: unknown) => give("threw", error));
}
