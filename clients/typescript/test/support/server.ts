/**
 * A server in miniature: one topic, one row, lanes as S4 has them, and a network that a test can be unkind with.
 *
 * It commits, forks, loses connections, lets acks overtake deltas and merges deltas, all by a seeded generator.
 */
import { json } from "../../src/codec.js";
import type { ClientFrame, LaneRow, Mutate, Outcome, ServerFrame, Sub } from "../../src/generated/frames.js";
import type { Wire } from "./environment.js";
import { POLL, pollRow } from "./schema.js";

interface Lane {
  last: number;
  got: number;
  kept: (readonly [seq: number, mark: number | null, outcome: Outcome])[];
}
interface Store {
  readonly offset: number;
  readonly epoch: number;
  readonly log: readonly string[];
  readonly lanes: ReadonlyMap<string, Lane>;
  /** Who has written it, and when. */
  readonly touched: readonly (readonly [offset: number, lane: string])[];
}
interface Subscription {
  readonly id: number;
  count: number;
  readonly channel: number;
  /** Where the channel stands for this subscriber: the `to` of the last delta that was queued. */
  at: number;
  paging: boolean;
}
interface Connection {
  readonly wire: Wire;
  readonly lanes: string[];
  readonly up: ClientFrame[];
  readonly down: ServerFrame[];
  sub: Subscription | undefined;
  opened: boolean;
}

const SNAPSHOT = 2;

export class Server {
  /** Every state that was ever durable, in order: a failover goes back by a few. */
  private history: Store[] = [{ offset: 10, epoch: 1, log: [], lanes: new Map(), touched: [] }];
  private connection: Connection | undefined;
  private channels = 5;
  private epochs = 1;
  private readonly random: (n: number) => number;

  constructor(random: (n: number) => number) {
    this.random = random;
  }

  get store(): Store {
    return this.history.at(-1) ?? { offset: 0, epoch: 0, log: [], lanes: new Map(), touched: [] };
  }

  attach(wire: Wire): void {
    const connection: Connection = { wire, lanes: [], up: [], down: [], sub: undefined, opened: false };
    this.connection = connection;
    wire.onSend = (data) => void connection.up.push(json.decode(data) as ClientFrame);
  }

  /** Takes what the client has sent: one frame, or opens the socket. */
  process(): boolean {
    const { connection } = this;
    if (connection === undefined || connection.wire.closed) return false;
    if (!connection.opened) {
      connection.opened = true;
      connection.wire.on.open();
      return true;
    }
    const frame = connection.up.shift();
    if (frame === undefined) return false;
    this.take(connection, frame);
    return true;
  }

  /** Lets one frame arrive at the client. */
  deliver(): boolean {
    const { connection } = this;
    const frame = connection?.wire.closed === false ? connection.down.shift() : undefined;
    if (connection === undefined || frame === undefined) return false;
    connection.wire.on.message(json.encode(frame));
    return true;
  }

  /** Another user writes. */
  write(tag: string): void {
    const { log, touched } = this.store;
    const offset = this.store.offset + 1;
    this.commit({ ...this.store, offset, log: [...log, tag], touched: [...touched, [offset, "somebody"]] });
    this.fanOut();
  }

  /** The socket breaks: what was under way, either way, is lost. */
  cut(): void {
    const wire = this.connection?.wire;
    this.connection = undefined;
    if (wire !== undefined && !wire.closed) wire.on.ended(1006);
  }

  /** A failover that loses the last few commits, and whatever was sent meanwhile. */
  fork(): void {
    const keep = Math.max(1, this.history.length - 1 - this.random(3));
    this.history = this.history.slice(0, keep);
    this.epochs++;
    this.history.push({ ...this.store, epoch: this.store.epoch });
    this.reset("fork");
  }

  /** What the channel shows is void: a snapshot follows, under a higher count. */
  reset(reason: "fork" | "lagged" | "class"): void {
    const { connection } = this;
    if (connection?.sub === undefined) return;
    connection.down.push([27, connection.sub.channel, reason]);
    connection.sub.count++;
    this.snapshot(connection, connection.sub, [...connection.lanes.keys()].map((i) => [i, 0, true]), reason);
  }

  /**
   * The reader was too slow: of what waits, pages and deltas are dropped, acks are not. One catch-up covers them, and a
   * snapshot goes on from the page that was dropped (S15, S23).
   */
  lag(): void {
    const { connection } = this;
    const sub = connection?.sub;
    if (connection === undefined || sub === undefined) return;
    const isData = ([kind]: ServerFrame): boolean => kind === 22 || kind === 23;
    if (!connection.down.some(isData) || connection.down.some(([kind]) => kind === 21 || kind === 27)) return;
    const first = connection.down.find(([kind]) => kind === 23);
    if (connection.down.some(([kind]) => kind === 22)) sub.paging = true;
    connection.down.splice(0, Infinity, ...connection.down.filter((frame) => !isData(frame)));
    if (first?.[0] === 23) sub.at = first[2] - first[3];
    if (sub.at < this.store.offset) this.fanOut();
  }

  /** Ends a snapshot that is under way, at the position of now. */
  finishPage(): boolean {
    const { connection } = this;
    const sub = connection?.sub;
    if (connection === undefined || sub?.paging !== true) return false;
    sub.paging = false;
    connection.down.push([22, sub.channel, [[0, POLL, "lunch", this.row()]], true]);
    return true;
  }

