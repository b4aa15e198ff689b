/**
 * What lowered mutators call: Rust's semantics over immutable state, one function each.
 *
 * Generated code imports all of it as `$`; a bundler keeps what is used, so a page pays for the operations of its own
 * mutators. Why each is there stands in docs/decisions/0018; the tests are named after the rules.
 */
export { Fault, GiveUp, Refused } from "./errors.js";
export {
  at, dedup, get, index, insertAt, mapRetain, ownIn, pop, removeAt, retain, splitOff, swapAt,
  swapRemove, truncate,
} from "./lists.js";
export {
  has, keys, mapAt, mapClear, mapDel, mapGet, mapLen, mapSet, numKeys, setAdd, setDel, setHas,
  setOf,
} from "./maps.js";
export {
  checked, checkedDiv, checkedRem, clamp, div, f64, fmax, fmin, fromFloat, i16, i32, i64, i8, pow,
  rem, saturated, u16, u32, u64, u8, usize, wrapped, wrappedMul,
} from "./numbers.js";
export {
  as, cell, cellAt, cellKey, cellOr, clone, eq, fail, hidden, is, mine, own, ownAt, ownKey, ownOr, put,
  swap, tagged,
} from "./own.js";
export {
  cmp, cmpOpt, lowerAscii, parse, repeat, replace, split, stripPrefix, stripSuffix, trim, trimEnd,
  trimStart, upperAscii, utf8,
} from "./texts.js";
export type { Int } from "./numbers.js";
export type { Cell, Mut } from "./own.js";
