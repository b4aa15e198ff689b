/** The poll with two real pages and a real server: what the project promises, seen from outside. */
import { join } from "node:path";

import { KIND, choice, connection, expectLive, expectUnconfirmed, expectVotes, frames, kindOf, refusal } from "./support/poll-page.ts";
import { ROOT, poll } from "./support/poll.ts";
import { type Person, expect, test as base } from "./support/test.ts";

/** What the browser itself says of a socket that could not be opened, or a page that could not be had. */
const UNREACHABLE = /WebSocket connection to .* failed|net::ERR_CONNECTION_/;

/** In each of these tests, nothing else may reach the console of a page. */
const test = base.extend({
  person: async ({ person }, use) => {
    const people: Person[] = [];
    await use(async (url) => {
      const someone = await person(url);
      people.push(someone);
      return someone;
    });
    for (const { complaints } of people) expect(complaints.filter((text) => !UNREACHABLE.test(text))).toEqual([]);
  },
});

test("a vote shows in the other page", async ({ serve, person }) => {
  const server = await serve(poll());
  const [alice, bob] = [await person(server.url), await person(server.url)];
  await expectLive(alice, bob);
  await choice(alice, "Soup").click();
  await expectVotes([alice, bob], "Soup", 1);
  await choice(bob, "Soup").click();
  await choice(bob, "Curry").click();
  await expectVotes([alice, bob], "Soup", 2);
  await expectVotes([alice, bob], "Curry", 1);
});

test("a vote made while the server is down shows at once, survives, and counts once when it is back", async ({ serve, person }) => {
  const server = await serve(poll());
  const [alice, bob] = [await person(server.url), await person(server.url)];
  await choice(bob, "Soup").click();
  await expectVotes([alice, bob], "Soup", 1);
  await server.kill();
  await expect(connection(alice)).toContainText("Reconnecting");
  await choice(alice, "Soup").click();
  await expectUnconfirmed(alice, "Soup", 2, 1);
  await expect(connection(alice)).toContainText("1 change waits");
  await server.restart();
  await expectVotes([alice, bob], "Soup", 2);
  await expectLive(alice, bob);
  expect(frames(alice, KIND.mutate), "it was sent once: before the kill there was nothing to send").toHaveLength(1);
  await Promise.all([alice.page.reload(), bob.page.reload()]);
  await expectVotes([alice, bob], "Soup", 2);
});

test("a vote whose answer was lost is asked about, and counts once", async ({ serve, link, person }) => {
  const server = await serve(poll());
  const wire = await link(server);
  const [alice, bob] = [await person(wire.url), await person(server.url)];
  await expectLive(alice, bob);
  wire.deafen();
  await choice(alice, "Curry").click();
  await expectVotes([bob], "Curry", 1);
  await expectUnconfirmed(alice, "Curry", 1, 1);
  wire.cut();
  await server.restart();
  wire.mend();
  await expectVotes([alice, bob], "Curry", 1);
  expect(frames(alice, KIND.mutate), "the server's word on the lane came before it was sent again").toHaveLength(1);
  await choice(alice, "Curry").click();
  await expectVotes([alice, bob], "Curry", 2);
});

test("of votes that are under way when the server is killed, each counts once", async ({ serve, person }) => {
  const server = await serve(poll());
  const [alice, bob] = [await person(server.url), await person(server.url)];
  await expectLive(alice, bob);
  const burst = (): Promise<void> =>
    choice(alice, "Falafel").evaluate((button: HTMLElement) => Array.from({ length: 20 }, () => button.click()).pop());
  await Promise.all([burst(), server.kill()]);
  await burst();
  await Promise.all([server.restart(), burst()]);
  await expectVotes([alice, bob], "Falafel", 60);
  await alice.page.reload();
  await expectVotes([alice], "Falafel", 60);
});

