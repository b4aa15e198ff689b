/** The public names of the client, listed one by one. */
export { connect, type ClientOptions } from "./client.js";
export type { Codec } from "./codec.js";
export type { ConflictHandler, ConflictOf } from "./conflict.js";
export type { AuthReason } from "./connection/state.js";
export { browser, type Environment, type PageEvent, type Socket, type SocketEvents } from "./environment.js";
export { CLOSE, mayReconnect, type CloseCode, type DeferralCode, type RefusalCode } from "./generated/codes.js";
export type { Schema } from "./schema.js";
export type { SessionOptions } from "./session.js";
export {
  RefusedError,
  type Client,
  type Connection,
  type ConnectionView,
  type Durability,
  type Entity,
  type FrameworkError,
  type List,
  type Mutation,
  type Outcome,
  type PendingMutation,
  type Verdict,
  type View,
  type Watchable,
} from "./types.js";
