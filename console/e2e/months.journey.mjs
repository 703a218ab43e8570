// What happens by the month: a creator's programme statement and its dispute (X15), and an agency's settlement from choosing
// the orders to payment (X14, X16). On a server of its own: its clock moves by weeks.
import assert from "node:assert/strict";
import { newPage } from "./browser.mjs";
import { lookAt } from "./looks.mjs";
import { startServer } from "./server.mjs";
import { PDF, until } from "./until.mjs";

const SELLER = { seller_name: "星河文化传媒有限公司", seller_code: "91110000600037341L" };

async function party({ api }, name, roles, legal_form, display_name) {
  return await api("POST", "/v1/parties", { external_id: name, roles, legal_form, display_name });
}

async function link({ api, url }, party_id, role = "approve") {
  return url + (await api("POST", "/v1/portal/links", { party_id, role })).path;
}

const clock = async ({ api }) => (await api("GET", "/v1/clock")).business_at;

/** The civil date, of the business zone, of day `day` of the month after an instant's. */
function nextMonth(at, day) {
  const local = new Date(Date.parse(at) + 8 * 3_600_000);
  const first = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, day));
  return first.toISOString().slice(0, 10);
}

async function settle({ api }, name, creator_id, amount_minor) {
  const at = (await api("GET", "/v1/clock")).business_at;
  return await api("POST", "/v1/task-orders", {
    order_id: name,
    creator_id,
    task_type: "video",
    title: "新品开箱",
    amount_minor,
    accepted_at: at,
    status: "completed",
    completed_at: at,
  });
}

async function statementAndDispute(server, browser, creator) {
  const { api } = server;
  const page = await newPage(browser);
  await page.goto(await link(server, creator.id));
  await page.waitForURL(/\/portal\/overview$/);
  // Income of the month is frozen, and stands in its statement.
  await page.locator("dt", { hasText: "冻结金额" }).first().waitFor();
  assert.equal(
    (await page.locator("dt", { hasText: "冻结金额" }).first().locator("xpath=following-sibling::dd[1]").locator(".amount").first().textContent())?.trim(),
    "¥9,500.00",
  );
  await page.getByRole("link", { name: "月度结算单", exact: true }).first().click();
  await page.locator(".state", { hasText: "进行中" }).first().waitFor();
  const [one] = (await api("GET", `/v1/parties/${creator.id}/programme-statements`)).data;

  // The month ends and staff publish it. The page is told: nobody reloads it.
  await page.waitForFunction(() => document.documentElement.dataset.live === "true");
  await api("POST", "/v1/sandbox/clock", { to: `${nextMonth(await clock(server), 2)}T09:00:00+08:00` });
  const state = () => api("GET", `/v1/programme/statements/${one.id}`);
  await until("the month is drafted", state, (found) => found.state === "draft");
  await api("POST", `/v1/programme/statements/${one.id}/publish`);
  await until("it is published", state, (found) => found.state === "published");
  await page.locator(".state", { hasText: "已发布" }).first().waitFor({ timeout: 20_000 });
  await page.getByRole("link", { name: one.month }).first().click();
  const lines = page.locator("table[aria-label='结算明细']");
  // 9,500.00 − 10 % + 200.00
  await lines.getByText("-¥950.00").waitFor();
  await lines.getByText("+¥200.00").waitFor();
  await lines.getByText("¥8,750.00").waitFor();

  // Disagreeing opens a case that blocks nothing; staff answer with an adjustment.
  await page.reload();
  await page.locator("#dispute-text").fill("激励少算了一项任务");
  await page.getByRole("button", { name: "提交异议" }).click();
  await page.locator(".state", { hasText: "处理中" }).first().waitFor();
  const desk = await server.staff("months-support", "finance");
  await desk("POST", `/v1/programme/statements/${one.id}/answer`, {
    adjustment_minor: 10_000,
    component: "incentive",
    reason: "已补发漏算的激励",
  });
  await page.locator(".state", { hasText: "已调整" }).first().waitFor({ timeout: 20_000 });
  await page.getByText("已补发漏算的激励").first().waitFor();
  await lines.getByText("¥8,850.00").waitFor();
  await page.getByRole("link", { name: "账户总览" }).first().click();
  await page.waitForFunction(() => document.body.innerText.includes("¥8,850.00"));
  assert.deepEqual(page.wrong, []);
  await page.context().close();
  return one.id;
}

