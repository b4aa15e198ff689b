/** One topic over a scripted peer: snapshot, delta, optimistic mutation, ack, reconnect and resume. */
import { expect, test } from "vitest";
import type { Outcome, View } from "../src/generated.js";
import { testEnvironment, turn } from "./support/environment.js";
import { live, peer, seqs } from "./support/peer.js";
import { CARD, COMMENT, POLL, type Poll, VOTE, pollRow } from "./support/schema.js";

const votes = (view: View<Poll>): readonly number[] | undefined => view.data?.choices.map((c) => c.votes);
const columns = (n: number, value: unknown) => [1, POLL, "lunch", [n, value]] as const;
const choices = (...n: readonly number[]) => n.map((v, i) => ({ label: ["Soup", "Curry"][i], votes: v }));

test("hello_names_the_lanes_and_the_fingerprints_and_sub_asks_for_everything", async () => {
  const one = peer();
  one.rt.poll("lunch").subscribe(() => undefined);
  await one.welcome();
  expect(one.last(1)).toEqual([1, 1, 1, null, [], [[POLL, 42], [COMMENT, 43], [CARD, 44]]]);
  expect(one.last(3)).toEqual([3, 1, "poll/lunch", 1, []]);
});

test("s23_nothing_of_a_first_snapshot_is_shown_before_its_last_page", async () => {
  const one = peer();
  const seen: string[] = [];
  one.rt.poll("lunch").subscribe(({ status }) => seen.push(status));
  await one.welcome();
  one.say([21, 1, 1, 5, 2, 10, 1, 10, 1, []], [22, 5, [[0, POLL, "lunch", pollRow("lunch")]], false]);
  expect(seen).toEqual(["loading"]);
  one.say([22, 5, [[0, COMMENT, "c1", ["c1", "hi", 0, null]]], true]);
  expect(seen).toEqual(["loading", "live"]);
  expect(one.rt.poll("lunch").comments.view.data).toEqual([{ id: "c1", text: "hi", stars: 0, note: null }]);
});

test("s23_columns_of_a_row_that_did_not_come_yet_are_passed_over_while_paging", async () => {
  const one = peer();
  one.rt.poll("lunch").subscribe(() => undefined);
  await one.welcome();
  one.say(
    [21, 1, 1, 5, 2, 10, 1, 10, 1, []],
    [23, 5, 11, 1, [columns(1, "New?")]],
    [22, 5, [[0, POLL, "lunch", ["lunch", "New?", choices(0, 0), []]]], true],
  );
  expect(one.rt.poll("lunch").view).toMatchObject({ status: "live", data: { question: "New?" } });
  one.say([23, 5, 12, 1, [columns(1, "Newer?")]]);
  expect(one.rt.poll("lunch").view.data?.question).toBe("Newer?");
});

test("s14_a_delta_applies_where_from_is_not_above_the_position_and_the_position_below_to", async () => {
  const one = await live();
  const question = (): string | undefined => one.rt.poll("lunch").view.data?.question;
  one.say([23, 5, 12, 2, [columns(1, "12")]]); // (10, 12] at 10
  expect(question()).toBe("12");
  one.say([23, 5, 12, 5, [columns(1, "again")]]); // (7, 12] at 12: known
  one.say([23, 5, 11, 1, [columns(1, "older")]]);
  expect(question()).toBe("12");
  one.say([23, 5, 14, 6, [columns(1, "14")]]); // (8, 14] at 12: absolute, so it may overlap
  expect(question()).toBe("14");
  expect(one.count(3)).toBe(1);
});

test("s14_a_gap_subscribes_again_from_the_position_and_then_afresh", async () => {
  const one = await live();
  one.say([23, 5, 13, 2, [columns(1, "lost")]]); // (11, 13] at 10
  expect(one.rt.poll("lunch").view).toMatchObject({ status: "cached", data: { question: "Where to?" } });
  expect(one.last(4)).toEqual([4, 1]);
  expect(one.last(3)).toEqual([3, 2, "poll/lunch", 1, [], [10, 1, 1]]);
  await one.resumed({ offset: 10, until: 13 });
  one.say([23, 5, 15, 2, []]);
  expect(one.last(3)).toEqual([3, 3, "poll/lunch", 1, []]);
  await one.snapshot({ offset: 15 });
  expect(one.rt.poll("lunch").view.status).toBe("live");
});

