/** Structural sharing: what is equal keeps its identity, so that nobody is told of a change that is none. */

/** Returns `before` where `after` is equal to it; else `after`, with the equal parts of `before` in it. */
export function share<T>(before: unknown, after: T): T {
  if (Object.is(before, after)) return after;
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) return after;
  const isList = Array.isArray(after);
  if (isList !== Array.isArray(before)) return after;
  const keys = Object.keys(after);
  let same = keys.length === Object.keys(before).length;
  const old = before as Readonly<Record<string, unknown>>;
  const fresh = after as Readonly<Record<string, unknown>>;
  const entries = keys.map((key): [string, unknown] => {
    const has = Object.hasOwn(old, key);
    const part = has ? share(old[key], fresh[key]) : fresh[key];
    same &&= has && Object.is(part, old[key]);
    return [key, part];
  });
  if (same) return before as T;
  // `fromEntries` defines: a key of a map may be called `__proto__`.
  return (isList ? entries.map(([, part]) => part) : Object.fromEntries(entries)) as T;
}
