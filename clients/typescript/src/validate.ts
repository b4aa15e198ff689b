/**
 * Checks what a caller gives against the schema, before anything is applied (api.md 6), and copies it:
 * what is pending must not change when the caller's object does.
 *
 * The server checks the same again; here it keeps a frame well-formed whatever a caller passes.
 */
import type { FieldSchema, Rule, Schema, Ty } from "./schema.js";
import type { FrameworkError } from "./types.js";

/** Named types, by name. */
export type Types = Schema["types"];
type Invalid = FrameworkError & { readonly code: "rt/invalid" };

/** How deep an argument may be nested (S47). */
const MAX_DEPTH = 32;

/** Returns the range of an integer type; undefined for any other. Beyond 2^53 a number is not exact. */
function rangeOf(ty: string): readonly [min: number, max: number] | undefined {
  const [, sign, size] = /^(u|i|timestamp$)(8$|16$|32$|64$|size$|$)/.exec(ty) ?? [];
  if (sign === undefined || (sign !== "timestamp" && size === "")) return undefined;
  const isSmall = Number(size) > 0 && Number(size) < 64;
  const max = isSmall ? 2 ** (Number(size) - (sign === "u" ? 0 : 1)) - 1 : Number.MAX_SAFE_INTEGER;
  return [sign === "u" ? 0 : isSmall ? -max - 1 : -max, max];
}

/** What a check throws; it never leaves this file. */
class Broken {
  readonly error: Invalid;
  constructor(path: string, rule: string, message: string) {
    this.error = { code: "rt/invalid", path, rule, message };
  }
}

/** The values in the order of the fields, and the same by name. */
export interface Fine {
  readonly ok: true;
  readonly named: Readonly<Record<string, unknown>>;
  readonly values: readonly unknown[];
}

/** The values; or what is wrong with the first bad one. */
export type Checked = Fine | { readonly ok: false; readonly error: Invalid };

/** Checks the fields of `given`; one that is optional and left out is `null`. */
export function check(fields: readonly FieldSchema[], given: unknown, types: Types): Checked {
  try {
    const named = record(fields, given ?? {}, types, "", 0);
    return { ok: true, named, values: fields.map((field) => named[field.name]) };
  } catch (error) {
    if (error instanceof Broken) return { ok: false, error: error.error };
    throw error;
  }
}

/** Returns a copy of an object of these fields. */
export function record(
  fields: readonly FieldSchema[],
  given: unknown,
  types: Types,
  path: string,
  depth: number,
): Record<string, unknown> {
  const from = object(given, path);
  for (const name of Object.keys(from)) {
    if (!fields.some((field) => field.name === name)) {
      throw new Broken(join(path, name), "unknown", "there is no such field");
    }
  }
  return Object.fromEntries(
    fields.map(({ name, ty, optional, rules }) => {
      const at = join(path, name);
      const value = Object.hasOwn(from, name) ? from[name] : undefined;
      if (value === undefined && optional) return [name, null];
      const copy = typed(ty, value, types, at, depth);
      for (const rule of rules ?? []) obey(rule, copy, at);
      return [name, copy];
    }),
  );
}

/** Returns a copy of `value` where it is of `ty`. */
export function typed(ty: Ty, value: unknown, types: Types, path: string, depth: number): unknown {
  if (typeof ty === "string") return scalar(ty, value, path);
  if (depth >= MAX_DEPTH) throw new Broken(path, "depth", `must not be nested deeper than ${MAX_DEPTH}`);
  const deep = (of: Ty, part: unknown, at: string): unknown => typed(of, part, types, at, depth + 1);
  switch (ty[0]) {
    case "option":
      return value === undefined || value === null ? null : deep(ty[1], value, path);
    case "vec":
    case "set":
      return list(value, path).map((part, i) => deep(ty[1], part, `${path}[${i}]`));
    case "array":
      return list(value, path, ty[2]).map((part, i) => deep(ty[1], part, `${path}[${i}]`));
    case "tuple": {
      const [, ...parts] = ty;
      const from = list(value, path, parts.length);
      return parts.map((part, i) => deep(part, from[i], `${path}[${i}]`));
    }
    case "map":
      return Object.fromEntries(
        Object.entries(object(value, path)).map(([key, part]) => {
          const at = join(path, key);
          deep(ty[1], typeof ty[1] === "string" && rangeOf(ty[1]) ? Number(key) : key, at);
          return [key, deep(ty[2], part, at)];
        }),
      );
    case "named":
      return shaped(ty[1], value, types, path, depth + 1);
    default:
      return ty satisfies never;
  }
}

function shaped(name: string, value: unknown, types: Types, path: string, depth: number): unknown {
  const shape = types[name];
  if (shape === undefined) return expected(`${name}, which the schema lacks`, path);
  if (shape.kind === "newtype") return typed(shape.of, value, types, path, depth);
  if (shape.kind === "struct") return record(shape.fields, value, types, path, depth);
  return shape.check(shape, value, types, path, depth);
}

function scalar(ty: string, value: unknown, path: string): unknown {
  const range = rangeOf(ty);
  const fits =
    range !== undefined ? Number.isInteger(value) && Number(value) >= range[0] && Number(value) <= range[1]
    : ty === "unit" ? value === undefined || value === null
    : ty === "bool" ? typeof value === "boolean"
    : ty === "f32" || ty === "f64" ? Number.isFinite(value)
    : typeof value === "string" && !/\p{Surrogate}/u.test(value) && (ty !== "char" || [...value].length === 1);
  if (!fits) expected(ty, path);
  if (range !== undefined) return Number(value) + 0;
  return ty === "f32" ? Math.fround(Number(value)) : (value ?? null);
}

/** Says what a value should have been. */
export function expected(what: string, path: string): never {
  throw new Broken(path, "type", `must be ${what}`);
}

function obey(rule: Rule, value: unknown, path: string): void {
  if (value === null) return;
  const size =
    rule.rule === "range" ? Number(value)
    : typeof value === "string" ? [...value].length
    : Object.keys(Object(value)).length;
  const { min = -Infinity, max = Infinity } = rule;
  const what = rule.rule === "range" ? "must be" : "must have a length of";
  if (size < min) throw new Broken(path, rule.rule, `${what} at least ${min}`);
  if (size > max) throw new Broken(path, rule.rule, `${what} at most ${max}`);
}

function list(value: unknown, path: string, length?: number): readonly unknown[] {
  if (Array.isArray(value) && (length ?? value.length) === value.length) return value;
  return expected(`a list${length === undefined ? "" : ` of ${length}`}`, path);
}

/** Returns `value` as an object. */
export function object(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  return expected("an object", path);
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
