/** The promise contract of api.md 6: it never rejects, never hangs, and tells every refusal to somebody. */
import { expect, test } from "vitest";
import { RefusedError } from "../src/index.js";
import { idOf } from "../src/ids.js";
import { turn } from "./support/environment.js";
import { live, peer } from "./support/peer.js";
import { COMMENT } from "./support/schema.js";

const patched = { status: "queued", saved: false };

test("r7_a_local_refusal_is_final_typed_and_unsent", async () => {
  const one = await live();
  const vote = one.rt.poll("lunch").vote({ choice: 9 });
  expect(one.rt.pending).toEqual([]);
  expect(await vote).toEqual({ status: "refused", error: { code: "NoSuchChoice" }, where: "here" });
  expect(await vote.confirmed).toMatchObject({ status: "refused" });
  expect(one.count(5)).toBe(0);
});

test("r7_a_fault_of_the_mutator_applies_nothing", async () => {
  const one = await live();
  expect(await one.rt.poll("lunch").overflow()).toMatchObject({ status: "refused", error: { code: "rt/fault" }, where: "here" });
  expect(one.rt.poll("lunch").view.data?.question).toBe("Where to?");
});

test("r7_arguments_are_checked_before_anything_is_applied", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  const invalid = async (mutation: PromiseLike<unknown>, path: string, rule: string): Promise<void> => {
    expect(await mutation).toMatchObject({ status: "refused", where: "here", error: { code: "rt/invalid", path, rule, message: expect.any(String) } });
  };
  await invalid(poll.vote({ choice: -1 }), "choice", "type");
  await invalid(poll.vote({ choice: 0.5 }), "choice", "type");
  await invalid(poll.vote({ choice: "1" } as never), "choice", "type");
  await invalid(poll.vote(undefined as never), "choice", "type");
  await invalid(poll.vote({ choise: 1 } as never), "choise", "unknown");
  await invalid(poll.rename({ question: "longer" }), "question", "length");
  await invalid(poll.rename({ question: "\ud800" }), "question", "type");
  await invalid(poll.comment("c").create({ text: "x" } as never), "stars", "type");
  await invalid(poll.comment("c").patch({ stars: 3 } as never), "stars", "unknown");
  expect(poll.rename({ question: "12345" }).predicted).toBe("Where to?");
});

test("r7_online_await_gives_the_servers_word_and_the_state_includes_the_effect", async () => {
  const one = await live();
  const vote = one.rt.poll("lunch").vote({ choice: 0 });
  let seen: unknown;
  const waited = Promise.resolve(vote).then((outcome) => {
    seen = one.rt.poll("lunch").view.data?.choices[0]?.votes;
    return outcome;
  });
  await turn();
  one.say([25, 1, 11, [[0, 1, [0, "value"]]]]);
  await turn();
  expect(seen).toBeUndefined();
  one.say([23, 5, 11, 1, [[1, one.rt === undefined ? 0 : 51_694, "lunch", [2, [{ label: "Soup", votes: 1 }]]]]]);
  expect(await waited).toEqual({ status: "confirmed", value: "value", offset: 11 });
  expect(seen).toBe(1);
});

test("r7_offline_await_says_queued_at_once_and_confirmed_goes_on_waiting", async () => {
  const one = await live();
  await one.drop();
  const vote = one.rt.poll("lunch").vote({ choice: 0 });
  expect(await vote).toEqual(patched);
  expect(await vote).toEqual(patched);
  await one.env.pass(500);
  await one.welcome();
  await one.resumed({ offset: 10, lanes: [[0, 0]] });
  one.say([25, 2, 11, [[0, 1, [0]]]], [28, 1, [[5, 11]]]);
  expect(await vote.confirmed).toMatchObject({ status: "confirmed" });
  expect(await vote).toMatchObject({ status: "confirmed" });
});

test("r7_without_a_word_within_the_patience_await_says_queued", async () => {
  const one = await live({ patience: 2_000 });
  let outcome: unknown;
  one.rt.poll("lunch").vote({ choice: 0 }).then((given) => (outcome = given));
  await one.env.pass(1_999);
  expect(outcome).toBeUndefined();
  await one.env.pass(1);
  expect(outcome).toEqual(patched);
});

