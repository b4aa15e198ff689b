// @vitest-environment happy-dom
/** The hooks with real React: no tearing, and no render that nothing asked for. */
import { act, Profiler, type ReactNode, StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { useConnection, useMutation, useTopic } from "../src/react.js";
import { type Peer, live, peer } from "./support/peer.js";
import { POLL } from "./support/schema.js";

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

let host: HTMLElement;
let root: Root;
beforeEach(() => {
  host = document.createElement("div");
  root = createRoot(host);
});
afterEach(() => act(() => root.unmount()));

const text = (): string => host.textContent ?? "";
const show = (node: ReactNode): Promise<void> => act(async () => root.render(node));
const votes = (one: Peer, offset: number, ...n: readonly number[]): Promise<void> =>
  act(async () => one.say([23, 5, offset, 1, [[1, POLL, "lunch", [2, n.map((v, i) => ({ label: ["Soup", "Curry"][i], votes: v }))]]]]));

test("use_topic_goes_from_loading_to_live_and_a_vote_shows_in_the_same_act", async () => {
  const one = peer();
  function Lunch() {
    const { data: poll, status } = useTopic(one.rt.poll("lunch"));
    if (poll === undefined) return status;
    return <button onClick={() => one.rt.poll("lunch").vote({ choice: 1 })}>{poll.choices.map((c) => c.votes).join()}</button>;
  }
  await show(<StrictMode><Lunch /></StrictMode>);
  expect(text()).toBe("loading");
  await act(async () => {
    await one.welcome();
    await one.snapshot();
  });
  expect(text()).toBe("0,0");
  await act(async () => host.querySelector("button")?.click());
  expect(text()).toBe("0,1");
});

test("use_topic_with_select_renders_only_when_the_selected_part_changes", async () => {
  const one = await live();
  let renders = 0;
  function Count() {
    renders++;
    const { data } = useTopic(one.rt.poll("lunch"), (poll) => poll.choices.length);
    return <>{data}</>;
  }
  await show(<Count />);
  const first = renders;
  await votes(one, 11, 5, 5);
  expect([text(), renders]).toEqual(["2", first]);
  await votes(one, 12, 5);
  expect([text(), renders]).toEqual(["1", first + 1]);
});

test("use_topic_takes_an_equality_for_what_select_makes_anew", async () => {
  const one = await live();
  let renders = 0;
  function Labels() {
    renders++;
    const { data } = useTopic(one.rt.poll("lunch"), (poll) => poll.choices.map((c) => c.label), (a, b) => a.join() === b.join());
    return <>{data?.join("+")}</>;
  }
  await show(<Labels />);
  const first = renders;
  await votes(one, 11, 1, 2);
  expect([text(), renders]).toEqual(["Soup+Curry", first]);
});

test("a_prediction_that_comes_true_renders_once_not_twice", async () => {
  const one = await live();
  let commits = 0;
  function Lunch() {
    return <>{useTopic(one.rt.poll("lunch")).data?.choices.map((c) => c.votes).join()}</>;
  }
  await show(<Profiler id="lunch" onRender={() => void commits++}><Lunch /></Profiler>);
  const first = commits;
  await act(async () => void one.rt.poll("lunch").vote({ choice: 0 }));
  await act(async () => one.say([25, 1, 11, [[0, 1, [0]]]]));
  await votes(one, 11, 1, 0);
  expect([text(), commits]).toEqual(["1,0", first + 1]);
});

test("two_components_never_show_two_states", async () => {
  const one = await live();
  const seen: string[] = [];
  function Part() {
    return <i>{useTopic(one.rt.poll("lunch"), (poll) => poll.choices[0]?.votes).data}</i>;
  }
  function Both() {
    const { data } = useTopic(one.rt.poll("lunch"), (poll) => poll.choices[0]?.votes);
    return <><b>{data}</b><Part /></>;
  }
  await show(<Profiler id="both" onRender={() => seen.push(text())}><Both /></Profiler>);
  await votes(one, 11, 3, 0);
  await act(async () => {
    one.rt.poll("lunch").vote({ choice: 0 });
    one.rt.poll("lunch").vote({ choice: 0 });
  });
  expect(text()).toBe("55");
});

test("another_handle_is_followed_and_the_former_one_is_left", async () => {
  const one = await live();
  function Any({ id }: { readonly id: string }) {
    const { status, data } = useTopic(one.rt.poll(id), (poll) => poll.id);
    return <>{data ?? status}</>;
  }
  await show(<Any id="lunch" />);
  expect(text()).toBe("lunch");
  await show(<Any id="dinner" />);
  expect(text()).toBe("loading");
  await show(<Any id="lunch" />);
  expect(text()).toBe("lunch");
});

test("use_mutation_tells_pending_and_refused_and_forgets_on_reset", async () => {
  const one = await live();
  function Vote() {
    const vote = useMutation(one.rt.poll("lunch").vote);
    return (
      <>
        <button id="good" onClick={() => void vote({ choice: 0 })} />
        <button id="bad" onClick={() => void vote({ choice: 9 })} />
        <button id="reset" onClick={vote.reset} />
        {`${vote.pending} ${vote.refused?.code}`}
      </>
    );
  }
  const click = (id: string): Promise<void> => act(async () => host.querySelector<HTMLElement>(`#${id}`)?.click());
  await show(<Vote />);
  expect(text()).toBe("false undefined");
  await click("good");
  expect(text()).toBe("true undefined");
  await act(async () => one.say([25, 1, 10, [[0, 1, [1, { code: "rt/denied" }]]]]));
  expect(text()).toBe("false rt/denied");
  await click("reset");
  expect(text()).toBe("false undefined");
  await click("bad");
  expect(text()).toBe("false NoSuchChoice");
  await click("good");
  await act(async () => one.env.pass(5_000));
  expect(text()).toBe("false undefined"); // queued
  expect(one.env.reports).toEqual([]);
});

test("use_connection_follows_the_connection", async () => {
  const one = await live();
  function State() {
    const { status, queued } = useConnection(one.rt);
    return <>{`${status} ${queued}`}</>;
  }
  await show(<State />);
  expect(text()).toBe("live 0");
  await act(async () => one.drop());
  await act(async () => void one.rt.poll("lunch").vote({ choice: 0 }));
  expect(text()).toBe("waiting 1");
});

test("on_a_server_a_hook_renders_loading_and_opens_nothing", () => {
  const one = peer();
  function Lunch() {
    return <>{useTopic(one.rt.poll("lunch")).status}</>;
  }
  expect(renderToString(<Lunch />)).toBe("loading");
  expect(one.env.wires).toEqual([]);
});
