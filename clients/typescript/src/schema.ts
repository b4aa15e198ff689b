/** The schema as generated code hands it to the runtime: data, plus the lowered mutators. */
import type { lists } from "./collection/list.js";
import type { Judge } from "./conflict.js";
import type { enums } from "./enums.js";
import type { Generic } from "./generic.js";
import type { draws } from "./ids.js";

/** All that an application's client knows of it. */
export interface Schema {
  /** A short hash of all fingerprints, as banners show it. */
  readonly hash: string;
  /** The models, a root before the others of its topic. */
  readonly models: readonly ModelSchema[];
  /** Every named type that a column or an argument uses. */
  readonly types: Readonly<Record<string, TypeShape>>;
}

/** One model: how its entities stand on the wire, and what may be asked of them. */
export interface ModelSchema {
  /** Its permanent number. */
  readonly number: number;
  /** Its name, as in `Poll`. */
  readonly name: string;
  /** Its name in the client, as in `poll`; the list of all of them is this with an `s`. */
  readonly accessor: string;
  /** The pattern of its topic where it is a root, as in `poll/{id}`; else the root's name. */
  readonly topic: string | { readonly of: string };
  /** Its schema version. */
  readonly version: number;
  /** What both sides compare when they meet. */
  readonly fingerprint: number;
  /** The name of the column that is its key. */
  readonly key: string;
  /** Its columns, in the order of the wire: their index is their number there. */
  readonly columns: readonly ColumnSchema[];
  /** Its named mutations, by their name in the client. */
  readonly mutations: Readonly<Record<string, MutationSchema>>;
  /** What lists all of them, where the client has such a list. */
  readonly list?: typeof lists;
  /** The generic `create`, where it is open. */
  readonly create?: Generic;
  /** The generic `patch`, where it is open. */
  readonly patch?: Generic;
  /** The generic `delete`, where it is open. */
  readonly delete?: Generic;
}

/** A column, a field of a named type, or an argument. */
export interface FieldSchema {
  /** Its name in the value that a client sends or reads. */
  readonly name: string;
  /** Its type. */
  readonly ty: Ty;
  /** Whether it may be left out. */
  readonly optional?: true;
  /** What its values must keep. */
  readonly rules?: readonly Rule[];
}

/** A column; on the wire it is named by its index. */
export interface ColumnSchema extends FieldSchema {
  /** Whether it may be hidden from a reader: then it is absent. */
  readonly guarded?: true;
}

/** An argument of a mutation; its name is in camelCase. */
export type ArgSchema = FieldSchema;

/** A named mutation. */
export interface MutationSchema {
  /** Its permanent number. */
  readonly number: number;
  /** What it runs on: the topic; absent: one entity. */
  readonly receiver?: "topic";
  /** Its arguments, in the order of the wire. */
  readonly args: readonly ArgSchema[];
  /** Whether it makes ids or random numbers, and how: then a seed is drawn at the call (S45). */
  readonly seed?: true | typeof draws;
  /** What becomes of it where another change came first: refused as `rt/stale`, unless `onConflict` knows better. */
  readonly conflict?: Judge;
  /**
   * The author's body, lowered. `self` is an owned copy of the entity, `undefined` for a topic's mutation.
   * Absent where the author chose `optimistic = none`: then it shows when the server has run it.
   */
  readonly run?: Mutator;
}

/**
 * A lowered mutator, called with three arguments always. It takes `never`, so that every generated function
 * is assignable; codegen pairs each with its own model and arguments.
 */
export type Mutator = (self: never, args: never, tx: Tx<never>) => unknown;

/** A type, as its values stand on the wire. */
export type Ty =
  | Scalar
  | readonly ["option", Ty]
  | readonly ["vec", Ty]
  | readonly ["array", Ty, number]
  | readonly ["map", Ty, Ty]
  | readonly ["set", Ty]
  | readonly ["tuple", ...Ty[]]
  | readonly ["named", string];

/** A type without parts. `id` is text, `timestamp` milliseconds since 1970. */
export type Scalar =
  | "unit" | "bool" | "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64"
  | "f32" | "f64" | "char" | "string" | "id" | "timestamp";

/** What a named type is made of, as serde writes it. */
export type TypeShape =
  | { readonly kind: "struct"; readonly fields: readonly FieldSchema[] }
  | { readonly kind: "newtype"; readonly of: Ty }
  | EnumShape;

/** An enum. */
export interface EnumShape {
  readonly kind: "enum";
  /** What checks and copies its values. */
  readonly check: typeof enums;
  /** The field that names the variant (`#[serde(tag = "…")]`); absent: externally tagged. */
  readonly tag?: string;
  readonly variants: Readonly<Record<string, VariantShape>>;
}

/** A variant of an enum. */
export type VariantShape =
  | { readonly kind: "unit" }
  | { readonly kind: "newtype"; readonly of: Ty }
  | { readonly kind: "tuple"; readonly of: readonly Ty[] }
  | { readonly kind: "struct"; readonly fields: readonly FieldSchema[] };

/** A rule of validation: of a text's scalar values or a list's elements, or of a number. */
export type Rule =
  | { readonly rule: "length"; readonly min?: number; readonly max?: number }
  | { readonly rule: "range"; readonly min?: number; readonly max?: number };

/** What a mutator sees of the world: equal on both sides (S45). */
export interface Tx<P = unknown> {
  /** Who asks, as the author's struct. */
  readonly principal: P;
  /** The time of intent: milliseconds since 1970, by this device's clock at the call. */
  readonly now: number;
  /** The server's clock as this client estimates it. */
  readonly serverNow: number;
  /** Returns the next id of this mutation: 22 characters of base64url. */
  newId(): string;
  /** Returns the next random number of this mutation, from 0 to `n` − 1. */
  random(n: number): number;
}
