/** What the browser tests are written with: `test` with servers, links and people, all closed at its end. */
import { type BrowserContext, type Page, test as base, expect } from "@playwright/test";

import { Frames } from "./frames.ts";
import { Link } from "./link.ts";
import { Server, type ServerProgram } from "./server.ts";

export { expect };

/** Someone with a browser profile of their own, and one page. */
export interface Person {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly frames: Frames;
  /** Every error and warning of the page's console, and every exception that nobody caught. */
  readonly complaints: readonly string[];
}

interface Tools {
  /** Starts a server; its stderr is attached to the report where the test fails. */
  readonly serve: (program: ServerProgram) => Promise<Server>;
  /** Opens a link that can be cut, to a server's port. */
  readonly link: (server: Server) => Promise<Link>;
  /** Opens `url` as a new person, with every WebSocket frame recorded from the first. */
  readonly person: (url: string) => Promise<Person>;
}

export const test = base.extend<Tools>({
  serve: async ({}, use, info) => {
    const servers: Server[] = [];
    await use(async (program) => {
      const server = await Server.start(program);
      servers.push(server);
      return server;
    });
    for (const [index, server] of servers.entries()) {
      if (info.status !== info.expectedStatus) {
        await info.attach(`server ${index} stderr`, { body: server.log, contentType: "text/plain" });
      }
      await server.stop();
    }
  },

  link: async ({}, use) => {
    const links: Link[] = [];
    await use(async (server) => {
      const link = await Link.to(server.port);
      links.push(link);
      return link;
    });
    for (const link of links) await link.close();
  },

  person: async ({ browser }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (url) => {
      const context = await browser.newContext();
      contexts.push(context);
      const page = await context.newPage();
      const [frames, complaints] = [Frames.of(page), complaintsOf(page)];
      await page.goto(url);
      return { page, context, frames, complaints };
    });
    for (const context of contexts) await context.close();
  },
});

function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.stack ?? error.message));
  return complaints;
}
