// A creator from the first link to money that has arrived (X1, X3, X4, X6, P8, P14, P18), and every page on the way.
import assert from "node:assert/strict";
import { newPage } from "./browser.mjs";
import { lookAt } from "./looks.mjs";

const GROSS = 1_000_000;
const NET = "¥9,500.00";

/** A creator with one settled task, and a link for one of its people. */
async function creator({ api, url }, name, role = "request") {
  const party = await api("POST", "/v1/parties", {
    external_id: name,
    roles: ["creator"],
    legal_form: "individual",
    display_name: `创作者 ${name}`,
  });
  const order = {
    order_id: `${name}-1`,
    creator_id: party.id,
    task_type: "video",
    title: "新品开箱",
    amount_minor: GROSS,
    accepted_at: "2026-01-05T02:00:00Z",
    status: "accepted",
  };
  await api("POST", "/v1/task-orders", order);
  await api("POST", "/v1/task-orders", { ...order, status: "completed", completed_at: "2026-01-09T02:00:00Z" });
  await api("POST", "/v1/rails/sandbox/float-top-ups", { amount_minor: 10_000_000, reference: `fund ${name}` });
  const person = await api("POST", `/v1/parties/${party.id}/people`, { name: "林一", role: "request" });
  const link = await api("POST", "/v1/portal/links", { party_id: party.id, person_id: person.id, role });
  return { party, link: url + link.path };
}

/** The code that the page shows, as the demo's phone got it. */
async function codeShown(page, n = 0) {
  const shown = page.locator("[data-code]").nth(n);
  await shown.waitFor();
  return await shown.getAttribute("data-code");
}

async function sendAndEnter(page, field, n = 0) {
  const input = page.locator(`#${field}`);
  await input.locator("xpath=ancestor::div[contains(@class,'field')][1]").getByRole("button").click();
  await input.fill(await codeShown(page, n));
}

async function amountOf(page, name) {
  const term = page.locator("dt", { hasText: name }).first();
  return (await term.locator("xpath=following-sibling::dd[1]").locator(".amount").first().textContent())?.trim();
}

async function firstSteps(page, phone, fate) {
  await page.getByRole("link", { name: "提现设置" }).first().click();
  await page.getByRole("button", { name: "绑定手机号" }).click();
  await page.locator("#phone").fill(phone);
  await sendAndEnter(page, "new-code");
  await page.locator("form").getByRole("button", { name: "绑定手机号" }).click();
  await page.getByText(`${phone.slice(0, 3)}****${phone.slice(-4)}`).first().waitFor();
  await page.locator("#real-name").fill("林一");
  await page.locator("#real-number").fill("11010519491231002X");
  await page.getByRole("button", { name: "提交认证" }).click();
  await page.getByText("已认证", { exact: true }).waitFor();
  await page.getByRole("button", { name: "添加收款账户" }).click();
  // The kind of the sandbox is the first one there.
  await page.locator("form").getByText("演示账户").first().waitFor();
  await page.locator("#number").fill(fate);
  await page.locator("form").getByRole("button", { name: "添加收款账户" }).click();
  await page.getByText("默认账户", { exact: true }).waitFor();
}

async function withdraw(page, amount, { api }) {
  // A phone gets one code a minute.
  await api("POST", "/v1/sandbox/clock", { advance_seconds: 61 });
  await page.getByRole("link", { name: "提现记录" }).first().click();
  await page.getByRole("button", { name: "申请提现" }).click();
  if (amount === "all") await page.getByRole("button", { name: "全部提现" }).click();
  else await page.locator("#amount").fill(amount);
  await page.getByText("预计到账时间").waitFor();
  await sendAndEnter(page, "code");
  await page.getByRole("button", { name: /^确认提现/ }).click();
  await page.waitForURL(/\/portal\/withdrawals\/wd_/);
}

async function fromFirstLoginToPaid({ server, browser }) {
  const { link } = await creator(server, "journey-paid");
  const page = await newPage(browser);
  await page.goto(link);
  await page.waitForURL(/\/portal\/overview$/);
  assert.equal(await amountOf(page, "可提现金额"), NET);
  assert.equal(await amountOf(page, "任务总金额"), "¥10,000.00");
  assert.equal(await amountOf(page, "累计提现金额"), "¥0.00");
  // Every missing step is named before one tries.
  await page.getByRole("link", { name: "绑定手机号" }).waitFor();
  const cookies = await page.context().cookies();
  const session = cookies.find((cookie) => cookie.name === "purser_portal");
  assert.ok(session?.httpOnly && session.sameSite === "Strict", JSON.stringify(cookies));
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }));
  assert.doesNotMatch(kept, /p[ls]_|[0-9a-f]{64}/, "nothing secret lies in the browser's storage");

  await page.getByRole("link", { name: "任务结算记录" }).first().click();
  await page.getByText("journey-paid-1").first().waitFor();
  await page.getByText("¥500.00").first().waitFor();

  await firstSteps(page, "13812345678", "lin.ok");
  await withdraw(page, "all", server);
  await page.locator(".state", { hasText: "提现成功" }).first().waitFor({ timeout: 30_000 });
  await page.getByRole("link", { name: "账户总览" }).first().click();
  await page.locator("dt", { hasText: "累计提现金额" }).first().waitFor();
  await page.waitForFunction(() => document.body.innerText.includes("¥9,500.00"));
  assert.equal(await amountOf(page, "可提现金额"), "¥0.00");
  assert.equal(await amountOf(page, "累计提现金额"), NET);

  // The link was used up; in another browser it says so, and what to do.
  const other = await newPage(browser);
  await other.goto(link);
  await other.getByText("登录链接无法使用").waitFor();
  assert.doesNotMatch(other.url(), /pl_/, "the token left the address");
  await other.context().close();
  // Signing out ends the session on the server too.
  await page.getByRole("button", { name: "退出" }).click();
  await page.getByText("请从平台进入").waitFor();
  await page.context().addCookies(cookies);
  await page.goto(`${server.url}/portal/overview`);
  await page.getByText("请从平台进入").waitFor();
  assert.deepEqual(page.wrong, []);
  await page.context().close();
}

