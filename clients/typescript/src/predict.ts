/** What a mutation does to its entity here, now: the author's own body, or a generic create, patch or delete. */
import type { Data } from "./collection/base.js";
import { GiveUp, Refused } from "./draft/errors.js";
import { close, open } from "./draft/own.js";
import type { Seed } from "./ids.js";
import type { ModelSchema, MutationSchema, Tx } from "./schema.js";

/** What came out: the entity after it (undefined: none), and what the mutator returned. */
export interface Effect {
  readonly data: Data | undefined;
  readonly value: unknown;
}

/** Runs a mutation over the entity that is visible (undefined: there is none); may throw what `outcomeOf` reads. */
export type Predict = (before: Data | undefined) => Effect;

/** What the world gives to a run. */
export interface World {
  /** Who asks; undefined before the first welcome. */
  principal(): unknown;
  serverNow(): number;
}

/** Why a run came to nothing: refused with an error, or nothing can be said here (S33). */
export type Failure =
  | { readonly kind: "refused"; readonly error: unknown; readonly thrown?: unknown }
  | { readonly kind: "unknown" };

/**
 * Runs `predict`. A fault of the mutator is a refusal, like on the server; over an entity of which nobody knows here
 * whether it is there (`null`) nothing can be said (S33).
 */
export function attempt(predict: Predict, before: Data | null | undefined): Effect | Failure {
  if (before === null) return { kind: "unknown" };
  try {
    return predict(before);
  } catch (thrown) {
    if (thrown instanceof GiveUp) return { kind: "unknown" };
    if (thrown instanceof Refused) return { kind: "refused", error: thrown.error };
    return { kind: "refused", error: { code: "rt/fault" }, thrown };
  }
}

/** Refuses, as a mutator does. */
export function refuse(code: string): never {
  throw new Refused({ code });
}

/** Returns how an author's mutation is predicted: what it reads of hidden columns ends it, what it writes there is dropped. */
export function lowered(
  model: ModelSchema,
  mutation: MutationSchema,
  args: unknown,
  now: number,
  seed: Seed | undefined,
  world: World,
): Predict {
  const { run, receiver, seed: draws } = mutation;
  return (before) => {
    if (receiver === undefined && before === undefined) refuse("rt/missing");
    if (run === undefined) throw new GiveUp();
    const tx = transaction(now, seed, draws, world) as Tx<never>;
    const unseen = before && model.columns.map(({ name }) => name).filter((name) => !Object.hasOwn(before, name));
    const self = open(before, unseen);
    const value = run(self as never, args as never, tx);
    return { data: before && close(before, self as Data, unseen), value };
  };
}

/** Says nothing: of a call that is refused anyway. */
export const cannot: Predict = () => {
  throw new GiveUp();
};

function transaction(now: number, seed: Seed | undefined, draws: MutationSchema["seed"], world: World): Tx {
  const faults = (): never => refuse("rt/fault");
  return {
    get principal() {
      const principal = world.principal();
      if (principal === undefined) throw new GiveUp();
      return principal;
    },
    now,
    get serverNow() {
      return world.serverNow();
    },
    newId: faults,
    random: faults,
    ...(typeof draws === "function" && seed && draws(seed)),
  };
}
