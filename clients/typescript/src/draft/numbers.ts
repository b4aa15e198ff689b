/** Integers as Rust has them: range tests, division, conversions. 64 bits are exact up to 2^53, else `GiveUp`. */
import { Fault, GiveUp } from "./errors.js";

/** The integer types. */
export type Int = "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64";

const SAFE = Number.MAX_SAFE_INTEGER;

/** Lowest and highest value; of 64 bits those that a number holds exactly. */
export const RANGE: Readonly<Record<Int, readonly [low: number, high: number]>> = {
  u8: [0, 255],
  u16: [0, 65535],
  u32: [0, 4294967295],
  u64: [0, 9007199254740991],
  usize: [0, 9007199254740991],
  i8: [-128, 127],
  i16: [-32768, 32767],
  i32: [-2147483648, 2147483647],
  i64: [-9007199254740991, 9007199254740991],
};

/** Returns `n` where it is a `u8`; a fault else: what `+ - *` do on both sides. */
export function u8(n: number): number {
  return within(n, 0, 255) ?? overflow();
}
/** The same for `u16`. */
export function u16(n: number): number {
  return within(n, 0, 65535) ?? overflow();
}
/** The same for `u32`. */
export function u32(n: number): number {
  return within(n, 0, 4294967295) ?? overflow();
}
/** The same for `u64`. */
export function u64(n: number): number {
  return within(n, 0, SAFE) ?? overflow();
}
/** The same for `usize`. */
export function usize(n: number): number {
  return within(n, 0, SAFE) ?? overflow();
}
/** The same for `i8`. */
export function i8(n: number): number {
  return within(n, -128, 127) ?? overflow();
}
/** The same for `i16`. */
export function i16(n: number): number {
  return within(n, -32768, 32767) ?? overflow();
}
/** The same for `i32`. */
export function i32(n: number): number {
  return within(n, -2147483648, 2147483647) ?? overflow();
}
/** The same for `i64`. */
export function i64(n: number): number {
  return within(n, -SAFE, SAFE) ?? overflow();
}

/** Returns `n` where it may stand in a model; a fault where it is NaN or infinite, which JSON cannot say. */
export function f64(n: number): number {
  if (!Number.isFinite(n)) throw new Fault("a number that is not finite");
  return n;
}

/** Divides as Rust does: truncated, a fault by zero, never `-0`. */
export function div(a: number, b: number): number {
  if (b === 0) throw new Fault("division by zero");
  return Math.trunc(a / b) + 0;
}

/** The remainder; a fault by zero, and for `min % -1`. */
export function rem(a: number, b: number, min?: number): number {
  if (b === 0) throw new Fault("division by zero");
  if (b === -1 && a === min) overflow();
  return (a % b) + 0;
}

/** Returns `n`, or null where it is out of range: `checked_add` and its like. */
export function checked(int: Int, n: number): number | null {
  return within(n, ...RANGE[int]);
}

/** `checked_div` */
export function checkedDiv(int: Int, a: number, b: number): number | null {
  return b === 0 ? null : checked(int, div(a, b));
}

/** `checked_rem` */
export function checkedRem(int: Int, a: number, b: number): number | null {
  return b === 0 || (b === -1 && a === RANGE[int][0]) ? null : rem(a, b);
}

/** Returns `n`, or the end of the range that it passed: `saturating_add` and its like. */
export function saturated(int: Int, n: number): number {
  const [low, high] = RANGE[int];
  if (high === SAFE && (n > high || (low < 0 && n < low))) throw new GiveUp();
  return Math.min(Math.max(n, low), high);
}

/** Returns `n` modulo the range: `wrapping_add` and its like, and `as` between integers. */
export function wrapped(int: Int, n: number): number {
  switch (int) {
    case "u8":
      return n & 255;
    case "u16":
      return n & 65535;
    case "u32":
      return n >>> 0;
    case "i8":
      return (n << 24) >> 24;
    case "i16":
      return (n << 16) >> 16;
    case "i32":
      return n | 0;
    default: {
      const [low, high] = RANGE[int];
      if (n < low || n > high) throw new GiveUp();
      return n;
    }
  }
}

/** `wrapping_mul`: exact for 32 bits. */
export function wrappedMul(int: Int, a: number, b: number): number {
  return wrapped(int, int === "u32" || int === "i32" ? Math.imul(a, b) : a * b);
}

/** `as` from a float: truncated, at the ends of the range where it is beyond, 0 for NaN. */
export function fromFloat(int: Int, x: number): number {
  return Number.isNaN(x) ? 0 : saturated(int, Math.trunc(x) + 0);
}

/** A power; beyond 2^53 it is out of any range. */
export function pow(a: number, b: number): number {
  let power = 1;
  for (let rest = b; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power *= a;
    if (rest > 1) a *= a;
    if (Math.abs(power) > SAFE) return power;
  }
  return power + 0;
}

/** `clamp`; a fault where the bounds cross. */
export function clamp(n: number, low: number, high: number): number {
  if (low > high) throw new Fault("clamp: its lower bound is above its upper one");
  return Math.min(Math.max(n, low), high);
}

/** `f64::max`: NaN loses. */
export function fmax(a: number, b: number): number {
  return Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b);
}

/** `f64::min`: NaN loses. */
export function fmin(a: number, b: number): number {
  return Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b);
}

/** Each integer type has its own ends in the code above, so that a page pays for those that it uses. */
function within(n: number, low: number, high: number): number | null {
  if (n >= low && n <= high) return n + 0;
  if (high === SAFE && (n > high || low < 0)) throw new GiveUp();
  return null;
}

function overflow(): never {
  throw new Fault("overflow");
}
