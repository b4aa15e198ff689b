/**
 * What outlives connections: who this is, its lanes, its topics; frames between them and the driver.
 *
 * The client's half of docs/SESSION.md.
 */
import type { Codec } from "./codec.js";
import type { Lane } from "./collection/pending.js";
import { tell } from "./collection/watch.js";
import { type Driver, drive } from "./connection/driver.js";
import type { AuthReason, State } from "./connection/state.js";
import type { Environment } from "./environment.js";
import * as wire from "./generated/frames.js";
import { base64url } from "./ids.js";
import type { Desk } from "./mutation.js";
import type { World } from "./predict.js";
import type { Schema } from "./schema.js";
import type { Topic } from "./topic.js";
import { type ConnectionView, type Durability, type PendingMutation, codeOf } from "./types.js";

const DAY_MS = 86_400_000;
/** A lane with nothing open is replaced at half of the time for which its row is kept, in days (S2). */
const LANE_DAYS = wire.LANE_TTL_DAYS / 2;
/** How many closed topics keep their rows, to be shown at once when they are opened again. */
const KEPT_TOPICS = 64;
const DURABILITY: readonly Durability[] = ["memory", "process", "disk", "replicated", "quorum"];

/** What the application may say beside the address; each may be left out. */
export interface SessionOptions {
  /**
   * Gives the token for an attempt; `null` for a guest. Called for each attempt, and before a token ends.
   * A rejection is retried later.
   */
  readonly auth?: (why: { readonly reason: AuthReason }) => string | null | Promise<string | null>;
  /** Hears of a refusal that nobody waited for; without it the console does. */
  readonly onRefused?: (refusal: { readonly mutation: string; readonly error: unknown }) => void;
  /** What decides where another change came first, by mutation, as `Card.estimate`; generated code gives it its types. */
  readonly onConflict?: Readonly<Record<string, unknown>>;
  /** Hears of mutations of which nobody can know whether they ran: each waits for `retry()` or `discard()`. */
  readonly onParked?: (parked: readonly PendingMutation[]) => void;
  /** Hears of confirmed mutations that the store has lost (a failover). */
  readonly onLost?: (lost: { readonly topic: string; readonly seqs: readonly number[] }) => void;
  /** Hears that this page is of an older program than the server serves: reload it. */
  readonly onUpgrade?: (reason: string) => void;
}

/** The session as topics use it. */
export interface Session extends Desk, World {
  readonly env: Environment;
  readonly options: SessionOptions;
  isLive(): boolean;
  /** Something was opened: connect. */
  want(): void;
  send(frame: wire.ClientFrame): void;
  /** Gives a topic its next subscription number. */
  enlist(topic: Topic): number;
  delist(topic: Topic): void;
  /** Frames of its channel are ignored from here on. */
  mute(topic: Topic): void;
  /** A topic was closed; its rows may be forgotten. */
  closed(topic: Topic): void;
  /** Has `flush` called once this turn is over. */
  schedule(topic: Topic): void;
  /** A topic is in step with the server. */
  stable(): void;
  /** The peer cannot be followed: another connection. */
  broken(message: string): void;
  /** Asks for a new token on this connection. */
  renew(): void;
  /** The lane that the next call belongs to. */
  lane(): Lane;
  /** Its index on this connection; named first where it was not. */
  indexOf(lane: Lane): number;
  isOurs(lane: Lane): boolean;
  /** No new call goes to this lane. */
  retire(lane: Lane): void;
  sizeOf(value: unknown): number;
  maxFrame(): number;
  /** What is pending, or its status, has changed. */
  changed(): void;
}

/** The session as the client uses it. */
export interface ClientSession extends Session {
  view(): ConnectionView;
  watch(listener: (view: ConnectionView) => void): () => void;
  retry(): void;
  close(): void;
}

