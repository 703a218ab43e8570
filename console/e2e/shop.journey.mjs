// A shop's limit rises and falls, is appealed for, applied for, tried and looked at through time; a withdrawal of proceeds is
// held, reviewed and paid (C4, C6, C7, C8, C9, C11, C14, C17, C19, C25). On a server of its own: its clock moves by days.
import assert from "node:assert/strict";
import { newPage } from "./browser.mjs";
import { lookAt } from "./looks.mjs";
import { startServer } from "./server.mjs";
import { PDF, until } from "./until.mjs";

async function opened({ api, url }) {
  const party = await api("POST", "/v1/parties", {
    external_id: "rise-and-fall",
    roles: ["merchant"],
    legal_form: "enterprise",
    display_name: "好物铺子",
  });
  await api("POST", "/v1/sandbox/onboardings", { party_id: party.id });
  await api("POST", `/v1/parties/${party.id}/payout-accounts`, { kind: "sandbox", number: "rise.ok" });
  const component = { source: "credit_evaluation", amount_minor: 2_000_000, since: "2023-01-01" };
  await api("POST", "/v1/credit-shops", { merchant_id: party.id, opened_on: "2023-01-01", level: 3, components: [component] });
  await api("POST", "/v1/rails/sandbox/float-top-ups", { amount_minor: 20_000_000, reference: "shop" });
  const link = await api("POST", "/v1/portal/links", { party_id: party.id, role: "request" });
  return { party, link: url + link.path };
}

/** To ten in the morning of the next day, where withdrawals of proceeds are open. */
async function nextMorning(server) {
  // From the day that was set last: what the server says may be a moment old.
  const before = server.day ?? (await server.api("GET", "/v1/clock")).business_at;
  const local = new Date(Date.parse(before) + 8 * 3_600_000 + 86_400_000).toISOString();
  server.day = `${local.slice(0, 10)}T10:00:00+08:00`;
  await server.api("POST", "/v1/sandbox/clock", { to: server.day });
  return local.slice(0, 10);
}

const total = (page) => page.getByRole("heading", { name: /^总额度|^额度/ }).first();

async function risesAndFalls(server, page, party) {
  const { api } = server;
  const report = (body) => api("POST", "/v1/credit-shops", { merchant_id: party.id, ...body });
  const today = await nextMorning(server);
  await page.waitForFunction(() => document.documentElement.dataset.live === "true");
  await page.getByRole("heading", { name: /¥20,000\.00/ }).waitFor();
  // A training raises it at once, and the page says so by itself.
  await report({ trainings: [today] });
  await page.getByRole("heading", { name: /¥30,000\.00/ }).waitFor({ timeout: 20_000 });
  // Too many returns take a part of it, with the reason and the way back.
  await report({ return_rate_ppm: 120_000 });
  await page.getByRole("heading", { name: "额度受限的原因" }).waitFor({ timeout: 20_000 });
  assert.equal(await page.locator("table[aria-label='额度变动记录'] tbody tr").count() >= 3, true);
  // What if fewer goods came back: tried by the server, nothing changes.
  await page.locator("#if-rate").fill("4.2");
  await page.getByRole("button", { name: "试算" }).click();
  await page.locator("section", { has: page.getByRole("heading", { name: "试算额度" }) }).getByText("¥30,000.00").first().waitFor();
  // Through time, by keyboard: the day before, there was no limit on this server.
  const slider = page.getByRole("slider");
  const day = await slider.getAttribute("aria-valuetext");
  await slider.focus();
  await page.keyboard.press("ArrowLeft");
  assert.notEqual(await slider.getAttribute("aria-valuetext"), day);
  await page.keyboard.press("End");
  assert.equal(await slider.getAttribute("aria-valuetext"), day);
  await page.locator("table[aria-label='当时额度的由来'] tbody tr").first().waitFor();
  return today;
}

