/** The other end of a client's socket, scripted by a test: real frames, in JSON. */
import { connect, type ClientOptions } from "../../src/client.js";
import { json } from "../../src/codec.js";
import type { ClientFrame, LaneRow, Mutate, Row, ServerFrame, Sub } from "../../src/generated/frames.js";
import { type TestEnvironment, type Wire, testEnvironment, turn } from "./environment.js";
import { POLL, type TestClient, pollRow, schema } from "./schema.js";

export interface Peer {
  readonly rt: TestClient;
  readonly env: TestEnvironment;
  /** The newest socket. */
  wire(): Wire;
  /** Every frame that came over the newest socket. */
  frames(): readonly ClientFrame[];
  /** The last frame of one kind, of the newest socket. */
  last<K extends ClientFrame[0]>(kind: K): Extract<ClientFrame, readonly [K, ...unknown[]]>;
  count(kind: ClientFrame[0]): number;
  /** Sends frames, each in its own message. */
  say(...frames: readonly ServerFrame[]): void;
  /** Opens the socket and answers `hello`. */
  welcome(principalId?: string, guest?: string): Promise<void>;
  /** Answers the last `sub` with a snapshot of one poll. */
  snapshot(options?: { offset?: number; row?: readonly unknown[]; rows?: readonly Row[]; lanes?: readonly LaneRow[]; channel?: number; epoch?: number; count?: number; cls?: number; reason?: string; partial?: readonly number[] }): Promise<void>;
  /** Answers the last `sub` as resumed. */
  resumed(options: { offset: number; until?: number; lanes?: readonly LaneRow[]; channel?: number; count?: number }): Promise<void>;
  /** The socket ends. */
  drop(code?: number): Promise<void>;
}

export function peer(options: Omit<ClientOptions, "environment"> = {}, env = testEnvironment()): Peer {
  const rt = connect<TestClient>(schema, { ...options, environment: env });
  const codec = options.codec ?? json;
  const wire = (): Wire => env.wires.at(-1) ?? fail("no socket was opened");
  const frames = (): readonly ClientFrame[] => wire().sent.map((data) => codec.decode(data) as ClientFrame);
  const self: Peer = {
    rt,
    env,
    wire,
    frames,
    last: (kind) => {
      const found = frames().filter((frame) => frame[0] === kind).at(-1);
      return (found ?? fail(`no frame of kind ${kind}`)) as ReturnType<Peer["last"]> as never;
    },
    count: (kind) => frames().filter((frame) => frame[0] === kind).length,
    say: (...said) => {
      for (const frame of said) {
        const data = codec.encode(frame);
        wire().on.message(data);
      }
    },
    async welcome(principalId = "ann", guest) {
      await turn();
      wire().on.open();
      const base = [20, 1, env.now(), 65_536, 25_000, 2, principalId, { id: principalId }] as const;
      self.say(guest === undefined ? base : [...base, guest]);
      await turn();
    },
    async snapshot({ offset = 10, row = pollRow("lunch"), rows, lanes = [], channel = 5, epoch = 1, count = 1, cls = 1, reason, partial } = {}) {
      const sub: Sub = self.last(3);
      self.say(
        [21, sub[1], count, channel, 2, offset, epoch, offset, cls, lanes, reason ?? null, partial ?? null],
        [22, channel, rows ?? [[0, POLL, "lunch", row]], true],
      );
      await turn();
    },
    async resumed({ offset, until = offset, lanes = [], channel = 5, count = 1 }) {
      self.say([21, self.last(3)[1], count, channel, 1, offset, 1, until, 1, lanes]);
      await turn();
    },
    async drop(code = 1006) {
      wire().on.ended(code);
      await turn();
    },
  };
  return self;
}

/** Opens `poll/lunch`, welcomed, with its snapshot at offset 10. */
export async function live(options: Parameters<typeof peer>[0] = {}, env = testEnvironment()): Promise<Peer> {
  const one = peer(options, env);
  one.rt.poll("lunch").subscribe(() => undefined);
  await one.welcome();
  await one.snapshot();
  return one;
}

/** The entries of a `mutate`: seq and mutator number. */
export function seqs(frame: Mutate): readonly number[] {
  return frame[5].map((entry) => entry[1]);
}

/** The last `mutate` in short: sub, count, lane, got, and seq and mutator of each entry. */
export function sent(one: Peer): readonly unknown[] {
  const [, sub, count, lane, got, entries] = one.last(5);
  return [sub, count, lane, got, ...entries.map((entry) => [entry[1], entry[2]])];
}

function fail(message: string): never {
  throw new Error(message);
}