test("s23_columns_of_an_absent_row_outside_of_paging_are_a_fault_and_nothing_of_the_delta_is_applied", async () => {
  const one = await live();
  one.say([23, 5, 11, 1, [columns(1, "half"), [1, COMMENT, "nobody", [1, "x"]]]]);
  expect(one.rt.poll("lunch").view.data?.question).toBe("Where to?");
  expect(one.last(3)).toEqual([3, 2, "poll/lunch", 1, []]);
});

test("s14_a_stream_that_cannot_be_followed_ends_in_another_connection_not_in_a_storm", async () => {
  const one = await live();
  for (let i = 0; i < 4; i++) {
    one.say([23, 5, 100 + i, 1, []]);
    if (one.count(3) > i + 1) await one.snapshot();
  }
  expect(one.count(3)).toBe(4);
  expect(one.rt.connection.view.status).toBe("waiting");
});

test("a_resume_of_what_is_not_here_asks_for_a_snapshot", async () => {
  const one = peer();
  one.rt.poll("lunch").subscribe(() => undefined);
  await one.welcome();
  await one.resumed({ offset: 10 });
  expect(one.last(3)).toEqual([3, 2, "poll/lunch", 1, []]);
  await one.snapshot();
  expect(one.rt.poll("lunch").view.status).toBe("live");
});

test("s16_frames_of_a_channel_are_ignored_from_unsub_until_the_new_id_is_echoed", async () => {
  const one = await live();
  one.say([23, 5, 13, 1, []]); // a gap: unsub 1, sub 2
  one.say([23, 5, 11, 1, [columns(1, "late")]], [21, 1, 2, 5, 1, 10, 1, 10, 1, []], [25, 1, 11, []]);
  expect(one.rt.poll("lunch").view).toMatchObject({ status: "cached", data: { question: "Where to?" } });
  await one.resumed({ offset: 10 });
  one.say([23, 5, 11, 1, [columns(1, "new")]]);
  expect(one.rt.poll("lunch").view).toMatchObject({ status: "live", data: { question: "new" } });
});

test("rows_leave_and_whole_rows_replace_and_models_of_a_newer_server_are_passed_over", async () => {
  const one = await live();
  const { comments } = one.rt.poll("lunch");
  one.say([23, 5, 11, 1, [[0, COMMENT, "b", ["b", "two", 0, null]], [0, COMMENT, "a", ["a", "one", 0, null]], [0, 999, "x", [1]]]]);
  expect(comments.view.data?.map((c) => c.id)).toEqual(["a", "b"]);
  one.say([23, 5, 12, 1, [[2, COMMENT, "a"], [2, COMMENT, "never"], [0, COMMENT, "b", ["b", "three", 1, null]]]]);
  expect(comments.view.data).toEqual([{ id: "b", text: "three", stars: 1, note: null }]);
});

test("l5_a_vote_shows_before_the_call_returns_and_is_sent_in_the_same_turn", async () => {
  const one = await live();
  const seen: (readonly number[] | undefined)[] = [];
  one.rt.poll("lunch").subscribe((view) => seen.push(votes(view)));
  one.rt.poll("lunch").vote({ choice: 1 });
  one.rt.poll("lunch").vote({ choice: 1 });
  expect(seen).toEqual([[0, 0], [0, 1], [0, 2]]);
  await turn();
  const { name } = { name: one.last(2)[1] };
  expect(name).toMatch(/^[\w-]{16}$/);
  const now = one.env.now();
  expect(one.last(5)).toEqual([5, 1, 1, 0, 0, [[0, 1, VOTE, 1, now, "lunch", [1]], [0, 2, VOTE, 1, now, "lunch", [1]]]]);
});

