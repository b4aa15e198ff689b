/** Readers that were too slow, and snapshots in pages: what shows meanwhile, and what is right at their end (S15, S23). */
import { expect, test } from "vitest";
import type { Row, ServerFrame } from "../src/generated/frames.js";
import { turn } from "./support/environment.js";
import { type Peer, live } from "./support/peer.js";
import { COMMENT, type Comment } from "./support/schema.js";

const POLL: Row = [0, 51_694, "lunch", ["lunch", "?", [], []]];
const comment = (id: string, text: string): Row => [0, COMMENT, id, [id, text, 0, null]];
const text = (id: string, value: string): Row => [1, COMMENT, id, [1, value]];
const page = (rows: readonly Row[], last: boolean): ServerFrame => [22, 6, rows, last];
const delta = (to: number, ...rows: readonly Row[]): ServerFrame => [23, 6, to, 1, rows];

/** A page that shows comments a and b at 10. */
async function open(): Promise<Peer & { texts: () => readonly string[]; turns: (readonly string[])[] }> {
  const one = await live();
  await one.snapshot({ offset: 10, count: 2, rows: [POLL, comment("a", "a10"), comment("b", "b10")] });
  const { comments } = one.rt.poll("lunch");
  const turns: (readonly string[])[] = [];
  const of = (data: readonly Comment[] | undefined): readonly string[] => data?.map((c) => c.text) ?? [];
  comments.subscribe(({ data }) => turns.push(of(data)));
  turns.length = 0;
  return Object.assign(one, { texts: () => of(comments.view.data), turns });
}

/** Answers again after a reset, on another channel. */
function again(one: Peer, offset: number, reason: string, lanes: NonNullable<Parameters<Peer["snapshot"]>[0]>["lanes"] = []): void {
  one.say([27, 5, reason], [21, one.last(3)[1], 3, 6, 2, offset, 1, offset, 1, lanes, reason]);
}

test("s15_one_catch_up_covers_all_that_a_slow_reader_missed", async () => {
  const one = await open();
  one.say([23, 5, 40, 30, [comment("c", "c40"), [2, COMMENT, "a"], text("b", "b40")]]);
  expect(one.texts()).toEqual(["b40", "c40"]);
  one.say([23, 5, 41, 5, [text("b", "b41")]]);
  expect(one.texts(), "from may lie below the position").toEqual(["b41", "c40"]);
  expect(one.turns).toHaveLength(2);
});

test("s15_a_page_that_resumes_keeps_its_own_position_since_what_was_sent_before_may_not_have_come", async () => {
  const one = await open();
  one.say([21, one.last(3)[1], 3, 6, 1, 40, 1, 40, 1, []]);
  one.say([23, 6, 40, 30, [text("b", "b40")]]);
  expect(one.texts()).toEqual(["a10", "b40"]);
});

test("s23_after_lagged_the_old_rows_show_until_the_last_page", async () => {
  const one = await open();
  again(one, 20, "lagged");
  expect(one.texts()).toEqual(["a10", "b10"]);
  expect(one.rt.poll("lunch").comments.view.status).toBe("cached");
  one.say(page([POLL, comment("a", "a20")], false));
  expect(one.texts()).toEqual(["a10", "b10"]);
  one.say(page([comment("c", "c20")], true));
  expect(one.texts()).toEqual(["a20", "c20"]);
  expect(one.rt.poll("lunch").comments.view.status).toBe("live");
  expect(one.turns).toEqual([["a10", "b10"], ["a20", "c20"]]);
});

test("l9_after_class_the_old_rows_go_at_once", async () => {
  const one = await open();
  again(one, 20, "class");
  expect(one.texts()).toEqual([]);
  one.say(page([POLL, comment("a", "a20")], false));
  expect(one.texts(), "nothing of a part").toEqual([]);
  one.say(page([], true));
  expect(one.texts()).toEqual(["a20"]);
});

