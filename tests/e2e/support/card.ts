/** The card of `examples/card` as a server that tests can start, and what a person sees of its page. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Locator, expect } from "@playwright/test";

import { ROOT } from "./poll.ts";
import type { ServerProgram } from "./server.ts";
import type { Person } from "./test.ts";

/** The example on its embedded store, in the server's folder. */
export function card(): ServerProgram {
  const command = join(resolve(ROOT, process.env["CARGO_TARGET_DIR"] ?? "target"), "debug", "card");
  if (!existsSync(command)) throw new Error(`${command} does not exist: cargo build -p card`);
  return {
    command,
    args: [],
    cwd: join(ROOT, "examples/card"),
    env: (address, folder) => ({ REALTIME_LISTEN: address, REALTIME_STORE: join(folder, "realtime.db") }),
    ready: /^listening on http:\/\/127\.0\.0\.1:\d+$/,
  };
}

/** Waits until a person sees just this of the card. */
export async function expectCard({ page }: Person, text: string): Promise<void> {
  await expect(page.locator("#card")).toHaveText(text);
}

/** Waits until everybody is connected and nothing is under way. */
export async function expectCalm(...people: readonly Person[]): Promise<void> {
  for (const { page } of people) await expect(page.locator("#status")).toHaveText("live");
}

/** The button of an estimate, or of another action. */
export function button({ page }: Person, name: string): Locator {
  return page.getByRole("button", { name, exact: true });
}
