/**
 * The connection's state machine: pure and synchronous, without a socket, a timer or a clock.
 *
 * `driver.ts` carries out the effects and feeds back what happened. States, events and the clauses
 * CL1 to CL8 are specified in docs/SESSION.md; `state.test.ts` has the full table.
 */
import { CLOSE_PROTOCOL, CLOSE_SCHEMA, CLOSE_TOKEN_EXPIRED, CLOSE_UNAUTHENTICATED, mayReconnect } from "../generated/codes.js";

/** Why a token is asked for: the first one, one in place of an expired one, one in place of a refused one. */
export type AuthReason = "start" | "expiring" | "refused";

/** Where the connection is. `attempt`: how many attempts failed since it was last stable. */
export type State =
  | { readonly kind: "offline" }
  | { readonly kind: "connecting"; readonly attempt: number; readonly auth: AuthReason }
  | { readonly kind: "live"; readonly attempt: number }
  | { readonly kind: "waiting"; readonly attempt: number; readonly auth: AuthReason }
  | { readonly kind: "signedOut"; readonly code: number }
  | { readonly kind: "upgradeRequired"; readonly code: number }
  | { readonly kind: "closed"; readonly code: number };

/** What happened. */
export type Event =
  /** Something was opened. */
  | { readonly kind: "wanted" }
  /** The page or its network came back: a good moment. */
  | { readonly kind: "nudged" }
  /** Somebody pressed a button: connect, whatever was before. */
  | { readonly kind: "retry" }
  | { readonly kind: "welcomed" }
  /** It was live for 5 s, or the first topic is in step. */
  | { readonly kind: "stable" }
  /** The socket ended, did not open, was silent, or the server said `bye`. */
  | { readonly kind: "dropped"; readonly code: number; readonly retryAfter?: number | undefined }
  /** The wait is over. */
  | { readonly kind: "timerFired" }
  /** The network is gone, the page is put away, or nothing is open any more. */
  | { readonly kind: "rest" }
  /** The application ends it. */
  | { readonly kind: "close" };

/** What is to be done. */
export type Effect =
  | { readonly kind: "dial"; readonly auth: AuthReason }
  | { readonly kind: "hangUp" }
  | { readonly kind: "resume" }
  | { readonly kind: "wait"; readonly attempt: number; readonly retryAfter: number | undefined };

/** A state, and what is to be done on the way to it. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Returns the next state; the same object, and no effects, where `event` means nothing (CL1). */
export function step(state: State, event: Event): Step {
  const { kind } = state;
  const isUp = kind === "connecting" || kind === "live";
  switch (event.kind) {
    case "wanted":
      return kind === "offline" ? dial(state) : stay(state);
    case "nudged":
      return kind === "offline" || kind === "waiting" ? dial(state) : stay(state);
    case "retry":
      return isUp ? stay(state) : dial(state);
    case "welcomed":
      return kind === "connecting" ? to({ kind: "live", attempt: state.attempt }, { kind: "resume" }) : stay(state);
    case "stable":
      return kind === "live" && state.attempt > 0 ? to({ kind: "live", attempt: 0 }) : stay(state);
    case "dropped":
      return isUp ? afterDrop(state, event.code, event.retryAfter) : stay(state);
    case "timerFired":
      return kind === "waiting" ? dial(state) : stay(state);
    case "rest":
      return isUp || kind === "waiting" ? to({ kind: "offline" }, { kind: "hangUp" }) : stay(state);
    case "close":
      return kind === "closed" ? stay(state) : to({ kind: "closed", code: 0 }, { kind: "hangUp" });
    default:
      return event satisfies never;
  }
}

/** A terminal code ends the connection for good (CL2); any other end is retried, later each time (CL3). */
function afterDrop(state: State & { kind: "connecting" | "live" }, code: number, retryAfter?: number): Step {
  const hangUp: Effect = { kind: "hangUp" };
  if (code === CLOSE_UNAUTHENTICATED) return afterRefusal(state, hangUp);
  if (code === CLOSE_SCHEMA || code === CLOSE_PROTOCOL) return to({ kind: "upgradeRequired", code }, hangUp);
  if (!mayReconnect(code)) return to({ kind: "closed", code }, hangUp);
  const attempt = state.attempt + 1;
  const auth = code === CLOSE_TOKEN_EXPIRED ? "expiring" : "start";
  return to({ kind: "waiting", attempt, auth }, hangUp, { kind: "wait", attempt, retryAfter });
}

/** A refused token is replaced once (CL2); the second refusal in a row signs out. */
function afterRefusal(state: State & { kind: "connecting" | "live" }, hangUp: Effect): Step {
  if (state.kind === "connecting" && state.auth === "refused") {
    return to({ kind: "signedOut", code: CLOSE_UNAUTHENTICATED }, hangUp);
  }
  return to({ kind: "connecting", attempt: state.attempt, auth: "refused" }, hangUp, { kind: "dial", auth: "refused" });
}

function dial(state: State): Step {
  const { attempt, auth } = state.kind === "waiting" ? state : { attempt: 0, auth: "start" as const };
  return to({ kind: "connecting", attempt, auth }, { kind: "dial", auth });
}

function to(state: State, ...effects: readonly Effect[]): Step {
  return { state, effects };
}

function stay(state: State): Step {
  return { state, effects: [] };
}
