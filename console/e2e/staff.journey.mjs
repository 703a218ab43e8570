// The back office: float short and released, a withdrawal held, reviewed and paid, four eyes, policy, the queue, and every
// page for everybody (G, P4, P12, P16, P17, P18, P26, X9, X11, X16, C21, C25).
import assert from "node:assert/strict";
import { axe, newPage } from "./browser.mjs";
import { lookAround } from "./looks.mjs";

const PASSWORD = "a long enough password";
/** A studio's credit code whose check character is right. */
const STUDIO = "91350100M000100Y43";
/** Pages of what was decided on the way, to be looked at last. */
const decided = [];
/** One grey point. */
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==",
  "base64",
);

/** A member of staff; in a sandbox keys may make them. */
async function staff({ api }, login, role) {
  return await api("POST", "/v1/staff", { login, role, password: PASSWORD });
}

async function signIn(page, { url }, login, path = "") {
  await page.goto(path === "" ? `${url}/staff` : `${url}/staff/${path}`);
  await page.locator("#login").fill(login);
  await page.locator("#password").fill(PASSWORD);
  await page.locator("form button[type=submit]").click();
  await page.locator("nav a").first().waitFor({ state: "attached" });
}

/** A creator with money, verified, with a payout account whose number makes the sandbox pay. */
async function creator({ api }, name, amount_minor) {
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
    amount_minor,
    accepted_at: "2026-01-05T02:00:00Z",
    status: "accepted",
  };
  await api("POST", "/v1/task-orders", order);
  await api("POST", "/v1/task-orders", { ...order, status: "completed", completed_at: "2026-01-09T02:00:00Z" });
  await api("POST", "/v1/sandbox/onboardings", { party_id: party.id });
  await api("POST", `/v1/parties/${party.id}/payout-accounts`, { kind: "sandbox", number: `${name}.ok` });
  return party;
}

/** Asks for money as the party does: with the code that its phone got. */
async function withdraw({ api }, party, amount_minor) {
  await api("POST", "/v1/withdrawals/codes", { party_id: party.id, amount_minor });
  let code;
  // A job sends it.
  for (let n = 0; n < 200 && code === undefined; n += 1) {
    const outbox = await api("GET", `/v1/sandbox/outbox?party_id=${party.id}&limit=10`);
    code = outbox.data.find((one) => one.purpose === "withdrawal")?.code;
    if (code === undefined) await new Promise((done) => setTimeout(done, 50));
  }
  return await api("POST", "/v1/withdrawals", { party_id: party.id, amount_minor, code });
}

const floatOf = async ({ api }) => (await api("GET", "/v1/rails")).data.find((rail) => rail.rail === "sandbox");

const confirm = (page, name) => page.locator(".ant-modal").getByRole("button", { name }).click();