test("r7_a_fresh_page_that_is_still_connecting_waits_for_its_patience", async () => {
  const one = peer();
  let outcome: unknown;
  one.rt.poll("lunch").vote({ choice: 0 }).then((given) => (outcome = given));
  await one.env.pass(4_999);
  expect(outcome).toBeUndefined();
  await one.env.pass(1);
  expect(outcome).toEqual(patched);
});

test("r7_or_throw_rejects_with_the_typed_error_and_gives_the_value", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  await expect(poll.vote({ choice: 9 }).orThrow()).rejects.toBeInstanceOf(RefusedError);
  await expect(poll.vote({ choice: 9 }).orThrow()).rejects.toMatchObject({ error: { code: "NoSuchChoice" }, message: "NoSuchChoice" });
  const renamed = poll.rename({ question: "new" });
  const settled = poll.vote({ choice: 0 });
  await turn();
  one.say([25, 1, 10, [[0, 1, [0, "Where to?"]], [0, 2, [2]]]]);
  expect(await renamed.orThrow()).toBe("Where to?");
  await expect(settled.orThrow()).rejects.toThrow("another page");
});

test("r7_a_refusal_that_nobody_awaited_goes_to_on_refused_once", async () => {
  const told: unknown[] = [];
  const one = await live({ onRefused: (refusal) => told.push(refusal) });
  const poll = one.rt.poll("lunch");
  const awaited = poll.vote({ choice: 9 });
  expect((await awaited).status).toBe("refused");
  void poll.vote({ choice: 9 }).confirmed;
  poll.vote({ choice: 8 });
  await one.env.pass(0);
  expect(told).toEqual([{ mutation: "Poll.vote", error: { code: "NoSuchChoice" } }]);
  poll.note({ tag: "x" });
  await turn();
  one.say([25, 1, 10, [[0, 1, [1, { code: "No" }]]]]);
  await one.env.pass(0);
  expect(told[1]).toEqual({ mutation: "Poll.note", error: { code: "No" } });
  expect(one.env.reports).toEqual([]);
});

test("r7_who_was_told_queued_has_not_heard_a_later_refusal", async () => {
  const told: unknown[] = [];
  const one = await live({ onRefused: (refusal) => told.push(refusal) });
  const vote = one.rt.poll("lunch").vote({ choice: 0 });
  const outcome = Promise.resolve(vote);
  await one.env.pass(5_000);
  expect(await outcome).toEqual(patched);
  one.say([25, 1, 10, [[0, 1, [1, { code: "rt/denied" }]]]]);
  await one.env.pass(0);
  expect(told).toEqual([{ mutation: "Poll.vote", error: { code: "rt/denied" } }]);
});

test("r7_without_on_refused_the_console_has_the_code", async () => {
  const one = await live();
  one.rt.poll("lunch").vote({ choice: 9 });
  await one.env.pass(0);
  expect(one.env.reports).toEqual([{ message: "realtime: Poll.vote was refused: NoSuchChoice", detail: { code: "NoSuchChoice" } }]);
});

test("a_mutation_without_a_body_waits_for_the_server_and_shows_nothing", async () => {
  const one = await live();
  const hidden = one.rt.poll("lunch").hidden();
  expect(hidden.predicted).toBeUndefined();
  expect(one.rt.pending).toMatchObject([{ id: hidden.id, mutation: "Poll.hidden", shown: false }]);
});

test("a_topics_mutation_runs_without_self_and_knows_who_asks", async () => {
  const one = await live();
  const who = one.rt.poll("lunch").whoami();
  expect(who.predicted).toBe("ann");
  await turn();
  expect(one.last(5)[5][0]?.[5]).toBeNull();
  expect(one.rt.poll("lunch").pending.length).toBe(1);
});

