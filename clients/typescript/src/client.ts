/** `connect`: a client from a schema. Inert until something is opened: no socket, no storage, no timer. */
import { type Codec, json } from "./codec.js";
import { type Environment, browser } from "./environment.js";
import { type Accessor, type Workshop, accessorOf } from "./handles.js";
import type { Schema } from "./schema.js";
import { type ClientSession, type SessionOptions, session } from "./session.js";
import type { Topic } from "./topic.js";
import type { Client, PendingMutation } from "./types.js";

/** What a client may be told; each may be left out. `Conflicts` names the mutations that others may come before. */
export interface ClientOptions<Conflicts extends object = object> extends Omit<SessionOptions, "onConflict"> {
  /** What decides where another change came first; without it such a mutation is refused as `rt/stale`. */
  readonly onConflict?: Conflicts;
  /** Where the server is: `/ws` of the page's origin, unless said. */
  readonly url?: string;
  /** How long `await` on a mutation waits for the server's word before it says `queued`; 5,000 ms. */
  readonly patience?: number;
  /** How frames are written: JSON, or `msgpack()` of `@realtime/client/msgpack`. */
  readonly codec?: Codec;
  /** The surroundings, for tests and for hosts that are no browser. */
  readonly environment?: Environment;
}

/** Returns a client for `schema`; generated code says with `R` which topics it has. */
export function connect<R>(schema: Schema, options: ClientOptions = {}): R {
  const topics = new Map<string, Topic>();
  const made: ClientSession = session(
    options.environment ?? browser(),
    schema,
    options as SessionOptions,
    options.codec ?? json,
    () => topics.values(),
  );
  const shop: Workshop = { schema, session: made, topics };
  const client: Client & Record<string, unknown> = {
    connection: {
      get view() {
        return made.view();
      },
      subscribe: made.watch,
      retry: made.retry,
    },
    get pending() {
      return [...topics.values()].flatMap((topic): readonly PendingMutation[] => topic.pending());
    },
    close: made.close,
  };
  for (const model of schema.models) {
    if (typeof model.topic !== "string") continue;
    const accessor: Accessor = accessorOf(shop, model, model.topic);
    client[model.accessor] = accessor;
  }
  // Generated code names the accessors; what they are is the schema's, which is generated with it.
  return client as R;
}
