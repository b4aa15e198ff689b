/** The driver against a scripted socket and virtual time. */
import { expect, test } from "vitest";
import { CLOSE } from "../../src/generated/codes.js";
import { testEnvironment, turn } from "../support/environment.js";
import { live, peer } from "../support/peer.js";

test("cl6_nothing_is_touched_before_something_is_opened", async () => {
  const env = testEnvironment();
  env.recall = () => {
    throw new Error("storage was read");
  };
  const { rt } = peer({}, env);
  rt.poll("lunch").view;
  env.page("online");
  await env.pass(60_000);
  expect(env.wires).toEqual([]);
  expect(env.timers()).toBe(0);
  expect(rt.connection.view.status).toBe("offline");
});

test("cl5_a_handshake_that_hangs_is_given_up_after_10_s", async () => {
  const one = peer();
  one.rt.poll("lunch").subscribe(() => undefined);
  await turn();
  expect(one.rt.connection.view.status).toBe("connecting");
  expect(one.wire().url).toBe("ws://localhost:3000/ws");
  expect(one.wire().protocol).toBe("realtime.v1.json");
  await one.env.pass(10_000);
  expect(one.wire().closed).toBe(true);
  expect(one.rt.connection.view).toMatchObject({ status: "waiting", retryAt: expect.any(Number) });
});

test("cl5_a_token_that_never_comes_is_given_up_too", async () => {
  const one = peer({ auth: () => new Promise<string>(() => undefined) });
  one.rt.poll("lunch").subscribe(() => undefined);
  await one.env.pass(10_000);
  expect(one.env.wires).toEqual([]);
  expect(one.rt.connection.view.status).toBe("waiting");
});

test("cl3_attempts_follow_each_other_with_growing_waits", async () => {
  const one = peer();
  one.env.draw = () => 2 ** 32 - 1;
  one.rt.poll("lunch").subscribe(() => undefined);
  await turn();
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    await one.drop();
    waits.push((one.rt.connection.view.retryAt ?? 0) - one.env.now());
    await one.env.pass(waits.at(-1) ?? 0);
  }
  expect(waits).toEqual([499, 999, 1999, 3999, 7999, 15_999, 19_999, 19_999]);
});

test("cl3_a_bye_says_when_to_come_back", async () => {
  const one = await live();
  one.env.draw = () => 0;
  one.say([29, CLOSE.draining, "this node is going away", 3_000]);
  expect(one.wire().closed).toBe(true);
  expect(one.rt.connection.view).toMatchObject({ status: "waiting", retryAt: one.env.now() + 3_000 });
});

test("cl2_a_final_code_ends_it_and_says_why_and_retry_starts_again", async () => {
  const one = await live();
  one.say([29, CLOSE.misbehaved, "seq 4 came twice with other content"]);
  expect(one.rt.connection.view).toMatchObject({ status: "closed", reason: "seq 4 came twice with other content" });
  await one.env.pass(600_000);
  expect(one.env.wires.length).toBe(1);
  one.rt.connection.retry();
  await turn();
  expect(one.env.wires.length).toBe(2);
});

test("a_server_that_cannot_serve_says_why_until_it_can", async () => {
  const one = peer();
  one.rt.poll("lunch").subscribe(() => undefined);
  await one.welcome();
  one.say([29, CLOSE.unavailable, "the store cannot be reached"]);
  expect(one.rt.connection.view).toMatchObject({ status: "waiting", reason: "the store cannot be reached" });
  await one.env.pass(500);
  expect(one.rt.connection.view).toMatchObject({ status: "connecting", reason: "the store cannot be reached" });
  expect(one.rt.poll("lunch").view.status).toBe("loading");
  await one.welcome();
  expect(one.rt.connection.view).not.toHaveProperty("reason");
});

test("an_address_where_nobody_answers_is_named_in_the_console_once", async () => {
  const one = peer();
  one.rt.poll("lunch").subscribe(() => undefined);
  await turn();
  await one.drop();
  expect(one.env.reports).toEqual([]);
  for (let i = 0; i < 4; i++) {
    await one.env.pass(20_000);
    await one.drop();
  }
  expect(one.env.reports.map(({ message }) => message)).toEqual([
    "realtime: no WebSocket at ws://localhost:3000/ws: does the server run there? If not: createClient({ url })",
  ]);
});

test("an_address_that_was_right_once_is_not_doubted", async () => {
  const one = await live();
  for (let i = 0; i < 4; i++) {
    await one.drop();
    await one.env.pass(20_000);
  }
  expect(one.env.reports).toEqual([]);
});

test("cl2_an_old_client_is_told_to_upgrade", async () => {
  const told: string[] = [];
  const one = await live({ onUpgrade: (reason) => told.push(reason) });
  await one.drop(CLOSE.schema);
  expect(one.rt.connection.view.status).toBe("upgradeRequired");
  expect(told).toEqual(["close code 4510"]);
  expect(one.rt.poll("lunch").view.status).toBe("cached");
});

test("cl7_two_heartbeats_of_silence_are_the_end_and_each_ping_is_answered", async () => {
  const one = await live();
  await one.env.pass(25_000);
  one.say([28, 77, []]);
  expect(one.last(7)).toEqual([7, 77, []]);
  await one.env.pass(49_999);
  expect(one.rt.connection.view.status).toBe("live");
  await one.env.pass(30_001);
  expect(one.env.wires.length).toBeGreaterThan(1);
  expect(one.env.wires[0]?.closed).toBe(true);
});