test("l4_s13_a_mutation_is_replayed_until_the_position_reaches_its_mark_then_confirmed", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  let told = 0;
  poll.subscribe(() => told++);
  const vote = poll.vote({ choice: 0 });
  expect(told).toBe(2);
  await turn();
  one.say([25, 1, 12, [[0, 1, [0]]]]); // early: the delta is still on its way
  expect(poll.pending).toMatchObject([{ status: "accepted", shown: true, mutation: "Poll.vote", args: { choice: 0 } }]);
  one.say([23, 5, 11, 1, [columns(2, choices(0, 7))]]); // another's commit
  expect(votes(poll.view)).toEqual([1, 7]);
  expect(told).toBe(3);
  one.say([23, 5, 12, 1, [columns(2, choices(1, 7))]]);
  expect(votes(poll.view)).toEqual([1, 7]);
  expect(told).toBe(3); // what was predicted came true: nothing changed
  expect(poll.pending).toEqual([]);
  expect(await vote).toEqual({ status: "confirmed", value: undefined, offset: 12 });
});

test("s10_an_ok_that_changed_nothing_is_confirmed_at_the_head_it_ran_against", async () => {
  const one = await live();
  const vote = one.rt.poll("lunch").vote({ choice: 0 });
  await turn();
  one.say([25, 1, 10, [[0, 1, [0]]]]);
  expect(await vote).toMatchObject({ status: "confirmed", offset: 10 });
  expect(votes(one.rt.poll("lunch").view)).toEqual([0, 0]);
});

test("s10_a_refusal_drops_its_layer_at_once_and_the_rest_is_replayed_with_one_notification", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  const first = poll.vote({ choice: 0 });
  const second = poll.vote({ choice: 1 });
  await turn();
  let told = -1;
  poll.subscribe(() => told++);
  one.say([25, 1, 11, [[0, 1, [1, { code: "NoSuchChoice" }]]]]);
  expect(told).toBe(1);
  expect(votes(poll.view)).toEqual([0, 1]);
  expect(await first).toEqual({ status: "refused", error: { code: "NoSuchChoice" }, where: "server" });
  one.say([25, 1, 11, [[0, 2, [0]]]], [28, 1, [[5, 11]]]);
  expect(await second).toMatchObject({ status: "confirmed" });
  expect(one.last(7)).toEqual([7, 1, [[1, 1, 0, 2]]]);
});

test("s27_a_ping_brings_the_head_where_nothing_is_under_way", async () => {
  const one = await live();
  const vote = one.rt.poll("lunch").vote({ choice: 0 });
  await turn();
  one.say([25, 1, 11, [[0, 1, [0]]]], [28, 1, [[5, 11], [99, 4]]]);
  expect(await vote).toMatchObject({ status: "confirmed", offset: 11 });
});

test("s27_a_head_that_comes_while_a_snapshot_does_moves_no_position", async () => {
  const one = await live();
  one.say([27, 5, "fork"], [21, 1, 2, 6, 2, 20, 7, 20, 1, []], [28, 1, [[6, 20]]]);
  await one.drop();
  await one.env.pass(500);
  await one.welcome();
  expect(one.last(3)).toEqual([3, 2, "poll/lunch", 1, [], [10, 1, 1]]);
});

test("s24_after_a_subscribed_all_that_is_unanswered_is_sent_again_and_resume_brings_a_delta", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  const a = poll.vote({ choice: 0 });
  const b = poll.vote({ choice: 1 });
  await turn();
  await one.drop();
  expect(poll.view.status).toBe("cached");
  expect(votes(poll.view)).toEqual([1, 1]);
  const c = poll.note({ tag: "offline" });
  await one.env.pass(500);
  await one.welcome();
  expect(one.last(1)[4].length).toBe(1);
  expect(one.last(3)).toEqual([3, 2, "poll/lunch", 1, [[0, 0, true]], [10, 1, 1]]);
  expect(one.count(5)).toBe(0);
  await one.resumed({ offset: 10, until: 12, lanes: [[2, 0, 1, 0, [[1, 11, [0]]]]] });
  expect(seqs(one.last(5))).toEqual([2, 3]);
  expect(votes(poll.view)).toEqual([1, 1]);
  one.say([23, 5, 12, 2, [columns(2, choices(1, 0))]]);
  expect(votes(poll.view)).toEqual([1, 1]);
  expect(await a).toMatchObject({ status: "confirmed", offset: 11 });
  one.say([25, 1, 13, [[0, 2, [0]]]]); // of an old subscription: not ours
  expect(poll.pending.length).toBe(2);
  one.say([25, 2, 13, [[0, 2, [0]], [0, 3, [0]]]], [23, 5, 13, 1, [columns(2, choices(1, 1)), columns(3, ["offline"])]]);
  expect([(await b).status, (await c).status]).toEqual(["confirmed", "confirmed"]);
});