test("a refused mutation rolls back and shows its typed error", async ({ serve, link, person }) => {
  const server = await serve(poll());
  const wire = await link(server);
  const [alice, bob] = [await person(wire.url), await person(server.url)];
  await expectLive(alice, bob);
  wire.cut();
  await expect(connection(alice)).toContainText("Reconnecting");
  await bob.page.getByRole("button", { name: "Close the poll" }).click();
  await expect(choice(bob, "Soup")).toBeDisabled();
  await choice(alice, "Soup").click();
  await expectUnconfirmed(alice, "Soup", 1, 1);
  wire.mend();
  await expect(refusal(alice)).toContainText("The poll was closed: your vote was taken back.");
  await expect(refusal(alice)).toHaveAttribute("data-code", "Closed");
  await expectVotes([alice, bob], "Soup", 0);
  await expect(choice(alice, "Soup")).toBeDisabled();
  const [, , , outcomes] = frames(alice, KIND.ack)[0] ?? [];
  expect(outcomes).toEqual([[0, 1, [1, { code: "Closed" }]]]);
});

test("a page with an old position gets what it missed as one delta, not a snapshot", async ({ serve, link, person }) => {
  const server = await serve(poll());
  const wire = await link(server);
  const [alice, bob] = [await person(wire.url), await person(server.url)];
  await expectLive(alice, bob);
  const [, , , , , offset, epoch, , viewClass] = frames(alice, KIND.subscribed)[0] ?? [];
  wire.cut();
  await expect(connection(alice)).toContainText("Reconnecting");
  for (const votes of [1, 2, 3]) {
    await choice(bob, "Pizza").click();
    await expectVotes([bob], "Pizza", votes);
  }
  wire.mend();
  await expectVotes([alice], "Pizza", 3);
  const socket = alice.frames.sockets - 1;
  const [sub] = frames(alice, KIND.sub, socket);
  expect(sub?.[5], "it says where it stands").toEqual([offset, epoch, viewClass]);
  const [subscribed] = frames(alice, KIND.subscribed, socket);
  expect(subscribed?.[4], "resumed").toBe(1);
  expect(frames(alice, KIND.page, socket), "no snapshot").toEqual([]);
  const deltas = frames(alice, KIND.delta, socket);
  expect(deltas, "one catch-up").toHaveLength(1);
  expect(deltas[0]?.slice(2, 4), "over all that was missed").toEqual([Number(offset) + 3, 3]);
});

test("a suggestion shows in the other page, and the same one again is refused here, unsent", async ({ serve, person }) => {
  const server = await serve(poll());
  const [alice, bob] = [await person(server.url), await person(server.url)];
  await alice.page.getByLabel("Another choice").fill("Ramen");
  await alice.page.getByRole("button", { name: "Add" }).click();
  await expectVotes([alice, bob], "Ramen", 0);
  await bob.page.getByLabel("Another choice").fill("Ramen");
  await bob.page.getByRole("button", { name: "Add" }).click();
  await expect(refusal(bob)).toHaveAttribute("data-code", "Taken");
  expect(bob.frames.sent.filter((frame) => kindOf(frame) === KIND.mutate)).toEqual([]);
});

test("a poll that does not exist is made by the first who asks", async ({ serve, person }) => {
  const server = await serve(poll());
  const url = `${server.url}/?poll=movie night`;
  const [alice, bob] = [await person(url), await person(url)];
  await expect(bob.page.getByRole("heading", { name: "Ask something" })).toBeVisible();
  await alice.page.getByLabel("Question").fill("What do we watch?");
  await alice.page.getByLabel(/^Choices/).fill("Alien\nBrazil\n\nAlien");
  await alice.page.getByRole("button", { name: "Start the poll" }).click();
  for (const { page } of [alice, bob]) {
    await expect(page.getByRole("heading", { name: "What do we watch?" })).toBeVisible();
  }
  await choice(bob, "Brazil").click();
  await expectVotes([alice, bob], "Brazil", 1);
});

