/** Who watches what of a topic, and what each was told last: at most once per listener and turn (L5). */
import type { Environment } from "../environment.js";
import type { View } from "../types.js";

/** A part of a topic: one entity, or all entities of a model (`key` undefined). */
export interface Part {
  readonly model: number;
  readonly key: string | undefined;
}

/** Hears a view. */
export type Listener = (view: View<unknown>) => void;

/** The parts that are looked at. */
export interface Watchers {
  /** The part's view; the same object until it changes. */
  view(model: number, key: string | undefined): View<unknown>;
  /** Adds a listener and tells it at once; what it returns is true the first time, when it removes it. */
  add(model: number, key: string | undefined, told: Listener): () => boolean;
  /** Looks at every part again, then tells the listeners of those that changed. */
  publish(): void;
  /** Forgets the parts that nobody listens to. */
  clear(): void;
}

interface Node extends Part {
  view: View<unknown>;
  readonly told: Map<Listener, View<unknown>>;
}

/** Makes the watchers of a topic; `see` gives a part's view, and `before` itself where nothing changed. */
export function watchers(env: Environment, topic: string, see: (part: Part, before?: View<unknown>) => View<unknown>): Watchers {
  const nodes = new Map<string, Node>();
  let telling = false;

  function nodeOf(model: number, key: string | undefined): Node {
    const id = key === undefined ? `${model}` : `${model}/${key}`;
    let node = nodes.get(id);
    if (node === undefined) nodes.set(id, (node = { model, key, view: see({ model, key }), told: new Map() }));
    return node;
  }

  /** Tells those who were not told yet; says whether there was one. */
  function round(): boolean {
    let any = false;
    for (const node of [...nodes.values()]) {
      for (const [listener, told] of [...node.told]) {
        if (told === node.view || !node.told.has(listener)) continue;
        any = true;
        node.told.set(listener, node.view);
        tell(env, topic, listener, node.view);
      }
    }
    return any;
  }

  return {
    view: (model, key) => nodeOf(model, key).view,
    add(model, key, told) {
      // Each subscription is its own, also where one function is given twice.
      const listener: Listener = (view) => told(view);
      const node = nodeOf(model, key);
      node.told.set(listener, node.view);
      tell(env, topic, listener, node.view);
      return () => node.told.delete(listener);
    },
    publish() {
      for (const node of nodes.values()) node.view = see(node, node.view);
      // A listener may change the topic: the round that is under way goes on with the newer views.
      if (telling) return;
      telling = true;
      while (round());
      telling = false;
    },
    clear() {
      for (const [id, node] of nodes) if (node.told.size === 0) nodes.delete(id);
    },
  };
}

/** Calls a listener; one that throws disturbs nobody else, and the developer hears of it. */
export function tell<V>(env: Environment, of: string, listener: (view: V) => void, view: V): void {
  try {
    listener(view);
  } catch (error) {
    env.report(`realtime: a listener of ${of} threw`, error);
  }
}
