/** What generated code imports: the names of the contract between codegen and this runtime, one by one. */
export { connect, type ClientOptions } from "./client.js";
export { lists } from "./collection/list.js";
export { refuse, type ConflictHandler } from "./conflict.js";
export { enums } from "./enums.js";
export { creates, deletes, patches } from "./generic.js";
export { draws } from "./ids.js";
export type { Cell, Mut } from "./draft/own.js";
export type {
  ArgSchema,
  ColumnSchema,
  FieldSchema,
  ModelSchema,
  MutationSchema,
  Mutator,
  Rule,
  Scalar,
  Schema,
  Tx,
  Ty,
  TypeShape,
  VariantShape,
} from "./schema.js";
export type {
  Client,
  Connection,
  ConnectionView,
  Durability,
  Entity,
  FrameworkError,
  List,
  Mutation,
  Outcome,
  PendingMutation,
  Verdict,
  View,
  Watchable,
} from "./types.js";
