// Every screen of the portal without a server: both languages, a phone and a wide screen, light and dark, against answers
// whose types are the contract's. Nothing sticks out, axe is content, and it looks as it did (docs/screens).
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";
import { axe, newPage, overflow } from "./browser.mjs";
import { compareSheets, drawSheet } from "./sheet.mjs";

const CONSOLE = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(CONSOLE, "dist");
const FOLDER = join(CONSOLE, "../docs/screens");
/** Any address will do: the pages' own requests are answered here. */
const PLACE = "http://portal.test";

/** Looks of each sheet. The first is always looked at, the second with PURSER_LONG=1. */
const SHEETS = [
  [
    { locale: "zh-CN", width: 1920, dark: false },
    { locale: "en-GB", width: 360, dark: true },
  ],
  [
    { locale: "en-GB", width: 1920, dark: true },
    { locale: "zh-CN", width: 360, dark: false },
  ],
];
/** Share of a tile that may differ: letters differ between machines, and a cursor blinks. */
const TOLERANCE = 0.03;
/** Time in which nothing is asked for before a page counts as shown, ms. */
const QUIET = 120;
/** Pages that are looked at at a time. */
const HANDS = 2;

const TYPES = { js: "text/javascript", css: "text/css", html: "text/html", svg: "image/svg+xml" };

/** Answers every request of a context for somebody; says when nothing is under way. */
async function mocked(context, answer, person) {
  let underWay = 0;
  let last = performance.now();
  await context.route("**/*", async (route) => {
    const request = route.request();
    const { origin, pathname } = new URL(request.url());
    if (origin !== PLACE) return await route.abort();
    underWay += 1;
    try {
      if (pathname.startsWith("/v1/")) {
        const { status, body } = answer(person, request.method(), pathname);
        const contentType = status < 400 ? "application/json" : "application/problem+json";
        return await route.fulfill({ status, contentType, body: JSON.stringify(body) });
      }
      const file = join(DIST, pathname.startsWith("/assets/") ? pathname : "portal.html");
      return await route.fulfill({ body: readFileSync(file), contentType: TYPES[file.split(".").pop()] });
    } finally {
      underWay -= 1;
      last = performance.now();
    }
  });
  return async () => {
    for (let n = 0; n < 200 && (underWay > 0 || performance.now() - last < QUIET); n += 1) {
      await new Promise((done) => setTimeout(done, 25));
    }
  };
}

/** Screens of one person in one look: their pictures, and what is wrong with them. */
async function shoot(browser, { answer, now }, screens, { locale, width, dark }) {
  const page = await newPage(browser, {
    locale,
    viewport: { width, height: width < 500 ? 760 : 1080 },
    colorScheme: dark ? "dark" : "light",
  });
  const shots = [];
  try {
    // What a page counts from is the answers' own day.
    await page.clock.setFixedTime(new Date(now));
    const quiet = await mocked(page.context(), answer, screens[0].person);
    for (const screen of screens) {
      const name = `${screen.person ?? "nobody"} ${screen.path} ${locale} ${width}`;
      const wrong = [];
      await page.goto("about:blank");
      await page.goto(`${PLACE}/portal/${screen.path}`);
      await page.locator("main h1").waitFor();
      await page.locator(".ant-skeleton").first().waitFor({ state: "detached" });
      await quiet();
      const wide = await overflow(page);
      if (wide > 0) wrong.push(`${name}: ${wide} px too wide`);
      for (const violation of await axe(page)) wrong.push(`${name}: ${JSON.stringify(violation)}`);
      wrong.push(...page.wrong.splice(0).map((text) => `${name}: ${text}`));
      await page.evaluate(() => document.activeElement?.blur?.());
      shots.push({ screen, png: await page.screenshot({ caret: "hide" }), wide: width >= 500, wrong });
    }
    return shots;
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

/** Rows of a sheet: the looks of every screen side by side. */
function rowsOf(screens, shots) {
  return screens.map((screen) => ({
    // Ids change when answers are recorded anew; what is shown does not.
    name: `${screen.person ?? "nobody"} /${screen.path.replace(/_[0-9a-z]{26}/g, "_…").replace(/#.*/, "")}`,
    shots: shots.flat().filter((shot) => shot.screen === screen),
  }));
}

async function compared(browser, number, rows) {
  const file = join(FOLDER, `portal-${number}.webp`);
  const page = await newPage(browser);
  const sheet = await drawSheet(page, rows);
  if (process.env.UPDATE_EXPECT === "1" || !existsSync(file)) {
    writeFileSync(file, sheet);
    return;
  }
  const { size, tiles } = await compareSheets(page, readFileSync(file), sheet, rows);
  const far = tiles.filter((tile) => tile.share > TOLERANCE);
  const most = Math.max(0, ...tiles.map((tile) => tile.share));
  console.log(`sheet ${number}: ${tiles.length} tiles, at most ${(most * 100).toFixed(2)} % of one differ`);
  if (size || far.length > 0) {
    mkdirSync(join(CONSOLE, "e2e/shots"), { recursive: true });
    writeFileSync(join(CONSOLE, "e2e/shots", `portal-${number}.webp`), sheet);
  }
  assert.ok(!size, `${file} has other rows: UPDATE_EXPECT=1 draws it anew`);
  assert.deepEqual(
    far.map(({ name, at, share }) => `${name} look ${at}: ${(share * 100).toFixed(1)} % differ`),
    [],
    "look at console/e2e/shots; UPDATE_EXPECT=1 accepts",
  );
  // The measure sees when a screen is another one.
  const seen = await compareSheets(page, sheet, await drawSheet(page, [...rows.slice(1), rows[0]]), rows);
  const others = seen.tiles.filter((tile) => tile.share > TOLERANCE).length;
  assert.ok(others > seen.tiles.length * 0.8, `only ${others} of ${seen.tiles.length} other screens are seen`);
  await page.context().close();
}

async function everyScreen({ browser }) {
  const { module: mocks } = await runnerImport("mocks/index.ts", { root: CONSOLE, configFile: false });
  const { module: list } = await runnerImport("mocks/screens.ts", { root: CONSOLE, configFile: false });
  const context = { answer: mocks.answer, now: mocks.PEOPLE.creator["/v1/portal/session"].now };
  const screens = list.SCREENS;
  const people = [...new Set(screens.map(({ person }) => person))];
  const sheets = process.env.PURSER_LONG === "1" || process.env.UPDATE_EXPECT === "1" ? SHEETS : SHEETS.slice(0, 1);
  for (const [at, looks] of sheets.entries()) {
    const jobs = people.flatMap((person) => {
      const own = screens.filter((screen) => screen.person === person);
      return looks.map((look) => () => shoot(browser, context, own, look));
    });
    const rows = rowsOf(screens, await inTurns(jobs, HANDS));
    if (process.env.SHOTS) {
      for (const { name, shots } of rows) {
        for (const [n, { png }] of shots.entries()) {
          writeFileSync(join(process.env.SHOTS, `screen-${at + 1}-${name.replace(/\W+/g, "-")}-${n}.png`), png);
        }
      }
    }
    assert.deepEqual(rows.flatMap(({ shots }) => shots.flatMap(({ wrong }) => wrong)), []);
    await compared(browser, at + 1, rows);
  }
}

export const journeys = { "screens: every one, in both languages and widths": everyScreen };
