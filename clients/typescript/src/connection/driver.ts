/**
 * Carries out the effects of `state.ts`: the socket, its timers, the heartbeat, the page's events.
 *
 * It knows bytes and `welcome`, `ping`'s rhythm and `bye`, nothing of topics.
 */
import type { Environment, PageEvent, Socket } from "../environment.js";
import { CLOSE_SILENT } from "../generated/codes.js";
import { backoff } from "./backoff.js";
import { type AuthReason, type Effect, type Event, type State, step } from "./state.js";

const CONNECT_MS = 10_000;
const STABLE_MS = 5_000;
const HIDDEN_MS = 300_000;
const PROBE_MS = 5_000;
/** After how many attempts a wrong address is likelier than a server that starts. */
const HINT_AFTER = 2;
/** Where there is no close code: the network's own end. */
const BROKEN = 1006;

/** What the driver asks of the session above it. */
export interface Above {
  /** Says whether anything is open, so that a page that comes back is worth a socket. */
  wanted(): boolean;
  /** Says whether the page may be let go while hidden: nothing waits for an answer. */
  idle(): boolean;
  /** Prepares an attempt: where to, and the first message. Whatever it rejects with is retried. */
  prepare(auth: AuthReason): Promise<{ readonly url: string; readonly hello: () => string | Uint8Array<ArrayBuffer> }>;
  /** A message came. */
  message(data: string | Uint8Array): void;
  /** The connection was welcomed: subscribe again. */
  resume(): void;
  /** The socket is gone: nothing that was sent on it will be answered. */
  lost(): void;
  /** No attempt has ever come as far as a socket that opens: perhaps there is none at `url`. Told once. */
  unreached(url: string): void;
  /** The state is another one; `retryAt` where it waits. */
  changed(state: State, retryAt: number | undefined): void;
}

/** The connection as the session uses it. */
export interface Driver {
  /** Feeds the state machine. */
  feed(event: Event): void;
  /** Sends one message; nothing where there is no socket: the session sends it again when resumed. */
  send(data: string | Uint8Array<ArrayBuffer>): void;
  /** The server pings each `ms`: two of them without a sound are the end (CL7). */
  beat(ms: number): void;
  /** Returns the state. */
  state(): State;
}

/** Makes a driver; it does nothing before its first event. */
export function drive(env: Environment, protocol: string, above: Above): Driver {
  let state: State = { kind: "offline" };
  let socket: Socket | undefined;
  let attempt = 0;
  let heard = 0;
  let every = 0;
  let hidden: (() => void) | undefined;
  let timers: (() => void)[] = [];
  let watching: (() => void) | undefined;
  /** Attempts that found nobody; undefined once one did. */
  let misses: number | undefined = 0;

  function feed(event: Event): void {
    watching ??= env.watch(onPage);
    if (event.kind === "close") {
      watching();
      watching = undefined;
      hidden?.();
    }
    const next = step(state, event);
    if (next.state === state) return;
    state = next.state;
    let retryAt: number | undefined;
    for (const effect of next.effects) retryAt = perform(effect) ?? retryAt;
    above.changed(state, retryAt);
    if (event.kind === "welcomed") after(STABLE_MS, { kind: "stable" });
  }

  function perform(effect: Effect): number | undefined {
    switch (effect.kind) {
      case "dial":
        hangUp();
        return void dial(effect.auth);
      case "hangUp":
        return void hangUp();
      case "resume":
        return void above.resume();
      case "wait": {
        const ms = backoff(effect.attempt, env.random() / 2 ** 32, effect.retryAfter);
        after(ms, { kind: "timerFired" });
        return env.now() + ms;
      }
      default:
        return effect satisfies never;
    }
  }

  /** Opens a socket; the deadline covers the token too, since a hung attempt blocks other tabs (CL5). */
  async function dial(auth: AuthReason): Promise<void> {
    const mine = ++attempt;
    after(CONNECT_MS, { kind: "dropped", code: BROKEN });
    try {
      const { url, hello } = await above.prepare(auth);
      if (mine !== attempt) return;
      socket = env.socket(url, protocol, {
        open: () => {
          misses = undefined;
          send(hello());
        },
        message: onMessage,
        ended: (code) => {
          if (misses !== undefined && ++misses === HINT_AFTER) above.unreached(url);
          feed({ kind: "dropped", code });
        },
      });
    } catch (error) {
      if (mine !== attempt) return;
      env.report("realtime: could not connect", error);
      feed({ kind: "dropped", code: BROKEN });
    }
  }

  function hangUp(): void {
    attempt++;
    stopTimers();
    const old = socket;
    socket = undefined;
    old?.close();
    if (old !== undefined) above.lost();
  }

  function stopTimers(): void {
    for (const cancel of timers) cancel();
    timers = [];
  }

  function onMessage(data: string | Uint8Array): void {
    heard = env.now();
    above.message(data);
  }

  function after(ms: number, event: Event): void {
    timers.push(env.timer(() => feed(event), ms));
  }

  function beat(ms: number): void {
    stopTimers();
    every = ms;
    heard = env.now();
    listen();
  }

  function silent(): boolean {
    return state.kind === "live" && env.now() - heard >= 2 * every;
  }

  /** A timer that fires late says that the page slept: what came meanwhile is heard first. */
  function listen(): void {
    const due = env.now() + every;
    timers.push(
      env.timer(() => {
        if (silent() && env.now() - due <= every / 2) feed({ kind: "dropped", code: CLOSE_SILENT });
        else listen();
      }, every),
    );
  }

  function onPage(event: PageEvent): void {
    hidden?.();
    hidden = undefined;
    if (event === "pagehide" || (event === "offline" && state.kind === "waiting")) feed({ kind: "rest" });
    else if (event === "hidden") hidden = env.timer(() => above.idle() && feed({ kind: "rest" }), HIDDEN_MS);
    else if (event !== "offline" && above.wanted()) {
      feed({ kind: "nudged" });
      // What came while the page slept is heard first; then a socket that was silent too long is a dead one.
      if (silent()) timers.push(env.timer(() => silent() && feed({ kind: "dropped", code: CLOSE_SILENT }), PROBE_MS));
    }
  }

  function send(data: string | Uint8Array<ArrayBuffer>): void {
    socket?.send(data);
  }

  return { feed, send, beat, state: () => state };
}