  /** Merges the deltas that wait one behind the other: one catch-up, absolute as of its end (S15). */
  coalesce(): void {
    const down = this.connection?.down ?? [];
    for (let i = down.length - 1; i > 0; i--) {
      const [first, second] = [down[i - 1], down[i]];
      if (first?.[0] !== 23 || second?.[0] !== 23 || first[1] !== second[1]) continue;
      down.splice(i - 1, 2, [23, second[1], second[2], second[2] - (first[2] - first[3]), second[4], this.store.epoch]);
    }
  }

  private row(): readonly unknown[] {
    return pollRow("lunch", [0, 0], this.store.log);
  }

  private commit(store: Store): void {
    this.history.push({ ...store, epoch: this.epochs });
  }

  private fanOut(): void {
    const { connection, store } = this;
    if (connection?.sub === undefined) return;
    const { sub } = connection;
    connection.down.push([23, sub.channel, store.offset, store.offset - sub.at, [[1, POLL, "lunch", [3, store.log]]], store.epoch]);
    sub.at = store.offset;
  }

  private take(connection: Connection, frame: ClientFrame): void {
    if (frame[0] === 1) {
      connection.lanes.push(...frame[4].map(([name]) => name));
      connection.down.push([20, 1, 1_700_000_000_000, 65_536, 25_000, 2, "ann", { id: "ann" }]);
    } else if (frame[0] === 2) connection.lanes.push(frame[1]);
    else if (frame[0] === 3) this.subscribe(connection, frame);
    else if (frame[0] === 4) connection.sub = undefined;
    else if (frame[0] === 5) this.mutate(connection, frame);
  }

  private subscribe(connection: Connection, [, id, , , lanes, resume]: Sub): void {
    const sub: Subscription = { id, count: 1, channel: ++this.channels, at: this.store.offset, paging: false };
    connection.sub = sub;
    const isKnown = this.history.some((s) => s.offset === resume?.[0] && s.epoch === resume[1]);
    if (resume == null || !isKnown || this.random(4) === 0) {
      this.snapshot(connection, sub, lanes, isKnown ? "trimmed" : "fork");
      return;
    }
    sub.at = resume[0];
    const rows = this.rows(connection, lanes.filter(([, , wanted]) => wanted));
    connection.down.push([21, id, 1, sub.channel, 1, resume[0], resume[1], this.store.offset, 1, rows]);
    if (sub.at < this.store.offset) this.fanOut();
  }

  private snapshot(connection: Connection, sub: Subscription, lanes: Sub[4], reason: string): void {
    const { offset, epoch } = this.store;
    sub.at = offset;
    sub.paging = true;
    connection.down.push([21, sub.id, sub.count, sub.channel, SNAPSHOT, offset, epoch, offset, 1, this.rows(connection, lanes), reason]);
    if (this.random(2) === 0) this.finishPage();
  }

  private rows(connection: Connection, lanes: Sub[4]): readonly LaneRow[] {
    return lanes.map(([index]): LaneRow => {
      const lane = this.store.lanes.get(connection.lanes[index] ?? "");
      return lane === undefined ? [0, index] : [2, index, lane.last, lane.got, lane.kept];
    });
  }

  private mutate(connection: Connection, [, id, count, index, got, entries]: Mutate): void {
    const { sub } = connection;
    if (sub === undefined || sub.id !== id || sub.count !== count) return; // not what it was sent under (S22)
    const name = connection.lanes[index] ?? "";
    const before = this.store.lanes.get(name) ?? { last: 0, got: 0, kept: [] };
    const lane: Lane = { last: before.last, got: before.got, kept: [...before.kept] };
    const acks: (readonly [number, number, Outcome, number])[] = [];
    const ran: (readonly [number, Outcome])[] = [];
    let { log } = this.store;
    for (const [, seq, , , , , args, after, , seen] of entries) {
      if (seq <= lane.last) {
        const [, mark, outcome] = lane.kept.find(([s]) => s === seq) ?? [0, null, [2] as const];
        acks.push([index, seq, outcome, mark ?? this.store.offset]);
        continue;
      }
      if (seq !== lane.last + 1 && (after ?? seq - 1) !== lane.last) {
        connection.down.push([26, id, index, seq, "gap", 0]);
        break;
      }
      const tag = String(args[0]);
      const [first] = this.store.touched.filter(([at, by]) => at > (seen ?? Infinity) && by !== name).at(-1) ?? [];
      const error = first !== undefined ? { code: "rt/stale", version: first } : tag.startsWith("!") ? { code: "No" } : undefined;
      ran.push([seq, error === undefined ? [0] : [1, error]]);
      if (error === undefined) log = [...log, tag];
      lane.last = seq;
    }
    const isChanged = log !== this.store.log;
    const offset = this.store.offset + (isChanged ? 1 : 0);
    for (const [seq, outcome] of ran) {
      lane.kept.push([seq, outcome[0] === 1 ? null : offset, outcome]);
      acks.push([index, seq, outcome, offset]);
    }
    if (ran.length > 0) {
      lane.got = Math.max(lane.got, got);
      lane.kept = lane.kept.filter(([seq]) => seq > lane.got);
      const touched = isChanged ? [...this.store.touched, [offset, name] as const] : this.store.touched;
      this.commit({ ...this.store, offset, log, touched, lanes: new Map([...this.store.lanes, [name, lane]]) });
    }
    for (const [i, seq, outcome, mark] of acks) this.ack(connection, [25, id, mark, [[i, seq, outcome]]]);
    if (isChanged) this.fanOut();
  }

  /** An ack may overtake deltas that wait, never a `subscribed` or `reset` (S15). */
  private ack(connection: Connection, frame: ServerFrame): void {
    const { down } = connection;
    let at = down.length;
    while (at > 0 && down[at - 1]?.[0] === 23 && this.random(2) === 0) at--;
    down.splice(at, 0, frame);
  }
}
