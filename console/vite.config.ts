import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Where a server runs while pages are worked on: `npx vite`, then http://127.0.0.1:5173/portal.html.
const server = process.env.PURSER_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "dist",
    // The folder itself is kept: the Rust build looks at it. scripts/clean.mjs empties it.
    emptyOutDir: false,
    target: "es2022",
    // A script would have to stand inline to load what it names: the policy of the pages forbids that.
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ["portal.html", "staff.html"] },
    chunkSizeWarningLimit: 1200,
  },
  server: { proxy: { "/v1": server, "/cashier": server } },
  test: { include: ["src/**/*.test.ts"] },
});
