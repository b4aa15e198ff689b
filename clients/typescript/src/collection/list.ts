/** All entities of one model: a schema names this for models that have a list, so that a page without one does not carry it. */
import type { Base, Data } from "./base.js";
import type { Overlay } from "./view.js";

/** Returns all visible entities of `model`, sorted by key; `before` itself where they are the same ones. */
export function lists(base: Base, overlay: Overlay, model: number, before: unknown): readonly Data[] {
  const table = new Map(base.rows.get(model));
  for (const [key, data] of overlay.get(model) ?? []) {
    if (data === undefined) table.delete(key);
    else table.set(key, data);
  }
  const all = [...table].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, data]) => data);
  const isSame = Array.isArray(before) && before.length === all.length && all.every((data, i) => data === before[i]);
  return isSame ? (before as readonly Data[]) : all;
}
