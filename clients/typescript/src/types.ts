/** What a user of a generated client sees: views, handles, mutations and their outcomes (api.md 6, 15). */

/** Why the framework itself refused: codes have a slash, so they never collide with an author's. */
export type FrameworkError =
  | { readonly code: "rt/denied" }
  | { readonly code: "rt/invalid"; readonly path: string; readonly rule: string; readonly message: string }
  | { readonly code: "rt/missing" }
  | { readonly code: "rt/exists" }
  | { readonly code: "rt/stale"; readonly version: number }
  | { readonly code: "rt/limit"; readonly what: string }
  | { readonly code: "rt/fault" }
  | { readonly code: "rt/offline" }
  | { readonly code: "rt/expired" }
  | { readonly code: "rt/discarded" }
  | { readonly code: "rt/upgrade"; readonly minimum: number };

/** The final word on a mutation. */
export type Verdict<T, E> =
  | {
      readonly status: "confirmed";
      /** What the mutator returned on the server. */
      readonly value: T;
      /** The commit that holds it: the state read now includes it. */
      readonly offset: number;
    }
  | {
      readonly status: "refused";
      readonly error: E | FrameworkError;
      /** Whether this page refused it, unsent, or the server. */
      readonly where: "here" | "server";
    }
  /** Another page of this user had the answer: the state tells (rare). */
  | { readonly status: "settled" };

/** What `await` gives: the final word, or that the mutation waits in the queue. */
export type Outcome<T, E> =
  | Verdict<T, E>
  | {
      readonly status: "queued";
      /** Whether it lies on this device's disk, or only in memory. */
      readonly saved: boolean;
    };

/** A change under way. `await` it, or do not: it never rejects, and never hangs. */
export interface Mutation<T, E> extends PromiseLike<Outcome<T, E>> {
  /** Its name, the same in `rt.pending`. */
  readonly id: string;
  /** What the mutator answered here, now. */
  readonly predicted: T | undefined;
  /** Settles with the server's word, however long that takes. */
  readonly confirmed: Promise<Verdict<T, E>>;
  /**
   * For those who like try/catch: waits like `confirmed`, gives the value.
   *
   * @throws {RefusedError} where it was refused.
   */
  orThrow(): Promise<T>;
  /** Takes it back while it is surely unsent, or parked; a sent one is the server's. */
  discard(): void;
}

/** How much of an entity is known now: a union over `status`. */
export type View<T> =
  | { readonly status: "loading"; readonly data: undefined; readonly error: undefined }
  /** Kept up to date. */
  | { readonly status: "live"; readonly data: T; readonly error: undefined }
  /** As of when the connection was last up, and what is pending. */
  | { readonly status: "cached"; readonly data: T; readonly error: undefined }
  /** It does not exist, or is not yours to read. */
  | { readonly status: "missing"; readonly data: undefined; readonly error: undefined }
  | { readonly status: "refused"; readonly data: undefined; readonly error: FrameworkError };

/** A part of a topic that can be watched. Cheap, and the same object each time: a safe dependency. */
export interface Watchable<T> {
  /** What is known now; the same object until something changes. */
  readonly view: View<T>;
  /**
   * Calls `listener` now and on each change, once per change of the topic. The first listener opens the
   * topic; it closes 30 s after the last one has left.
   *
   * @returns what ends it.
   */
  subscribe(listener: (view: View<T>) => void): () => void;
}

/** The handle of one entity. */
export interface Entity<T> extends Watchable<T> {
  /**
   * Opens the topic, waits for the entity and gives it: for route loaders and scripts.
   *
   * @throws {RefusedError} where it is missing or refused, or did not come within 10 s.
   */
  load(): Promise<T>;
  /** This entity's mutations under way, oldest first; of a root, its topic's too. */
  readonly pending: readonly PendingMutation[];
}

/** All entities of one model in a topic, sorted by key. */
export type List<T> = Watchable<readonly T[]>;

/** One mutation under way, as it stood when it was read. */
export interface PendingMutation {
  /** The same as its `Mutation`'s. */
  readonly id: string;
  /** Where. */
  readonly topic: string;
  /** Which, as in `Poll.vote`. */
  readonly mutation: string;
  /** With what. */
  readonly args: unknown;
  /** Not sent; sent, without an answer; answered, its effect not yet here; or held until `retry` or `discard`. */
  readonly status: "unsent" | "sent" | "accepted" | "parked";
  /** Whether its effect shows: not where this page cannot predict it. */
  readonly shown: boolean;
  /** When it was made, in milliseconds since 1970. */
  readonly since: number;
  /** Sends it again where it is parked; nothing else. */
  retry(): void;
  /** Takes it back while it is surely unsent, or parked; nothing else. */
  discard(): void;
}

/** What the connection is doing. */
export interface ConnectionView {
  /**
   * `offline`: nothing is open, or the device has no network. `waiting`: the next attempt is at `retryAt`.
   * `signedOut`, `upgradeRequired`, `closed`: no attempt follows by itself.
   */
  readonly status: "offline" | "connecting" | "live" | "waiting" | "signedOut" | "upgradeRequired" | "closed";
  /** How many mutations have no final word yet. */
  readonly queued: number;
  /** What carries the frames. */
  readonly transport: "websocket";
  /** How durable an ack of this server is; unknown before the first welcome. */
  readonly durability: Durability | undefined;
  /** When the next attempt starts, in milliseconds since 1970; only while `waiting`. */
  readonly retryAt?: number;
  /** Why the server has ended it, for people, until it is live again: a store that cannot be reached, a fault of its own. */
  readonly reason?: string;
}

/** What an acknowledged mutation survives. */
export type Durability = "memory" | "process" | "disk" | "replicated" | "quorum";

/** The connection, to be watched. */
export interface Connection {
  /** What it is doing; the same object until something changes. */
  readonly view: ConnectionView;
  /** Calls `listener` now and on each change; returns what ends it. */
  subscribe(listener: (view: ConnectionView) => void): () => void;
  /** Tries at once, also after it had ended: for a button. */
  retry(): void;
}

/** What every generated client has beside its topics. */
export interface Client {
  /** The connection. */
  readonly connection: Connection;
  /** All mutations under way, in the order in which they were made within each topic. */
  readonly pending: readonly PendingMutation[];
  /** Ends the connection and every timer; what is pending stays pending. `connection.retry()` undoes it. */
  close(): void;
}

/** What was refused, with its typed error: what `orThrow` and `load` reject with. */
export class RefusedError<E = FrameworkError> extends Error {
  override readonly name = "RefusedError";
  /** The typed error. */
  readonly error: E | FrameworkError;

  constructor(error: E | FrameworkError, why: string = codeOf(error)) {
    super(why);
    this.error = error;
  }
}

/** Returns the `code` of an error, whatever it is. */
export function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "refused";
}