/** Pays out what other journeys left at the rail, so that one withdrawal that nobody has to review is above the rest. */
async function leaveLittleFloat(server) {
  const most = 40_000_000;
  for (let n = 0; ; n += 1) {
    const { available_minor } = await floatOf(server);
    if (available_minor < most) return available_minor;
    const party = await creator(server, `staff-drain-${n}`, most * 2);
    const { id } = await withdraw(server, party, most);
    for (let look = 0; look < 200; look += 1) {
      if ((await server.api("GET", `/v1/withdrawals/${id}`)).state === "paid") break;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

/** X11: what float cannot cover waits, finance sees it, and it goes out by itself after a top-up. */
async function floatShortAndReleased({ server, browser }) {
  await staff(server, "journey-finance", "finance");
  const short = (await leaveLittleFloat(server)) + 100_000;
  const party = await creator(server, "staff-short", short * 2);
  const { id } = await withdraw(server, party, short);

  const page = await newPage(browser);
  await signIn(page, server, "journey-finance");
  const waiting = page.locator("dl.figure", { hasText: "等待平台资金" }).getByRole("link");
  await page.waitForFunction(() => /等待平台资金\s*[1-9]/.test(document.querySelector("main")?.innerText ?? ""), null, { timeout: 60_000 });
  await waiting.click();
  await page.waitForURL(/\/staff\/withdrawals\?state=waiting_for_funds/);
  await page.goto(`${server.url}/staff/withdrawals?reason=float_short&keyword=${id.slice(3)}`);
  await page.locator("table.records tbody tr").first().waitFor();
  assert.equal(await page.locator("table.records tbody tr").count(), 1);
  // By keys: the first row, and in.
  await page.keyboard.press("j");
  await page.locator("tr.at").waitFor();
  await page.keyboard.press("o");
  await page.waitForURL(new RegExp(`/staff/withdrawals/${id}$`));
  await page.locator(".state", { hasText: "等待平台资金" }).first().waitFor();
  await page.getByText("float_short").first().waitFor();

  await page.getByRole("link", { name: "付款通道与备付金" }).first().click();
  const rail = page.locator("section[data-rail=sandbox]");
  await rail.getByRole("button", { name: "登记补充" }).click();
  await page.locator("#topup-amount").fill((short / 100).toFixed(2));
  await page.locator("#topup-reference").fill("journey top-up 1");
  await confirm(page, /^登记/);
  await page.getByText(/^已登记，备付金/).waitFor();
  await page.goto(`${server.url}/staff/withdrawals/${id}`);
  await page.locator(".state", { hasText: "提现成功" }).first().waitFor({ timeout: 60_000 });
  // From the withdrawal to its ledger lines, from a line to both accounts, and back to the withdrawal.
  await page.locator("table.records tbody tr").first().getByRole("link").first().click();
  await page.waitForURL(/\/staff\/ledger\/transfers\/tr_/);
  await page.getByRole("heading", { name: "借方" }).waitFor();
  await page.locator("section.panel", { hasText: "贷方" }).getByRole("link").first().waitFor();
  await page.locator("dd").getByRole("link", { name: /^wd_/ }).click();
  await page.waitForURL(new RegExp(`/staff/withdrawals/${id}$`));
  const cookies = await page.context().cookies();
  const session = cookies.find((cookie) => cookie.name === "purser_staff");
  assert.ok(session?.httpOnly && session.sameSite === "Strict", JSON.stringify(cookies));
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }));
  assert.doesNotMatch(kept, /ss_|[0-9a-f]{64}/, "nothing secret lies in the browser's storage");
  assert.deepEqual(page.wrong, []);
  await page.context().close();
}

/** G12, P16: a large withdrawal is held for two people; the same person does not count twice. */
async function heldReviewedPaid({ server, browser }) {
  for (const login of ["journey-first", "journey-second"]) await staff(server, login, "risk");
  const party = await creator(server, "staff-held", 120_000_000);
  await server.api("POST", "/v1/rails/sandbox/float-top-ups", { amount_minor: 60_000_000, reference: "journey held" });
  const { id, state } = await withdraw(server, party, 50_000_000);
  assert.equal(state, "in_review");

  const [first, second] = [await newPage(browser), await newPage(browser)];
  await signIn(first, server, "journey-first", `withdrawals/${id}`);
  await first.getByText("0 / 2 人已同意").waitFor();
  await first.getByText("review_large_amount").first().waitFor();
  const approve = async (page) => {
    await page.getByRole("button", { name: "通过", exact: true }).click();
    await confirm(page, "通过");
  };
  await approve(first);
  await first.getByText("您已同意，需另一位同事审批。").waitFor();
  assert.equal(await first.getByRole("button", { name: "通过", exact: true }).count(), 0);
  await signIn(second, server, "journey-second", "withdrawals?state=in_review");
  await second.locator("table.records").getByRole("link", { name: /^wd_/ }).first().waitFor();
  await second.goto(`${server.url}/staff/withdrawals/${id}`);
  await second.getByText("1 / 2 人已同意").waitFor();
  await approve(second);
  await second.locator(".state", { hasText: "提现成功" }).first().waitFor({ timeout: 60_000 });
  for (const page of [first, second]) {
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  }
}

