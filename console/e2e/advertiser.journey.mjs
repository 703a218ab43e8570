// An advertiser sets a campaign up, pays, spends it all, is stopped, pays what is owed and resumes (A1, A2, A3, A4, A5, A6,
// A9, A10), and has top-ups offered by themselves (A11).
import assert from "node:assert/strict";
import { newPage } from "./browser.mjs";
import { lookAt } from "./looks.mjs";
import { until } from "./until.mjs";

async function advertiser({ api, url }, name) {
  const party = await api("POST", "/v1/parties", {
    external_id: name,
    roles: ["advertiser"],
    legal_form: "enterprise",
    display_name: `广告主 ${name}`,
  });
  const link = await api("POST", "/v1/portal/links", { party_id: party.id, role: "request" });
  return { party, link: url + link.path };
}

let clicks = 0;
const click = async ({ api }, campaign, price_minor, click_at) => {
  clicks += 1;
  return await api("POST", "/v1/ad-clicks", { click_id: `journey-${clicks}`, campaign_id: campaign, price_minor, click_at });
};

/** Through the cashier's page of play money, and back. */
async function payAtCashier(page) {
  await page.waitForURL(/\/cashier\//);
  await page.locator("button[value=pay]").click();
  await page.waitForURL(/\/cashier\//);
}

async function setCampaignUp(page) {
  await page.getByRole("link", { name: "推广计划", exact: true }).first().click();
  await page.getByRole("button", { name: "新建计划" }).click();
  await page.locator("#campaign-name").fill("春季新品");
  await page.locator("#campaign-budget").fill("2000");
  await page.locator("#campaign-words").fill("红色连衣裙 1.20\n凉鞋 0.8");
  await page.getByRole("button", { name: "新建计划" }).click();
  await page.waitForURL(/\/ads\/campaigns\/cmp_/);
  const bid = page.getByRole("textbox", { name: "出价 凉鞋" });
  await bid.fill("0.95");
  await bid.locator("xpath=ancestor::form").getByRole("button", { name: "保存" }).click();
  await page.waitForFunction(() => document.querySelector("input[aria-label='出价 凉鞋']")?.value === "0.95");
  return page.url().split("/").pop();
}

async function outOfMoneyAndBack({ server, browser }) {
  const { party, link } = await advertiser(server, "journey-ads");
  const page = await newPage(browser);
  await page.goto(link);
  await page.waitForURL(/\/portal\/ads$/);
  const campaign = await setCampaignUp(page);
  // Not a cent yet: the status says why nothing is shown.
  await page.locator(".state", { hasText: "余额不足下线" }).first().waitFor();

  await page.getByRole("link", { name: "广告账户", exact: true }).first().click();
  await page.getByRole("button", { name: "充值" }).first().click();
  await page.locator("#top-up-amount").fill("500");
  await page.getByRole("button", { name: /^确认充值/ }).click();
  await payAtCashier(page);
  await page.goto(`${server.url}/portal/ads/top-ups`);
  await page.locator(".state", { hasText: "已支付" }).first().waitFor({ timeout: 30_000 });
  await page.goto(`${server.url}/portal/ads/campaigns`);
  // A first top-up: nothing was stopped before, or it waits to be resumed; either way one click brings it back.
  const resume = page.getByRole("button", { name: "全部恢复" });
  await resume.click();
  await page.locator(".state", { hasText: "推广中" }).first().waitFor();

  // 500.00 are clicked away; the clicks under way become arrears, and everything stops in the same commit.
  const at = async () => (await server.api("GET", "/v1/clock")).business_at;
  const now = await at();
  for (let n = 0; n < 5; n += 1) await click(server, campaign, 10_000, now);
  await click(server, campaign, 3_000, now);
  await page.goto(`${server.url}/portal/ads`);
  await page.getByText("账户欠费 ¥30.00，推广已全部下线").waitFor();
  await page.getByText("欠费", { exact: true }).first().waitFor();

  // Three clicks: top up, confirm the amount that is suggested, pay.
  await page.getByRole("alert").getByRole("button", { name: "充值" }).click();
  await page.getByText("先还欠费").waitFor();
  await page.getByRole("button", { name: /^确认充值/ }).click();
  await payAtCashier(page);
  await page.goto(`${server.url}/portal/ads`);
  await page.getByText("1 个推广计划待恢复").waitFor({ timeout: 30_000 });
  await page.getByRole("button", { name: "全部恢复" }).click();
  await page.getByText("1 个推广计划待恢复").waitFor({ state: "detached" });
  // What follows on it: bids and alerts.
  await page.getByRole("link", { name: "查看出价" }).waitFor();
  await page.getByRole("link", { name: "设置余额提醒" }).click();
  // Nobody draws on an account here: an order of the right size is made, and waits.
  await page.getByRole("checkbox", { name: "自动充值" }).check();
  await page.getByRole("radio", { name: "演示收银台" }).check();
  await page.locator("#threshold").fill("50000");
  await page.locator("#auto-amount").fill("500");
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await page.getByText("已更新").first().waitFor();
  await page.goto(`${server.url}/portal/ads/top-ups`);
  await page.locator(".state", { hasText: "待付款" }).first().waitFor({ timeout: 30_000 });
  await page.goto(`${server.url}/portal/ads/settings`);
  await page.getByRole("checkbox", { name: "自动充值" }).uncheck();
  await page.getByRole("button", { name: "保存", exact: true }).click();
  await page.getByText("已更新").first().waitFor();
  await page.goto(`${server.url}/portal/ads/top-ups`);
  await page.getByRole("button", { name: "关闭", exact: true }).first().click();
  await page.locator(".state", { hasText: "已关闭" }).first().waitFor({ timeout: 30_000 });
  await page.goto(`${server.url}/portal/ads/campaigns?status=running`);
  await page.getByRole("link", { name: "春季新品" }).first().waitFor();
  // Two hands: switched off, it is paused, and says so.
  await page.getByRole("switch", { name: "开关 春季新品" }).first().click();
  await page.goto(`${server.url}/portal/ads/campaigns?status=paused`);
  await page.getByRole("link", { name: "春季新品" }).first().waitFor();

  // What was spent stands in the report, and every movement in the log.
  await page.goto(`${server.url}/portal/ads/report?by=campaign`);
  await page.locator("table.records").getByText("¥530.00").waitFor();
  // An order that is not paid is closed, and made anew with one click.
  await page.goto(`${server.url}/portal/ads/top-up`);
  await page.locator("#top-up-amount").fill("300");
  await page.getByRole("button", { name: /^确认充值/ }).click();
  await page.waitForURL(/\/cashier\//);
  await page.goto(`${server.url}/portal/ads/top-ups`);
  await page.getByRole("button", { name: "关闭", exact: true }).first().click();
  await page.locator(".state", { hasText: "已关闭" }).first().waitFor();
  await page.getByRole("button", { name: "重新支付" }).first().click();
  await page.waitForURL(/\/cashier\//);
  // Not paid in time, it is closed; the payment that comes late is not lost: it is balance, and the order says so.
  await page.locator("button[value=late]").click();
  const [newest] = (await server.api("GET", `/v1/payment-orders?party_id=${party.id}&limit=1`)).data;
  const order = () => server.api("GET", `/v1/payment-orders/${newest.id}`);
  await server.api("POST", "/v1/sandbox/clock", { advance_seconds: 15 * 60 });
  await until("it is closed", order, ({ state }) => state === "closed");
  await server.api("POST", "/v1/sandbox/clock", { advance_seconds: 120 });
  await until("it is paid late", order, ({ state }) => state === "paid_late");
  await page.goto(`${server.url}/portal/ads/top-ups`);
  await page.locator(".state", { hasText: "超时到账" }).first().waitFor({ timeout: 30_000 });
  assert.deepEqual(page.wrong, []);
  await page.context().close();

  const paths = ["ads", "ads/top-up", "ads/top-ups", "ads/campaigns", `ads/campaigns/${campaign}`, "ads/campaigns/new"];
  const rest = ["ads/report", "ads/report?by=hour", "ads/settings", "messages"];
  assert.deepEqual(await lookAt({ server, browser }, party, [...paths, ...rest]), []);
}

export const journeys = { "advertiser: out of money, stopped, paid, resumed": outOfMoneyAndBack };