test("cl8_a_page_that_is_put_away_closes_and_dials_when_it_is_shown_again", async () => {
  const one = await live();
  one.env.page("pagehide");
  expect(one.wire().closed).toBe(true);
  expect(one.rt.connection.view.status).toBe("offline");
  expect(one.rt.poll("lunch").view.status).toBe("cached");
  one.env.page("pageshow");
  await turn();
  expect(one.env.wires.length).toBe(2);
});

test("cl8_offline_stops_the_waiting_and_online_dials_at_once", async () => {
  const one = await live();
  await one.drop();
  one.env.page("offline");
  expect(one.rt.connection.view.status).toBe("offline");
  await one.env.pass(60_000);
  expect(one.env.wires.length).toBe(1);
  one.env.page("online");
  await turn();
  expect(one.env.wires.length).toBe(2);
});

test("cl8_a_hidden_page_lets_go_after_five_minutes_unless_something_is_pending", async () => {
  const one = await live();
  const keepAlive = async (minutes: number): Promise<void> => {
    for (let i = 0; i < minutes * 3; i++) {
      await one.env.pass(20_000);
      if (!one.wire().closed) one.say([28, i, []]);
    }
  };
  one.env.page("hidden");
  await keepAlive(4);
  expect(one.rt.connection.view.status).toBe("live");
  one.env.page("visible");
  await keepAlive(6);
  expect(one.rt.connection.view.status).toBe("live");
  one.env.page("hidden");
  await keepAlive(5);
  expect(one.rt.connection.view.status).toBe("offline");
});

test("cl8_a_page_that_slept_hears_what_came_before_it_calls_the_socket_dead", async () => {
  const one = await live();
  const late = one.env.timer;
  one.env.timer = () => () => undefined; // timers do not run while the machine sleeps
  await one.env.pass(25_000);
  one.env.timer = late;
  await one.env.pass(3_600_000);
  one.env.page("visible");
  expect(one.rt.connection.view.status).toBe("live");
  one.say([28, 1, []]);
  await one.env.pass(5_000);
  expect(one.rt.connection.view.status).toBe("live");
  await one.env.pass(3_600_000);
  one.env.page("visible");
  await one.env.pass(5_000);
  expect(one.env.wires[0]?.closed).toBe(true);
});

test("auth_is_asked_for_each_attempt_with_its_reason_and_a_guest_keeps_its_token", async () => {
  const reasons: string[] = [];
  const one = peer({ auth: ({ reason }) => (reasons.push(reason), reasons.length < 4 ? `t${reasons.length}` : null) });
  one.rt.poll("lunch").subscribe(() => undefined);
  await turn();
  one.wire().on.open();
  expect(one.last(1)[3]).toBe("t1");
  await one.drop(CLOSE.unauthenticated);
  await turn();
  one.wire().on.open();
  expect(one.last(1)[3]).toBe("t2");
  await one.welcome();
  await one.drop(CLOSE.tokenExpired);
  await one.env.pass(500);
  await one.welcome("guest-1", "signed");
  await one.drop();
  await one.env.pass(1_000);
  one.wire().on.open();
  expect(reasons).toEqual(["start", "refused", "expiring", "start"]);
  expect(one.last(1)[3]).toBe("signed");
});

test("auth_two_refusals_in_a_row_sign_out_and_a_failing_auth_is_retried", async () => {
  let fails = true;
  const one = peer({ auth: () => (fails ? Promise.reject(new Error("offline")) : "stale") });
  one.rt.poll("lunch").subscribe(() => undefined);
  await turn();
  expect(one.rt.connection.view.status).toBe("waiting");
  expect(one.env.reports.map(({ message }) => message)).toEqual(["realtime: could not connect"]);
  fails = false;
  await one.env.pass(500);
  await one.drop(CLOSE.unauthenticated);
  await one.drop(CLOSE.unauthenticated);
  expect(one.rt.connection.view.status).toBe("signedOut");
});

test("a_guest_whose_token_is_refused_comes_back_as_a_new_one", async () => {
  const env = testEnvironment();
  env.store("realtime:guest:ws://localhost:3000/ws", "old");
  const one = peer({}, env);
  one.rt.poll("lunch").subscribe(() => undefined);
  await turn();
  one.wire().on.open();
  expect(one.last(1)[3]).toBe("old");
  await one.drop(CLOSE.unauthenticated);
  await turn();
  one.wire().on.open();
  expect(one.last(1)[3]).toBeNull();
});

test("a_frame_that_cannot_be_read_is_reported_and_another_connection_is_tried", async () => {
  const one = await live();
  one.wire().on.message("{not json");
  expect(one.env.reports.at(-1)?.message).toBe("realtime: a frame that cannot be read");
  expect(one.rt.connection.view.status).toBe("waiting");
});

test("without_an_address_outside_of_a_browser_the_reason_is_reported", async () => {
  const env = { ...testEnvironment(), href: undefined };
  const one = peer({}, env);
  one.rt.poll("lunch").subscribe(() => undefined);
  await turn();
  expect(String(env.reports[0]?.detail)).toContain("createClient({ url })");
});
