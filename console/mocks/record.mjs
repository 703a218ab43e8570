// Records what the demo answers to the pages of each of its people, trimmed to what a screen shows:
//   node mocks/record.mjs http://127.0.0.1:8080        (or only some of them: … URL agency)
// The answers are checked against the contract's types (mocks/index.ts); where the contract changed, record anew.
import { writeFileSync } from "node:fs";

const [url, ...only] = process.argv.slice(2);
if (url === undefined) throw new Error("name the address of a running demo");

/** Rows that a list keeps: what is below is like what is above. */
const ROWS = 5;

const EVERYBODY = [
  "/v1/portal/session",
  "/v1/help/contacts",
  "/v1/parties/{id}/messages",
  "/v1/parties/{id}/cases",
  "/v1/parties/{id}/payout-accounts",
  "/v1/parties/{id}/phone",
  "/v1/parties/{id}/identity",
  "/v1/payout-account-kinds",
];

const PEOPLE = {
  creator: [
    "/v1/parties/{id}/overview",
    "/v1/parties/{id}/explain",
    "/v1/parties/{id}/task-orders",
    "/v1/parties/{id}/withdrawals",
    "/v1/parties/{id}/programme-statements",
    "/v1/parties/{id}/studio",
  ],
  agency: [
    "/v1/parties/{id}/overview",
    "/v1/agencies/{id}/members",
    "/v1/agencies/{id}/task-orders",
    "/v1/parties/{id}/programme-statements",
    "/v1/parties/{id}/settlement-months",
    "/v1/parties/{id}/settlement-orders",
    "/v1/settlements",
  ],
  merchant: [
    "/v1/parties/{id}/explain",
    "/v1/parties/{id}/limit",
    "/v1/parties/{id}/limit/log",
    "/v1/parties/{id}/limit/advice",
    "/v1/parties/{id}/limit/appeals",
    "/v1/parties/{id}/credit-orders",
    "/v1/parties/{id}/credit-applications",
    "/v1/parties/{id}/proceeds/lines",
    "/v1/parties/{id}/withdrawals",
    "/v1/credit-sales",
  ],
  advertiser: [
    "/v1/parties/{id}/ad-account",
    "/v1/parties/{id}/ad-account/lines",
    "/v1/parties/{id}/ad-campaigns",
    "/v1/parties/{id}/ad-report",
    "/v1/payment-orders",
  ],
};

/** Records that have a page of their own: where they are listed, which of them, and what their pages read. */
const RECORDS = {
  creator: [
    ["/v1/parties/{id}/withdrawals", 0, ["/v1/withdrawals/{id}", "/v1/withdrawals/{id}/explain"]],
    [
      "/v1/parties/{id}/programme-statements",
      1,
      [
        "/v1/programme/statements/{id}",
        "/v1/programme/statements/{id}/orders",
        "/v1/programme/statements/{id}/disputes",
      ],
    ],
    ["/v1/parties/{id}/cases", 0, ["/v1/parties/{party}/cases/{id}"]],
  ],
  agency: [["/v1/settlements", 0, ["/v1/settlements/{id}", "/v1/settlements/{id}/orders"]]],
  merchant: [["/v1/parties/{id}/credit-orders", 0, ["/v1/credit-orders/{id}"]]],
  advertiser: [["/v1/parties/{id}/ad-campaigns", 0, ["/v1/ad-campaigns/{id}", "/v1/ad-campaigns/{id}/keywords"]]],
};

/** Parameters that pages send always. */
const PARAMETERS = {
  "/v1/settlements": "party_id",
  "/v1/payment-orders": "party_id",
};

async function person(name) {
  const entered = await fetch(`${url}/v1/portal/personas/${name}`, { method: "POST" });
  if (!entered.ok) throw new Error(`${name}: ${entered.status} ${await entered.text()}`);
  const cookie = entered.headers.get("set-cookie").split(";")[0];
  const session = await (await fetch(`${url}/v1/portal/session`, { headers: { cookie } })).json();
  const party = session.party.id;
  const get = async (path, query = {}) => {
    const parameters = new URLSearchParams(query);
    const answer = await fetch(`${url}${path}?${parameters}`, { headers: { cookie } });
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return trimmed(await answer.json());
  };
  const post = async (path, body) => {
    const headers = { cookie, "X-CSRF-Token": session.csrf_token, "Content-Type": "application/json" };
    const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return await answer.json();
  };
  return { party, get, post };
}

function trimmed(value) {
  if (Array.isArray(value)) return value.map(trimmed);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([name, inner]) => [
    name,
    ["data", "lines", "changes"].includes(name) && Array.isArray(inner) ? trimmed(inner.slice(0, ROWS)) : trimmed(inner),
  ]);
  return Object.fromEntries(entries.map(([name, inner]) => (name === "csrf_token" ? [name, "0".repeat(64)] : [name, inner])));
}

/** What the demo's people have not done yet, but pages show. */
async function prepare(name, { party, get, post }) {
  if (name === "creator") {
    const withdrawals = await get(`/v1/parties/${party}/withdrawals`);
    const made = await post("/v1/cases", {
      party_id: party,
      kind: "help",
      subject: withdrawals.data[0].id,
      summary: "这笔提现的到账账户需要核对",
      text: "银行说没有收到，请帮忙看看。",
    });
    await post(`/v1/parties/${party}/cases/${made.id}/messages`, { text: "补充：开户行是杭州分行。" });
  }
  if (name === "merchant") {
    await post(`/v1/parties/${party}/credit-applications`, {
      kind: "raise",
      amount_minor: 2_000_000,
      reason: "双十一备货，订单增加",
      shop: { orders: 260, turnover_minor: 18_000_000, return_rate_ppm: 42_000 },
    });
  }
}

for (const [name, paths] of Object.entries(PEOPLE)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const one = await person(name);
  await prepare(name, one);
  const answers = {};
  const read = async (template, path) => {
    const parameter = PARAMETERS[template];
    const query = {
      ...(parameter === undefined ? {} : { [parameter]: one.party }),
      ...(template === "/v1/parties/{id}/settlement-orders" ? { open: "true" } : {}),
    };
    const answer = await one.get(path, query);
    if (answer !== null) answers[template] = answer;
  };
  for (const template of [...EVERYBODY, ...paths]) await read(template, template.replace("{id}", one.party));
  for (const [list, at, templates] of RECORDS[name]) {
    const rows = answers[list]?.data ?? [];
    const record = rows[at] ?? rows[0];
    if (record === undefined) continue;
    for (const template of templates) {
      const path = template.replace("{party}", one.party).replace("{id}", record.id);
      await read(template.replace("/v1/parties/{party}/cases/{id}", "/v1/parties/{id}/cases/{case}"), path);
    }
  }
  writeFileSync(new URL(`answers/${name}.json`, import.meta.url), `${JSON.stringify(answers, null, 1)}\n`);
  console.log(`${name}: ${Object.keys(answers).length} answers`);
}
