/** Builds the handles of generated clients from the schema: what `rt.poll("lunch")` gives, interned. */
import type { Data } from "./collection/base.js";
import type { Ask } from "./generic.js";
import type { Seed } from "./ids.js";
import { cannot, lowered } from "./predict.js";
import type { ModelSchema, MutationSchema, Schema } from "./schema.js";
import type { ClientSession } from "./session.js";
import { type Topic, topic as makeTopic } from "./topic.js";
import { type Entity, type FrameworkError, type List, type Mutation, RefusedError, type View } from "./types.js";
import { check } from "./validate.js";

/** How long `load` waits. */
const LOAD_MS = 10_000;
/** The longest topic, in bytes. */
const MAX_TOPIC = 128;

/** A handle: an entity's, with its mutations and the entities beside it under their own names. */
type Handle = Entity<Data> & Record<string, unknown>;
/** A root's accessor: the key, or an object of the pattern's fields. */
export type Accessor = (key: unknown) => Handle;

/** What handles are made with. */
export interface Workshop {
  readonly schema: Schema;
  readonly session: ClientSession;
  readonly topics: Map<string, Topic>;
}

/** Returns the accessor of a root: the same handle for the same topic each time. */
export function accessorOf(shop: Workshop, root: ModelSchema, pattern: string): Accessor {
  const handles = new Map<string, Handle>();
  const fields = [...pattern.matchAll(/\{(\w+)\}/g)].map(([, field]) => field ?? "");
  const models = shop.schema.models.filter((m) => m === root || (typeof m.topic === "object" && m.topic.of === root.name));
  const keyField = fields.includes(root.key) ? root.key : fields.at(-1);
  return (given) => {
    const parts = typeof given === "object" && given !== null ? given : { [fields[0] ?? ""]: given };
    const values = new Map(Object.entries(parts).map(([field, value]) => [field, String(value)]));
    const { name, invalid } = fill(pattern, values);
    let handle = handles.get(name);
    if (handle === undefined) {
      const topic = makeTopic(shop.session, name, new Map(models.map((m) => [m.number, m])), invalid);
      shop.topics.set(name, topic);
      handle = rootHandle(shop, topic, root, values.get(keyField ?? "") ?? "");
      handles.set(name, handle);
    }
    return handle;
  };
}

/** Puts percent-encoded values in a pattern's places; says what is wrong where that makes no topic. */
function fill(pattern: string, values: ReadonlyMap<string, string>): { name: string; invalid: FrameworkError | undefined } {
  let invalid: FrameworkError | undefined;
  const bad = (path: string, rule: string, message: string): string => {
    invalid ??= { code: "rt/invalid", path, rule, message };
    return values.get(path) ?? "";
  };
  const name = pattern.replace(/\{(\w+)\}/g, (_, field: string) => {
    const value = values.get(field) ?? "";
    if (value === "") return bad(field, "key", "must not be empty");
    if (/\p{Surrogate}/u.test(value)) return bad(field, "type", "must be a text without lone surrogates");
    return encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  });
  if (name.length > MAX_TOPIC) bad("", "length", `a topic has at most ${MAX_TOPIC} bytes: use shorter keys`);
  return { name, invalid };
}

function rootHandle(shop: Workshop, topic: Topic, root: ModelSchema, key: string): Handle {
  const handle = entityHandle(shop, topic, root, key);
  for (const model of topic.models.values()) {
    if (model === root) continue;
    const entities = new Map<string, Handle>();
    handle[model.accessor] = (id: unknown): Handle => {
      const name = String(id);
      let entity = entities.get(name);
      if (entity === undefined) entities.set(name, (entity = entityHandle(shop, topic, model, name)));
      return entity;
    };
    handle[`${model.accessor}s`] = listHandle(topic, model);
  }
  return handle;
}

function listHandle(topic: Topic, { number }: ModelSchema): List<Data> {
  return {
    get view() {
      return topic.view(number, undefined) as View<readonly Data[]>;
    },
    subscribe: (listener) => topic.watch(number, undefined, (view) => listener(view as View<readonly Data[]>)),
  };
}

function entityHandle(shop: Workshop, topic: Topic, model: ModelSchema, key: string): Handle {
  const { number } = model;
  const handle: Handle = {
    get view() {
      return topic.view(number, key) as View<Data>;
    },
    subscribe: (listener: (view: View<Data>) => void) => topic.watch(number, key, (view) => listener(view as View<Data>)),
    load: () => load(shop.session, topic, number, key),
    get pending() {
      return topic.pending(number, key);
    },
  };
  const ask = asker(shop, topic, model, key);
  for (const [name, mutation] of Object.entries(model.mutations)) {
    handle[name] = (given?: unknown) => named(shop, ask, model, name, mutation, given);
  }
  for (const name of ["create", "patch", "delete"] as const) {
    const make = model[name];
    if (make !== undefined) handle[name] = make(ask, model, key);
  }
  return handle;
}

function asker({ schema, session }: Workshop, topic: Topic, model: ModelSchema, key: string): Ask {
  return (name, mutator, fields, given, plan) => {
    const checked = check(fields, given, schema.types);
    const now = session.env.now();
    return topic.call({
      name: `${model.name}.${name}`,
      model: model.number,
      version: model.version,
      mutator,
      key,
      given,
      now,
      seed: undefined,
      judge: undefined,
      invalid: checked.ok ? undefined : checked.error,
      ...(checked.ok ? plan(checked, now) : { args: [], predict: cannot }),
    });
  };
}

function named({ session }: Workshop, ask: Ask, model: ModelSchema, name: string, mutation: MutationSchema, given: unknown): Mutation<unknown, unknown> {
  const { random } = session.env;
  return ask(name, mutation.number, mutation.args, given, (checked, now) => {
    const seed: Seed | undefined = mutation.seed && [random(), random(), random(), random()];
    const plan = { args: checked.values, seed, predict: lowered(model, mutation, checked.named, now, seed, session), judge: mutation.conflict };
    return mutation.receiver === "topic" ? { ...plan, key: null } : plan;
  });
}

function load(session: ClientSession, topic: Topic, model: number, key: string): Promise<Data> {
  return new Promise((resolve, reject) => {
    let end = (): void => undefined;
    let last: View<unknown> | undefined;
    const settle = (done: () => void): void => {
      cancel();
      // The first call comes before `watch` has returned.
      queueMicrotask(() => end());
      done();
    };
    const cancel = session.env.timer(() => {
      settle(() => {
        if (last?.data !== undefined) resolve(last.data as Data);
        else reject(new RefusedError({ code: "rt/offline" }, `${topic.name} did not come within ${LOAD_MS / 1000} s`));
      });
    }, LOAD_MS);
    end = topic.watch(model, key, (view) => {
      last = view;
      if (view.status === "live") settle(() => resolve(view.data as Data));
      else if (view.status === "refused") settle(() => reject(new RefusedError(view.error)));
      else if (view.status === "missing") settle(() => reject(new RefusedError({ code: "rt/missing" })));
    });
  });
}
