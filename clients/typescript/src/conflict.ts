/** Conflicts (api.md 3): where another change came first, the application decides, once this page has seen that change. */
import type { Environment } from "./environment.js";

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

/** Asks a handler. */
export type Judge = (env: Environment, name: string, handler: ConflictHandler<unknown, unknown>, conflict: ConflictOf<unknown, unknown>) => void;

/** Asks `handler`. One that throws, or does not answer, has dropped it, and the developer hears of it. */
export const refuse: Judge = (env, name, handler, conflict) => {
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
};
