/** Arguments against the schema: every type, every rule, and paths that say where. */
import { expect, test } from "vitest";
import type { FieldSchema, Rule, Ty, TypeShape } from "../src/schema.js";
import { enums } from "../src/enums.js";
import { check } from "../src/validate.js";

const types: Readonly<Record<string, TypeShape>> = {
  Card: { kind: "struct", fields: [{ name: "title", ty: "string", rules: [{ rule: "length", max: 3 }] }, { name: "due", ty: ["option", "timestamp"], optional: true }] },
  Meters: { kind: "newtype", of: "f64" },
  State: {
    kind: "enum",
    check: enums,
    variants: {
      Draft: { kind: "unit" },
      Rated: { kind: "newtype", of: "u8" },
      Pair: { kind: "tuple", of: ["u8", "bool"] },
      Review: { kind: "struct", fields: [{ name: "by", ty: "string" }] },
    },
  },
  Tagged: {
    kind: "enum",
    check: enums,
    tag: "kind",
    variants: {
      none: { kind: "unit" },
      card: { kind: "newtype", of: ["named", "Card"] },
      review: { kind: "struct", fields: [{ name: "by", ty: "string" }] },
    },
  },
  Tree: { kind: "struct", fields: [{ name: "children", ty: ["vec", ["named", "Tree"]] }] },
};

function one(ty: Ty, value: unknown, rules?: readonly Rule[]): unknown {
  const field: FieldSchema = rules === undefined ? { name: "x", ty } : { name: "x", ty, rules };
  const checked = check([field], { x: value }, types);
  return checked.ok ? checked.values[0] : `${checked.error.path}: ${checked.error.rule}`;
}

test.each<[Ty, unknown]>([
  ["bool", true], ["u8", 255], ["i8", -128], ["u64", 2 ** 53 - 1], ["f64", -1.5], ["char", "😀"], ["string", ""], ["id", "x"],
  ["timestamp", 5], [["option", "u8"], null], [["vec", "u8"], [1, 2]], [["array", "u8", 2], [1, 2]], [["tuple", "u8", "bool"], [1, false]],
  [["map", "string", "u8"], { __proto__x: 1 }], [["map", "u8", "u8"], { 5: 1 }], [["set", "string"], ["a"]],
  [["named", "Card"], { title: "abc", due: null }], [["named", "Meters"], 2.5],
  [["named", "State"], "Draft"], [["named", "State"], { Rated: 3 }], [["named", "State"], { Pair: [1, true] }], [["named", "State"], { Review: { by: "a" } }],
  [["named", "Tagged"], { kind: "none" }], [["named", "Tagged"], { kind: "card", title: "a", due: 3 }], [["named", "Tagged"], { kind: "review", by: "a" }],
])("fits %j %j", (ty, value) => {
  expect(one(ty, value)).toEqual(value);
});

test.each<[Ty, unknown, string]>([
  ["bool", 1, "x: type"], ["u8", 256, "x: type"], ["u8", -1, "x: type"], ["i32", 1.5, "x: type"], ["u64", 2 ** 53, "x: type"],
  ["f64", NaN, "x: type"], ["f32", Infinity, "x: type"], ["char", "ab", "x: type"], ["string", "\ud83d", "x: type"], ["string", null, "x: type"],
  ["unit", 1, "x: type"], [["vec", "u8"], [1, 300], "x[1]: type"], [["vec", "u8"], "no", "x: type"], [["array", "u8", 2], [1], "x: type"],
  [["map", "u8", "u8"], { 300: 1 }, "x.300: type"], [["map", "string", "u8"], { a: "b" }, "x.a: type"],
  [["named", "Card"], { title: "abcd" }, "x.title: length"], [["named", "Card"], { title: "a", more: 1 }, "x.more: unknown"], [["named", "Card"], [], "x: type"],
  [["named", "State"], "Rated", "x: type"], [["named", "State"], "Nope", "x: type"], [["named", "State"], { Draft: null, Rated: 1 }, "x: type"],
  [["named", "State"], "toString", "x: type"], [["named", "Tagged"], { kind: "nope" }, "x: type"], [["named", "Tagged"], "none", "x: type"],
  [["named", "Absent"], 1, "x: type"],
])("refuses %j %j", (ty, value, where) => {
  expect(one(ty, value)).toBe(where);
});

test("lengths_count_scalar_values_and_elements_and_ranges_are_inclusive", () => {
  const length: Rule = { rule: "length", min: 1, max: 2 };
  expect(one("string", "😀😀", [length])).toBe("😀😀");
  expect(one("string", "", [length])).toBe("x: length");
  expect(one(["vec", "u8"], [1, 2, 3], [length])).toBe("x: length");
  expect(one(["map", "string", "u8"], { a: 1, b: 2, c: 3 }, [length])).toBe("x: length");
  expect(one(["option", "string"], null, [length])).toBeNull();
  expect([0, 1, 5, 6].map((n) => one("u8", n, [{ rule: "range", min: 1, max: 5 }]))).toEqual(["x: range", 1, 5, "x: range"]);
});

test("s47_a_value_nested_too_deep_is_refused_and_a_cycle_too", () => {
  interface Tree { children: Tree[] }
  const cycle: Tree = { children: [] };
  cycle.children.push(cycle);
  expect(String(one(["named", "Tree"], cycle))).toMatch(/: depth$/);
});

test("what_is_kept_is_a_copy_without_minus_zero", () => {
  const card = { title: "a" };
  const copy = one(["named", "Card"], card);
  expect(copy).toEqual({ title: "a", due: null });
  expect(copy).not.toBe(card);
  expect(Object.is(one("i32", -0), 0)).toBe(true);
});