/** P16, P17: one proposes, another decides; whoever may not is told why. */
async function fourEyes({ server, browser }) {
  await staff(server, "journey-proposes", "finance");
  await staff(server, "journey-decides", "finance");
  await staff(server, "journey-looks-on", "support");
  const before = (await floatOf(server)).float_minor;
  const one = await newPage(browser);
  await signIn(one, server, "journey-proposes", "rails");
  const rail = one.locator("section[data-rail=sandbox]");
  await rail.getByRole("button", { name: "提议更正" }).click();
  await one.locator("#correct-amount").fill("12.34");
  await one.locator("#correct-reason").fill("渠道账单多出一笔");
  await confirm(one, "提交给第二人审批");
  await one.getByText("已提交，等待另一位同事审批").waitFor();
  await one.getByRole("link", { name: /^双人审批/ }).first().click();
  await one.getByText("这是您自己提议的，需另一位同事决定。").first().waitFor();
  assert.equal(await one.getByRole("button", { name: "批准", exact: true }).count(), 0);

  const third = await newPage(browser);
  await signIn(third, server, "journey-looks-on", "approvals");
  await third.getByText("需要您没有的权限 float:write。").first().waitFor();

  const two = await newPage(browser);
  await signIn(two, server, "journey-decides");
  await two.locator("dl.figure", { hasText: "待我审批" }).getByRole("link").click();
  await two.waitForURL(/\/staff\/approvals$/);
  const panel = two.locator("section[data-approval]", { hasText: "更正备付金" }).first();
  await panel.getByText("journey-proposes").waitFor();
  await panel.getByRole("button", { name: "批准", exact: true }).click();
  await confirm(two, "批准");
  await two.getByText("已批准", { exact: true }).waitFor();
  assert.equal((await floatOf(server)).float_minor, before + 1_234);
  // The log says who did what.
  await two.goto(`${server.url}/staff/audit?action=approvals.decide`);
  await two.locator("table.records").getByText("journey-decides（我）").first().waitFor();
  for (const page of [one, two, third]) {
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  }
}

/** P4: what applies and why, what a text would change, and a version that two people make. */
async function policyIsExplained({ server, browser }) {
  await staff(server, "journey-author", "finance");
  await staff(server, "journey-activates", "admin");
  const page = await newPage(browser);
  await signIn(page, server, "journey-author", "policy?keyword=service_fee.independent");
  await page.locator("table.records tbody tr", { hasText: "settlement.service_fee.independent" }).getByText("2019-09-08").waitFor();
  await page.getByRole("link", { name: "settlement.service_fee.independent" }).click();
  await page.locator("li", { hasText: "2019-09-08" }).getByText("适用", { exact: true }).waitFor();
  // On the day before it was free, and the page says which entry decides.
  await page.goto(`${server.url}/staff/policy/keys/settlement.service_fee.independent?at=2019-09-07`);
  await page.locator("li", { hasText: "2000-01-01" }).getByText("适用", { exact: true }).waitFor();
  await page.locator("li", { hasText: "2019-09-08" }).getByText("不适用", { exact: true }).waitFor();

  await page.goto(`${server.url}/staff/policy/versions`);
  const text = page.locator("#policy-text");
  await text.waitFor();
  const file = await text.inputValue();
  const change = (key, from, to) => {
    const at = file.lastIndexOf(`key = "${key}"`);
    assert.ok(at > 0, key);
    return file.slice(0, at) + file.slice(at).replace(`value = ${from}`, `value = ${to}`);
  };
  const look = page.getByRole("button", { name: "查看会改变什么" });
  const propose = page.getByRole("button", { name: "提交给第二人审批" });
  await text.fill(`${file}\n[[entry]]\nkey = "nothing.known"`);
  await look.click();
  await page.getByText("文本有误").waitFor();
  // A fee without notice is refused before anybody proposes it.
  await text.fill(change("settlement.service_fee.independent", "50_000", "60_000"));
  await look.click();
  await page.getByText(/公示期不足 7 天/).waitFor();
  assert.ok(await propose.isDisabled());
  await text.fill(change("review.decision", "3", "4"));
  await look.click();
  await page.locator("table.records", { hasText: "review.decision" }).waitFor();
  await propose.click();
  await confirm(page, "提交给第二人审批");
  await page.waitForURL(/\/staff\/approvals\/apr_/);

  const other = await newPage(browser);
  await signIn(other, server, "journey-activates", "approvals");
  const panel = other.locator("section[data-approval]", { hasText: "启用新规则版本" }).first();
  // The difference stands beside the question.
  await panel.locator("table.records", { hasText: "review.decision" }).waitFor();
  await panel.getByRole("button", { name: "批准", exact: true }).click();
  await confirm(other, "批准");
  await other.getByText("已批准", { exact: true }).waitFor();
  await other.goto(`${server.url}/staff/policy/versions`);
  await other.getByRole("button", { name: "变更内容" }).first().click();
  await other.locator("table.records", { hasText: "review.decision" }).waitFor();
  for (const one of [page, other]) {
    assert.deepEqual(one.wrong, []);
    await one.context().close();
  }
}