test("of two who make the same poll, the later one is told and sees the first one's", async ({ serve, link, person }) => {
  const server = await serve(poll());
  const wire = await link(server);
  const [alice, bob] = [await person(`${server.url}/?poll=tea`), await person(`${wire.url}/?poll=tea`)];
  await expect(bob.page.getByRole("heading", { name: "Ask something" })).toBeVisible();
  wire.cut();
  await expect(connection(bob)).toContainText("Reconnecting");
  for (const [{ page }, question] of [[alice, "Black?"], [bob, "Green?"]] as const) {
    await page.getByLabel("Question").fill(question);
    await page.getByLabel(/^Choices/).fill("Yes\nNo");
    await page.getByRole("button", { name: "Start the poll" }).click();
    await expect(page.getByRole("heading", { name: question })).toBeVisible();
  }
  await choice(alice, "Yes").click();
  await expectVotes([alice], "Yes", 1);
  wire.mend();
  await expect(refusal(bob)).toHaveAttribute("data-code", "rt/exists");
  await expect(bob.page.getByRole("heading", { name: "Black?" })).toBeVisible();
  await expectVotes([bob], "Yes", 1);
});

test("two windows of one person vote without the server: each vote counts once", async ({ serve, person }) => {
  const server = await serve(poll());
  const [alice, bob] = [await person(server.url), await person(server.url)];
  const second = { ...alice, page: await alice.context.newPage() };
  await second.page.goto(server.url);
  await expectLive(alice, second, bob);
  await server.kill();
  for (const window of [alice, second]) {
    await expect(connection(window)).toContainText("Reconnecting");
    await choice(window, "Soup").click();
    await choice(window, "Soup").click();
    await expectUnconfirmed(window, "Soup", 2, 2);
  }
  await server.restart();
  await expectVotes([alice, second, bob], "Soup", 4);
});

test("the keyboard is enough to vote, and the new count is read out", async ({ serve, person }) => {
  const server = await serve(poll());
  const alice = await person(server.url);
  const { page } = alice;
  await expectLive(alice);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Live poll" })).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(choice(alice, "Curry")).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Space");
  await expect(page.locator("[aria-live=polite]")).toHaveText("Soup: 0, Curry: 2, Pizza: 0, Falafel: 0");
  await expect(choice(alice, "Curry")).toBeFocused();
});

test("a poll that was closed can be reopened", async ({ serve, person }) => {
  const server = await serve(poll());
  const [alice, bob] = [await person(server.url), await person(server.url)];
  await alice.page.getByRole("button", { name: "Close the poll" }).click();
  await expect(choice(bob, "Soup")).toBeDisabled();
  await bob.page.getByRole("button", { name: "Reopen the poll" }).click();
  await choice(alice, "Soup").click();
  await expectVotes([alice, bob], "Soup", 1);
});

test("nothing leaks into the console, nor fails to load, in a page's ordinary life", async ({ serve, person }) => {
  const server = await serve(poll());
  const alice = await person(server.url);
  await choice(alice, "Soup").click();
  await expectVotes([alice], "Soup", 1);
  await alice.page.reload();
  await expectVotes([alice], "Soup", 1);
  await alice.page.getByRole("link", { name: "Start a new poll" }).click();
  await expect(alice.page.getByRole("heading", { name: "Ask something" })).toBeVisible();
  expect(alice.complaints).toEqual([]);
});

test("the page in plain TypeScript works the same", async ({ serve, person }) => {
  const server = await serve(poll({ PAGE_DIR: join(ROOT, "examples/poll-plain/web/dist") }));
  const [alice, bob] = [await person(server.url), await person(server.url)];
  await alice.page.getByRole("button", { name: "Curry: 0" }).click();
  await expect(bob.page.getByRole("button", { name: "Curry: 1" })).toBeVisible();
  await expect(alice.page.getByRole("status")).toHaveText("live");
});
