// Asking the platform about a record, with papers (P26, X17), and the studio upgrade (X9, X10).
import assert from "node:assert/strict";
import { newPage } from "./browser.mjs";
import { lookAt } from "./looks.mjs";
import { PDF, until } from "./until.mjs";

async function creator({ api, url }, name, amount_minor) {
  const party = await api("POST", "/v1/parties", {
    external_id: name,
    roles: ["creator"],
    legal_form: "individual",
    display_name: `创作者 ${name}`,
  });
  await api("POST", "/v1/sandbox/onboardings", { party_id: party.id, name: "安安" });
  await api("POST", `/v1/parties/${party.id}/payout-accounts`, { kind: "sandbox", number: `${name}.ok` });
  const at = (await api("GET", "/v1/clock")).business_at;
  const order = { order_id: `${name}-1`, creator_id: party.id, task_type: "video", title: "年度合作", amount_minor };
  await api("POST", "/v1/task-orders", { ...order, accepted_at: at, status: "completed", completed_at: at });
  const link = await api("POST", "/v1/portal/links", { party_id: party.id, role: "request" });
  return { party, link: url + link.path };
}

async function askedAndAnswered({ server, browser }) {
  const { party, link } = await creator(server, "journey-case", 1_000_000);
  await server.api("POST", "/v1/rails/sandbox/float-top-ups", { amount_minor: 10_000_000, reference: "journey-case" });
  const made = await server.api("POST", "/v1/withdrawals", { party_id: party.id, amount_minor: 100_000 });
  const page = await newPage(browser);
  await page.goto(link);
  await page.waitForURL(/\/portal\/overview$/);
  await page.goto(`${server.url}/portal/withdrawals/${made.id}`);
  await page.getByRole("link", { name: "就此咨询" }).click();
  await page.waitForURL(/\/portal\/cases\/new/);
  await page.locator("#case-summary").fill("银行说没有收到");
  await page.locator("#case-text").fill("请帮忙核对到账账户");
  await page.locator("input[type=file]").setInputFiles({ name: "流水.pdf", ...PDF });
  await page.getByText("流水.pdf").waitFor();
  await page.getByRole("button", { name: "提交", exact: true }).click();
  await page.waitForURL(/\/portal\/cases\/case_/);
  const id = page.url().split("/").pop();
  // The record's reference is attached, the words and the file are there.
  const found = await server.api("GET", `/v1/cases/${id}`);
  assert.equal(found.case.subject, made.id);
  await page.getByText("请帮忙核对到账账户").first().waitFor();
  await page.getByRole("link", { name: "流水.pdf" }).waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "流水.pdf" }).click()]);
  assert.equal(file.suggestedFilename(), "流水.pdf");

  // The desk asks; the page says so by itself, and the party answers.
  await page.waitForFunction(() => document.documentElement.dataset.live === "true");
  const desk = await server.staff("case-support", "support");
  await desk("POST", `/v1/cases/${id}/messages`, { text: "请补充开户行名称", asks: true });
  await page.locator(".state", { hasText: "待您补充" }).first().waitFor({ timeout: 20_000 });
  await page.locator("#case-text").fill("杭州分行");
  await page.getByRole("button", { name: "发送" }).click();
  await page.locator(".talk .own", { hasText: "杭州分行" }).waitFor();
  await desk("POST", `/v1/cases/${id}/decision`, { decision: "resolve", reason: "已与银行核对，款项已到账" });
  await page.locator(".state", { hasText: "已解决" }).first().waitFor({ timeout: 20_000 });
  await page.getByText("已与银行核对").first().waitFor();
  await page.getByRole("link", { name: "我的工单" }).first().click();
  await page.getByRole("link", { name: "银行说没有收到" }).first().waitFor();
  assert.deepEqual(page.wrong, []);
  await page.context().close();
  const paths = ["cases", `cases/${id}`, `cases/new?kind=fee_dispute&subject=${made.id}`];
  assert.deepEqual(await lookAt({ server, browser }, party, paths), []);
}

async function becomesAStudio({ server, browser }) {
  const { party, link } = await creator(server, "journey-studio", 600_000_000);
  // The request that reaches the sum passes; the next one is refused.
  await server.api("POST", "/v1/withdrawals", { party_id: party.id, amount_minor: 510_000_000 });
  const page = await newPage(browser);
  await page.goto(link);
  await page.waitForURL(/\/portal\/overview$/);
  await page.getByRole("link", { name: "提现设置" }).first().click();
  await page.getByText("需升级").first().waitFor();
  await page.getByRole("link", { name: "工作室升级" }).first().click();
  await page.getByText("累计提现已达门槛").waitFor();
  await page.locator("#studio-name").fill("杭州安安文化工作室");
  await page.locator("#studio-code").fill("91350100M000100Y43");
  await page.locator("#studio-operator").fill("安安");
  const send = page.getByRole("button", { name: "提交申请" });
  assert.ok(await send.isDisabled(), "there is no application without a licence");
  await page.locator("input[type=file]").setInputFiles({ name: "营业执照.pdf", ...PDF });
  await send.click();
  // Its progress: applied and handed in, to be decided.
  const steps = page.getByRole("list", { name: "申请进度" });
  await steps.locator("li", { hasText: "上传营业执照" }).getByText("已完成").waitFor();
  await steps.locator("li", { hasText: "平台审核" }).getByText("待完成").waitFor();
  const desk = await server.staff("studio-support", "support");
  await desk("POST", `/v1/parties/${party.id}/studio/decision`, { grant: true, reason: "资料齐全" });
  await steps.locator("li", { hasText: "完成升级" }).getByText("已完成").waitFor({ timeout: 30_000 });
  await page.getByText("已升级为工作室").first().waitFor();
  const standing = () => server.api("GET", `/v1/parties/${party.id}/studio`);
  await until("it is a studio", standing, (view) => view.upgraded);
  assert.deepEqual(page.wrong, []);
  await page.context().close();
  assert.deepEqual(await lookAt({ server, browser }, party, ["studio", "settings"]), []);
}

/** A browser that is signed in for somebody is not taken over by a link for somebody else (P18). */
async function asksBeforeItChanges({ server, browser }) {
  const one = await creator(server, "journey-one", 100_000);
  const two = await creator(server, "journey-two", 100_000);
  const page = await newPage(browser);
  await page.goto(one.link);
  await page.waitForURL(/\/portal\/overview$/);
  await page.goto(two.link);
  await page.getByText("已登录另一个账户").waitFor();
  await page.getByRole("button", { name: "留在“创作者 journey-one”" }).click();
  await page.waitForURL(/\/portal\/overview$/);
  await page.getByText("创作者 journey-one").first().waitFor();
  // The link is still good, and now it is wanted.
  await page.goto(two.link);
  await page.getByRole("button", { name: "退出并切换" }).click();
  await page.waitForURL(/\/portal\/overview$/);
  await page.getByText("创作者 journey-two").first().waitFor();
  assert.deepEqual(page.wrong, []);
  await page.context().close();
}

export const journeys = {
  "cases: asked about a record, answered, resolved": askedAndAnswered,
  "cases: a creator becomes a studio": becomesAStudio,
  "cases: a link for somebody else asks first": asksBeforeItChanges,
};
