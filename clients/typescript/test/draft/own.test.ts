/** Copy-on-write: state below a draft is never touched, and what did not change keeps its identity. */
import { describe, expect, it } from "vitest";
import * as $ from "../../src/draft/index.js";
import { close, open } from "../../src/draft/own.js";

interface Card {
  readonly name: string;
  readonly words: readonly string[];
  readonly at: { readonly x: number };
}
interface Board {
  readonly title: string;
  readonly cards: readonly Card[];
  readonly by: Readonly<Record<string, Card>>;
  readonly count: Readonly<Record<string, number>>;
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    for (const item of Object.values(value)) frozen(item);
  }
  return value;
}

function board(): Board {
  const card = (name: string): Card => ({ name, words: ["w"], at: { x: 1 } });
  return frozen({ title: "t", cards: [card("a"), card("b")], by: { a: card("c") }, count: { n: 1 } });
}

describe("own", () => {
  it("copies each level once, shares the rest and leaves the original alone", () => {
    const before = board();
    const self = open(before);
    const first = $.own($.own(self, "cards"), 0);
    first.name = "z";
    expect($.own($.own(self, "cards"), 0)).toBe(first);
    const after = close(before, self);
    expect(after.cards[0]?.name).toBe("z");
    expect(before.cards[0]?.name).toBe("a");
    expect(after.cards[1]).toBe(before.cards[1]);
    expect(after.by).toBe(before.by);
  });

  it("nothing that came out equal is another object", () => {
    const before = board();
    const self = open(before);
    const card = $.ownAt($.own(self, "cards"), 1);
    if (card !== null) card.name = "b";
    $.own($.own($.own(self, "cards"), 0), "at").x = 1;
    expect(close(before, self)).toBe(before);
  });

  it("one changed card keeps the identity of what was only looked at", () => {
    const before = board();
    const self = open(before);
    const cards = $.own(self, "cards");
    for (let i = 0; i < cards.length; i++) if ($.own(cards, i).name === "b") $.own(cards, i).name = "q";
    const after = close(before, self);
    expect(after.cards[0]).toBe(before.cards[0]);
    expect(after.cards[1]?.name).toBe("q");
  });

  it("what is absent in a list or map is null", () => {
    const self = open(board());
    expect($.ownAt($.own(self, "cards"), 2)).toBeNull();
    expect($.ownKey($.own(self, "by"), "constructor")).toBeNull();
    expect($.cellKey($.own(self, "count"), "toString")).toBeNull();
    expect($.cellAt([1], 1)).toBeNull();
  });

  it("-0 and 0 are different values", () => {
    const before = frozen({ n: 0 });
    const self = open(before);
    self.n = -0;
    expect(Object.is(close(before, self).n, -0)).toBe(true);
  });
});

describe("copies", () => {
  it("a clone does not change with its original, which is owned already", () => {
    const before = board();
    const self = open(before);
    const card = $.own($.own(self, "cards"), 0);
    $.own(card, "words").push("first");
    const copy = $.clone(card);
    $.own(card, "words").push("second");
    $.own(card, "at").x = 9;
    expect(copy).toEqual({ name: "a", words: ["w", "first"], at: { x: 1 } });
  });

  it("the original does not change with its clone", () => {
    const before = board();
    const self = open(before);
    const cards = $.own(self, "cards");
    cards.push($.clone($.own(cards, 0)));
    const copy = $.ownAt(cards, 2);
    if (copy !== null) {
      copy.name = "copy";
      $.own(copy, "words").push("copy");
    }
    expect(cards[0]).toEqual(before.cards[0]);
  });

  it("mine copies what is shared once, and what is owned never", () => {
    const before = board();
    const mine = $.mine(before.cards);
    expect(mine).not.toBe(before.cards);
    expect($.mine(mine)).toBe(mine);
    expect($.mine("text")).toBe("text");
  });

  it("put refills an object that others hold", () => {
    const at = { a: 1, b: 2 } as Record<string, number>;
    $.put(at, { c: 3 });
    expect(at).toEqual({ c: 3 });
    const list = [1, 2];
    $.put(list, [3]);
    expect(list).toEqual([3]);
  });
});

describe("cells", () => {
  it("are places of numbers and texts: what is written shows where they stand", () => {
    const before = board();
    const self = open(before);
    const n = $.cellKey($.own(self, "count"), "n");
    if (n !== null) n.v += 1;
    const made = $.cellOr($.own(self, "count"), "__proto__", () => 5);
    made.v += 1;
    const after = close(before, self);
    expect(after.count["n"]).toBe(2);
    expect(Object.entries(after.count)).toEqual([["n", 2], ["__proto__", 6]]);
    expect(before.count["n"]).toBe(1);
  });

  it("own the object of an enum that stands there", () => {
    const before = frozen({ state: { Review: { round: 1 } } });
    const self = open(before);
    $.own($.cell(self, "state").own(), "Review").round = 2;
    expect(close(before, self)).toEqual({ state: { Review: { round: 2 } } });
    expect(before.state.Review.round).toBe(1);
  });
});
