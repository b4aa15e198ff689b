/**
 * Copy-on-write: the state below a draft is immutable and shared; what one run has copied is its own.
 *
 * A copy is made once per object and run. Whoever writes asks for an owned object first (`own`, `ownAt`, `ownKey`).
 */
import { share } from "../collection/share.js";
import { GiveUp, Refused } from "./errors.js";

/** `T` without `readonly`, all the way down. */
export type Mut<T> = { -readonly [K in keyof T]: Mut<T[K]> };

/** A place that holds a number, a text, an enum or an Option: what `&mut` to one of these is in JavaScript. */
export interface Cell<T> {
  /** What stands there now. */
  v: T;
  /** The same, as an object that this run may change. */
  own(): T;
}

/** What the present run has copied. One run at a time: a mutator is synchronous, and calls no other. */
let copies = new WeakSet<object>();

/**
 * Begins a run; returns an owned shallow copy of `value`: what a mutator gets as `self`.
 *
 * Reading one of the columns `unseen` ends the run: they are hidden from this reader (S33). One that is written is
 * known from then on.
 */
export function open<T>(value: T, unseen: readonly string[] = []): Mut<T> {
  copies = new WeakSet();
  const self = mine(value as Mut<T>);
  for (const key of unseen) {
    const at = { configurable: true, enumerable: true };
    Object.defineProperty(self, key, {
      ...at,
      get() {
        throw new GiveUp();
      },
      set: (written: unknown) => void Object.defineProperty(self, key, { ...at, value: written, writable: true }),
    });
  }
  return self;
}

/** Returns what `copy` became without what is hidden: `original`, and any part that it shares, where nothing differs. */
export function close<T extends object>(original: T, copy: object, unseen: readonly string[] = []): T {
  for (const key of unseen) delete (copy as Record<string, unknown>)[key];
  return share(original, copy as T);
}

/** Tells whether a column of `self` is hidden from this reader, and was not written in this run. */
export function hidden(self: object, key: string): boolean {
  return Object.getOwnPropertyDescriptor(self, key)?.get !== undefined;
}

/** Returns `value` as an object that this run may change: a shallow copy, unless it has made it. */
export function mine<T>(value: T): T {
  if (typeof value !== "object" || value === null || copies.has(value)) return value;
  const copy: object = Array.isArray(value) ? value.slice() : { ...value };
  copies.add(copy);
  return copy as T;
}

/** Returns the object at `at[key]`, owned and in its place. What is no object is returned as it is. */
export function own<T extends object, K extends keyof T>(at: T, key: K): T[K] {
  const value = at[key];
  const copy = mine(value);
  if (copy !== value) define(at, key, copy);
  return copy;
}

/** Returns element `i` of an owned list, owned; `null` where there is none. */
export function ownAt<T>(list: T[], i: number): T | null {
  return i < list.length ? own(list, i) as T : null;
}

/** Returns the value of `key` in an owned map, owned; `null` where there is none. */
export function ownKey<V>(map: Record<string, V>, key: string | number): V | null {
  return Object.hasOwn(map, key) ? own(map, String(key)) as V : null;
}

/** Returns the value of `key` in an owned map, owned; inserts what `make` returns where there is none. */
export function ownOr<V>(map: Record<string, V>, key: string | number, make: () => NoInfer<V>): V {
  if (!Object.hasOwn(map, key)) define(map, String(key), make());
  return own(map, String(key)) as V;
}

/** Returns the place `at[key]` of an owned object. */
export function cell<T extends object, K extends keyof T>(at: T, key: K): Cell<T[K]> {
  return {
    get v() {
      return at[key];
    },
    set v(value: T[K]) {
      define(at, key, value);
    },
    own: () => own(at, key),
  };
}

/** Returns the place of element `i` of an owned list; `null` where there is none. */
export function cellAt<T>(list: T[], i: number): Cell<T> | null {
  return i < list.length ? cell(list as Record<number, T>, i) : null;
}

/** Returns the place of `key` in an owned map; `null` where there is none. */
export function cellKey<V>(map: Record<string, V>, key: string | number): Cell<V> | null {
  return Object.hasOwn(map, key) ? cell(map, String(key)) : null;
}

/** Returns the place of `key` in an owned map; inserts what `make` returns where there is none. */
export function cellOr<V>(map: Record<string, V>, key: string | number, make: () => NoInfer<V>): Cell<V> {
  if (!Object.hasOwn(map, key)) define(map, String(key), make());
  return cell(map, String(key));
}

/** Puts `value` into `at[key]` of an owned object and returns what stood there. */
export function swap<T extends object, K extends keyof T>(at: T, key: K, value: NoInfer<T[K]>): T[K] {
  const before = at[key];
  define(at, key, value);
  return before;
}

/** Replaces the content of an owned object, which others hold: `*r = value`. */
export function put<T extends object>(at: T, value: NoInfer<T>): void {
  if (Array.isArray(at)) {
    at.length = 0;
    for (const item of value as readonly unknown[]) at.push(item);
    return;
  }
  for (const key of Object.keys(at)) delete (at as Record<string, unknown>)[key];
  for (const [key, item] of Object.entries(value)) define(at, key, item);
}

/** Returns a deep copy. A shallow one is wrong: the original may be owned, and changed in place afterwards. */
export function clone<T>(value: T): Mut<T> {
  if (typeof value !== "object" || value === null) return value as Mut<T>;
  if (Array.isArray(value)) return value.map((item: unknown) => clone(item)) as Mut<T>;
  const entries = Object.entries(value).map(([key, item]) => [key, clone(item)] as const);
  return Object.fromEntries(entries) as Mut<T>;
}

/** Compares deeply, by keys: `==` of structs, lists, maps and enums. */
export function eq(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && eq(read(a, key), read(b, key)));
}

/** Refuses with the author's error. An expression: `x ?? $.fail({ code: "NotFound" })`. */
export function fail(error: unknown): never {
  throw new Refused(error);
}

/** Tells whether an externally tagged enum is the variant `name` with content. */
export function is<T, K extends string>(value: T, name: K): value is Extract<T, Record<K, unknown>> {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name);
}

/** Returns `value` as the variant `name`, which the caller knows it to be. */
export function as<T, K extends string>(value: T, name: K): Extract<T, Record<K, unknown>> {
  void name;
  return value as Extract<T, Record<K, unknown>>;
}

/** Returns an internally tagged enum as the variant whose `tag` is `name`, which the caller knows it to be. */
export function tagged<T, K extends string, V extends string>(value: T, tag: K, name: V): Extract<T, Record<K, V>> {
  void tag;
  void name;
  return value as Extract<T, Record<K, V>>;
}

/** Sets a property of its own, whatever its name: `__proto__` is a key like any other. */
export function define<T extends object>(at: T, key: PropertyKey, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(at, key, { value, writable: true, enumerable: true, configurable: true });
  else (at as Record<PropertyKey, unknown>)[key] = value;
}

function read(of: object, key: string): unknown {
  return (of as Record<string, unknown>)[key];
}
