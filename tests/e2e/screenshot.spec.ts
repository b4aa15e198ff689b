/** The picture of the poll in the documents: two windows, one of them without the server. SCREENSHOT=1 takes it. */
import { join } from "node:path";

import type { Browser, Page } from "@playwright/test";

import { choice, connection, expectLive, expectUnconfirmed, expectVotes } from "./support/poll-page.ts";
import { ROOT, poll } from "./support/poll.ts";
import { type Person, expect, test } from "./support/test.ts";

const SIZE = { width: 680, height: 884 };
const VOTES = { Soup: 3, Curry: 7, Pizza: 12, Falafel: 4 };

if (process.env["SCREENSHOT"] === "1") {
  test("docs/images/poll.png", async ({ browser, serve, link, person }) => {
    const server = await serve(poll());
    const wire = await link(server);
    const [alice, bob] = [await person(server.url), await person(wire.url)];
    await prepare(alice, "light");
    await prepare(bob, "dark");
    await expectLive(alice, bob);
    for (const [label, votes] of Object.entries(VOTES)) {
      for (let n = 0; n < votes; n += 1) await choice(alice, label).click();
      await expectVotes([alice, bob], label, votes);
    }
    wire.cut();
    await expect(connection(bob)).toContainText("Reconnecting");
    for (let n = 0; n < 3; n += 1) await choice(bob, "Curry").click();
    await expectUnconfirmed(bob, "Curry", 10, 3);
    const windows = await Promise.all([shoot(alice.page), shoot(bob.page)]);
    await compose(browser, windows, join(ROOT, "docs/images/poll.png"));
  });
}

async function prepare({ page }: Person, colorScheme: "light" | "dark"): Promise<void> {
  await page.setViewportSize(SIZE);
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
}

/** One window's content, as a data URL. */
async function shoot(page: Page): Promise<string> {
  await page.mouse.move(0, 0);
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  const bytes = await page.screenshot({ scale: "device" });
  return `data:image/png;base64,${bytes.toString("base64")}`;
}

/** Puts windows beside each other. */
async function compose(browser: Browser, windows: readonly string[], path: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1500, height: 1044 } });
  const frame = (src: string): string => `<figure><nav><i></i><i></i><i></i></nav><img src="${src}"></figure>`;
  await page.setContent(`<style>
    body { margin: 0; height: 100vh; display: flex; justify-content: center; align-items: center; gap: 40px; background: linear-gradient(135deg, #f3e3d3, #e7b596); }
    figure { margin: 0; border-radius: 14px; overflow: hidden; box-shadow: 0 30px 70px rgb(60 25 10 / 35%); }
    nav { display: flex; gap: 8px; padding: 13px 16px; background: #d8cdbf; }
    figure + figure nav { background: #2b2721; }
    i { width: 12px; height: 12px; border-radius: 50%; background: #0003; }
    figure + figure i { background: #fff3; }
    img { display: block; width: ${SIZE.width}px; height: ${SIZE.height}px; }
  </style>${windows.map(frame).join("")}`);
  await page.screenshot({ path });
  await page.close();
}