/** Makes a session; it touches nothing before the first topic is opened. */
export function session(
  env: Environment,
  schema: Schema,
  options: SessionOptions & { readonly url?: string; readonly patience?: number },
  codec: Codec,
  topics: () => Iterable<Topic>,
): ClientSession {
  const encoder = new TextEncoder();
  const subs = new Map<number, Topic>();
  const channels = new Map<number, Topic>();
  const listeners = new Set<(view: ConnectionView) => void>();
  const due = new Set<Topic>();
  const kept = new Set<Topic>();
  let lanes: Lane[] = [];
  let nextSub = 1;
  let named = 0;
  let clock = 0;
  let maxFrame = wire.MAX_FRAME_BYTES;
  let principal: unknown;
  let principalId: string | undefined;
  /** Where a guest's token is kept: by origin, since storage is, and by the server's address. */
  let guestKey = "";
  let view: ConnectionView = {
    status: "offline",
    queued: 0,
    transport: "websocket",
    durability: undefined,
  };
  /** Why the server has ended the last connection, until another one is welcomed. */
  let reason: string | undefined;

  const driver: Driver = drive(env, codec.protocol, {
    wanted: () => [...topics()].some((topic) => topic.isOpen()),
    idle: () => view.queued === 0,
    prepare,
    message: onMessage,
    resume: () => {
      for (const topic of topics()) topic.resume();
    },
    lost: () => {
      named = 0;
      for (const lane of lanes) lane.index = -1;
      for (const topic of topics()) topic.lost();
      subs.clear();
      channels.clear();
    },
    unreached: (url) =>
      env.report(`realtime: no WebSocket at ${url}: does the server run there? If not: createClient({ url })`),
    changed: onState,
  });

  // --- The handshake ---

  async function prepare(auth: AuthReason): Promise<{ url: string; hello: () => string | Uint8Array<ArrayBuffer> }> {
    const url = address(options.url, env.href);
    const own = await options.auth?.({ reason: auth });
    guestKey = `realtime:guest:${url}`;
    if (own == null && auth === "refused") env.store(guestKey, undefined);
    const token = own ?? env.recall(guestKey) ?? null;
    return { url, hello: () => codec.encode(hello(token)) };
  }

  function hello(token: string | null): wire.ClientFrame {
    const today = Math.floor((env.now() + clock) / DAY_MS);
    // Its own first: the newest lane is the one that new calls go to.
    const order = [...lanes].reverse();
    order.forEach((lane, index) => {
      lane.index = index;
      if (!lane.used) lane.day = today;
    });
    named = order.length;
    return [
      wire.HELLO,
      wire.VERSION,
      wire.VERSION,
      token,
      order.map(({ name, day }) => [name, day] as const),
      schema.models.map(({ number, fingerprint }) => [number, fingerprint] as const),
    ];
  }

  function welcomed([, , now, max, every, durability, id, who, token]: wire.Welcome): void {
    if (driver.state().kind !== "connecting") return;
    clock = now - env.now();
    maxFrame = Math.min(max, wire.MAX_FRAME_BYTES);
    const other = principalId !== undefined && principalId !== id;
    principalId = id;
    principal = who;
    for (const lane of lanes) lane.principal ??= id;
    if (typeof token === "string") env.store(guestKey, token);
    view = { ...view, durability: DURABILITY[durability] };
    if (other) for (const topic of topics()) topic.forget();
    driver.beat(every);
    driver.feed({ kind: "welcomed" });
  }

  // --- Frames ---

  function onMessage(data: string | Uint8Array): void {
    let frame: wire.ServerFrame;
    try {
      // What a server of this protocol sends; a peer that lies gets no further than `broken`.
      frame = codec.decode(data) as wire.ServerFrame;
      take(frame);
    } catch (error) {
      broken("realtime: a frame that cannot be read", error);
    }
  }

  function take(frame: wire.ServerFrame): void {
    switch (frame[0]) {
      case wire.WELCOME:
        return welcomed(frame);
      case wire.SUBSCRIBED: {
        const topic = subs.get(frame[1]);
        if (topic === undefined) return;
        mute(topic);
        channels.set(frame[3], topic);
        return topic.subscribed(frame);
      }
      case wire.PAGE:
        return channels.get(frame[1])?.page(frame);
      case wire.DELTA:
        return channels.get(frame[1])?.delta(frame);
      case wire.ACK:
        return subs.get(frame[1])?.ack(frame);
      case wire.DEFER:
        return subs.get(frame[1])?.defer(frame);
      case wire.RESET:
        return channels.get(frame[1])?.reset(frame);
      case wire.PING:
        for (const [channel, offset] of frame[2]) channels.get(channel)?.head(offset);
        return send([wire.PONG, frame[1], [...subs.values()].flatMap((topic) => topic.news())]);
      case wire.BYE: {
        reason = frame[2];
        const [, code, , retryAfter] = frame;
        return driver.feed({ kind: "dropped", code, retryAfter: retryAfter ?? undefined });
      }
      default:
        // A later server's: passed over.
        return frame satisfies never;
    }
  }

  function send(frame: wire.ClientFrame): void {
    if (isLive()) driver.send(codec.encode(frame));
  }

  function broken(message: string, detail?: unknown): void {
    env.report(message, detail);
    driver.feed({ kind: "dropped", code: 1002 });
  }

  function renew(): void {
    const ask = async (): Promise<void> => {
      const token = await options.auth?.({ reason: "expiring" });
      if (typeof token === "string") send([wire.AUTH, token]);
    };
    ask().catch((error: unknown) => env.report("realtime: no new token", error));
  }

  // --- Lanes ---

  function lane(): Lane {
    const today = Math.floor((env.now() + clock) / DAY_MS);
    let own = lanes.at(-1);
    const isStale = own?.used === true && today - own.day >= LANE_DAYS && view.queued === 0;
    if (own === undefined || isStale || !isOurs(own)) {
      const name = base64url([env.random(), env.random(), env.random()]);
      own = { name, day: today, used: false, index: -1, principal: principalId };
      lanes = [...(isStale ? [] : lanes), own];
    }
    return own;
  }

  function indexOf(lane: Lane): number {
    if (lane.index < 0) {
      lane.index = named++;
      send([wire.LANE, lane.name, lane.day]);
    }
    return lane.index;
  }

  function isOurs(lane: Lane): boolean {
    return lane.principal === undefined || principalId === undefined || lane.principal === principalId;
  }

  function retire(old: Lane): void {
    if (lanes.at(-1) !== old) return;
    lanes = lanes.filter((l) => l !== old);
    lane();
    lanes = [old, ...lanes];
  }

  // --- What is told ---

  function onState(state: State, retryAt: number | undefined): void {
    const ended = state.kind === "signedOut" || state.kind === "upgradeRequired" || state.kind === "closed";
    const { queued, transport, durability } = view;
    view = { status: state.kind, queued, transport, durability };
    if (retryAt !== undefined) view = { ...view, retryAt };
    if (state.kind === "live") reason = undefined;
    if (ended && state.code > 0) {
      reason ??= `close code ${state.code}`;
      env.report(`realtime: the connection ended: ${reason}`);
      if (state.kind === "upgradeRequired") options.onUpgrade?.(reason);
    }
    if (reason !== undefined) view = { ...view, reason };
    tellAll();
  }

  function changed(): void {
    let queued = 0;
    for (const topic of topics()) queued += topic.entries().length;
    if (queued === view.queued) return;
    view = { ...view, queued };
    tellAll();
  }

  function tellAll(): void {
    for (const listener of [...listeners]) tell(env, "the connection", listener, view);
  }

  function schedule(topic: Topic): void {
    if (due.size === 0) {
      queueMicrotask(() => {
        const all = [...due];
        due.clear();
        for (const one of all) if (isLive()) one.flush();
      });
    }
    due.add(topic);
  }

  function isLive(): boolean {
    return driver.state().kind === "live";
  }

  function mute(topic: Topic): void {
    for (const [channel, of] of channels) if (of === topic) channels.delete(channel);
  }

  return {
    env,
    options,
    patience: options.patience ?? 5_000,
    hopeful: () => view.status === "live" || view.status === "connecting",
    unheard(mutation, error) {
      if (options.onRefused !== undefined) options.onRefused({ mutation, error });
      else env.report(`realtime: ${mutation} was refused: ${codeOf(error)}`, error);
    },
    principal: () => principal,
    serverNow: () => env.now() + clock,
    isLive,
    want: () => driver.feed({ kind: "wanted" }),
    send,
    enlist(topic) {
      subs.set(nextSub, topic);
      kept.delete(topic);
      return nextSub++;
    },
    delist(topic) {
      subs.delete(topic.sub());
      mute(topic);
    },
    mute,
    closed(topic) {
      kept.add(topic);
      const [oldest] = kept;
      if (kept.size > KEPT_TOPICS && oldest !== undefined) {
        kept.delete(oldest);
        oldest.forget();
      }
    },
    schedule,
    stable: () => driver.feed({ kind: "stable" }),
    broken,
    renew,
    lane,
    indexOf,
    isOurs,
    retire,
    sizeOf(value) {
      const data = codec.encode(value);
      return typeof data === "string" ? encoder.encode(data).length : data.length;
    },
    maxFrame: () => maxFrame,
    changed,
    view: () => view,
    watch(listener) {
      const own = (now: ConnectionView): void => listener(now);
      listeners.add(own);
      tell(env, "the connection", own, view);
      return () => listeners.delete(own);
    },
    retry: () => driver.feed({ kind: "retry" }),
    close: () => driver.feed({ kind: "close" }),
  };
}

/** Returns where to connect: `url` if given, else `/ws` of the page's origin. */
function address(url: string | undefined, href: string | undefined): string {
  if (url === undefined && href === undefined) {
    throw new Error("outside of a browser, say where to connect: createClient({ url })");
  }
  const full = new URL(url ?? "/ws", href);
  full.protocol = full.protocol.replace("http", "ws");
  return full.href;
}