test("s13_a_mutation_without_a_listener_opens_its_lane_only_and_the_ack_confirms", async () => {
  const one = peer();
  const vote = one.rt.poll("lunch").vote({ choice: 0 });
  expect(vote.predicted).toBeUndefined();
  expect(one.rt.pending).toMatchObject([{ shown: false, status: "unsent" }]);
  await one.welcome();
  expect(one.last(3)).toEqual([3, 1, "poll/lunch", 0, [[0, 0, true]]]);
  one.say([21, 1, 1, 5, 0, 10, 1, 10, 1, [[0, 0]]]);
  await turn();
  expect(seqs(one.last(5))).toEqual([1]);
  one.say([25, 1, 11, [[0, 1, [0]]]]);
  expect(await vote).toMatchObject({ status: "confirmed", offset: 11 });
  // A listener now wants the rows: opened again, with all.
  one.rt.poll("lunch").subscribe(() => undefined);
  expect(one.last(4)).toEqual([4, 1]);
  expect(one.last(3)).toEqual([3, 2, "poll/lunch", 1, [[0, 1, false]]]);
});

test("a_topic_closes_30_s_after_its_last_listener_and_shows_what_it_knew_when_it_opens_again", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  const end = poll.subscribe(() => undefined);
  end();
  end();
  await one.env.pass(20_000);
  expect(one.count(4)).toBe(0); // `live` listens too
  const two = peer({}, testEnvironment(9));
  const stop = two.rt.poll("lunch").subscribe(() => undefined);
  await two.welcome();
  await two.snapshot();
  stop();
  await two.env.pass(29_999);
  expect(two.count(4)).toBe(0);
  await two.env.pass(1);
  expect(two.last(4)).toEqual([4, 1]);
  const seen: string[] = [];
  two.rt.poll("lunch").subscribe(({ status }) => seen.push(status));
  expect(two.last(3)).toEqual([3, 2, "poll/lunch", 1, [], [10, 1, 1]]);
  await two.resumed({ offset: 10 });
  expect(seen).toEqual(["cached", "live"]);
});

test("s34_a_refused_topic_says_so_and_keeps_its_lane_open", async () => {
  const one = peer();
  one.rt.poll("lunch").subscribe(() => undefined);
  await one.welcome();
  one.say([21, 1, 1, 5, 3, 0, 0, 0, 0, [], "rt/denied"]);
  expect(one.rt.poll("lunch").view).toEqual({ status: "refused", data: undefined, error: { code: "rt/denied" } });
  await expect(one.rt.poll("lunch").load()).rejects.toMatchObject({ name: "RefusedError", error: { code: "rt/denied" } });
  const vote = one.rt.poll("lunch").vote({ choice: 0 });
  await turn();
  one.say([25, 1, 0, [[0, 1, [1, { code: "rt/denied" }]]]]);
  expect(await vote).toMatchObject({ status: "refused", where: "server" });
});

test("s44_a_missing_topic_that_was_written_is_opened_again", async () => {
  const one = peer();
  one.rt.poll("lunch").subscribe(() => undefined);
  await one.welcome();
  one.say([21, 1, 1, 5, 3, 0, 0, 0, 0, [], "rt/missing"]);
  expect(one.rt.poll("lunch").view.status).toBe("missing");
  one.rt.poll("lunch").comment("c").create({ text: "x", stars: 0 });
  await turn();
  one.say([25, 1, 1, [[0, 1, [0]]]]);
  await one.snapshot({ offset: 1 });
  expect(one.rt.poll("lunch").view.status).toBe("live");
});

