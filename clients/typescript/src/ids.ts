/**
 * Ids and random numbers that both sides draw alike from a mutation's seed (S45).
 *
 * The generator is sfc32: four 32-bit words, 32-bit arithmetic only. `tests/vectors/ids.json` of
 * realtime-protocol holds what it must give.
 */

/** Where a mutation's ids and random numbers come from: four 32-bit numbers. */
export type Seed = readonly [number, number, number, number];

const ROUNDS = 12;
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Returns sfc32 from `seed`, its last word xor `k`, after 12 rounds of warm-up: each call gives 32 bits. */
export function sfc32([a, b, c, d]: Seed, k: number): () => number {
  d ^= k;
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < ROUNDS; i++) next();
  return next;
}

/** Returns the `k`-th id of a mutation, from 0: four outputs, big-endian, as 22 characters of base64url. */
export function idOf(seed: Seed, k: number): string {
  const next = sfc32(seed, k);
  return base64url([next(), next(), next(), next()]);
}

/** Returns `random(n)` of a mutation: a stream of its own (k = 0xffffffff), `floor(u32 / 2^32 × n)`. */
export function randomOf(seed: Seed): (n: number) => number {
  const next = sfc32(seed, 0xffffffff);
  return (n) => Math.floor((next() / 2 ** 32) * n);
}

/** Draws ids and random numbers from a mutation's seed, each run the same ones. */
export function draws(seed: Seed): { newId: () => string; random: (n: number) => number } {
  let k = 0;
  return { newId: () => idOf(seed, k++), random: randomOf(seed) };
}

/** Returns 32-bit words, big-endian, as base64url without padding. */
export function base64url(words: readonly number[]): string {
  let text = "";
  for (let bit = 0; bit < words.length * 32; bit += 6) {
    const word = words[bit >> 5] ?? 0;
    const at = bit & 31;
    const next = words[(bit >> 5) + 1] ?? 0;
    const six = at <= 26 ? word >>> (26 - at) : (word << (at - 26)) | (next >>> (58 - at));
    text += DIGITS[six & 63] ?? "";
  }
  return text;
}
