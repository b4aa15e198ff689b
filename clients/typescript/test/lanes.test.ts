/** Lanes over a scripted peer: the truth about them, what is sent again, moved, parked, lost, bounded. */
import { expect, test } from "vitest";
import type { View } from "../src/generated.js";
import { turn } from "./support/environment.js";
import { live, sent as mutated, seqs } from "./support/peer.js";
import { NOTE, POLL, type Poll, VOTE, pollRow } from "./support/schema.js";

const votes = (view: View<Poll>): readonly number[] | undefined => view.data?.choices.map((c) => c.votes);
const columns = (n: number, value: unknown) => [1, POLL, "lunch", [n, value]] as const;
const choices = (...n: readonly number[]) => n.map((v, i) => ({ label: ["Soup", "Curry"][i], votes: v }));

test("s22_the_truth_about_a_lane_takes_effect_at_the_last_page_of_a_snapshot", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  const a = poll.note({ tag: "a" });
  const b = poll.note({ tag: "b" });
  const c = poll.note({ tag: "c" });
  await turn();
  const seen: unknown[] = [];
  poll.subscribe(({ data }) => seen.push(data?.log));
  one.say([27, 5, "fork"]);
  expect(poll.view).toMatchObject({ status: "cached", data: { log: ["a", "b", "c"] } });
  const lanes = [[2, 0, 2, 0, [[1, 8, [0]], [2, null, [1, { code: "No" }]]]]] as const;
  one.say([21, 1, 2, 6, 2, 9, 7, 9, 1, lanes]);
  await turn();
  // The old rows and the old pending view go on, while sending goes by the new truth.
  expect(poll.view.data?.log).toEqual(["a", "b", "c"]);
  expect(mutated(one)).toEqual([1, 2, 0, 2, [3, NOTE]]);
  one.say([22, 6, [[0, POLL, "lunch", pollRow("lunch", [0, 0], ["a"])]], true]);
  expect(poll.view).toMatchObject({ status: "live", data: { log: ["a", "c"] } });
  for (const log of seen) expect(new Set(log as string[]).size).toBe((log as string[]).length);
  expect(await a).toMatchObject({ status: "confirmed", offset: 8 });
  expect(await b).toMatchObject({ status: "refused", where: "server" });
  expect(poll.pending.length).toBe(1);
  one.say([25, 1, 10, [[0, 3, [2]]]], [23, 6, 10, 1, [columns(3, ["a", "c"])]]);
  expect(await c).toEqual({ status: "settled" });
});

test("s22_marks_of_a_lost_history_are_forgotten", async () => {
  const one = await live();
  const vote = one.rt.poll("lunch").vote({ choice: 0 });
  await turn();
  one.say([25, 1, 11, [[0, 1, [0]]]]);
  one.say([27, 5, "fork"]);
  one.say([21, 1, 2, 6, 2, 40, 7, 40, 1, [[0, 0]]], [22, 6, [[0, POLL, "lunch", pollRow("lunch")]], true]);
  await turn();
  expect(votes(one.rt.poll("lunch").view)).toEqual([1, 0]);
  expect(one.rt.poll("lunch").pending.length).toBe(1);
  expect(mutated(one)).toEqual([1, 2, 0, 0, [1, VOTE]]);
  one.say([25, 1, 41, [[0, 1, [0]]]], [23, 6, 41, 1, [columns(2, choices(1, 0))]]);
  expect(await vote).toMatchObject({ status: "confirmed", offset: 41 });
});

