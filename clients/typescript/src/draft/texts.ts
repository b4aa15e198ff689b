/** Text as Rust has it: bytes of UTF-8, order by code point, White_Space, `parse`. */
import { GiveUp } from "./errors.js";
import { type Int, RANGE, checked } from "./numbers.js";

/** Unicode's White_Space: with U+0085, without U+FEFF, where JavaScript's `trim` has it the other way round. */
const SPACE = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
/** More than this is not predicted: a page should not build it. */
const LONGEST = 1 << 20;
const LIMIT_64: Readonly<Partial<Record<Int, readonly [bigint, bigint]>>> = {
  u64: [0n, 18446744073709551615n],
  usize: [0n, 18446744073709551615n],
  i64: [-9223372036854775808n, 9223372036854775807n],
};

/** Compares by code point, which is the order of the bytes of UTF-8; numbers by size. Gives -1, 0 or 1. */
export function cmp<T extends string | number | boolean>(a: T, b: T): number {
  return typeof a === "string" ? cmpText(a, b as string) : a < b ? -1 : a > b ? 1 : 0;
}

/** The same where either may be absent: `None` comes first. */
export function cmpOpt<T extends string | number | boolean>(a: T | null, b: T | null): number {
  return a === null ? (b === null ? 0 : -1) : b === null ? 1 : cmp(a, b);
}

/** `len`: bytes of UTF-8. */
export function utf8(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Half of a surrogate pair is two of its four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
  }
  return bytes;
}

/** `trim` */
export function trim(text: string): string {
  return trimEnd(trimStart(text));
}

/** `trim_start` */
export function trimStart(text: string): string {
  let i = 0;
  while (i < text.length && SPACE.test(text.charAt(i))) i++;
  return text.slice(i);
}

/** `trim_end` */
export function trimEnd(text: string): string {
  let i = text.length;
  while (i > 0 && SPACE.test(text.charAt(i - 1))) i--;
  return text.slice(0, i);
}

/** `parse::<int>()`; null for an error. */
export function parse(int: Int, text: string): number | null {
  const signed = RANGE[int][0] < 0;
  if (!(signed ? /^[+-]?[0-9]+$/ : /^\+?[0-9]+$/).test(text)) return null;
  const limit = LIMIT_64[int];
  const n = Number(text) + 0;
  if (limit === undefined) return checked(int, n);
  const exact = BigInt(text.replace("+", ""));
  if (exact < limit[0] || exact > limit[1]) return null;
  if (!Number.isSafeInteger(n)) throw new GiveUp();
  return n;
}

/** `replace`: all of them, literally. */
export function replace(text: string, from: string, to: string): string {
  if (from === "") throw new GiveUp();
  return text.replaceAll(from, () => to);
}

/** `repeat` */
export function repeat(text: string, n: number): string {
  if (text.length * n > LONGEST) throw new GiveUp();
  return text.repeat(n);
}

/** `split` by text. */
export function split(text: string, by: string): string[] {
  if (by === "") throw new GiveUp();
  return text.split(by);
}

/** `strip_prefix` */
export function stripPrefix(text: string, prefix: string): string | null {
  return text.startsWith(prefix) ? text.slice(prefix.length) : null;
}

/** `strip_suffix` */
export function stripSuffix(text: string, suffix: string): string | null {
  return text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : null;
}

/** `to_ascii_lowercase` */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (part) => part.toLowerCase());
}

/** `to_ascii_uppercase` */
export function upperAscii(text: string): string {
  return text.replace(/[a-z]+/g, (part) => part.toUpperCase());
}

/** Compares by code point: UTF-16 units differ where a surrogate meets U+E000 to U+FFFF. */
export function cmpText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) < rank(y) ? -1 : 1;
  }
  return Math.sign(a.length - b.length);
}

/** Puts surrogates above the other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
