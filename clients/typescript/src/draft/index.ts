/**
 * What lowered mutators call: one run's draft over immutable state, with Rust's semantics.
 *
 * The rules, and why each helper is there, stand in docs on lowering; the tests are named after them.
 */
import { Fault } from "./errors.js";
import { Maps } from "./maps.js";

export { Fault, GiveUp, Refused } from "./errors.js";
export type { Int } from "./numbers.js";
export type { Cell, Mut } from "./own.js";

/** One run of one mutator. Never used for another run: it knows which objects this one has copied. */
export class Draft extends Maps {
  /** `list[i]`; a fault where there is none. */
  at<T>(list: readonly T[], i: number): T {
    if (i >= list.length) outOfRange();
    return list[i] as T;
  }

  /** `list[i]` of an owned list, owned; a fault where there is none. */
  ownIn<T>(list: T[], i: number): T {
    if (i >= list.length) outOfRange();
    return this.own(list, i) as T;
  }

  /** Returns `i`; a fault where the list has no such element. */
  index(list: readonly unknown[], i: number): number {
    if (i >= list.length) outOfRange();
    return i;
  }

  /** `get`, `first`, `last`; null where there is none. */
  get<T>(list: readonly T[], i: number): T | null {
    return i >= 0 && i < list.length ? (list[i] as T) : null;
  }

  /** `pop` of an owned list; null where it is empty. */
  pop<T>(list: T[]): T | null {
    return list.length === 0 ? null : (list.pop() as T);
  }

  /** `remove` from an owned list; a fault where there is none. */
  removeAt<T>(list: T[], i: number): T {
    const item = this.at(list, i);
    list.splice(i, 1);
    return item;
  }

  /** `swap_remove` */
  swapRemove<T>(list: T[], i: number): T {
    const item = this.at(list, i);
    const last = list.pop() as T;
    if (i < list.length) list[i] = last;
    return item;
  }

  /** `insert` into an owned list; a fault beyond its end. */
  insertAt<T>(list: T[], i: number, item: NoInfer<T>): void {
    if (i > list.length) outOfRange();
    list.splice(i, 0, item);
  }

  /** `swap` of two elements of an owned list. */
  swapAt(list: unknown[], i: number, j: number): void {
    const [a, b] = [this.at(list, i), this.at(list, j)];
    list[i] = b;
    list[j] = a;
  }

  /** `truncate` */
  truncate(list: unknown[], length: number): void {
    if (length < list.length) list.length = length;
  }

  /** `split_off`; a fault beyond the end. */
  splitOff<T>(list: T[], at: number): T[] {
    if (at > list.length) outOfRange();
    return list.splice(at);
  }

  /** `retain`, in place, each element asked once and in order. */
  retain<T>(list: T[], keep: (item: T) => boolean): void {
    let kept = 0;
    for (const item of list) if (keep(item)) list[kept++] = item;
    list.length = kept;
  }

  /** `retain` of an owned map; `keys` in Rust's order. */
  mapRetain<K extends string | number, V>(
    map: Record<string, V>,
    keys: readonly K[],
    keep: (key: K, value: V) => boolean,
  ): void {
    for (const key of keys) if (!keep(key, this.mapAt(map, key))) this.mapDel(map, key);
  }

  /** `dedup_by_key`: of neighbours with equal keys the first stays. */
  dedup<T>(list: T[], key: (item: T) => unknown): void {
    let kept = 0;
    for (const item of list) if (kept === 0 || !this.eq(key(list[kept - 1] as T), key(item))) list[kept++] = item;
    list.length = kept;
  }
}

function outOfRange(): never {
  throw new Fault("index out of range");
}
