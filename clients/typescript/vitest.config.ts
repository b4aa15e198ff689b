// How the client's tests run: in Node, without a DOM unless a file asks for one in its first line.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const src = (name: string): string => fileURLToPath(new URL(`src/${name}`, import.meta.url));

export default defineConfig({
  // The poll's generated client is replayed against these sources, not against what was built last.
  resolve: { alias: { "@realtime/client/generated": src("generated.ts"), "@realtime/client/draft": src("draft/index.ts") } },
  test: {
    include: ["test/**/*.test.ts", "test/**/*.test.tsx"],
    environment: "node",
    // An unhandled rejection fails the run: the client promises never to cause one.
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
