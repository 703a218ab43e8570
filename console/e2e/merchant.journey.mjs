// A merchant sees what the limit is made of and what would raise it, ships, and draws its proceeds (C1, C9, C10, C14, C26).
import assert from "node:assert/strict";
import { newPage } from "./browser.mjs";
import { lookAt } from "./looks.mjs";

async function merchant({ api, url }, name) {
  const party = await api("POST", "/v1/parties", {
    external_id: name,
    roles: ["merchant"],
    legal_form: "enterprise",
    display_name: `商家 ${name}`,
  });
  await api("POST", "/v1/sandbox/onboardings", { party_id: party.id });
  await api("POST", `/v1/parties/${party.id}/payout-accounts`, { kind: "sandbox", number: `${name}.ok` });
  const component = { source: "credit_evaluation", amount_minor: 2_000_000, since: "2023-01-01" };
  const shop = { merchant_id: party.id, opened_on: "2023-01-01", level: 3, components: [component] };
  await api("POST", "/v1/credit-shops", shop);
  const link = await api("POST", "/v1/portal/links", { party_id: party.id, role: "request" });
  return { party, link: url + link.path };
}

async function tell({ api }, merchant_id, order_id, event, amount_minor) {
  const at = (await api("GET", "/v1/clock")).business_at;
  await api("POST", "/v1/credit-orders", {
    order_id,
    merchant_id,
    event,
    at,
    ...(amount_minor === undefined ? {} : { amount_minor }),
  });
}

async function theLimitAndTheProceeds({ server, browser }) {
  const { party, link } = await merchant(server, "journey-shop");
  // In the morning, so that withdrawals are open and what is due comes due.
  const { business_at } = await server.api("GET", "/v1/clock");
  const tomorrow = new Date(Date.parse(business_at) + 86_400_000).toISOString().slice(0, 10);
  await server.api("POST", "/v1/sandbox/clock", { to: `${tomorrow}T10:00:00+08:00` });
  for (const [order, paid] of [
    ["journey-shop-1", true],
    ["journey-shop-2", false],
  ]) {
    await tell(server, party.id, order, "authorised", 500_000);
    await tell(server, party.id, order, "shipped");
    if (paid) await tell(server, party.id, order, "paid", 500_000);
  }
  const page = await newPage(browser);
  await page.goto(link);
  await page.waitForURL(/\/portal\/shop$/);
  await page.getByText(/可使用额度：15,?000(\.00)?元/).waitFor();
  const amount = async (name) =>
    (await page.locator("dt", { hasText: name }).first().locator("xpath=following-sibling::dd[1]").textContent())?.trim();
  assert.equal(await amount("已用"), "¥5,000.00");
  assert.equal(await amount("可使用"), "¥15,000.00");
  // Every step that made it, and its ways up.
  await page.locator("table[aria-label='额度是怎样算出来的'] tbody tr").first().waitFor();
  await page.getByText("怎样提升额度").waitFor();
  // The log tells of each change, with its reason.
  await page.locator("table[aria-label='额度变动记录'] tbody tr").first().waitFor();

  await page.getByRole("link", { name: "货款", exact: true }).first().click();
  await page.getByText("发货垫款").first().waitFor();
  await page.getByRole("heading", { name: /可提现货款/ }).waitFor();
  await page.getByRole("button", { name: "提现" }).click();
  await page.locator("#amount").fill("5000");
  await page.getByText("预计到账时间").waitFor();
  const code = page.locator("#code");
  await page.getByRole("button", { name: "获取验证码" }).click();
  const shown = page.locator("[data-code]");
  await shown.waitFor();
  await code.fill(await shown.getAttribute("data-code"));
  await page.getByRole("button", { name: /^确认提现/ }).click();
  await page.waitForURL(/\/portal\/withdrawals\/wd_/);
  await page.locator(".state").first().waitFor();
  await page.getByRole("link", { name: "货款提现" }).first().click();
  await page.locator("table.records tbody tr").first().waitFor();
  assert.equal(await page.locator("table.records tbody tr").count(), 1);
  assert.deepEqual(page.wrong, []);
  await page.context().close();
  const paths = ["shop", "shop/proceeds", "shop/withdrawals", "shop/withdrawals/new"];
  assert.deepEqual(await lookAt({ server, browser }, party, paths), []);
}

export const journeys = { "merchant: the limit, what makes it, and its proceeds": theLimitAndTheProceeds };
