/** BTreeMap as a plain object, whose keys may be any text, and BTreeSet as a sorted list. */
import { Fault, GiveUp } from "./errors.js";
import { define } from "./own.js";
import { cmpText, Texts } from "./texts.js";

type Key = string | number;

/** The fourth layer of a draft: maps and sets. */
export class Maps extends Texts {
  /** `contains_key` */
  has(map: object, key: Key): boolean {
    return Object.hasOwn(map, key);
  }

  /** `get`; null where there is none. */
  mapGet<V>(map: Readonly<Record<string, V>>, key: Key): V | null {
    return Object.hasOwn(map, key) ? (map[key] as V) : null;
  }

  /** `map[&key]`; a fault where there is none. */
  mapAt<V>(map: Readonly<Record<string, V>>, key: Key): V {
    if (!Object.hasOwn(map, key)) throw new Fault("no such key");
    return map[key] as V;
  }

  /** `insert` into an owned map; returns what stood there, or null. */
  mapSet<V>(map: Record<string, V>, key: Key, value: NoInfer<V>): V | null {
    const before = this.mapGet(map, key);
    define(map, String(key), value);
    return before;
  }

  /** `remove` from an owned map; returns what stood there, or null. */
  mapDel<V>(map: Record<string, V>, key: Key): V | null {
    const before = this.mapGet(map, key);
    delete map[key];
    return before;
  }

  /** `len` */
  mapLen(map: object): number {
    return Object.keys(map).length;
  }

  /** `clear` of an owned map. */
  mapClear(map: Record<string, unknown>): void {
    for (const key of Object.keys(map)) delete map[key];
  }

  /** The keys in Rust's order; JavaScript's puts those that look like integers first. */
  keys(map: object): string[] {
    return Object.keys(map).sort(cmpText);
  }

  /** The keys of a map by integers, in order. */
  numKeys(map: object): number[] {
    const keys = Object.keys(map).map(Number);
    if (!keys.every(Number.isSafeInteger)) throw new GiveUp();
    return keys.sort((a, b) => a - b);
  }

  /** `contains` of a set. */
  setHas<T extends Key>(set: readonly T[], item: T): boolean {
    return set[this.#find(set, item)] === item;
  }

  /** `insert` into an owned set; tells whether it is new. */
  setAdd<T extends Key>(set: T[], item: NoInfer<T>): boolean {
    const i = this.#find(set, item);
    if (set[i] === item) return false;
    set.splice(i, 0, item);
    return true;
  }

  /** `remove` from an owned set; tells whether it was there. */
  setDel<T extends Key>(set: T[], item: NoInfer<T>): boolean {
    const i = this.#find(set, item);
    if (set[i] !== item) return false;
    set.splice(i, 1);
    return true;
  }

  /** Returns what `items` are as a set: sorted, each once. */
  setOf<T extends Key>(items: readonly T[]): T[] {
    const set: T[] = [];
    for (const item of items) this.setAdd(set, item);
    return set;
  }

  /** Where the first element stands that is not below `item`. */
  #find<T extends Key>(set: readonly T[], item: T): number {
    let [low, high] = [0, set.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.cmp<Key>(set[middle] as T, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
