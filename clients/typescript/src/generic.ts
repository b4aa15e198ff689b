/** create, patch and delete: a schema names those that are open, so that a page carries no others. */
import type { Data } from "./collection/base.js";
import type { Call } from "./collection/pending.js";
import { GiveUp } from "./draft/errors.js";
import { type Predict, refuse } from "./predict.js";
import type { ColumnSchema, FieldSchema, ModelSchema } from "./schema.js";
import type { Mutation } from "./types.js";
import type { Fine } from "./validate.js";

/** Asks for a mutation: `plan` says what to send and how to predict it, where the arguments are in order. */
export type Ask = (
  name: string,
  mutator: number,
  fields: readonly FieldSchema[],
  given: unknown,
  plan: (checked: Fine, now: number) => Pick<Call, "args" | "predict"> & Partial<Pick<Call, "key" | "seed" | "judge">>,
) => Mutation<unknown, unknown>;

/** Makes a generic mutation of one entity. */
export type Generic = (ask: Ask, model: ModelSchema, key: string) => (given?: unknown) => Mutation<unknown, unknown>;

/** `create`, as that mutator number. */
export const creates = (number: number): Generic => (ask, model, key) => (given) => {
  const columns = besideKey(model);
  return ask("create", number, columns, given, (checked) => {
    const left = columns.filter(({ name, optional }) => optional && Object(given ?? {})[name] === undefined);
    const data = { ...checked.named, [model.key]: key };
    // Whether its author may see a guarded column is the server's to say.
    const shown = model.columns.filter(({ guarded }) => !guarded);
    const whole = Object.fromEntries(shown.map(({ name }) => [name, data[name]]));
    // One that is left out and has no `null` has a default that only the server knows.
    const predict = created(whole, left.some(({ ty }) => ty[0] !== "option"));
    return { args: inTurn(model, columns.filter((column) => !left.includes(column)), data), predict };
  });
};

/** `patch` of these columns. */
export const patches = (number: number, open: readonly string[]): Generic => (ask, model) => (given) => {
  const some = Object.fromEntries(Object.entries(Object(given)).filter(([, value]) => value !== undefined));
  const columns = besideKey(model).filter(({ name }) => open.includes(name) && Object.hasOwn(some, name));
  return ask("patch", number, columns, some, ({ named }) => ({ args: inTurn(model, columns, named), predict: patched(named) }));
};

/** `delete`. */
export const deletes = (number: number): Generic => (ask) => () => ask("delete", number, [], undefined, () => ({ args: [], predict: deleted }));

/** Insert-only (S44). */
function created(data: Data, isGuess: boolean): Predict {
  return (before) => {
    if (before !== undefined) refuse("rt/exists");
    if (isGuess) throw new GiveUp();
    return { data, value: undefined };
  };
}

/** Columns that are hidden stay so. */
function patched(columns: Data): Predict {
  return (before = refuse("rt/missing")) => {
    const seen = Object.entries(columns).filter(([name]) => Object.hasOwn(before, name));
    return { data: { ...before, ...Object.fromEntries(seen) }, value: undefined };
  };
}

const deleted: Predict = (before) => {
  if (before === undefined) refuse("rt/missing");
  return { data: undefined, value: undefined };
};

function besideKey({ columns, key }: ModelSchema): readonly ColumnSchema[] {
  return columns.filter(({ name }) => name !== key);
}

/** Returns column numbers and values in turn. */
function inTurn(model: ModelSchema, columns: readonly ColumnSchema[], values: Data): readonly unknown[] {
  return columns.flatMap((column) => [model.columns.indexOf(column), values[column.name]]);
}