test("s45_ids_random_numbers_and_time_are_the_same_on_each_replay_and_the_seed_is_sent", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  const stamp = poll.stamp();
  await turn();
  const call = one.last(5)[5][0];
  const seed = call?.[8];
  expect(seed?.length).toBe(4);
  expect(stamp.predicted).toBe(idOf(seed ?? [0, 0, 0, 0], 0));
  const first = poll.view.data?.log;
  await one.env.pass(1_000);
  one.say([23, 5, 11, 1, [[1, 51_694, "lunch", [1, "Other?"]]]]);
  expect(poll.view.data?.log).toEqual(first);
  expect(first?.[0]).toContain(String(call?.[4]));
});

test("generic_create_patch_and_delete_are_predicted_and_stand_on_the_wire_as_agreed", async () => {
  const one = await live();
  const comment = one.rt.poll("lunch").comment("c1");
  comment.create({ text: "hi", stars: 2 });
  expect(comment.view.data).toEqual({ id: "c1", text: "hi", stars: 2, note: null });
  expect(Object.keys(comment.view.data ?? {})).toEqual(["id", "text", "stars", "note"]);
  comment.patch({ text: "ho" });
  expect(comment.view.data?.text).toBe("ho");
  expect(comment.star({ by: 3 }).predicted).toBe(5);
  comment.delete();
  expect(comment.view.status).toBe("missing");
  await turn();
  expect(one.last(5)[5].map((entry) => [entry[2], entry[5], entry[6]])).toEqual([
    [202, "c1", [1, "hi", 2, 2]],
    [203, "c1", [1, "ho"]],
    [201, "c1", [3]],
    [204, "c1", []],
  ]);
});

test("s44_create_is_insert_only_and_what_is_absent_is_missing_here_too", async () => {
  const one = await live();
  one.say([23, 5, 11, 1, [[0, COMMENT, "c1", ["c1", "x", 0, null]]]]);
  const { comment } = one.rt.poll("lunch");
  expect(await comment("c1").create({ text: "y", stars: 0 })).toMatchObject({ error: { code: "rt/exists" }, where: "here" });
  expect(await comment("c2").star({ by: 1 })).toMatchObject({ error: { code: "rt/missing" } });
  expect(await comment("c2").patch({ text: "y" })).toMatchObject({ error: { code: "rt/missing" } });
  expect(await comment("c2").delete()).toMatchObject({ error: { code: "rt/missing" } });
});

test("l6_a_replay_that_is_refused_drops_its_own_layer_only", async () => {
  const one = await live();
  const poll = one.rt.poll("lunch");
  const first = poll.vote({ choice: 1 });
  poll.note({ tag: "stays" });
  one.say([23, 5, 11, 1, [[1, 51_694, "lunch", [2, [{ label: "Soup", votes: 4 }]]]]]); // Curry is gone
  expect(poll.view.data).toMatchObject({ choices: [{ votes: 4 }], log: ["stays"] });
  expect(poll.pending.map(({ shown }) => shown)).toEqual([false, true]);
  await turn();
  one.say([25, 1, 12, [[0, 1, [1, { code: "NoSuchChoice" }]]]]);
  expect(await first).toMatchObject({ status: "refused", where: "server" }); // the outcome is the server's
});

test("callers_may_change_their_arguments_afterwards", async () => {
  const one = await live();
  const args = { tag: "before" };
  one.rt.poll("lunch").note(args);
  args.tag = "after";
  one.say([23, 5, 11, 1, [[1, 51_694, "lunch", [3, ["x"]]]]]);
  expect(one.rt.poll("lunch").view.data?.log).toEqual(["x", "before"]);
});

test("l11_the_queue_of_a_lane_is_bounded", async () => {
  const one = await live();
  await one.drop();
  const poll = one.rt.poll("lunch");
  let last = poll.vote({ choice: 0 });
  for (let i = 0; i < 1_000; i++) last = poll.vote({ choice: 0 });
  expect(await last).toMatchObject({ status: "refused", error: { code: "rt/limit", what: "queue" } });
  expect(one.rt.connection.view.queued).toBe(1_000);
});
