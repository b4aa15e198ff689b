/** What a reader may not see: hidden columns, rows of which nobody knows, and predictions over them (S33, L9). */
import { describe, expect, test } from "vitest";
import type { Row } from "../src/generated/frames.js";
import { sfc32 } from "../src/ids.js";
import { turn } from "./support/environment.js";
import { type Peer, live } from "./support/peer.js";
import { CARD, type Card, type CardEntity } from "./support/schema.js";

/** A page that sees the points of a card, and of the rest what `cells` names. */
async function withCard(cells: readonly unknown[] = [], partial?: readonly number[]): Promise<Peer & { card: CardEntity }> {
  const one = await live();
  const { card } = one.rt.poll("lunch");
  const row: Row = [3, CARD, "c", [0, "c", 1, 5, ...cells]];
  await one.snapshot({ offset: 11, count: 2, rows: [[0, 51_694, "lunch", ["lunch", "?", [], []]], row], ...(partial && { partial }) });
  return Object.assign(one, { card: card("c") });
}

test("s33_a_hidden_column_is_absent_and_stays_so", async () => {
  const one = await withCard();
  expect(one.card.view.data).toEqual({ id: "c", points: 5 });
  expect(Object.keys(one.card.view.data ?? {})).toEqual(["id", "points"]);
  one.say([23, 5, 12, 1, [[1, CARD, "c", [1, 6]]]]);
  expect(one.card.view.data).toEqual({ id: "c", points: 6 });
});

test("s33_a_part_replaces_the_whole_row_and_a_put_shows_all_of_it", async () => {
  const one = await withCard([2, 7, 3, ["n"]]);
  expect(one.card.view.data).toEqual({ id: "c", points: 5, cost: 7, notes: ["n"] });
  one.say([23, 5, 12, 1, [[3, CARD, "c", [0, "c", 1, 5, 3, ["n"]]]]]);
  expect(one.card.view.data).toEqual({ id: "c", points: 5, notes: ["n"] });
  one.say([23, 5, 13, 1, [[0, CARD, "c", ["c", 5, 8, []]]]]);
  expect(one.card.view.data).toEqual({ id: "c", points: 5, cost: 8, notes: [] });
  one.say([23, 5, 14, 1, [[3, CARD, "new", [0, "new", 1, 1]]]]);
  expect(one.rt.poll("lunch").cards.view.data).toHaveLength(2);
});

test("s33_what_reads_a_hidden_column_is_not_predicted_and_the_others_are", async () => {
  const one = await withCard();
  const spend = one.card.spend({ by: 1 });
  one.card.estimate({ points: 9 });
  expect(spend.predicted).toBeUndefined();
  expect(one.card.view.data).toEqual({ id: "c", points: 9 });
  expect(one.rt.pending.map(({ shown }) => shown)).toEqual([false, true]);
  for (const unpredicted of [one.card.jot({ text: "x" }), one.card.copy()]) expect(unpredicted.predicted).toBeUndefined();
  expect(one.card.view.data).toEqual({ id: "c", points: 9 });
  await turn();
  expect(one.last(5)[5].map((entry) => entry[2])).toEqual([303, 301, 304, 306]);
});

test("s33_what_writes_a_hidden_column_is_predicted_without_that", async () => {
  const one = await withCard();
  one.card.charge({ by: 4 });
  expect(one.card.view.data).toEqual({ id: "c", points: 6 });
  // What the run wrote itself it may read: it is the same on the server.
  expect(one.card.reset().predicted).toBe(0);
  expect(one.card.view.data).toEqual({ id: "c", points: 9 });
  one.card.patch({ points: 1, cost: 2 });
  expect(one.card.view.data).toEqual({ id: "c", points: 1 });
  expect(one.rt.pending.every(({ shown }) => shown)).toBe(true);
});

