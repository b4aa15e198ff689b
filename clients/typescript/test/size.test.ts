/**
 * What a page downloads, minified and compressed, stays within the targets (api.md 15).
 *
 * The helpers that lowered mutators call come on top of the core: they are the author's own code at work.
 */
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";

const src = (name: string): string => fileURLToPath(new URL(`../src/${name}`, import.meta.url));

/** Bundles as an application does, and returns the bytes after minification and gzip. */
async function size(code: string, external: readonly string[] = []): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: src("."), loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    external: [...external],
  });
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length;
}

test.each([
  ["the core", 'export { connect } from "./generated.ts";', ["react", "./draft/index.js"], 12_000],
  ["the core, with every helper of lowered mutators", 'export { connect, Draft } from "./generated.ts";', [], 15_000],
  ["react", 'export * from "./react.ts";', ["react"], 1_200],
  ["msgpack", 'export * from "./msgpack.ts";', [], 2_000],
])("%s", async (name, code, external, most) => {
  const bytes = await size(code, external);
  console.info(`${name}: ${bytes} bytes, at most ${most}`);
  expect(bytes).toBeGreaterThan(100);
  expect(bytes).toBeLessThanOrEqual(most);
});
