// Journeys against the real binary on SQLite. Prints one line per journey; exit code 3: could not be run here.
import { readdirSync } from "node:fs";
import { chromiumPath, startBrowser } from "./browser.mjs";
import { startServer } from "./server.mjs";

if (chromiumPath() === undefined) {
  console.log("skipped: browser journeys: no Chromium (Debian's package chromium has it)");
  process.exit(3);
}
const wanted = process.argv.slice(2);
const names = readdirSync(new URL(".", import.meta.url))
  .filter((name) => name.endsWith(".journey.mjs"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
const server = await startServer();
const browser = await startBrowser();
let failed = 0;
let passed = 0;
try {
  for (const name of names) {
    const { journeys } = await import(`./${name}`);
    for (const [title, journey] of Object.entries(journeys)) {
      const began = performance.now();
      try {
        await journey({ server, browser });
        passed += 1;
        console.log(`test ${title} ... ok (${Math.round(performance.now() - began)} ms)`);
      } catch (error) {
        failed += 1;
        console.log(`test ${title} ... FAILED`);
        console.log(error instanceof Error ? error.stack : error);
      }
    }
  }
} finally {
  await browser.close();
  await server.stop();
}
console.log(`test result: ${failed === 0 ? "ok" : "FAILED"}. ${passed} passed; ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
