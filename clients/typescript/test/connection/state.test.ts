/** The connection's table, total by type: a missing cell does not compile. */
import { describe, expect, test } from "vitest";
import { type Event, type State, step } from "../../src/connection/state.js";
import { CLOSE } from "../../src/generated/codes.js";

const STATES: Record<State["kind"], State> = {
  offline: { kind: "offline" },
  connecting: { kind: "connecting", attempt: 2, auth: "start" },
  live: { kind: "live", attempt: 2 },
  waiting: { kind: "waiting", attempt: 3, auth: "start" },
  signedOut: { kind: "signedOut", code: 4503 },
  upgradeRequired: { kind: "upgradeRequired", code: 4510 },
  closed: { kind: "closed", code: 4505 },
};
const EVENTS: Record<Event["kind"], Event> = {
  wanted: { kind: "wanted" },
  nudged: { kind: "nudged" },
  retry: { kind: "retry" },
  welcomed: { kind: "welcomed" },
  stable: { kind: "stable" },
  dropped: { kind: "dropped", code: 1006 },
  timerFired: { kind: "timerFired" },
  rest: { kind: "rest" },
  close: { kind: "close" },
};
const TABLE = {
  offline: { wanted: "connecting", nudged: "connecting", retry: "connecting", welcomed: "offline", stable: "offline", dropped: "offline", timerFired: "offline", rest: "offline", close: "closed" },
  connecting: { wanted: "connecting", nudged: "connecting", retry: "connecting", welcomed: "live", stable: "connecting", dropped: "waiting", timerFired: "connecting", rest: "offline", close: "closed" },
  live: { wanted: "live", nudged: "live", retry: "live", welcomed: "live", stable: "live", dropped: "waiting", timerFired: "live", rest: "offline", close: "closed" },
  waiting: { wanted: "waiting", nudged: "connecting", retry: "connecting", welcomed: "waiting", stable: "waiting", dropped: "waiting", timerFired: "connecting", rest: "offline", close: "closed" },
  signedOut: { wanted: "signedOut", nudged: "signedOut", retry: "connecting", welcomed: "signedOut", stable: "signedOut", dropped: "signedOut", timerFired: "signedOut", rest: "signedOut", close: "closed" },
  upgradeRequired: { wanted: "upgradeRequired", nudged: "upgradeRequired", retry: "connecting", welcomed: "upgradeRequired", stable: "upgradeRequired", dropped: "upgradeRequired", timerFired: "upgradeRequired", rest: "upgradeRequired", close: "closed" },
  closed: { wanted: "closed", nudged: "closed", retry: "connecting", welcomed: "closed", stable: "closed", dropped: "closed", timerFired: "closed", rest: "closed", close: "closed" },
} satisfies Record<State["kind"], Record<Event["kind"], State["kind"]>>;

const kinds = <T extends object>(of: T): (keyof T)[] => Object.keys(of) as (keyof T)[];

describe("the table", () => {
  for (const from of kinds(TABLE)) {
    test.each(kinds(EVENTS))(`cl1_${from}_%s`, (event) => {
      const { state, effects } = step(STATES[from], EVENTS[event]);
      expect(state.kind).toBe(TABLE[from][event]);
      if (state === STATES[from]) expect(effects).toEqual([]);
      else if (state.kind === from) expect([from, event]).toEqual(["live", "stable"]);
    });
  }
});

test.each([
  [CLOSE.malformed, "closed"],
  [CLOSE.misbehaved, "closed"],
  [4999, "closed"],
  [CLOSE.schema, "upgradeRequired"],
  [CLOSE.protocol, "upgradeRequired"],
  [CLOSE.nodeOlder, "waiting"],
  [4499, "waiting"],
  [1006, "waiting"],
  [1011, "waiting"],
])("cl2_cl3_code_%i_leads_to_%s", (code, kind) => {
  const { state, effects } = step(STATES.live, { kind: "dropped", code });
  expect(state.kind).toBe(kind);
  expect(effects[0]).toEqual({ kind: "hangUp" });
});

test("cl2_a_refused_token_is_replaced_once_and_the_second_refusal_signs_out", () => {
  const first = step(STATES.connecting, { kind: "dropped", code: CLOSE.unauthenticated });
  expect(first.effects).toEqual([{ kind: "hangUp" }, { kind: "dial", auth: "refused" }]);
  expect(step(first.state, { kind: "dropped", code: CLOSE.unauthenticated }).state.kind).toBe("signedOut");
});

test("cl3_the_servers_wish_and_the_reason_reach_the_next_attempt", () => {
  const { state, effects } = step(STATES.live, { kind: "dropped", code: CLOSE.tokenExpired, retryAfter: 700 });
  expect(effects).toContainEqual({ kind: "wait", attempt: 3, retryAfter: 700 });
  expect(step(state, { kind: "timerFired" }).effects).toEqual([{ kind: "dial", auth: "expiring" }]);
});

test("cl4_attempts_count_on_through_a_short_welcome_and_start_anew_once_stable", () => {
  const short = step(STATES.connecting, { kind: "welcomed" });
  expect(step(short.state, { kind: "dropped", code: 1006 }).state).toMatchObject({ attempt: 3 });
  const stable = step(short.state, { kind: "stable" });
  expect(step(stable.state, { kind: "dropped", code: 1006 }).state).toMatchObject({ attempt: 1 });
});

test("cl5_a_second_socket_is_never_dialled_while_one_is_there", () => {
  for (const from of ["connecting", "live"] as const) {
    for (const event of kinds(EVENTS)) {
      const effects = step(STATES[from], EVENTS[event]).effects.map(({ kind }) => kind);
      if (effects.includes("dial")) expect(effects[0]).toBe("hangUp");
    }
  }
});
