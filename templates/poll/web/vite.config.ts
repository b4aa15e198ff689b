/** How the page is built; `npm run dev` serves it with hot reload, and hands `/ws` on to the server. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  // One React, also where the client is linked from a folder that has its own.
  resolve: { dedupe: ["react", "react-dom"] },
  server: { proxy: { "/ws": { target: "http://127.0.0.1:3000", ws: true } } },
});