async function failedCancelledAndLookedAt({ server, browser }) {
  const { party, link } = await creator(server, "journey-fails");
  const page = await newPage(browser);
  await page.goto(link);
  await page.waitForURL(/\/portal\/overview$/);
  await firstSteps(page, "13912345679", "lin.fail");
  await withdraw(page, "100", server);
  await page.locator(".state", { hasText: "提现失败" }).first().waitFor({ timeout: 30_000 });
  // The reason, who must act, and the way on.
  await page.getByRole("link", { name: "重新申请" }).waitFor();
  // The platform stops payouts: what is asked for now waits, and can be called off.
  await server.api("POST", "/v1/sandbox/rails/sandbox", { healthy: false });
  try {
    await withdraw(page, "200", server);
    await page.getByRole("button", { name: "撤销提现" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "撤销提现" }).click();
    await page.locator(".state", { hasText: "已撤销" }).first().waitFor();
  } finally {
    await server.api("POST", "/v1/sandbox/rails/sandbox", { healthy: true });
  }
  await page.getByRole("link", { name: "提现记录" }).first().click();
  await page.locator("table.records tbody tr").nth(1).waitFor();
  // A filter stands in the address, and the list obeys it after a reload too.
  await page.goto(`${server.url}/portal/withdrawals?state=cancelled`);
  await page.locator("table.records tbody tr").first().waitFor();
  assert.equal(await page.locator("table.records tbody tr").count(), 1);
  // Too much is refused before anything is sent, with the reason.
  await page.goto(`${server.url}/portal/withdrawals/new`);
  await page.locator("#amount").fill("10000");
  await page.getByText("现在不能提现").waitFor();
  assert.ok(await page.getByRole("button", { name: /^确认提现/ }).isDisabled());
  assert.deepEqual(page.wrong, []);
  await page.context().close();

  // Whoever may only look finds nothing to press, and nothing of another party.
  const view = await server.api("POST", "/v1/portal/links", { party_id: party.id, role: "view" });
  const looking = await newPage(browser, { locale: "en-GB" });
  await looking.goto(server.url + view.path);
  await looking.getByRole("heading", { name: "Overview" }).waitFor();
  assert.equal(await looking.getByRole("button", { name: "Withdraw", exact: true }).count(), 0);
  await looking.goto(`${server.url}/portal/withdrawals/wd_00000000000000000000000000`);
  await looking.getByText("Not found").waitFor();
  await looking.context().close();
}

const PAGES = ["overview", "overview?trend=table", "orders", "withdrawals", "withdrawals/new", "settings", "messages", "help"];

/** Every page in both languages, on a phone and on a wide screen, light and dark: nothing sticks out, axe is content. */
async function everyPageIsForEverybody({ server, browser }) {
  const { party } = await creator(server, "journey-looks");
  await server.api("POST", "/v1/sandbox/onboardings", { party_id: party.id });
  await server.api("POST", `/v1/parties/${party.id}/payout-accounts`, { kind: "sandbox", number: "looks.ok" });
  assert.deepEqual(await lookAt({ server, browser }, party, PAGES), []);
}

/** What the first screen weighs, and how soon it says something. */
async function theFirstScreenIsQuick({ server, browser }) {
  const { link } = await creator(server, "journey-quick");
  const page = await newPage(browser);
  await page.goto(link);
  await page.locator(".figure").first().waitFor();
  await page.context().clearPermissions();
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  const times = [];
  for (let round = 0; round < 3; round += 1) {
    await page.goto(`${server.url}/portal/overview`);
    await page.locator(".figure .big").first().waitFor();
    times.push(await page.evaluate(() => performance.now()));
  }
  const files = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter((entry) => entry.name.includes("/assets/"))
      .map((entry) => entry.name),
  );
  let gzip = 0;
  for (const file of files) {
    // The chart comes after the figures, with its library: it is not what one waits for.
    if (/\/bars-/.test(file)) continue;
    const response = await fetch(file, { headers: { "Accept-Encoding": "gzip" } });
    gzip += Number(response.headers.get("content-length") ?? 0);
  }
  console.log(`first screen: ${Math.round(gzip / 1024)} kB gzip, figures after ${times.map(Math.round).join(", ")} ms`);
  assert.ok(gzip > 0 && gzip <= 350 * 1024, `${gzip} bytes of the first screen`);
  // Generous beside the goal of 1.0 s: other tests run on the same two cores.
  assert.ok(Math.min(...times) <= 3_000, `${times} ms`);
  await page.context().close();
}

export const journeys = {
  "creator: from the first link to paid": fromFirstLoginToPaid,
  "creator: failed, called off, looked at": failedCancelledAndLookedAt,
  "creator: every page is for everybody": everyPageIsForEverybody,
  "creator: the first screen is quick": theFirstScreenIsQuick,
};