/** P18, P26: what a role may not do is not there; the queue is worked through by keys; a party is frozen with a reason. */
async function theQueueAndAParty({ server, browser }) {
  await staff(server, "journey-support", "support");
  const party = await creator(server, "staff-case", 1_000_000);
  const opened = await server.api("POST", "/v1/cases", {
    party_id: party.id,
    kind: "help",
    summary: "提现到账时间咨询",
    text: "请问什么时候到账？",
  });
  await server.api("POST", `/v1/parties/${party.id}/cases/${opened.id}/attachments?name=receipt.png`, PICTURE);
  const page = await newPage(browser);
  await page.goto(`${server.url}/staff/cases`);
  await page.locator("#login").fill("journey-support");
  await page.locator("#password").fill("not the password at all");
  await page.locator("form button[type=submit]").click();
  await page.getByRole("alert").waitFor();
  await signIn(page, server, "journey-support", `cases?party=${party.id}`);
  assert.equal(await page.getByRole("link", { name: "接口密钥" }).count(), 0);
  assert.equal(await page.getByRole("link", { name: "沙盒" }).count(), 0);

  await page.locator("table.records tbody tr").first().waitFor();
  await page.keyboard.press("j");
  await page.locator("tr.at").waitFor();
  await page.keyboard.press("t");
  await page.locator("tr.at").getByText("journey-support（我）").waitFor();
  await page.keyboard.press("o");
  await page.waitForURL(new RegExp(`/staff/cases/${opened.id}$`));
  await page.getByText("请问什么时候到账？").waitFor();
  // The party's picture is shown in the page, which no foreign image can be, and can be saved.
  await page.getByRole("button", { name: "查看图片" }).click();
  const picture = page.getByRole("img", { name: "receipt.png" });
  await picture.waitFor();
  assert.equal(await picture.evaluate((image) => image.naturalWidth), 1);
  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "下载" }).click()]);
  assert.equal(saved.suggestedFilename(), "receipt.png");
  await page.keyboard.press("a");
  await page.keyboard.type("一般 1 至 3 个工作日。");
  await page.getByRole("button", { name: "发送" }).click();
  await page.locator("ol.talk li", { hasText: "一般 1 至 3 个工作日。" }).waitFor();
  await page.locator("h1").click();
  await page.keyboard.press("r");
  await page.locator(".ant-modal textarea").fill("已说明到账时间");
  await confirm(page, "解决");
  await page.locator(".state", { hasText: "已解决" }).first().waitFor();

  await page.getByRole("link", { name: "账户主体", exact: true }).first().click();
  await page.getByLabel("关键词").fill("staff-case");
  await page.getByRole("button", { name: "查询" }).click();
  await page.getByRole("link", { name: "创作者 staff-case" }).first().click();
  await page.getByRole("heading", { name: "创作者 staff-case" }).waitFor();
  await page.getByText("任务已结算").first().waitFor();
  await page.getByRole("button", { name: "冻结" }).click();
  await page.locator(".ant-modal textarea").fill("证件核验中");
  await confirm(page, "冻结");
  await page.getByText("该账户已冻结").waitFor();
  await page.getByText("证件核验中").first().waitFor();
  await page.locator("ol.timeline li", { hasText: "party.freeze" }).first().waitFor();
  // The gate says at once what the party would meet.
  await page.locator("section.panel", { hasText: "现在申请提现会怎样" }).getByText("会被拒绝").waitFor();
  // A page that the role may not see says so, and signing out ends the session on the server.
  await page.goto(`${server.url}/staff/keys`);
  await page.getByRole("heading", { name: "没有权限" }).waitFor();
  const cookies = await page.context().cookies();
  await page.getByRole("button", { name: "退出" }).click();
  await page.locator("#login").waitFor();
  await page.context().addCookies(cookies);
  await page.goto(`${server.url}/staff/cases`);
  await page.locator("#login").waitFor();
  assert.deepEqual(page.wrong, []);
  await page.context().close();
}