test("s22_what_was_confirmed_and_is_gone_is_told_as_lost", async () => {
  const lost: unknown[] = [];
  const one = await live({ onLost: (what) => lost.push(what) });
  const poll = one.rt.poll("lunch");
  const votesMade = [poll.vote({ choice: 0 }), poll.vote({ choice: 0 }), poll.vote({ choice: 0 })];
  await turn();
  one.say([25, 1, 11, [[0, 1, [0]], [0, 2, [1, { code: "rt/denied" }]], [0, 3, [0]]]], [23, 5, 11, 1, [columns(2, choices(2, 0))]]);
  await Promise.all(votesMade);
  one.say([27, 5, "fork"], [21, 1, 2, 6, 2, 9, 7, 9, 1, [[2, 0, 1, 0, [[1, 9, [0]]]]]]);
  expect(lost).toEqual([{ topic: "poll/lunch", seqs: [3] }]);
  const next = poll.vote({ choice: 1 });
  await turn();
  expect(one.last(5)).toMatchObject([5, 1, 2, 0, 3, [[0, 4, VOTE, 1, expect.any(Number), "lunch", [1], 1]]]);
  one.say([25, 1, 12, [[0, 4, [0]]]], [22, 6, [[0, POLL, "lunch", pollRow("lunch", [1, 0])]], true], [23, 6, 12, 3, []]);
  expect(await next).toMatchObject({ status: "confirmed" });
});

test("s4_a_discarded_entry_leaves_its_number_and_the_next_names_what_it_follows", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  await one.drop();
  poll.note({ tag: "a" });
  const gone = poll.note({ tag: "b" });
  poll.note({ tag: "c" });
  gone.discard();
  expect(poll.view.data?.log).toEqual(["a", "c"]);
  expect(await gone).toMatchObject({ status: "refused", error: { code: "rt/discarded" }, where: "here" });
  await one.env.pass(500);
  await one.welcome();
  await one.resumed({ offset: 10, lanes: [[0, 0]] });
  const now = one.env.now() - 500;
  expect(one.last(5)[5].map((e) => [e[1], e[7]])).toEqual([[1, undefined], [3, 1]]);
  expect(now).toBeGreaterThan(0);
  const [sent] = poll.pending;
  sent?.discard();
  expect(poll.pending.length).toBe(2); // a sent one is the server's
});

test("s4_expired_moves_what_is_surely_unsent_to_a_new_lane_and_parks_the_rest", async () => {
  const parked: unknown[] = [];
  const one = await live({ onParked: (all) => parked.push(all.map(({ id }) => id)) });
  const poll = one.rt.poll("lunch");
  const sent = poll.note({ tag: "sent" });
  await turn();
  await one.drop();
  const unsent = poll.note({ tag: "unsent" });
  await one.env.pass(500);
  await one.welcome();
  await one.resumed({ offset: 10, lanes: [[1, 0]] });
  expect(parked).toEqual([[sent.id]]);
  expect(one.last(2)[0]).toBe(2);
  expect(mutated(one)).toEqual([2, 1, 1, 0, [1, NOTE]]);
  expect(poll.pending.map(({ status }) => status)).toEqual(["parked", "sent"]);
  expect(poll.view.data?.log).toEqual(["sent", "unsent"]);
  one.say([25, 2, 11, [[1, 1, [0]]]], [23, 5, 11, 1, [columns(3, ["unsent"])]]);
  expect(await unsent).toMatchObject({ status: "confirmed" });
  poll.pending[0]?.retry();
  await turn();
  expect(mutated(one)).toEqual([2, 1, 1, 1, [2, NOTE]]);
  one.say([25, 2, 12, [[1, 2, [0]]]], [23, 5, 12, 1, [columns(3, ["unsent", "sent"])]]);
  expect(await sent.confirmed).toMatchObject({ status: "confirmed" });
});

test("s6_at_most_64_are_unanswered_and_got_rides_along", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  for (let i = 0; i < 100; i++) poll.vote({ choice: 0 });
  await turn();
  expect(seqs(one.last(5)).length).toBe(64);
  one.say([25, 1, 11, Array.from({ length: 10 }, (_, i) => [0, i + 1, [0]] as const)]);
  await turn();
  expect(one.last(5)[4]).toBe(10);
  expect(seqs(one.last(5))).toEqual([65, 66, 67, 68, 69, 70, 71, 72, 73, 74]);
});

