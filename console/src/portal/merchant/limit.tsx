// The pay-later limit: how much, what uses it, how it came about, what holds it, what would raise it (C1, C9, C10).
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Alert } from "antd";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { Amount, PageHead, Pairs, State, What } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { AskAbout } from "../cases/about";
import { every } from "../live";
import { Appeal, Appeals } from "./appeal";
import { History } from "./history";
import { Waterfall } from "./waterfall";
import { WhatIf } from "./what-if";

type View = Schemas["CreditLimit"];
type Answer = Schemas["LimitAnswer"];
type Entry = Schemas["Page_ChangeView"]["data"][number];

const PARTS = [
  { name: "used", colour: "#0958d9" },
  { name: "reserved", colour: "#08979c" },
  { name: "frozen", colour: "#8c8c8c" },
  { name: "available", colour: "#389e0d" },
] as const;

/** What the limit is made of now, as one bar with its amounts. */
function Gauge({ view }: { view: View }) {
  const { t } = useTexts();
  const { currency } = useSession();
  const minor = {
    used: view.used_minor,
    reserved: view.reserved_minor,
    frozen: view.frozen_minor,
    available: view.available_minor,
  };
  const whole = Math.max(1, PARTS.reduce((sum, part) => sum + minor[part.name], 0));
  return (
    <>
      <div aria-hidden style={{ display: "flex", height: 14, borderRadius: 7, overflow: "hidden", background: "var(--line)" }}>
        {PARTS.map((part) => (
          <div key={part.name} style={{ width: `${(minor[part.name] / whole) * 100}%`, background: part.colour }} />
        ))}
      </div>
      <dl className="figures" style={{ marginTop: 16, marginBottom: 0 }}>
        {PARTS.map((part) => (
          <div key={part.name}>
            <dt className="soft">
              <span
                aria-hidden
                style={{ display: "inline-block", width: 10, height: 10, borderRadius: 2, background: part.colour }}
              />{" "}
              {t(`limit.${part.name}`)}
              <What of={t(`limit.${part.name}`)}>{t(`limit.${part.name}.what`)}</What>
            </dt>
            <dd style={{ margin: 0, fontSize: 18, fontWeight: 600 }}>
              <Amount minor={minor[part.name]} currency={currency} />
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Standing({ view }: { view: View }) {
  const { t, named, language } = useTexts();
  const { currency, zone } = useSession();
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>
          {t("limit.total")} <Amount minor={view.total_minor} currency={currency} />
        </h2>
        <span className="row">
          {typeof view.closed === "string" && <State colour="red">{named("limit.closed", view.closed)}</State>}
          <span className="soft">
            {t("limit.valid")} {view.valid_until ?? "--"}
          </span>
        </span>
      </div>
      <p style={{ fontSize: 16, marginTop: 0 }}>{language === "en" ? view.message_en : view.message_zh}</p>
      {typeof view.locked_until === "string" && (
        <Alert type="error" showIcon className="gap" title={t("limit.locked", { at: time(view.locked_until, zone) })} />
      )}
      <Gauge view={view} />
    </section>
  );
}

/** What reduces the limit, why, and how it comes back. */
function Held({ view }: { view: View }) {
  const { t, language, either } = useTexts();
  const session = useSession();
  const { currency } = session;
  if (view.held_by.length === 0) return null;
  return (
    <section className="panel">
      <h2>{t("limit.held")}</h2>
      <ul className="cards">
        {view.held_by.map((held) => (
          <li key={held.rule}>
            <div className="row" style={{ justifyContent: "space-between" }}>
              <strong>{either(held)}</strong>
              <Amount minor={-held.taken_minor} currency={currency} />
            </div>
            {typeof held.reason === "string" && <div>{held.reason}</div>}
            <div className="soft">
              {t("limit.wayBack")}: {language === "en" ? held.way_back_en : held.way_back_zh}
            </div>
            {held.can_appeal && mayRequest(session) && <Appeal against={held.rule} name={either(held)} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Honest ways to more, with what they take and bring. */
function Ways() {
  const { t, named, either } = useTexts();
  const { party, currency } = useSession();
  const query = useQuery({
    queryKey: ["advice"],
    queryFn: () => ok(api.GET("/v1/parties/{id}/limit/advice", { params: { path: { id: party.id } } })),
  });
  return (
    <section className="panel">
      <h2>{t("limit.ways")}</h2>
      <Loaded query={query}>
        {({ ways }) => (
          <ul className="cards">
            {ways.map((way) => (
              <li key={way.code}>
                <div className="row" style={{ justifyContent: "space-between" }}>
                  <strong>{either(way)}</strong>
                  {typeof way.gain_minor === "number" && (
                    <Amount minor={way.gain_minor} currency={currency} signed />
                  )}
                </div>
                <div className="soft">
                  {t("limit.effort")}: {named("limit.effort", way.effort)}
                  {typeof way.effect_on === "string" && (
                    <>
                      {" "}
                      · {t("limit.effect")} {way.effect_on}
                    </>
                  )}
                  {typeof way.until === "string" && (
                    <>
                      {" "}
                      · {t("limit.until")} {way.until}
                    </>
                  )}
                </div>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </section>
  );
}

function Log() {
  const { t, language } = useTexts();
  const { party, zone, currency } = useSession();
  const query = useInfiniteQuery({
    queryKey: ["limit-log"],
    queryFn: ({ pageParam }) =>
      ok(
        api.GET("/v1/parties/{id}/limit/log", {
          params: { path: { id: party.id }, query: { limit: 20, ...(pageParam === "" ? {} : { cursor: pageParam }) } },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const columns: Column<Entry>[] = [
    { title: t("ad.log.at"), show: (entry) => <span className="amount">{time(entry.at, zone)}</span> },
    { title: t("limit.why"), show: (entry) => (language === "en" ? entry.reason_en : entry.reason_zh) },
    { title: t("limit.before"), end: true, show: (entry) => <Amount minor={entry.before_minor} currency={currency} /> },
    { title: t("limit.after"), end: true, show: (entry) => <Amount minor={entry.after_minor} currency={currency} /> },
  ];
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t("limit.log")}</h2>
        <a href={`/v1/parties/${party.id}/limit/log/export`} download>
          {t("common.export")}
        </a>
      </div>
      <Records
        query={query}
        columns={columns}
        name={t("limit.log")}
        rowKey={(entry) => entry.evaluation ?? entry.at}
        none={t("limit.log.none")}
      />
    </section>
  );
}

function Owed({ view }: { view: View }) {
  const { t, named } = useTexts();
  const { currency } = useSession();
  const amounts: [string, number][] = [
    [t("limit.due"), view.due_minor],
    [t("limit.liability"), view.liability_minor],
    ...view.overdue.map((bucket): [string, number] => [named("limit.overdue", bucket.days), bucket.amount_minor]),
  ];
  const shown = amounts.filter(([, minor]) => minor > 0);
  if (shown.length === 0) return null;
  return (
    <section className="panel">
      <h2>{t("limit.owed")}</h2>
      <Pairs pairs={shown.map(([name, minor]) => [name, <Amount key={name} minor={minor} currency={currency} />])} />
    </section>
  );
}

/** The limit of now: only a question about the past is answered in the other form. */
function live(view: Answer): View {
  if ("available_minor" in view) return view;
  throw new Error("the limit of a past instant came for that of now");
}

export function Limit() {
  const { t, language } = useTexts();
  const { party } = useSession();
  const query = useQuery({
    queryKey: ["limit"],
    queryFn: async () => live(await ok(api.GET("/v1/parties/{id}/limit", { params: { path: { id: party.id } } }))),
    refetchInterval: () => every(15_000),
  });
  return (
    <>
      <PageHead title={t("limit.title")}>
        <span className="row">
          <a href={`/v1/parties/${party.id}/limit/report?lang=${language === "en" ? "en" : "zh"}&bom=true`} download>
            {t("limit.report")}
          </a>
          <AskAbout subject={party.id} kind="limit_query" />
        </span>
      </PageHead>
      <Loaded query={query} rows={8}>
        {(view) => (
          <>
            <Standing view={view} />
            <Held view={view} />
            <Appeals />
            <Owed view={view} />
            <div className="columns">
              <section className="panel">
                <h2>{t("limit.steps")}</h2>
                <Waterfall steps={view.evaluation?.steps ?? []} />
              </section>
              <Ways />
            </div>
            <div className="columns">
              <History />
              <WhatIf />
            </div>
            <Log />
          </>
        )}
      </Loaded>
    </>
  );
}
