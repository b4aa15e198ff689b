/** The promise contract (api.md 6): never rejects, never hangs, and a refusal that nobody waited for is told. */
import type { Environment } from "./environment.js";
import { type Mutation, type Outcome, RefusedError, type Verdict } from "./types.js";

/** What a mutation needs of the client. */
export interface Desk {
  readonly env: Environment;
  /** How long `await` waits for the server's word, in milliseconds. */
  readonly patience: number;
  /** Whether the server's word may come soon: connecting, or connected. */
  hopeful(): boolean;
  /** A refusal came to an end that nobody waits at. */
  unheard(mutation: string, error: unknown): void;
}

/** A mutation, and what gives it its verdict: once. */
export interface Ticket {
  readonly mutation: Mutation<unknown, unknown>;
  settle(verdict: Verdict<unknown, unknown>): void;
}

/** What is known of a mutation when it is made. */
export interface Made {
  readonly id: string;
  /** As in `Poll.vote`. */
  readonly name: string;
  readonly predicted: unknown;
  discard(): void;
}

/** Makes a mutation that waits for its verdict. */
export function ticket(desk: Desk, made: Made): Ticket {
  const { env } = desk;
  const since = env.now();
  let verdict: Verdict<unknown, unknown> | undefined;
  let outcome: Promise<Outcome<unknown, unknown>> | undefined;
  // Whether somebody will hear the verdict: through `confirmed`, or by an `await` that has not ended as queued.
  let listening = false;
  let awaiting = false;
  let resolveFinal: (verdict: Verdict<unknown, unknown>) => void = () => undefined;
  let resolveOutcome: (outcome: Outcome<unknown, unknown>) => void = () => undefined;
  const final = new Promise<Verdict<unknown, unknown>>((resolve) => (resolveFinal = resolve));

  function soon(): Promise<Outcome<unknown, unknown>> {
    if (verdict !== undefined) return confirmed();
    if (outcome !== undefined) return outcome;
    const left = desk.hopeful() ? since + desk.patience - env.now() : 0;
    if (left <= 0) return (outcome = Promise.resolve(queued));
    awaiting = true;
    outcome = new Promise((resolve) => {
      const cancel = env.timer(() => {
        awaiting = false;
        resolve(queued);
      }, left);
      resolveOutcome = (outcome) => {
        cancel();
        resolve(outcome);
      };
    });
    return outcome;
  }

  function confirmed(): Promise<Verdict<unknown, unknown>> {
    listening = true;
    return final;
  }

  function settle(given: Verdict<unknown, unknown>): void {
    if (verdict !== undefined) return;
    verdict = given;
    resolveFinal(given);
    resolveOutcome(given);
    // `await` asks a moment after the call: whoever wants a refusal has asked by then.
    if (given.status === "refused") {
      env.timer(() => listening || awaiting || desk.unheard(made.name, given.error), 0);
    }
  }

  const mutation: Mutation<unknown, unknown> = {
    id: made.id,
    predicted: made.predicted,
    get confirmed() {
      return confirmed();
    },
    orThrow: () => confirmed().then(valueOf),
    discard: made.discard,
    then: (onOutcome, onRejected) => soon().then(onOutcome, onRejected),
  };
  return { mutation, settle };
}

const queued: Outcome<unknown, unknown> = { status: "queued", saved: false };

function valueOf(verdict: Verdict<unknown, unknown>): unknown {
  if (verdict.status === "confirmed") return verdict.value;
  if (verdict.status === "refused") throw new RefusedError(verdict.error);
  throw new Error("another page had the answer: the state tells");
}
