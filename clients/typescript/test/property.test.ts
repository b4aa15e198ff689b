/** Random runs against a server in miniature: no effect is ever shown twice, or missing (L3 to L8). */
import { describe, expect, test } from "vitest";
import { connect } from "../src/client.js";
import type { ConflictOf } from "../src/conflict.js";
import type { Verdict } from "../src/generated.js";
import { sfc32 } from "../src/ids.js";
import { type TestEnvironment, testEnvironment, turn } from "./support/environment.js";
import { type Poll, type TestClient, schema } from "./support/schema.js";
import { Server } from "./support/server.js";

interface Run {
  readonly forks: boolean;
  readonly seed: number;
}

/** What was reported, but for the hint that nobody answers: a network may be cut before its first socket opens. */
function complaints({ reports }: TestEnvironment): readonly unknown[] {
  return reports.filter(({ message }) => !message.includes("no WebSocket at")).map(({ message, detail }) => detail ?? message);
}

/** Returns how often the application was asked about a conflict. */
async function run({ forks, seed }: Run): Promise<number> {
  const next = sfc32([seed, 7, 7, forks ? 1 : 0], 0);
  const random = (n: number): number => Math.floor((next() / 2 ** 32) * n);
  const env = testEnvironment(seed);
  const server = new Server(random);
  env.onSocket = (wire) => server.attach(wire);
  const lost: number[] = [];
  let asked = 0;
  const rt = connect<TestClient>(schema, {
    environment: env,
    onLost: ({ seqs }) => lost.push(...seqs),
    onRefused: () => undefined,
    onConflict: {
      // Its own turn or a later one; again, or not.
      "Poll.claim": async ({ theirs, retry, drop }: ConflictOf<Poll, unknown>) => {
        asked++;
        if (!forks) expect(theirs?.log.some((tag) => tag.startsWith("o")), "the change that won is here").toBe(true);
        if (random(2) === 0) await turn();
        if (random(3) === 0) drop();
        else retry();
      },
    },
  });
  const poll = rt.poll("lunch");
  const made: string[] = [];
  const seqs: number[] = [];
  const verdicts = new Map<string, Verdict<void, unknown>>();
  let notified = 0;
  let views = 0;

  const check = (): void => {
    const log = poll.view.data?.log;
    if (log === undefined) return;
    const count = (tag: string): number => log.filter((t) => t === tag).length;
    for (const tag of log) expect(count(tag), `${tag} is shown twice, seed ${seed}: ${log.join()}`).toBe(1);
    if (forks) return;
    for (const tag of made) {
      const isRefused = tag.startsWith("!");
      // Whether a claim is in time is the server's to say.
      if (tag.startsWith("?")) continue;
      if (!isRefused) expect(count(tag), `${tag} is missing, seed ${seed}: ${log.join()}`).toBe(1);
      if (isRefused && verdicts.has(tag)) expect(count(tag), `${tag} was refused, seed ${seed}`).toBe(0);
    }
  };
  poll.subscribe(() => {
    notified++;
    check();
  });
  const call = (): void => {
    const kind = ["!", "?", "", "", ""][random(5)] ?? "";
    const tag = `${kind}m${made.length}`;
    made.push(tag);
    const before = notified;
    const mutation = kind === "?" ? poll.claim({ tag }) : poll.note({ tag });
    seqs.push(Number(mutation.id.split("/").at(-1)));
    void mutation.confirmed.then((verdict) => verdicts.set(tag, verdict));
    expect(notified).toBe(before + 1);
  };
  const steps: readonly (() => unknown)[] = [
    () => poll.view.data !== undefined && made.length < 40 && call(),
    () => poll.view.data !== undefined && made.length < 40 && call(),
    () => server.process(),
    () => server.process(),
    () => server.deliver(),
    () => server.deliver(),
    () => server.deliver(),
    () => server.write(`o${views++}`),
    () => server.coalesce(),
    () => server.finishPage(),
    () => server.lag(),
    () => random(4) === 0 && server.reset("lagged"),
    () => random(8) === 0 && server.reset("class"),
    () => random(4) === 0 && server.cut(),
    () => forks && random(3) === 0 && server.fork(),
    () => env.pass(random(3_000)),
  ];
  for (let i = 0; i < 160; i++) {
    const before = notified;
    const step = steps[random(steps.length)];
    const result = step?.();
    if (result instanceof Promise) await result;
    else expect(notified - before, "one notification a turn").toBeLessThanOrEqual(1);
    await turn();
    // What a listener throws is caught and reported: here it is a broken law.
    for (const report of complaints(env)) throw report;
  }
  for (let calm = 0; calm < 6; ) {
    const isBusy = server.process() || server.finishPage() || server.deliver();
    if (isBusy) await turn();
    else {
      calm++;
      await env.pass(5_000);
    }
  }
  // L8: when input stops, the view is the server's; and every promise is kept.
  expect(poll.view, `seed ${seed}`).toMatchObject({ status: "live", data: { log: server.store.log } });
  expect(rt.pending.map(({ id }) => id), `seed ${seed}`).toEqual([]);
  expect(verdicts.size).toBe(made.length);
  const kept = new Set(server.store.log);
  for (const [i, tag] of made.entries()) {
    const verdict = verdicts.get(tag)?.status;
    if (tag.startsWith("!")) expect(["refused", "settled"]).toContain(verdict);
    else if (tag.startsWith("?")) {
      if (!forks) expect(kept.has(tag), `seed ${seed}: ${tag} ${verdict}`).toBe(verdict === "confirmed");
    } else if (verdict === "confirmed" && !kept.has(tag)) expect(lost, `seed ${seed}: ${tag}`).toContain(seqs[i]);
    else if (!forks) expect(verdict).toBe("confirmed");
  }
  for (const report of complaints(env)) throw report;
  rt.close();
  return asked;
}

describe("l3_l4_l5_l8_at_no_notification_is_an_effect_shown_twice_or_missing", () => {
  test.each([0, 1, 2, 3, 4, 5])("without a failover, batch %i", async (batch) => {
    let asked = 0;
    for (let i = 0; i < 50; i++) asked += await run({ forks: false, seed: batch * 1_000 + i });
    expect(asked, "conflicts were met").toBeGreaterThan(10);
  }, 60_000);

  test.each([0, 1, 2, 3, 4, 5])("s22_with failovers that lose commits, batch %i", async (batch) => {
    for (let i = 0; i < 50; i++) await run({ forks: true, seed: batch * 1_000 + i });
  }, 60_000);
});
