/** How the browser tests run: Debian's Chromium, one page set at a time, no second chance. */
import { defineConfig } from "@playwright/test";

/** Without a sandbox, since containers run as root; without anything that talks to the world. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export default defineConfig({
  testMatch: "**/*.spec.ts",
  outputDir: "test-results",
  forbidOnly: true,
  retries: 0,
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: "list",
  use: {
    browserName: "chromium",
    headless: true,
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env["REALTIME_CHROMIUM"] ?? "/usr/bin/chromium",
      args: FLAGS,
      chromiumSandbox: false,
    },
  },
});
