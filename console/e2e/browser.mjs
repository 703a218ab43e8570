// A headless Chromium of the system, and what every page of every journey must keep.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Where Chromium is; undefined where there is none. */
export const chromiumPath = () => process.env.CHROMIUM ?? PLACES.find((place) => existsSync(place));

export async function startBrowser() {
  return await chromium.launch({
    executablePath: chromiumPath(),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page that fails the journey when it says an error or breaks its own content security policy. */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({
    locale: "zh-CN",
    viewport: { width: 1280, height: 900 },
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(`page error: ${error.message}`));
  page.on("console", (message) => {
    // Refusals of the server are part of journeys: the browser logs each as a failed resource.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) wrong.push(message.text());
  });
  page.wrong = wrong;
  return page;
}

/** Violations of WCAG 2.2 AA on the page as it stands. */
export async function axe(page) {
  // Evaluated by the browser's debugger, which the page's policy against foreign scripts does not reach.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const { violations } = await globalThis.axe.run(document, { runOnly: { type: "tag", values: tags } });
    return violations.map((one) => ({
      id: one.id,
      help: one.help,
      nodes: one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 200)} | ${node.failureSummary?.split("\n")[1] ?? ""}`),
    }));
  });
  return found;
}

/** Whether something reaches beyond the page's width. */
export const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
