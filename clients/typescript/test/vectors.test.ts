/**
 * The lives of simulated pages, replayed: this client is handed what they got, and must send, show and tell the same.
 *
 * `clients/vectors/README.md` has the format. What this client shows of its confirmed state alone is not for others to
 * see; where nothing is pending it is what is visible.
 */
import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { type PollTopic, type Realtime, createClient } from "../../../templates/poll/web/src/realtime/index.js";
import { schema as poll } from "../../../templates/poll/web/src/realtime/schema.js";
import { connect } from "../src/client.js";
import { GiveUp, Refused } from "../src/draft/index.js";
import type { ClientFrame, ServerFrame } from "../src/generated/frames.js";
import type { Mutation, Schema, Verdict } from "../src/generated.js";
import { type Wire, testEnvironment, turn } from "./support/environment.js";

type Shown = { readonly topic: string; readonly visible?: unknown; readonly pending?: number; readonly refused?: string | null };
type Told = { readonly topic: string; readonly seq: number; readonly verdict: { readonly status: string; readonly value?: unknown; readonly code?: string } };
interface Step {
  readonly open?: { readonly topic: string; readonly read: boolean };
  readonly call?: { readonly topic: string; readonly mutation: string; readonly key: string; readonly args: readonly unknown[] };
  readonly received?: ServerFrame;
  readonly disconnected?: true;
  readonly sent?: ClientFrame;
  readonly shown?: Shown;
  readonly told?: Told;
}
interface Vector {
  readonly about: string;
  readonly steps: readonly Step[];
}

const FOLDER = new URL("../../vectors/", import.meta.url);
const VECTORS = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
const [HELLO, LANE, MUTATE, PONG] = [1, 2, 5, 7] as const;

/** The simulated page sends what it would refuse, and shows nothing of it; this client does not send it (R7). */
function sendsRefusals(schema: Schema): Schema {
  const models = schema.models.map((model) => ({
    ...model,
    mutations: Object.fromEntries(
      Object.entries(model.mutations).map(([name, mutation]) => {
        const run = (...given: Parameters<NonNullable<typeof mutation.run>>): unknown => {
          try {
            return mutation.run?.(...given);
          } catch (thrown) {
            throw thrown instanceof Refused ? new GiveUp() : thrown;
          }
        };
        return [name, { ...mutation, run }];
      }),
    ),
  }));
  return { ...schema, models };
}

class Replay {
  private readonly env = testEnvironment();
  private readonly told: Told[] = [];
  private readonly known = new Set<string>();
  private readonly rt = connect<Realtime>(sendsRefusals(poll), {
    environment: this.env,
    onRefused: () => undefined,
    onLost: ({ topic, seqs }) => this.told.push(...seqs.map((seq) => ({ topic, seq, verdict: { status: "lost" } }))),
    onParked: (all) => this.told.push(...all.map(({ topic, id }) => ({ topic, seq: seqOf(id), verdict: { status: "unknown" } }))),
  });
  /** How many frames of the newest socket were looked at. */
  private seen = 0;
  private isOpen = false;
  /** How many sockets are gone. */
  private lost = 0;
  /** What was shown last of each topic. */
  private readonly shown = new Map<string, Shown>();

  async take(step: Step): Promise<void> {
    if (step.shown !== undefined) this.shown.set(step.shown.topic, step.shown);
    else if (step.sent !== undefined) await this.compareSent(step.sent);
    else if (step.told !== undefined) this.compareTold(step.told);
    else {
      this.settled();
      await this.give(step);
    }
    await turn();
  }

  private compareTold(told: Told): void {
    const text = JSON.stringify(told);
    // The simulated page tells a kept outcome each time that it comes; a promise settles once.
    if (!this.known.has(text)) expect(this.told.shift()).toEqual(told);
    this.known.add(text);
  }

  /** Between what is given nothing else is shown or told than the vector says. */
  settled(): void {
    expect(this.told, "told, and not in the vector").toEqual([]);
    for (const { topic, visible, pending, refused } of this.shown.values()) {
      const { view } = this.poll(topic);
      if (visible === undefined) {
        if (refused == null) expect(view.status).toBe("loading");
        else if (refused === "rt/missing") expect(view.status).toBe("missing");
        else expect(view.error?.code).toBe(refused);
        continue;
      }
      expect(view.data === undefined ? [] : [["Poll", keyOf(topic), view.data]]).toEqual(visible);
      expect(this.poll(topic).pending.length).toBe(pending);
    }
  }