test("s23_a_delta_while_paging_is_exact_for_rows_that_came_and_passed_over_for_those_to_come", async () => {
  const one = await open();
  again(one, 20, "lagged");
  one.say(page([POLL, comment("a", "a20")], false));
  one.say(delta(21, text("a", "a21"), text("c", "c21")));
  one.say(page([comment("c", "c21")], true));
  expect(one.texts()).toEqual(["a21", "c21"]);
  one.say(delta(22, text("c", "c22")));
  expect(one.texts()).toEqual(["a21", "c22"]);
});

test("s23_a_leave_of_a_row_to_come_and_one_that_came_early_leave_nothing_behind", async () => {
  const one = await open();
  again(one, 20, "lagged");
  one.say(page([POLL], false));
  one.say(delta(21, [2, COMMENT, "b"]));
  one.say(delta(22, comment("z", "z22")));
  one.say(delta(23, [2, COMMENT, "z"]));
  one.say(page([comment("c", "c23")], true));
  expect(one.texts()).toEqual(["c23"]);
});

test("s23_a_reader_that_falls_behind_while_paging_gets_one_catch_up_and_the_next_page", async () => {
  const one = await open();
  again(one, 20, "lagged");
  one.say(page([POLL, comment("a", "a20")], false));
  one.say([23, 6, 60, 40, [text("a", "a60"), text("q", "q60"), [2, COMMENT, "b"]]]);
  one.say(page([comment("q", "q60")], true));
  expect(one.texts()).toEqual(["a60", "q60"]);
});

test("s22_while_pages_come_what_is_pending_shows_over_the_old_rows_and_goes_with_the_last", async () => {
  const one = await open();
  const star = one.rt.poll("lunch").comment("a").patch({ text: "mine" });
  await turn();
  again(one, 20, "lagged", [[2, 0, 1, 0, [[1, 15, [0]]]]]);
  expect(one.texts()).toEqual(["mine", "b10"]);
  one.say(page([POLL, comment("a", "mine")], false));
  expect(one.texts()).toEqual(["mine", "b10"]);
  expect(one.rt.pending.map(({ status }) => status)).toEqual(["accepted"]);
  one.say(page([], true));
  expect(one.texts()).toEqual(["mine"]);
  expect(await star.confirmed).toMatchObject({ status: "confirmed", offset: 15 });
});

test("s24_after_lagged_what_is_unanswered_is_sent_again_under_the_new_count", async () => {
  const one = await open();
  void one.rt.poll("lunch").comment("a").patch({ text: "mine" });
  await turn();
  one.say([27, 5, "lagged"]);
  void one.rt.poll("lunch").comment("b").patch({ text: "more" });
  await turn();
  expect(one.count(5), "nothing is sent between the reset and its answer").toBe(1);
  again(one, 20, "lagged", [[0, 0]]);
  await turn();
  expect(one.last(5).slice(1, 5)).toEqual([1, 3, 0, 0]);
  expect(one.last(5)[5].map((entry) => entry[1])).toEqual([1, 2]);
});

test("l4_a_head_in_a_ping_settles_what_waited_for_its_mark", async () => {
  const one = await open();
  const mine = one.rt.poll("lunch").comment("a").patch({ text: "a10" });
  await turn();
  one.say([25, 1, 12, [[0, 1, [0]]]]);
  expect(one.rt.pending.map(({ status }) => status)).toEqual(["accepted"]);
  one.say([28, 7, [[5, 11]]]);
  expect(one.rt.pending).toHaveLength(1);
  one.say([28, 8, [[9, 99], [5, 12]]]);
  expect(await mine.confirmed).toMatchObject({ status: "confirmed", offset: 12 });
  one.say([23, 5, 12, 1, [text("a", "old")]]);
  expect(one.texts(), "the position stands at the head").toEqual(["a10", "b10"]);
  one.say([23, 5, 13, 1, [text("a", "a13")]]);
  expect(one.texts()).toEqual(["a13", "b10"]);
});
