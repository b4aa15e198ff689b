/** Lists as Rust has them: an index out of range is a fault, `get` gives null. */
import { Fault } from "./errors.js";
import { mapAt, mapDel } from "./maps.js";
import { eq, own } from "./own.js";

/** `list[i]`; a fault where there is none. */
export function at<T>(list: readonly T[], i: number): T {
  if (i >= list.length) outOfRange();
  return list[i] as T;
}

/** `list[i]` of an owned list, owned; a fault where there is none. */
export function ownIn<T>(list: T[], i: number): T {
  if (i >= list.length) outOfRange();
  return own(list, i) as T;
}

/** Returns `i`; a fault where the list has no such element. */
export function index(list: readonly unknown[], i: number): number {
  if (i >= list.length) outOfRange();
  return i;
}

/** `get`, `first`, `last`; null where there is none. */
export function get<T>(list: readonly T[], i: number): T | null {
  return i >= 0 && i < list.length ? (list[i] as T) : null;
}

/** `pop` of an owned list; null where it is empty. */
export function pop<T>(list: T[]): T | null {
  return list.length === 0 ? null : (list.pop() as T);
}

/** `remove` from an owned list; a fault where there is none. */
export function removeAt<T>(list: T[], i: number): T {
  const item = at(list, i);
  list.splice(i, 1);
  return item;
}

/** `swap_remove` */
export function swapRemove<T>(list: T[], i: number): T {
  const item = at(list, i);
  const last = list.pop() as T;
  if (i < list.length) list[i] = last;
  return item;
}

/** `insert` into an owned list; a fault beyond its end. */
export function insertAt<T>(list: T[], i: number, item: NoInfer<T>): void {
  if (i > list.length) outOfRange();
  list.splice(i, 0, item);
}

/** `swap` of two elements of an owned list. */
export function swapAt(list: unknown[], i: number, j: number): void {
  const [a, b] = [at(list, i), at(list, j)];
  list[i] = b;
  list[j] = a;
}

/** `truncate` */
export function truncate(list: unknown[], length: number): void {
  if (length < list.length) list.length = length;
}

/** `split_off`; a fault beyond the end. */
export function splitOff<T>(list: T[], at: number): T[] {
  if (at > list.length) outOfRange();
  return list.splice(at);
}

/** `retain`, in place, each element asked once and in order. */
export function retain<T>(list: T[], keep: (item: T) => boolean): void {
  let kept = 0;
  for (const item of list) if (keep(item)) list[kept++] = item;
  list.length = kept;
}

/** `retain` of an owned map; `keys` in Rust's order. */
export function mapRetain<K extends string | number, V>(
  map: Record<string, V>,
  keys: readonly K[],
  keep: (key: K, value: V) => boolean,
): void {
  for (const key of keys) if (!keep(key, mapAt(map, key))) mapDel(map, key);
}

/** `dedup_by_key`: of neighbours with equal keys the first stays. */
export function dedup<T>(list: T[], key: (item: T) => unknown): void {
  let kept = 0;
  for (const item of list) if (kept === 0 || !eq(key(list[kept - 1] as T), key(item))) list[kept++] = item;
  list.length = kept;
}

function outOfRange(): never {
  throw new Fault("index out of range");
}