async function appealsAndApplies(server, page, party) {
  const risk = await server.staff("shop-risk", "risk");
  await page.getByRole("button", { name: "申诉" }).click();
  await page.locator("#appeal-plan").fill("已更换质检供应商，并增加发货前抽检");
  await page.locator(".ant-modal input[type=file]").setInputFiles({ name: "质检.pdf", ...PDF });
  await page.locator(".ant-modal").getByRole("button", { name: "申诉" }).click();
  await page.waitForURL(/\/portal\/cases\/case_/);
  await page.getByRole("link", { name: "质检.pdf" }).waitFor();
  const [appeal] = (await server.api("GET", `/v1/parties/${party.id}/limit/appeals`)).data;
  const local = new Date(Date.parse((await server.api("GET", "/v1/clock")).business_at) + 8 * 3_600_000);
  const end = new Date(local.getTime() + 30 * 86_400_000).toISOString().slice(0, 10);
  await risk("POST", `/v1/parties/${party.id}/limit/appeals/${appeal.against}/decision`, {
    grant: true,
    until: end,
    reason: "整改有效",
  });
  await page.locator(".state", { hasText: "已解决" }).first().waitFor({ timeout: 20_000 });
  await page.getByRole("link", { name: "先用后付额度" }).first().click();
  await page.getByRole("heading", { name: /¥30,000\.00/ }).waitFor();

  await page.getByRole("link", { name: "额度申请" }).first().click();
  await page.getByRole("button", { name: "新申请" }).click();
  await page.locator("#apply-amount").fill("5000");
  await page.locator("#apply-orders").fill("320");
  await page.locator("#apply-turnover").fill("180000");
  await page.locator("#apply-reason").fill("双十二备货，订单增加");
  await page.locator(".ant-modal input[type=file]").setInputFiles({ name: "经营数据.pdf", ...PDF });
  await page.getByRole("button", { name: "提交申请" }).click();
  await page.locator(".state", { hasText: "已提交" }).or(page.locator(".state", { hasText: "审核中" })).first().waitFor();
  const [wish] = (await server.api("GET", `/v1/parties/${party.id}/credit-applications`)).data;
  await risk("POST", `/v1/credit-applications/${wish.id}/decision`, { grant: true, reason: "经营稳定" });
  await page.locator(".state", { hasText: "已批准" }).or(page.locator(".state", { hasText: "已通过" })).first().waitFor({ timeout: 20_000 });
  await page.getByRole("link", { name: "先用后付额度" }).first().click();
  await page.getByRole("heading", { name: /¥35,000\.00/ }).waitFor();
}

async function sellsAndDraws(server, page, party) {
  const { api } = server;
  const tell = async (order_id, event, amount_minor) => {
    const at = (await api("GET", "/v1/clock")).business_at;
    const amount = amount_minor === undefined ? {} : { amount_minor };
    await api("POST", "/v1/credit-orders", { order_id, merchant_id: party.id, event, at, ...amount });
  };
  for (const [order, amount] of [
    ["双十二-1", 873_210],
    ["双十二-2", 654_321],
  ]) {
    await tell(order, "authorised", amount);
    await tell(order, "shipped");
    await tell(order, "scanned");
  }
  await tell("双十二-3", "authorised", 345_600);
  await page.getByRole("link", { name: "先用后付订单" }).first().click();
  await page.locator("table.records tbody tr").nth(2).waitFor();
  await page.goto(`${server.url}/portal/shop/orders?status=authorised`);
  await page.getByRole("link", { name: "双十二-3" }).first().waitFor();
  assert.equal(await page.locator("table.records tbody tr").count(), 1);
  await page.goto(`${server.url}/portal/shop/orders`);
  await page.getByRole("link", { name: "双十二-1" }).first().click();
  await page.getByRole("heading", { name: "订单 双十二-1" }).waitFor();
  await page.getByText("发货，平台垫付").first().waitFor();
  const order = page.url().split("/").pop();

  // A large withdrawal passes, and the next within three days is held: papers, please.
  const draw = (amount_minor) => api("POST", "/v1/withdrawals", { party_id: party.id, source: "proceeds", amount_minor });
  await draw(1_100_000);
  const held = await draw(100_000);
  assert.equal(held.state, "in_review");
  await page.goto(`${server.url}/portal/withdrawals/${held.id}`);
  await page.locator(".state", { hasText: "待审核" }).first().waitFor();
  await page.getByRole("link", { name: "上传审核材料" }).click();
  await page.waitForURL(/\/portal\/cases\/case_/);
  await page.locator("input[type=file]").setInputFiles([
    { name: "营业执照.pdf", ...PDF },
    { name: "银行流水.pdf", mimeType: PDF.mimeType, buffer: Buffer.concat([PDF.buffer, Buffer.from("\n")]) },
  ]);
  await page.getByRole("link", { name: "银行流水.pdf" }).waitFor();
  const finance = await server.staff("shop-finance", "finance");
  await finance("POST", `/v1/withdrawals/${held.id}/decision`, { decision: "approve" });
  await page.goto(`${server.url}/portal/withdrawals/${held.id}`);
  await page.waitForFunction(() => document.documentElement.dataset.live === "true");
  // It goes out on its value date.
  for (let day = 0; day < 5; day += 1) await nextMorning(server);
  const state = () => api("GET", `/v1/withdrawals/${held.id}`);
  await until("it is paid", state, (found) => found.state === "paid", 60);
  await page.locator(".state", { hasText: "提现成功" }).first().waitFor({ timeout: 20_000 });
  return order;
}

async function aShopsWeek({ browser }) {
  const server = await startServer();
  try {
    const { party, link } = await opened(server);
    const page = await newPage(browser);
    await page.goto(link);
    await page.waitForURL(/\/portal\/shop$/);
    await total(page).waitFor();
    await risesAndFalls(server, page, party);
    await appealsAndApplies(server, page, party);
    const order = await sellsAndDraws(server, page, party);
    assert.deepEqual(page.wrong, []);
    await page.context().close();
    const paths = ["shop", "shop?ago=3", "shop/orders", `shop/orders/${order}`, "shop/applications", "cases"];
    assert.deepEqual(await lookAt({ server, browser }, party, paths), []);
  } finally {
    await server.stop();
  }
}

export const journeys = { "shop: the limit rises and falls, a withdrawal is held and paid": aShopsWeek };
