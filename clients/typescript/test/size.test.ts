/**
 * What a page downloads, minified and compressed, stays within the targets (api.md 15).
 *
 * The core is measured as the poll's page has it: with the operations that its mutators use. Its generated client, the
 * author's own models and mutators, comes on top.
 */
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** Bundles as an application does, and returns the bytes after minification and gzip. */
async function size(code: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: path("src"), loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    external: ["react"],
    alias: { "@realtime/client/generated": path("src/generated.ts"), "@realtime/client/draft": path("src/draft/index.ts") },
  });
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length;
}

const POLL = path("../../templates/poll/web/src/realtime/index.ts");

/** What the poll's mutators and its `create` use. */
const OF_THE_POLL = 'export { connect, creates } from "./generated.ts"; export { fail, own, ownAt, u32 } from "./draft/index.ts";';

test.each([
  ["the core", 'export { connect } from "./generated.ts";', 11_600],
  ["the core with what the poll uses of it", OF_THE_POLL, 12_000],
  ["the poll's generated client, with that", `export { createClient } from ${JSON.stringify(POLL)};`, 12_550],
  ["the core with every part that a client may use", 'export * from "./generated.ts"; export * from "./draft/index.ts";', 16_000],
  ["react", 'export * from "./react.ts";', 1_200],
  ["msgpack", 'export * from "./msgpack.ts";', 2_000],
])("%s", async (name, code, most) => {
  const bytes = await size(code);
  console.info(`${name}: ${bytes} bytes, at most ${most}`);
  expect(bytes).toBeGreaterThan(100);
  expect(bytes).toBeLessThanOrEqual(most);
});
