/** BTreeMap as a plain object, whose keys may be any text, and BTreeSet as a sorted list. */
import { Fault, GiveUp } from "./errors.js";
import { define } from "./own.js";
import { cmp, cmpText } from "./texts.js";

type Key = string | number;

/** `contains_key` */
export function has(map: object, key: Key): boolean {
  return Object.hasOwn(map, key);
}

/** `get`; null where there is none. */
export function mapGet<V>(map: Readonly<Record<string, V>>, key: Key): V | null {
  return Object.hasOwn(map, key) ? (map[key] as V) : null;
}

/** `map[&key]`; a fault where there is none. */
export function mapAt<V>(map: Readonly<Record<string, V>>, key: Key): V {
  if (!Object.hasOwn(map, key)) throw new Fault("no such key");
  return map[key] as V;
}

/** `insert` into an owned map; returns what stood there, or null. */
export function mapSet<V>(map: Record<string, V>, key: Key, value: NoInfer<V>): V | null {
  const before = mapGet(map, key);
  define(map, String(key), value);
  return before;
}

/** `remove` from an owned map; returns what stood there, or null. */
export function mapDel<V>(map: Record<string, V>, key: Key): V | null {
  const before = mapGet(map, key);
  delete map[key];
  return before;
}

/** `len` */
export function mapLen(map: object): number {
  return Object.keys(map).length;
}

/** `clear` of an owned map. */
export function mapClear(map: Record<string, unknown>): void {
  for (const key of Object.keys(map)) delete map[key];
}

/** The keys in Rust's order; JavaScript's puts those that look like integers first. */
export function keys(map: object): string[] {
  return Object.keys(map).sort(cmpText);
}

/** The keys of a map by integers, in order. */
export function numKeys(map: object): number[] {
  const keys = Object.keys(map).map(Number);
  if (!keys.every(Number.isSafeInteger)) throw new GiveUp();
  return keys.sort((a, b) => a - b);
}

/** `contains` of a set. */
export function setHas<T extends Key>(set: readonly T[], item: T): boolean {
  return set[find(set, item)] === item;
}

/** `insert` into an owned set; tells whether it is new. */
export function setAdd<T extends Key>(set: T[], item: NoInfer<T>): boolean {
  const i = find(set, item);
  if (set[i] === item) return false;
  set.splice(i, 0, item);
  return true;
}

/** `remove` from an owned set; tells whether it was there. */
export function setDel<T extends Key>(set: T[], item: NoInfer<T>): boolean {
  const i = find(set, item);
  if (set[i] !== item) return false;
  set.splice(i, 1);
  return true;
}

/** Returns what `items` are as a set: sorted, each once. */
export function setOf<T extends Key>(items: readonly T[]): T[] {
  const set: T[] = [];
  for (const item of items) setAdd(set, item);
  return set;
}

/** Where the first element stands that is not below `item`. */
function find<T extends Key>(set: readonly T[], item: T): number {
  let [low, high] = [0, set.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cmp<Key>(set[middle] as T, item) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
