/** Ids and random numbers against the vectors that the Rust side is tested with too (S45). */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Seed, idOf, randomOf } from "../src/ids.js";

const FILE = new URL("../../../realtime-protocol/tests/vectors/ids.json", import.meta.url);
const SEEDS: readonly Seed[] = [
  [0, 0, 0, 0],
  [1, 2, 3, 4],
  [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
  [0xdeadbeef, 0x01234567, 0x89abcdef, 0x80000000],
  [3_141_592_653, 2_718_281_828, 1_618_033_988, 1_414_213_562],
];

function vectors(): unknown {
  return SEEDS.map((seed) => {
    const random = randomOf(seed);
    return {
      seed,
      ids: [0, 1, 2, 3].map((k) => idOf(seed, k)),
      random: [2, 6, 100, 4_294_967_295].map((n) => ({ n, value: random(n) })),
    };
  });
}

test("s45_ids_are_those_of_the_vectors", () => {
  if (process.env["UPDATE_GENERATED"] === "1") writeFileSync(FILE, `${JSON.stringify(vectors(), null, 2)}\n`);
  expect(vectors()).toEqual(JSON.parse(readFileSync(FILE, "utf8")));
});

test("s45_ids_are_22_characters_of_base64url_and_differ_by_k_and_by_seed", () => {
  const ids = SEEDS.flatMap((seed) => [0, 1, 2, 3].map((k) => idOf(seed, k)));
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{21}[AQgw]$/);
  expect(new Set(ids).size).toBe(ids.length);
});
