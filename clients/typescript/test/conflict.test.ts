/** Mutations that others came before: the version that was seen, and what the application may do about it (api.md 3). */
import { expect, test } from "vitest";
import type { ConflictOf } from "../src/conflict.js";
import type { Outcome, Row, ServerFrame } from "../src/generated/frames.js";
import { turn } from "./support/environment.js";
import { type Peer, live } from "./support/peer.js";
import { CARD, type Card, type CardEntity } from "./support/schema.js";

type Conflict = ConflictOf<Card, { readonly points: number }>;
type Handler = (conflict: Conflict) => unknown;

const ROW: Row = [0, CARD, "c", ["c", 5, 0, []]];
const POLL: Row = [0, 51_694, "lunch", ["lunch", "?", [], []]];
const stale = (version: number): Outcome => [1, { code: "rt/stale", version }];
/** A commit of somebody else: the card has eight points. */
const theirs = (to: number): ServerFrame => [23, 5, to, 1, [[1, CARD, "c", [1, 8]]]];

async function withCard(handler?: Handler): Promise<Peer & { card: CardEntity }> {
  const one = await live(handler === undefined ? {} : { onConflict: { "Card.estimate": handler } });
  await one.snapshot({ offset: 11, count: 2, rows: [POLL, ROW] });
  return Object.assign(one, { card: one.rt.poll("lunch").card("c") });
}

test("s8_what_may_conflict_carries_the_offset_that_its_author_had_reached", async () => {
  const one = await withCard();
  one.card.estimate({ points: 6 });
  one.card.charge({ by: 1 });
  one.say([23, 5, 12, 1, []]);
  one.card.estimate({ points: 7 });
  await turn();
  expect(one.last(5)[5].map((entry) => entry.slice(7))).toEqual([[null, null, 11], [], [null, null, 12]]);
});

test("s22_after_a_fork_what_was_seen_counts_no_more", async () => {
  const one = await withCard();
  one.card.estimate({ points: 6 });
  await turn();
  one.say([27, 5, "fork"]);
  await one.snapshot({ offset: 9, epoch: 2, count: 3, channel: 6, rows: [POLL, ROW], reason: "fork", lanes: [[0, 0]] });
  expect(one.last(5)[5][0]?.slice(7)).toEqual([null, null, 0]);
});

test("s8_without_a_handler_it_is_refused_with_the_version", async () => {
  const one = await withCard();
  const mine = one.card.estimate({ points: 6 });
  await turn();
  one.say([25, 1, 12, [[0, 1, stale(12)]]]);
  expect(await mine).toEqual({ status: "refused", error: { code: "rt/stale", version: 12 }, where: "server" });
  expect(one.card.view.data?.points).toBe(5);
});

test("s8_the_handler_is_asked_once_the_others_change_is_here", async () => {
  const asked: Conflict[] = [];
  const one = await withCard((conflict) => {
    asked.push(conflict);
    conflict.drop();
  });
  const mine = one.card.estimate({ points: 6 });
  await turn();
  one.say([25, 1, 11, [[0, 1, stale(12)]]]);
  await turn();
  expect(asked).toEqual([]);
  expect(one.card.view.data?.points, "it is rolled back").toBe(5);
  expect(one.rt.pending).toMatchObject([{ id: mine.id, status: "parked", shown: false }]);
  one.say(theirs(12));
  await turn();
  expect(asked).toMatchObject([{ mine: { id: "c", points: 6 }, args: { points: 6 }, theirs: { id: "c", points: 8 } }]);
  expect(await mine.confirmed).toEqual({ status: "refused", error: { code: "rt/stale", version: 12 }, where: "server" });
  expect(one.rt.pending).toEqual([]);
});

test("s8_retry_is_a_new_call_over_what_the_others_did_and_settles_the_first_promise", async () => {
  const one = await withCard(({ retry }) => retry());
  const mine = one.card.estimate({ points: 6 });
  await turn();
  one.say(theirs(12), [25, 1, 12, [[0, 1, stale(12)]]]);
  await turn();
  expect(one.last(5)[5].map((entry) => [entry[1], entry[2], ...entry.slice(7)])).toEqual([[2, 301, null, null, 12]]);
  expect(one.card.view.data?.points).toBe(6);
  one.say([25, 1, 13, [[0, 2, [0, 6]]]], [23, 5, 13, 1, [[1, CARD, "c", [1, 6]]]]);
  expect(await mine.confirmed).toEqual({ status: "confirmed", value: 6, offset: 13 });
  expect(await mine).toMatchObject({ status: "confirmed" });
});

test("s8_a_second_conflict_asks_again", async () => {
  let asked = 0;
  const one = await withCard(({ retry, drop }) => (++asked === 1 ? retry() : drop()));
  const mine = one.card.estimate({ points: 6 });
  await turn();
  one.say(theirs(12), [25, 1, 12, [[0, 1, stale(12)]]]);
  await turn();
  one.say(theirs(13), [25, 1, 13, [[0, 2, stale(13)]]]);
  expect(await mine.confirmed).toMatchObject({ status: "refused", error: { code: "rt/stale", version: 13 } });
  expect(asked).toBe(2);
});

