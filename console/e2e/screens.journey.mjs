// Every screen of the portal without a server: both languages, a phone and a wide screen, light and dark, against answers
// whose types are the contract's. Nothing sticks out, axe is content, and it looks as it did (docs/screens).
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";
import { axe, newPage, overflow } from "./browser.mjs";
import { compareSheets, drawSheet } from "./sheet.mjs";

const CONSOLE = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(CONSOLE, "dist");
const SHEETS = join(CONSOLE, "../docs/screens");
/** Any address will do: the pages' own requests are answered here. */
const PLACE = "http://portal.test";

const LOOKS = [
  { locale: "zh-CN", width: 1920, dark: false },
  { locale: "en-GB", width: 360, dark: true },
  { locale: "en-GB", width: 1920, dark: true },
  { locale: "zh-CN", width: 360, dark: false },
];
/** Share of a tile that may differ: letters differ between machines, and a cursor blinks. */
const TOLERANCE = 0.06;
/** Pages that are looked at at a time. */
const HANDS = 2;

const TYPES = { js: "text/javascript", css: "text/css", html: "text/html", svg: "image/svg+xml" };

async function mocked(context, answer, person) {
  await context.route("**/*", async (route) => {
    const request = route.request();
    const { origin, pathname } = new URL(request.url());
    if (origin !== PLACE) return await route.abort();
    if (pathname.startsWith("/v1/")) {
      const { status, body } = answer(person, request.method(), pathname);
      const contentType = status < 400 ? "application/json" : "application/problem+json";
      return await route.fulfill({ status, contentType, body: JSON.stringify(body) });
    }
    const file = join(DIST, pathname.startsWith("/assets/") ? pathname : "portal.html");
    return await route.fulfill({ body: readFileSync(file), contentType: TYPES[file.split(".").pop()] });
  });
}

/** One screen in one look: its picture, and what is wrong with it. */
async function shot(browser, { answer, now }, screen, { locale, width, dark }) {
  const page = await newPage(browser, {
    locale,
    viewport: { width, height: width < 500 ? 760 : 1080 },
    colorScheme: dark ? "dark" : "light",
  });
  const wrong = [];
  try {
    // What a page counts from is the answers' own day.
    await page.clock.setFixedTime(new Date(now));
    await mocked(page.context(), answer, screen.person);
    await page.goto(`${PLACE}/portal/${screen.path}`);
    await page.locator("main h1").waitFor();
    await page.locator(".ant-skeleton").first().waitFor({ state: "detached" });
    await page.waitForLoadState("networkidle");
    const name = `${screen.person ?? "nobody"} ${screen.path} ${locale} ${width}`;
    const wide = await overflow(page);
    if (wide > 0) wrong.push(`${name}: ${wide} px too wide`);
    for (const violation of await axe(page)) wrong.push(`${name}: ${JSON.stringify(violation)}`);
    wrong.push(...page.wrong.map((text) => `${name}: ${text}`));
    await page.evaluate(() => document.activeElement?.blur?.());
    return { png: await page.screenshot({ caret: "hide" }), wide: width >= 500, wrong };
  } finally {
    await page.context().close();
  }
}

async function inTurns(jobs, hands) {
  const results = Array.from({ length: jobs.length });
  let next = 0;
  const hand = async () => {
    while (next < jobs.length) {
      const at = next;
      next += 1;
      results[at] = await jobs[at]();
    }
  };
  await Promise.all(Array.from({ length: hands }, hand));
  return results;
}

async function everyScreen({ browser }) {
  const { module: mocks } = await runnerImport("mocks/index.ts", { root: CONSOLE, configFile: false });
  const { module: list } = await runnerImport("mocks/screens.ts", { root: CONSOLE, configFile: false });
  const now = mocks.PEOPLE.creator["/v1/portal/session"].now;
  const wanted = process.env.SCREEN;
  const screens = list.SCREENS.filter(({ path }) => wanted === undefined || path.startsWith(wanted));
  const jobs = screens.flatMap((screen) => LOOKS.map((look) => () => shot(browser, { ...mocks, now }, screen, look)));
  const shots = await inTurns(jobs, HANDS);
  assert.deepEqual(shots.flatMap((one) => one.wrong), []);
  const rows = screens.map(({ person, path }, at) => ({
    // Ids change when answers are recorded anew; what is shown does not.
    name: `${person ?? "nobody"} /${path.replace(/_[0-9a-z]{26}/g, "_…").replace(/#.*/, "")}`,
    shots: shots.slice(at * LOOKS.length, (at + 1) * LOOKS.length),
  }));
  if (process.env.SHOTS) {
    for (const [at, { name, shots: row }] of rows.entries()) {
      for (const [n, { png }] of row.entries()) {
        writeFileSync(join(process.env.SHOTS, `screen-${at}-${name.replace(/\W+/g, "-")}-${n}.png`), png);
      }
    }
  }
  if (wanted !== undefined) return;
  const page = await newPage(browser);
  const half = Math.ceil(rows.length / 2);
  for (const [at, part] of [rows.slice(0, half), rows.slice(half)].entries()) {
    const file = join(SHEETS, `portal-${at + 1}.webp`);
    const sheet = await drawSheet(page, part);
    if (process.env.UPDATE_EXPECT === "1" || !existsSync(file)) {
      writeFileSync(file, sheet);
      continue;
    }
    const { size, tiles } = await compareSheets(page, readFileSync(file), sheet, part);
    const far = tiles.filter((tile) => tile.share > TOLERANCE);
    if (size || far.length > 0) writeFileSync(join(CONSOLE, "e2e/shots", `portal-${at + 1}.webp`), sheet);
    assert.ok(!size, `${file} has other rows: UPDATE_EXPECT=1 draws it anew`);
    assert.deepEqual(
      far.map(({ name, at: look, share }) => `${name} look ${look}: ${(share * 100).toFixed(1)} % differ`),
      [],
      "look at console/e2e/shots; UPDATE_EXPECT=1 accepts",
    );
    // The measure sees when a screen is another one.
    const turned = await drawSheet(page, [...part.slice(1), part[0]]);
    const seen = await compareSheets(page, sheet, turned, part);
    const others = seen.tiles.filter((tile) => tile.share > TOLERANCE).length;
    assert.ok(others > seen.tiles.length * 0.8, `only ${others} of ${seen.tiles.length} other screens are seen`);
  }
  await page.context().close();
}

export const journeys = { "screens: every one, in both languages and widths": everyScreen };