async function settlementToPaid(server, browser, agency) {
  const { api } = server;
  await api("POST", "/v1/rails/sandbox/float-top-ups", { amount_minor: 20_000_000, reference: "months" });
  const now = new Date(Date.parse(await clock(server)) + 8 * 3_600_000).toISOString();
  await api("POST", "/v1/sandbox/clock", { to: `${now.slice(0, 8)}11T09:00:00+08:00` });
  const months = () => api("GET", `/v1/parties/${agency.id}/settlement-months`);
  await until("the month is listed", months, ({ data }) => typeof data[0]?.listed_at === "string");

  const page = await newPage(browser);
  await page.goto(await link(server, agency.id));
  await page.waitForURL(/\/portal\/settlements$/);
  // Whom it has signed, and what they did.
  await page.getByRole("link", { name: "签约创作者", exact: true }).first().click();
  await page.getByText("签约 小禾").first().waitFor();
  await page.getByRole("link", { name: "机构任务", exact: true }).first().click();
  await page.locator("table.records tbody tr").nth(1).waitFor();

  await page.getByRole("link", { name: "对公结算", exact: true }).first().click();
  await page.getByRole("button", { name: "生成结算单" }).click();
  await page.getByRole("button", { name: "全选已出账" }).click();
  await page.getByText("已选 2 笔，合计").waitFor();
  await page.locator("#seller-name").fill(SELLER.seller_name);
  await page.locator("#seller-code").fill(SELLER.seller_code);
  await page.locator("form").getByRole("button", { name: "生成结算单" }).click();
  await page.waitForURL(/\/portal\/settlements\/st_/);
  const id = page.url().split("/").pop();
  await page.locator(".state", { hasText: "待签章" }).first().waitFor();
  await page.locator("#signatory").fill("王小明");
  await page.getByRole("button", { name: "签章", exact: true }).click();
  await page.locator(".ant-modal-confirm").getByRole("button", { name: "签章", exact: true }).click();
  await page.locator(".state", { hasText: "待提交发票" }).first().waitFor();
  await page.locator("#invoice-number").fill("26312000000123456789");
  await page.getByRole("button", { name: "提交发票" }).click();
  await page.locator(".state", { hasText: "资料审核中" }).first().waitFor();
  await page.locator("input[type=file]").setInputFiles({ name: "发票.pdf", ...PDF });
  await page.getByText("文件已上传").waitFor();

  // Staff find something and send the papers back; corrected, they are paid.
  const desk = await server.staff("months-finance", "finance");
  await desk("POST", `/v1/settlements/${id}/decision`, { decision: "reject", reason: "发票章不全" });
  await page.locator(".state", { hasText: "资料被退回" }).first().waitFor({ timeout: 20_000 });
  await page.getByText("发票章不全").first().waitFor();
  await page.locator("#invoice-number").fill("26312000000123456790");
  await page.getByRole("button", { name: "提交发票" }).click();
  await page.locator(".state", { hasText: "资料审核中" }).first().waitFor();
  await desk("POST", `/v1/settlements/${id}/decision`, { decision: "accept" });
  await page.locator(".state", { hasText: "已付款" }).first().waitFor({ timeout: 30_000 });
  assert.deepEqual(page.wrong, []);
  await page.context().close();
  return id;
}

async function byTheMonth({ browser }) {
  const server = await startServer();
  try {
    const { api } = server;
    const today = new Date(Date.parse(await clock(server)) + 8 * 3_600_000).toISOString();
    // Promises reach into the next year: where its working days are not announced, the platform says which they are.
    const year = Number(today.slice(0, 4)) + 1;
    await api("POST", `/v1/calendar/${year}`, { source: "journeys", off: [], make_up: [] }).catch(() => null);
    const creator = await party(server, "months-creator", ["creator"], "individual", "创作者 月月");
    await api("POST", "/v1/programme/members", { creator_id: creator.id, from_on: today.slice(0, 10) });
    await settle(server, "months-1", creator.id, 1_000_000);
    await api("POST", "/v1/programme/terms/bulk", {
      items: [{ creator_id: creator.id, month: today.slice(0, 7), fee_ppm: 100_000, incentive_minor: 20_000 }],
    });
    const agency = await party(server, "months-agency", ["agency"], "enterprise", "星河文化传媒");
    await api("POST", `/v1/parties/${agency.id}/payout-accounts`, { kind: "sandbox", number: "months-agency.ok" });
    const signed = await party(server, "months-signed", ["creator"], "individual", "签约 小禾");
    await api("POST", `/v1/parties/${signed.id}/memberships`, { agency_id: agency.id, from: "2025-01-01T00:00:00Z" });
    await settle(server, "months-agency-1", signed.id, 300_000);
    await settle(server, "months-agency-2", signed.id, 200_000);

    const statement = await statementAndDispute(server, browser, creator);
    const settlement = await settlementToPaid(server, browser, agency);
    assert.deepEqual(await lookAt({ server, browser }, creator, ["statements", `statements/${statement}`]), []);
    const pages = ["settlements", "settlements/new", `settlements/${settlement}`, "agency/members", "agency/orders", "settings"];
    assert.deepEqual(await lookAt({ server, browser }, agency, pages), []);
  } finally {
    await server.stop();
  }
}

export const journeys = { "months: a statement disputed, an agency settled": byTheMonth };