test("r7_a_handler_that_throws_or_says_nothing_has_dropped_it_and_is_reported", async () => {
  const handlers: readonly (readonly [Handler, string])[] = [
    [() => { throw new Error("no"); }, "threw"],
    [() => undefined, "called neither retry nor drop"],
    [() => Promise.reject(new Error("no")), "threw"],
    [async () => undefined, "called neither retry nor drop"],
  ];
  for (const [handler, why] of handlers) {
    const one = await withCard(handler);
    const mine = one.card.estimate({ points: 6 });
    await turn();
    one.say(theirs(12), [25, 1, 12, [[0, 1, stale(12)]]]);
    expect(await mine.confirmed).toMatchObject({ status: "refused", error: { code: "rt/stale" } });
    expect(one.env.reports.map(({ message }) => message)).toEqual([`realtime: onConflict of Card.estimate ${why}: the mutation is dropped`]);
  }
});

test("r7_a_handler_that_never_answers_leaves_no_promise_hanging", async () => {
  const one = await withCard(() => new Promise(() => undefined));
  const mine = one.card.estimate({ points: 6 });
  await turn();
  one.say(theirs(12), [25, 1, 12, [[0, 1, stale(12)]]]);
  await turn();
  for (let t = 0; t < 3_600_000; t += 20_000) {
    one.say([28, 1, []]);
    await one.env.pass(20_000);
  }
  expect(await mine.confirmed).toMatchObject({ status: "refused", error: { code: "rt/stale" } });
});

test("s8_a_late_answer_counts_once", async () => {
  const asked: Conflict[] = [];
  const one = await withCard((conflict) => new Promise(() => asked.push(conflict)));
  const mine = one.card.estimate({ points: 6 });
  await turn();
  one.say(theirs(12), [25, 1, 12, [[0, 1, stale(12)]]]);
  await turn();
  asked[0]?.drop();
  asked[0]?.retry();
  await turn();
  expect(await mine.confirmed).toMatchObject({ status: "refused" });
  expect(one.rt.pending).toEqual([]);
});

test("s8_it_waits_in_rt_pending_where_a_person_may_answer_too", async () => {
  const one = await withCard(() => new Promise(() => undefined));
  const [first, second] = [one.card.estimate({ points: 6 }), one.card.estimate({ points: 7 })];
  await turn();
  one.say(theirs(12), [25, 1, 12, [[0, 1, stale(12)], [0, 2, stale(12)]]]);
  await turn();
  one.rt.pending[0]?.discard();
  expect(await first.confirmed).toMatchObject({ status: "refused", error: { code: "rt/stale", version: 12 } });
  one.rt.pending[0]?.retry();
  await turn();
  expect(one.last(5)[5].map((entry) => [entry[1], ...entry.slice(7)])).toEqual([[3, null, null, 12]]);
  one.say([25, 1, 13, [[0, 3, [0, 7]]]], [23, 5, 13, 1, []]);
  expect(await second.confirmed).toMatchObject({ status: "confirmed" });
});

test("s22_a_conflict_of_a_lost_history_is_asked_about_over_the_new_one", async () => {
  const asked: Conflict[] = [];
  const one = await withCard((conflict) => {
    asked.push(conflict);
    conflict.drop();
  });
  const mine = one.card.estimate({ points: 6 });
  await turn();
  one.say([25, 1, 11, [[0, 1, stale(30)]]], [27, 5, "fork"]);
  await one.snapshot({ offset: 9, epoch: 2, count: 3, channel: 6, rows: [POLL, ROW], reason: "fork", lanes: [[2, 0, 1, 1, []]] });
  expect(asked).toMatchObject([{ theirs: { points: 5 } }]);
  expect(await mine.confirmed).toMatchObject({ status: "refused" });
});

test("s35_where_the_topic_may_be_read_no_more_it_is_dropped_unasked", async () => {
  let asked = 0;
  const one = await withCard(({ drop }) => (asked++, drop()));
  const mine = one.card.estimate({ points: 6 });
  await turn();
  one.say([25, 1, 11, [[0, 1, stale(12)]]], [27, 5, "revoked"]);
  await turn();
  one.say([21, one.last(3)[1], 1, 7, 3, 0, 0, 0, 0, [], "rt/denied"]);
  expect(await mine.confirmed).toMatchObject({ status: "refused", error: { code: "rt/stale" } });
  expect(asked).toBe(0);
});

test("s8_without_rows_the_topic_is_opened_to_see_what_won", async () => {
  const one = await live({ onConflict: { "Card.estimate": ({ retry }: Conflict) => retry() } });
  one.rt.poll("dinner").card("c").estimate({ points: 1 });
  await turn();
  expect(one.last(3).slice(2, 4)).toEqual(["poll/dinner", 1]);
});
