/**
 * The confirmed state of one topic: what the server said, as of a position, and nothing else (L6).
 *
 * Entities are immutable; a change puts a new one in their place.
 */
import { COLUMNS, LEAVE, PART, PUT, type Row } from "../generated/frames.js";
import type { ModelSchema } from "../schema.js";
import { share } from "./share.js";

/** One entity: its columns by name; one that is absent is hidden from this reader. */
export type Data = Readonly<Record<string, unknown>>;

/** Entities by model number and key. */
export type Rows = Map<number, Map<string, Data>>;

/** The confirmed state, and where it stands. */
export interface Base {
  /** The offset of the last commit that it holds. */
  offset: number;
  /** The epoch of that commit. */
  epoch: number;
  /** The class under which it was sent: it may be resumed only under an equal one (S20). */
  readonly cls: number;
  /** Models of which rows may be hidden: there, absent does not mean absent (S33). */
  partial: readonly number[];
  /** The entities. */
  readonly rows: Rows;
}

/** Looks an entity up. */
export type Lookup = (model: number, key: string) => Data | undefined;

/**
 * Applies rows in place; false, and nothing changed, where columns of an absent row are named outside of paging (S23).
 *
 * `shown` gives what is visible now: an entity that comes out equal keeps its identity. Models that this client
 * does not know are a newer server's: passed over.
 */
export function applyRows(
  base: Base,
  rows: readonly Row[],
  models: ReadonlyMap<number, ModelSchema>,
  shown: Lookup,
  paging: boolean,
): boolean {
  const orphan = (row: Row): boolean => row[0] === COLUMNS && models.has(row[1]) && !base.rows.get(row[1])?.has(row[2]);
  if (!paging && rows.some(orphan)) return false;
  for (const row of rows) {
    const model = models.get(row[1]);
    if (model === undefined) continue;
    const table = tableOf(base.rows, model.number);
    const before = table.get(row[2]);
    if (row[0] === PUT) table.set(row[2], share(shown(model.number, row[2]), whole(model, row[3])));
    else if (row[0] === LEAVE) table.delete(row[2]);
    else if (row[0] === PART || before !== undefined) {
      const rest = row[0] === PART ? {} : before;
      table.set(row[2], share(shown(model.number, row[2]), { ...rest, ...named(model, row[3]) }));
    }
  }
  return true;
}

/** Returns the entities of one model, made where there were none. */
function tableOf(rows: Rows, model: number): Map<string, Data> {
  let table = rows.get(model);
  if (table === undefined) rows.set(model, (table = new Map()));
  return table;
}

function whole(model: ModelSchema, values: readonly unknown[]): Data {
  return Object.fromEntries(model.columns.map((column, i) => [column.name, values[i]]));
}

/** Reads column numbers and values in turn; numbers that this client does not know are passed over. */
function named(model: ModelSchema, cells: readonly unknown[]): Data {
  const data: Record<string, unknown> = {};
  for (let i = 0; i + 1 < cells.length; i += 2) {
    const column = model.columns[Number(cells[i])];
    if (column !== undefined) data[column.name] = cells[i + 1];
  }
  return data;
}