/** A company with one settled task, its statement signed, and an invoice that equals it (X16). */
async function companyWithPapers({ api }) {
  const [name, code] = ["杭州安安网络科技有限公司", "91110000600037341L"];
  const party = await api("POST", "/v1/parties", {
    external_id: "staff-company",
    roles: ["creator"],
    legal_form: "enterprise",
    display_name: "企业 journey-company",
  });
  await api("POST", "/v1/sandbox/onboardings", { party_id: party.id, name, number: code });
  await api("POST", `/v1/parties/${party.id}/payout-accounts`, { kind: "sandbox", number: "company.ok" });
  const order = {
    order_id: "journey-company-1",
    creator_id: party.id,
    task_type: "video",
    title: "年度宣传片",
    amount_minor: 800_000,
    accepted_at: "2026-01-05T02:00:00Z",
    status: "accepted",
  };
  await api("POST", "/v1/task-orders", order);
  await api("POST", "/v1/task-orders", { ...order, status: "completed", completed_at: "2026-01-09T02:00:00Z" });
  // Its month is listed by the 10th of the next.
  const now = new Date((await api("GET", "/v1/clock")).business_at);
  const next = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 11)).toISOString().slice(0, 10);
  await api("POST", "/v1/sandbox/clock", { to: `${next}T10:00:00+08:00` });
  const listed = async () => (await api("GET", `/v1/parties/${party.id}/settlement-orders`)).data[0]?.month;
  for (let n = 0; n < 600 && typeof (await listed()) !== "string"; n += 1) await new Promise((done) => setTimeout(done, 100));
  const orders = (await api("GET", `/v1/parties/${party.id}/settlement-orders`)).data.map((one) => one.id);
  const made = await api("POST", "/v1/settlements", { party_id: party.id, orders, seller_name: name, seller_code: code });
  await api("POST", `/v1/settlements/${made.id}/sign`, { signatory: "安安" });
  await api("POST", `/v1/settlements/${made.id}/invoice`, {
    number: "24332000000012345678",
    kind: "special",
    item: "video_production",
    tax_percent: 6,
    amount_minor: 800_000,
    seller_name: name,
    seller_code: code,
  });
  return made;
}

