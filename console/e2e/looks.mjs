// Pages as everybody meets them: both languages, a phone and a wide screen, light and dark.
import { mkdirSync } from "node:fs";
import { axe, newPage, overflow } from "./browser.mjs";

const QUICK = [
  { locale: "zh-CN", width: 1920, dark: false },
  { locale: "en-GB", width: 360, dark: true },
];
const LONG = [
  ...QUICK,
  { locale: "en-GB", width: 1920, dark: true },
  { locale: "zh-CN", width: 360, dark: false },
];
const LOOKS = process.env.PURSER_LONG === "1" ? LONG : QUICK;

/** What is wrong on these pages of a party: something sticks out, axe complains, or the browser does. */
export async function lookAt({ server, browser }, party, paths) {
  const enter = async (page) => {
    const link = await server.api("POST", "/v1/portal/links", { party_id: party.id, role: "approve" });
    await page.goto(server.url + link.path);
    await page.waitForURL((url) => !url.pathname.endsWith("/enter"));
  };
  return await lookAround({ server, browser }, "portal", enter, paths);
}

/** The same for any pages below a prefix that one enters somehow. */
export async function lookAround({ server, browser }, base, enter, paths) {
  const shots = process.env.SHOTS;
  if (shots) mkdirSync(shots, { recursive: true });
  const look = async ({ locale, width, dark }) => {
    const wrong = [];
    const page = await newPage(browser, {
      locale,
      viewport: { width, height: width < 500 ? 760 : 1080 },
      colorScheme: dark ? "dark" : "light",
    });
    await enter(page);
    for (const path of paths) {
      await page.goto(`${server.url}/${[base, path].filter((part) => part !== "").join("/")}`);
      await page.locator("main h1").waitFor();
      await page.locator(".ant-skeleton").first().waitFor({ state: "detached" });
      const name = `${path} ${locale} ${width} ${dark ? "dark" : "light"}`;
      if (shots) await page.screenshot({ path: `${shots}/${name.replace(/[^\w]+/g, "-")}.png`, fullPage: true });
      const wide = await overflow(page);
      if (wide > 0) wrong.push(`${name}: ${wide} px too wide`);
      for (const violation of await axe(page)) wrong.push(`${name}: ${JSON.stringify(violation)}`);
    }
    wrong.push(...page.wrong);
    await page.context().close();
    return wrong;
  };
  return (await Promise.all(LOOKS.map(look))).flat();
}
