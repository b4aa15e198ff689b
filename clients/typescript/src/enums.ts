/** Values of enums as serde writes them: a schema with an enum names this, so that a page without one does not carry it. */
import type { EnumShape, VariantShape } from "./schema.js";
import { type Types, expected, object, record, typed } from "./validate.js";

/** Copies a value of an enum: `"Unit"` or `{ Variant: content }`, or the content's fields beside the tag. */
export function enums({ tag, variants }: EnumShape, value: unknown, types: Types, path: string, depth: number): unknown {
  const from = typeof value === "string" && tag === undefined ? { [value]: undefined } : object(value, path);
  const { [tag ?? ""]: named, ...rest } = from;
  const [[only, inner] = ["", undefined], ...more] = tag === undefined ? Object.entries(from) : [[String(named), rest] as const];
  const shape = more.length === 0 && Object.hasOwn(variants, only) ? variants[only] : undefined;
  if (shape === undefined) return expected(`one of ${Object.keys(variants).join(", ")}`, path);
  const content = varied(shape, inner, types, path, depth);
  if (tag !== undefined) return { [tag]: only, ...Object(content) };
  return shape.kind === "unit" ? only : { [only]: content };
}

function varied(shape: VariantShape, value: unknown, types: Types, path: string, depth: number): unknown {
  if (shape.kind === "struct") return record(shape.fields, value, types, path, depth);
  if (shape.kind === "unit") return undefined;
  return typed(shape.kind === "tuple" ? ["tuple", ...shape.of] : shape.of, value, types, path, depth);
}