/** A shop on pay-later terms that has applied for more (C25), with an order. */
async function shopThatApplied({ api }) {
  const shop = await api("POST", "/v1/parties", {
    external_id: "staff-applies",
    roles: ["merchant"],
    legal_form: "enterprise",
    display_name: "商家 journey-applies",
  });
  await api("POST", "/v1/sandbox/onboardings", { party_id: shop.id });
  const component = { source: "credit_evaluation", amount_minor: 2_000_000, since: "2023-01-01" };
  await api("POST", "/v1/credit-shops", { merchant_id: shop.id, opened_on: "2023-01-01", level: 3, components: [component] });
  const at = (await api("GET", "/v1/clock")).business_at;
  await api("POST", "/v1/credit-orders", { order_id: "journey-applies-1", merchant_id: shop.id, event: "authorised", at, amount_minor: 500_000 });
  const application = await api("POST", `/v1/parties/${shop.id}/credit-applications`, {
    kind: "raise",
    amount_minor: 500_000,
    shop: { orders: 800, turnover_minor: 90_000_000 },
    reason: "旺季备货",
  });
  return { shop, application };
}

/** X9, X16, C21, C25: papers, applications and reviews are decided where their records are, and their cases end with it. */
async function papersAndReviews({ server, browser }) {
  const { api, url } = server;
  await staff(server, "journey-papers", "finance");
  await staff(server, "journey-risk", "risk");
  const statement = await companyWithPapers(server);
  await api("POST", "/v1/rails/sandbox/float-top-ups", { amount_minor: 10_000_000, reference: "journey papers" });
  const creator = await api("POST", "/v1/parties", {
    external_id: "staff-studio",
    roles: ["creator"],
    legal_form: "individual",
    display_name: "创作者 staff-studio",
  });
  await api("POST", "/v1/sandbox/onboardings", { party_id: creator.id, name: "安安", number: "11010519491231002X" });
  const studio = await api("POST", `/v1/parties/${creator.id}/studio`, {
    name: "杭州安安文化工作室",
    credit_code: STUDIO,
    operator_name: "安安",
  });
  const { shop, application } = await shopThatApplied(server);

  const page = await newPage(browser);
  await signIn(page, server, "journey-papers", "settlements?state=submitted");
  await page.locator("table.records").getByRole("link", { name: /^st_/ }).first().click();
  await page.waitForURL(new RegExp(`/staff/settlements/${statement.id}$`));
  await page.getByText("与结算单一致").waitFor();
  await page.getByRole("button", { name: "材料通过" }).click();
  await confirm(page, "材料通过");
  await page.locator(".state", { hasText: "已付款" }).first().waitFor({ timeout: 60_000 });

  await page.goto(`${url}/staff/cases/${studio.case.id}`);
  await page.getByText("杭州安安文化工作室").first().waitFor();
  await page.getByRole("button", { name: "同意" }).click();
  await page.locator(".ant-modal textarea").fill("执照清晰有效");
  await confirm(page, "同意");
  // Without the licence nobody is made a studio, and the page says why.
  await page.locator(".ant-modal").getByText("尚未上传营业执照。").waitFor();
  await api("POST", `/v1/parties/${creator.id}/cases/${studio.case.id}/attachments?name=licence.png`, PICTURE);
  await confirm(page, "同意");
  await page.locator(".state", { hasText: "已解决" }).first().waitFor();
  assert.equal((await api("GET", `/v1/parties/${creator.id}`)).legal_form, "studio");

  await page.goto(`${url}/staff/applications?state=submitted`);
  await page.locator("table.records").getByRole("link", { name: /^cap_/ }).first().click();
  await page.getByText("旺季备货").waitFor();
  const before = (await api("GET", `/v1/parties/${shop.id}/limit`)).total_minor;
  await page.getByRole("button", { name: "同意" }).click();
  await page.locator(".ant-modal textarea").fill("经营数据属实");
  await confirm(page, "同意");
  await page.locator(".state", { hasText: "已通过" }).or(page.locator(".state", { hasText: "已批准" })).first().waitFor();
  assert.equal((await api("GET", `/v1/parties/${shop.id}/limit`)).total_minor, before + application.amount_minor);
  assert.deepEqual(page.wrong, []);
  await page.context().close();

  // A review that somebody opened by hand: the signs, and the decision.
  const session = await (
    await fetch(`${url}/v1/staff/sessions`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ login: "journey-risk", password: PASSWORD }),
    })
  ).json();
  const opened = await fetch(`${url}/v1/credit-orders/external:journey-applies-1/risk-reviews`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${session.token}` },
    body: JSON.stringify({ reason: "手工复核" }),
  });
  assert.equal(opened.status, 201);
  const review = await opened.json();
  const risk = await newPage(browser);
  await signIn(risk, server, "journey-risk", "reviews?state=open");
  await risk.locator("table.records tbody tr").first().waitFor();
  await risk.keyboard.press("j");
  await risk.locator("tr.at").waitFor();
  await risk.keyboard.press("o");
  await risk.waitForURL(new RegExp(`/staff/reviews/${review.id}$`));
  await risk.getByText("金额为整数").waitFor();
  await risk.getByRole("button", { name: "认定套现" }).click();
  await risk.locator(".ant-modal textarea").fill("与店主为同一人");
  await confirm(risk, "认定套现");
  await risk.locator(".state", { hasText: "已认定" }).first().waitFor();
  assert.deepEqual(risk.wrong, []);
  await risk.context().close();
  return { statement, application, review, studio };
}

const PAGES = [
  "",
  "parties",
  "cases",
  "reviews",
  "approvals?state=carried_out",
  "withdrawals",
  "rails",
  "rails/bank-file",
  "ledger",
  "settlements",
  "applications",
  "policy?keyword=withdrawal",
  "policy/versions",
  "policy/keys/withdrawal.minimum",
  "calendar",
  "calendar?year=2031",
  "jobs",
  "audit",
  "keys",
  "people",
  "sandbox",
  "me",
];

/** Every page in both languages, on a phone and on a wide screen, light and dark: nothing sticks out, axe is content. */
async function everyPageIsForEverybody({ server, browser }) {
  await staff(server, "journey-everywhere", "admin");
  const party = await creator(server, "staff-pages", 1_000_000);
  const { id } = await withdraw(server, party, 100_000);
  const opened = await server.api("POST", "/v1/cases", { party_id: party.id, kind: "help", summary: "发票抬头咨询", text: "请问怎么开？" });
  const accounts = await server.api("GET", `/v1/accounts?owner=${party.id}`);
  const account = accounts.data[0].id;
  const lines = await server.api("GET", `/v1/accounts/${account}/lines`);
  const some = [
    `parties/${party.id}`,
    `cases/${opened.id}`,
    `withdrawals/${id}`,
    `ledger/accounts/${account}`,
    `ledger/transfers/${lines.data[0].transfer.id}`,
    `records/${lines.data.find((line) => line.transfer.subject.startsWith("to_")).transfer.subject}`,
  ];
  const enter = async (page) => {
    await page.goto(`${server.url}/staff`);
    await page.locator("#login").waitFor();
    assert.deepEqual(await axe(page), [], "the way in");
    await signIn(page, server, "journey-everywhere");
  };
  assert.deepEqual(await lookAround({ server, browser }, "staff", enter, [...PAGES, ...some, ...decided]), []);
}

export const journeys = {
  "staff: float short and released": floatShortAndReleased,
  "staff: a withdrawal held, reviewed, paid": heldReviewedPaid,
  "staff: four eyes": fourEyes,
  "staff: policy explained and changed": policyIsExplained,
  "staff: the queue and a party": theQueueAndAParty,
  "staff: papers, applications and reviews": async (context) => {
    const made = await papersAndReviews(context);
    decided.push(`settlements/${made.statement.id}`, `applications/${made.application.id}`, `reviews/${made.review.id}`, `cases/${made.studio.case.id}`);
  },
  "staff: every page is for everybody": everyPageIsForEverybody,
};