test("s35_a_revoked_right_takes_the_rows_away_in_the_same_turn", async () => {
  const one = await live();
  one.rt.poll("lunch").vote({ choice: 0 });
  await turn();
  one.say([27, 5, "revoked"]);
  expect(one.rt.poll("lunch").view).toMatchObject({ status: "refused", data: undefined });
  one.say([21, 2, 1, 9, 3, 0, 0, 0, 0, [[2, 0, 1, 0, [[1, 11, [0]]]]], "rt/denied"]);
  expect(one.rt.pending).toEqual([]);
});

test("l5_a_listener_that_throws_or_calls_does_not_disturb_the_others", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  const seen: (readonly number[] | undefined)[] = [];
  poll.subscribe(({ data }) => {
    if (data?.choices[0]?.votes === 1) throw new Error("mine");
  });
  poll.subscribe(({ data }) => {
    if (data?.choices[0]?.votes === 1 && data.choices[1]?.votes === 0) poll.vote({ choice: 1 });
  });
  poll.subscribe((view) => seen.push(votes(view)));
  poll.vote({ choice: 0 });
  expect(seen).toEqual([[0, 0], [1, 1]]);
  expect(one.env.reports.map(({ message }) => message)).toContain("realtime: a listener of poll/lunch threw");
});

test("listeners_hear_only_what_they_watch", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  const told = { poll: 0, comment: 0, list: 0 };
  poll.subscribe(() => told.poll++);
  poll.comment("a").subscribe(() => told.comment++);
  poll.comments.subscribe(() => told.list++);
  one.say([23, 5, 11, 1, [[0, COMMENT, "b", ["b", "x", 0, null]]]]);
  expect(told).toEqual({ poll: 1, comment: 1, list: 2 });
  one.say([23, 5, 12, 1, [[0, COMMENT, "b", ["b", "x", 0, null]], columns(1, "Where to?")]]);
  expect(told).toEqual({ poll: 1, comment: 1, list: 2 });
  const before = poll.view.data;
  one.say([23, 5, 13, 1, [columns(2, choices(0, 1))]]);
  expect(told).toEqual({ poll: 2, comment: 1, list: 2 });
  expect(poll.view.data?.choices[0]).toBe(before?.choices[0]);
});

test("load_gives_the_entity_or_says_why_not", async () => {
  const one = peer();
  const first = one.rt.poll("lunch").load();
  await one.welcome();
  await one.snapshot();
  expect(await first).toMatchObject({ id: "lunch" });
  await expect(one.rt.poll("lunch").comment("nobody").load()).rejects.toMatchObject({ error: { code: "rt/missing" } });
  const never = one.rt.poll("dinner").load();
  const caught = never.catch((error: unknown) => error);
  await one.env.pass(10_000);
  expect(await caught).toMatchObject({ name: "RefusedError", error: { code: "rt/offline" } });
});

test("handles_are_interned_and_a_name_that_makes_no_topic_is_refused_without_a_throw", async () => {
  const one = peer();
  expect(one.rt.poll("lunch")).toBe(one.rt.poll("lunch"));
  expect(one.rt.poll("lunch").comment("a")).toBe(one.rt.poll("lunch").comment("a"));
  for (const bad of ["", "x".repeat(200), "\ud800"]) {
    expect(one.rt.poll(bad).view).toMatchObject({ status: "refused", error: { code: "rt/invalid" } });
    one.rt.poll(bad).subscribe(() => undefined);
    expect(await one.rt.poll(bad).vote({ choice: 0 })).toMatchObject({ status: "refused", where: "here" });
  }
  expect(one.env.wires.length).toBe(0);
  one.rt.poll("ü/(x)").subscribe(() => undefined);
  await one.welcome();
  expect(one.last(3)[2]).toBe("poll/%C3%BC%2F%28x%29");
});

test("close_ends_every_timer_and_the_socket", async () => {
  const one = await live();
  const outcome: Promise<Outcome<void, unknown>> = Promise.resolve(one.rt.poll("lunch").vote({ choice: 0 }));
  await turn();
  one.rt.close();
  expect(one.wire().closed).toBe(true);
  expect(one.rt.connection.view).toMatchObject({ status: "closed", queued: 1 });
  await one.env.pass(5_000);
  expect(await outcome).toEqual({ status: "queued", saved: false });
  expect(one.env.timers()).toBe(0);
});