test("s33_where_rows_may_be_hidden_absent_does_not_mean_absent", async () => {
  const one = await withCard([], [CARD]);
  const other = one.rt.poll("lunch").card("other");
  const asked = [other.estimate({ points: 1 }), other.patch({ points: 2 }), other.create({ points: 1, cost: 1, notes: [] }), other.delete()];
  await turn();
  expect(other.view.status).toBe("missing");
  expect(one.rt.pending.map(({ shown }) => shown)).toEqual(asked.map(() => false));
  expect(one.last(5)[5].map((entry) => entry[2])).toEqual([301, 308, 307, 309]);
  // A row that this page has deleted is known to be absent, and one that is there is known.
  one.card.delete();
  expect(await one.card.estimate({ points: 1 })).toMatchObject({ status: "refused", error: { code: "rt/missing" }, where: "here" });
});

test("s33_where_no_row_is_hidden_absent_is_missing_here", async () => {
  const one = await withCard();
  const refused = one.rt.poll("lunch").card("other").estimate({ points: 1 });
  expect(await refused).toMatchObject({ status: "refused", error: { code: "rt/missing" }, where: "here" });
});

test("s33_what_its_maker_may_not_see_is_not_shown_at_create", async () => {
  const one = await withCard();
  const made = one.rt.poll("lunch").card("made");
  made.create({ points: 2, cost: 3, notes: [] });
  expect(made.view.data).toEqual({ id: "made", points: 2 });
  await turn();
  expect(one.last(5)[5][0]?.[6]).toEqual([1, 2, 2, 3, 3, []]);
});

test("l9_a_changed_class_takes_the_old_rows_away_in_the_same_turn", async () => {
  const one = await withCard([2, 7]);
  const seen: unknown[] = [];
  one.card.subscribe(({ data }) => seen.push(data?.cost));
  one.say([27, 5, "class"]);
  expect(one.card.view).toMatchObject({ status: "loading", data: undefined });
  await one.snapshot({ offset: 12, count: 3, channel: 6, cls: 2, reason: "class", rows: [[3, CARD, "c", [0, "c", 1, 5]]] });
  expect(one.card.view.data).toEqual({ id: "c", points: 5 });
  expect(seen).toEqual([7, undefined, undefined]);
});

describe("s33_over_random_masks_a_prediction_is_right_or_skipped", () => {
  const ASK: readonly ((card: CardEntity, n: number) => unknown)[] = [
    (card, n) => card.estimate({ points: n }),
    (card, n) => card.charge({ by: n }),
    (card, n) => card.spend({ by: n }),
    (card, n) => card.jot({ text: `${n}` }),
    (card) => card.reset(),
    (card) => card.copy(),
    (card, n) => card.patch({ points: n, cost: n }),
  ];

  test.each(Array.from({ length: 20 }, (_, seed) => seed))("seed %i", async (seed) => {
    const next = sfc32([seed, 3, 3, 3], 0);
    const random = (n: number): number => Math.floor((next() / 2 ** 32) * n);
    const whole: Card = { id: "c", points: 5, cost: random(6), notes: ["a"] };
    const mask = random(4);
    const cells = [...(mask & 1 ? [2, whole.cost] : []), ...(mask & 2 ? [3, whole.notes] : [])];
    const [part, full] = [await withCard(cells), await withCard([2, whole.cost, 3, whole.notes])];
    for (let i = 0; i < 12; i++) {
      const ask = ASK[random(ASK.length)];
      const n = random(6);
      const before = part.card.view.data;
      ask?.(part.card, n);
      ask?.(full.card, n);
      const isPredicted = part.rt.pending.at(-1)?.shown === true;
      const isSkipped = part.rt.pending.length > full.rt.pending.length || !isPredicted;
      if (isSkipped) {
        expect(part.card.view.data, "what is skipped changes nothing").toBe(before);
        break;
      }
      const data: Partial<Card> = { ...full.card.view.data };
      const seen = Object.fromEntries(Object.entries(data).filter(([key]) => Object.hasOwn(before ?? {}, key)));
      expect(part.card.view.data, `seed ${seed}`).toEqual(seen);
    }
  });
});
