/** Visible state = confirmed state, then the pending mutations replayed in order (L5): layers, built aside. */
import { attempt } from "../predict.js";
import type { Base, Data } from "./base.js";
import type { Entry } from "./pending.js";
import { share } from "./share.js";

/** What the pending mutations make of the entities that they touch: undefined where it is deleted. */
export type Overlay = ReadonlyMap<number, ReadonlyMap<string, Data | undefined>>;

/** Nothing is pending. */
export const CLEAR: Overlay = new Map();

/** Returns the entity that is visible. */
export function look(base: Base | undefined, overlay: Overlay, model: number, key: string): Data | undefined {
  const layer = overlay.get(model);
  return layer?.has(key) ? layer.get(key) : base?.rows.get(model)?.get(key);
}

/** Returns the entity as a mutator may see it: null where it is absent, but may only be hidden (S33). */
export function probe(base: Base | undefined, overlay: Overlay, model: number, key: string): Data | null | undefined {
  const isOpen = base?.partial.includes(model) === true && overlay.get(model)?.has(key) !== true;
  return look(base, overlay, model, key) ?? (isOpen ? null : undefined);
}

/**
 * Replays `entries` over `base`. A refusal, a fault or a mutation that cannot be predicted drops that layer only
 * (`shown`); without a base nothing shows. A run whose entity is the same object as before is not repeated, and one
 * that comes out equal keeps its identity.
 */
export function replay(base: Base | undefined, entries: readonly Entry[]): Overlay {
  if (base === undefined) {
    for (const entry of entries) {
      entry.shown = false;
      // What a run has seen goes with the rows (L9).
      entry.layer = undefined;
    }
    return CLEAR;
  }
  const overlay = new Map<number, Map<string, Data | undefined>>();
  for (const entry of entries) lay(entry, base, overlay);
  return overlay;
}

function lay(entry: Entry, base: Base, overlay: Map<number, Map<string, Data | undefined>>): void {
  if (entry.stale !== undefined) {
    entry.shown = false;
    return;
  }
  const { model, key, predict } = entry.call;
  const before = key === null ? undefined : probe(base, overlay, model, key);
  if (entry.layer === undefined || entry.layer.before !== before) {
    const effect = attempt(predict, before);
    if ("kind" in effect) {
      entry.shown = false;
      return;
    }
    const data = share(entry.layer?.effect.data, effect.data);
    entry.layer = { before, effect: { data, value: effect.value } };
  }
  entry.shown = true;
  if (key === null) return;
  let table = overlay.get(model);
  if (table === undefined) overlay.set(model, (table = new Map()));
  table.set(key, entry.layer.effect.data);
}
