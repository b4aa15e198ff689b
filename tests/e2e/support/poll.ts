/** The poll of `templates/poll` as a server that tests can start: its own binary, its own folder. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import type { ServerProgram } from "./server.ts";

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** The built binary: `cargo xtask test e2e` builds it first. */
function binary(): string {
  const path = join(resolve(ROOT, process.env["CARGO_TARGET_DIR"] ?? "target"), "debug", "poll");
  if (!existsSync(path)) throw new Error(`${path} does not exist: cargo build -p poll`);
  return path;
}

/** The poll on its embedded store, in the server's folder; `extra` is added to its environment. */
export function poll(extra: Readonly<Record<string, string>> = {}): ServerProgram {
  return {
    command: binary(),
    args: [],
    cwd: join(ROOT, "templates/poll"),
    env: (address, folder) => ({
      REALTIME_LISTEN: address,
      REALTIME_STORE: join(folder, "realtime.db"),
      ...extra,
    }),
    ready: /^listening on http:\/\/127\.0\.0\.1:\d+$/,
  };
}
