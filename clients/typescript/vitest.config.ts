// How the client's tests run: in Node, without a DOM unless a file asks for one in its first line.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "test/**/*.test.tsx"],
    environment: "node",
    // An unhandled rejection fails the run: the client promises never to cause one.
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