test("s47_frames_stay_below_the_limit_and_a_mutation_above_it_is_refused_here", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  for (let i = 0; i < 5; i++) poll.note({ tag: "ä".repeat(10_000) });
  await turn();
  for (const data of one.wire().sent) expect(Buffer.byteLength(data as string)).toBeLessThanOrEqual(65_536);
  expect(one.frames().filter((f) => f[0] === 5).flatMap((f) => seqs(f as never))).toEqual([1, 2, 3, 4, 5]);
  expect(await poll.note({ tag: "x".repeat(70_000) })).toEqual({ status: "refused", where: "here", error: { code: "rt/limit", what: "frame" } });
});

test("a_deferred_mutation_is_sent_again_after_the_time_and_nothing_passes_it", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  poll.vote({ choice: 0 });
  await turn();
  one.say([26, 1, 0, 1, "busy", 400]);
  poll.vote({ choice: 1 });
  await one.env.pass(399);
  expect(one.count(5)).toBe(1);
  await one.env.pass(1);
  expect(seqs(one.last(5))).toEqual([1, 2]);
});

test("s4_a_gap_subscribes_again_and_reads_the_lane", async () => {
  const one = await live();
  one.rt.poll("lunch").vote({ choice: 0 });
  await turn();
  one.say([26, 1, 0, 1, "gap", 0]);
  expect(one.last(3)).toEqual([3, 2, "poll/lunch", 1, [[0, 0, true]], [10, 1, 1]]);
  await one.resumed({ offset: 10, lanes: [[0, 0]] });
  expect(mutated(one)).toEqual([2, 1, 0, 0, [1, VOTE]]);
});

test("s36_an_expired_token_is_renewed_in_place", async () => {
  const one = await live({ auth: ({ reason }) => `token-${reason}` });
  one.rt.poll("lunch").vote({ choice: 0 });
  await turn();
  one.say([26, 1, 0, 1, "token_expired", 100]);
  await one.env.pass(100);
  expect(one.last(6)).toEqual([6, "token-expiring"]);
  expect(seqs(one.last(5))).toEqual([1]);
});

test("s5_another_principal_sees_nothing_of_the_former_one_and_sends_nothing_of_it", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  const mine = poll.note({ tag: "ann's" });
  await turn();
  await one.drop();
  await one.env.pass(500);
  await one.welcome("bob");
  expect(poll.view.status).toBe("loading");
  expect(one.last(3)).toEqual([3, 2, "poll/lunch", 1, []]);
  await one.snapshot({ rows: [[0, POLL, "lunch", pollRow("lunch")]] });
  expect(poll.view.data?.log).toEqual([]);
  expect(poll.pending).toMatchObject([{ status: "parked", shown: false }]);
  poll.note({ tag: "bob's" });
  await turn();
  expect(one.last(2)[0]).toBe(2);
  expect(one.last(5)).toMatchObject([5, 2, 1, 1, 0, [[0, 1, NOTE, 1, expect.any(Number), "lunch", ["bob's"]]]]);
  await one.drop();
  await one.env.pass(1_000);
  await one.welcome("ann");
  await one.snapshot({ lanes: [[2, 1, 1, 0, [[1, 10, [0]]]]], row: pollRow("lunch", [0, 0], ["ann's"]) });
  expect(await mine.confirmed).toMatchObject({ status: "confirmed" });
});

test("s2_the_day_of_a_lane_is_the_servers_once_it_is_known_and_fixed_once_it_was_used", async () => {
  const one = await live();
  const day = Math.floor(one.env.now() / 86_400_000);
  await one.drop();
  one.rt.poll("lunch").vote({ choice: 0 });
  await one.env.pass(500);
  await one.welcome();
  expect(one.last(1)[4][0]?.[1]).toBe(day);
  await one.resumed({ offset: 10, lanes: [[0, 0]] });
  const [lane] = one.last(1)[4];
  await one.drop();
  one.env.page("offline");
  await one.env.pass(16 * 86_400_000);
  one.env.page("online");
  await turn();
  one.wire().on.open();
  expect(one.last(1)[4]).toEqual([lane]);
});
