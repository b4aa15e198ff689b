/** MessagePack against the bytes of its specification, and a whole session over it. */
import { expect, test } from "vitest";
import { sfc32 } from "../src/ids.js";
import { msgpack } from "../src/msgpack.js";
import { turn } from "./support/environment.js";
import { live } from "./support/peer.js";

const codec = msgpack();
const hex = (value: unknown): string => Buffer.from(codec.encode(value) as Uint8Array).toString("hex");
const back = (value: unknown): unknown => codec.decode(codec.encode(value));
const read = (text: string): unknown => codec.decode(new Uint8Array(Buffer.from(text, "hex")));

test.each<[unknown, string]>([
  [null, "c0"], [undefined, "c0"], [false, "c2"], [true, "c3"],
  [0, "00"], [127, "7f"], [128, "cc80"], [255, "ccff"], [256, "cd0100"], [65_535, "cdffff"], [65_536, "ce00010000"],
  [2 ** 32, "cf0000000100000000"], [-1, "ff"], [-32, "e0"], [-33, "d0df"], [-129, "d1ff7f"], [-32_769, "d2ffff7fff"],
  [-(2 ** 31) - 1, "d3ffffffff7fffffff"], [1.5, "cb3ff8000000000000"], [2 ** 60, "cb43b0000000000000"],
  ["", "a0"], ["ü", "a2c3bc"], ["x".repeat(32), `d920${"78".repeat(32)}`], [[], "90"], [[1, [2]], "92019102"],
  [{}, "80"], [{ a: 1, b: undefined }, "81a16101"], [new Uint8Array([1, 2]), "c4020102"],
])("writes %j as %s", (value, bytes) => {
  expect(hex(value)).toBe(bytes);
});

test("lengths_of_every_size_come_back", () => {
  for (const n of [15, 16, 31, 32, 255, 256, 65_535, 65_536]) {
    expect(back("x".repeat(n))).toBe("x".repeat(n));
    expect(back(Array.from({ length: n }, (_, i) => i % 200))).toHaveLength(n);
    expect(back(new Uint8Array(n))).toHaveLength(n);
  }
  expect(Object.keys(back(Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, i]))) as object)).toHaveLength(70_000);
});

test("what_another_writer_may_choose_is_read", () => {
  expect([read("ca3fc00000"), read("d3ffffffffffffffff"), read("cf001fffffffffffff"), read("d90161"), read("dc000101"), read("de0001a16101")])
    .toEqual([1.5, -1, 2 ** 53 - 1, "a", [1], { a: 1 }]);
  expect(Object.hasOwn(read("81a95f5f70726f746f5f5f01") as object, "__proto__")).toBe(true);
});

test.each(["", "92", "a5616161", "c1", "d40100", "0000", "cb00", "a1ff"])("refuses %s", (bytes) => {
  expect(() => read(bytes)).toThrow();
});

test("refuses_what_cannot_be_sent_and_text", () => {
  expect(() => codec.encode([1n])).toThrow("bigint");
  expect(() => codec.decode("[]")).toThrow("text message");
});

test("random_values_come_back_as_they_went", () => {
  const next = sfc32([1, 2, 3, 4], 0);
  const random = (n: number): number => Math.floor((next() / 2 ** 32) * n);
  const value = (depth: number): unknown => {
    const kind = random(depth > 4 ? 5 : 7);
    if (kind === 0) return null;
    if (kind === 1) return random(2) === 0;
    if (kind === 2) return Math.round((next() / 2 ** 32 - 0.5) * 2 ** random(54)) + 0;
    if (kind === 3) return next() / 7;
    if (kind === 4) return String.fromCodePoint(...Array.from({ length: random(40) }, () => random(0xd7ff)));
    if (kind === 5) return Array.from({ length: random(20) }, () => value(depth + 1));
    return Object.fromEntries(Array.from({ length: random(20) }, () => [`k${random(99)}`, value(depth + 1)]));
  };
  for (let i = 0; i < 500; i++) {
    const one = value(0);
    expect(back(one)).toEqual(one);
  }
});

test("a_session_runs_over_it", async () => {
  const one = await live({ codec });
  expect(one.wire().protocol).toBe("realtime.v1.msgpack");
  const vote = one.rt.poll("lunch").vote({ choice: 0 });
  await turn();
  expect(one.wire().sent.at(-1)).toBeInstanceOf(Uint8Array);
  one.say([25, 1, 11, [[0, 1, [0]]]], [28, 1, [[5, 11]]]);
  expect(await vote).toMatchObject({ status: "confirmed", offset: 11 });
});