  private poll(topic: string): PollTopic {
    return this.rt.poll(keyOf(topic));
  }

  private async give({ open, call, received, disconnected }: Step): Promise<void> {
    if (open?.read === true) this.poll(open.topic).subscribe(() => undefined);
    if (call !== undefined) this.call(call);
    if (disconnected === true) {
      this.isOpen = false;
      this.lost = this.env.wires.length;
      this.seen = 0;
      this.wire().on.ended(1006);
    }
    if (received === undefined) return;
    await this.dialled();
    this.wire().on.message(JSON.stringify(received));
  }

  private call({ topic, mutation: name, args }: NonNullable<Step["call"]>): void {
    const method = name.replace("Poll.", "") as "vote";
    const fields = poll.models[0]?.mutations[method]?.args ?? [];
    const given = Object.fromEntries(fields.map((field, i) => [field.name, args[i]]));
    const mutation: Mutation<unknown, unknown> = this.poll(topic)[method](given as { choice: number });
    void mutation.confirmed.then((verdict) => this.told.push({ topic, seq: seqOf(mutation.id), verdict: short(verdict) }));
  }

  private async compareSent(wanted: ClientFrame): Promise<void> {
    if (wanted[0] === LANE || wanted[0] === PONG) return;
    await this.dialled();
    await turn();
    for (;;) {
      // Deferred: it is sent again after a while.
      if (this.seen >= this.wire().sent.length) await this.env.pass(10_000);
      const data = this.wire().sent[this.seen++];
      if (data === undefined) expect.unreachable(`${JSON.stringify(wanted)} was not sent`);
      const frame = JSON.parse(String(data)) as ClientFrame;
      if (frame[0] === LANE || frame[0] === PONG || (frame[0] === HELLO && wanted[0] !== HELLO)) continue;
      return expect(plain(frame)).toEqual(plain(wanted));
    }
  }

  /** It dials by itself, after a while; here the socket opens at once. */
  private async dialled(): Promise<void> {
    if (this.isOpen) return;
    for (let waited = 0; this.env.wires.length === this.lost && waited < 60; waited++) await this.env.pass(1_000);
    this.isOpen = true;
    this.wire().on.open();
  }

  private wire(): Wire {
    return this.env.wires.at(-1) ?? expect.unreachable("no socket was opened");
  }

  /** Nothing is left that the vector does not have. */
  end(): void {
    this.settled();
    const rest = this.wire().sent.slice(this.seen).map((data) => JSON.parse(String(data)) as ClientFrame);
    expect(rest.filter(([kind]) => kind !== LANE && kind !== PONG)).toEqual([]);
    expect(this.env.reports).toEqual([]);
    this.rt.close();
  }
}

function seqOf(id: string): number {
  return Number(id.split("/").at(-1));
}

/** The key in a poll's topic. */
function keyOf(topic: string): string {
  return decodeURIComponent(topic.slice("poll/".length));
}

/** A frame without what depends on clocks and chance. */
function plain(frame: ClientFrame): unknown {
  if (frame[0] === HELLO) return [frame[0], frame[1], frame[2], frame[4].length, frame[5]];
  if (frame[0] !== MUTATE) return frame;
  const entries = frame[5].map(([kind, seq, mutator, version, , key, args, after, , seen]) => {
    return [kind, seq, mutator, version, key, args, after ?? seq - 1, seen ?? null];
  });
  return [...frame.slice(0, 5), entries];
}

function short(verdict: Verdict<unknown, unknown>): Told["verdict"] {
  if (verdict.status === "confirmed") return { status: "confirmed", value: verdict.value ?? null };
  if (verdict.status === "refused") return { status: "refused", code: (verdict.error as { readonly code: string }).code };
  return verdict;
}

test.each(VECTORS)("%s", async (name) => {
  const { about, steps } = JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) as Vector;
  expect(about).not.toBe("");
  const replay = new Replay();
  for (const [i, step] of steps.entries()) {
    try {
      await replay.take(step);
    } catch (error) {
      throw new Error(`${name}, step ${i}: ${JSON.stringify(step)}`, { cause: error });
    }
  }
  replay.end();
});

test("the vectors are of the poll as it is generated now", () => {
  expect(VECTORS.length).toBeGreaterThan(0);
  expect(typeof createClient).toBe("function");
  expect(poll.models.map(({ name }) => name)).toEqual(["Poll"]);
});
