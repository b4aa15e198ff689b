/** The harness itself, on a server that is not ours: what the other tests rely on. */
import { fileURLToPath } from "node:url";

import { json } from "./support/frames.ts";
import { Server, type ServerProgram } from "./support/server.ts";
import { expect, test } from "./support/test.ts";

const COUNTER: ServerProgram = {
  command: process.execPath,
  args: [fileURLToPath(new URL("support/counter.mjs", import.meta.url))],
  cwd: fileURLToPath(new URL(".", import.meta.url)),
  env: (address, folder) => ({ COUNTER_LISTEN: address, COUNTER_FOLDER: folder }),
  ready: /^counter at http:/,
};

test("two people see one server, and their frames are recorded", async ({ serve, person }) => {
  const server = await serve(COUNTER);
  const [alice, bob] = [await person(server.url), await person(server.url)];
  await expect(bob.page.locator("i")).toHaveText("live");
  await alice.page.getByRole("button").click();
  await expect(bob.page.locator("output")).toHaveText("1");
  await bob.frames.waitFor((frame) => frame.direction === "received" && frame.payload === '["count",1]');
  expect(alice.frames.sent.map(json)).toEqual([["add"]]);
  expect(bob.frames.sent).toEqual([]);
  expect(bob.frames.received.map(json)).toEqual([["count", 0], ["count", 1]]);
});

test("a killed server comes back at the same address, over the same data", async ({ serve, person }) => {
  const server = await serve(COUNTER);
  const { page, frames } = await person(server.url);
  await expect(page.locator("i")).toHaveText("live");
  await page.getByRole("button").click();
  await expect(page.locator("output")).toHaveText("1");
  await server.kill();
  await expect(page.locator("i")).toHaveText("waiting");
  await server.restart();
  await expect(page.locator("i")).toHaveText("live");
  const again = await frames.waitFor((frame) => frame.socket > 0 && frame.direction === "received");
  expect(json(again)).toEqual(["count", 1]);
});

test("a cut link leaves the others connected", async ({ serve, link, person }) => {
  const server = await serve(COUNTER);
  const wire = await link(server);
  const [alice, bob] = [await person(wire.url), await person(server.url)];
  await expect(alice.page.locator("i")).toHaveText("live");
  await expect(bob.page.locator("i")).toHaveText("live");
  wire.cut();
  await expect(alice.page.locator("i")).toHaveText("waiting");
  await bob.page.getByRole("button").click();
  await expect(bob.page.locator("output")).toHaveText("1");
  await expect(alice.page.locator("output")).toHaveText("0");
  wire.mend();
  await expect(alice.page.locator("output")).toHaveText("1");
  expect(bob.frames.sockets).toBe(1);
});

test("a server that ends before it serves is reported with its last words", async () => {
  const broken = { ...COUNTER, args: ["-e", "console.error('no such store'); process.exit(3)"] };
  await expect(Server.start(broken)).rejects.toThrow(/exit code 3[^]*no such store/);
});
