// One month of the programme: its lines, its orders, and disagreeing with it (X15).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input } from "antd";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Loaded } from "../../ui/loaded";
import { usePages } from "../../ui/pages";
import { Amount, type Colour, Id, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { AskAbout } from "../cases/about";
import { STATEMENT_STATES, type Statement as View, comesTo } from "./months";

type Order = Schemas["StatementOrder"];
type Disputed = Schemas["DisputeView"];

/** How the month came about, from income to what can be withdrawn. */
function Lines({ view }: { view: View }) {
  const { t } = useTexts();
  const { currency } = view;
  const lines: [string, number, boolean][] = [
    [t("stm.income"), view.income_minor, true],
    [t("stm.fee"), -view.operating_fee_minor, view.state !== "open"],
    [t("stm.incentive"), view.incentive_minor, view.state !== "open"],
    [t("stm.tax"), -view.tax_minor, view.tax_minor !== 0],
    [t("stm.adjusted"), view.adjusted_minor, view.adjusted_minor !== 0],
  ];
  return (
    <table className="records" aria-label={t("stm.lines")}>
      <thead>
        <tr>
          <th scope="col">{t("stm.line")}</th>
          <th scope="col" className="end">
            {t("wd.amount")}
          </th>
        </tr>
      </thead>
      <tbody>
        {lines
          .filter(([, , shown]) => shown)
          .map(([name, minor], index) => (
            <tr key={name}>
              <td>{name}</td>
              <td className="end">
                <Amount minor={minor} currency={currency} signed={index > 0} />
              </td>
            </tr>
          ))}
        {view.state !== "open" && (
          <tr>
            <td>
              <strong>{t("stm.result")}</strong>
            </td>
            <td className="end">
              <strong>
                <Amount minor={comesTo(view)} currency={currency} />
              </strong>
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

const DISPUTES: Record<string, Colour> = { open: "orange", adjusted: "green", declined: "grey", withdrawn: "grey" };

function Dispute({ view }: { view: View }) {
  const { t } = useTexts();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [text, setText] = useState("");
  const send = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/v1/programme/statements/{id}/disputes", {
          params: { path: { id: view.id } },
          body: { text: text.trim() },
        }),
      ),
    onSuccess: () => {
      setText("");
      message.success(t("stm.dispute.sent"));
    },
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== "") send.mutate();
      }}
    >
      <div className="field">
        <label htmlFor="dispute-text">{t("stm.dispute.text")}</label>
        <Input.TextArea
          id="dispute-text"
          rows={4}
          maxLength={1000}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      {send.isError && <Failure error={send.error} />}
      <Button htmlType="submit" disabled={text.trim() === ""} loading={send.isPending}>
        {t("stm.dispute")}
      </Button>
    </form>
  );
}

function Disputes({ view }: { view: View }) {
  const { t, named } = useTexts();
  const session = useSession();
  const { zone } = session;
  const query = useQuery({
    queryKey: ["statement", view.id, "disputes", view.disputes],
    queryFn: () => ok(api.GET("/v1/programme/statements/{id}/disputes", { params: { path: { id: view.id } } })),
  });
  const mayDispute =
    view.state === "published" &&
    view.payee_id === session.party.id &&
    !view.dispute_open &&
    typeof view.dispute_until === "string" &&
    view.dispute_until > session.now &&
    mayRequest(session);
  return (
    <section className="panel">
      <h2>{t("stm.disputes")}</h2>
      <p className="soft">
        {t("stm.dispute.what")}{" "}
        {typeof view.dispute_until === "string" && (
          <>
            {t("stm.dispute.until")} <span className="amount">{time(view.dispute_until, zone)}</span>
          </>
        )}
      </p>
      <Loaded query={query}>
        {({ data }) => (
          <ul className="cards">
            {data.map((one: Disputed) => (
              <li key={one.number}>
                <div className="row" style={{ justifyContent: "space-between" }}>
                  <span className="row">
                    <State colour={DISPUTES[one.state] ?? "grey"}>{named("stm.dispute.state", one.state)}</State>
                    <span className="soft amount">{time(one.opened_at, zone)}</span>
                  </span>
                  {one.adjustment_minor !== 0 && <Amount minor={one.adjustment_minor} currency={view.currency} signed />}
                </div>
                {typeof one.reason === "string" && <div>{one.reason}</div>}
                {one.owed_minor > 0 && (
                  <div className="soft">
                    {t("overview.owed")} <Amount minor={one.owed_minor} currency={view.currency} />
                  </div>
                )}
                <Link to={`/cases/${one.case_id}`}>{t("case.open")}</Link>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {mayDispute && <Dispute view={view} />}
    </section>
  );
}

function Orders({ view }: { view: View }) {
  const { t } = useTexts();
  const { zone } = useSession();
  const query = usePages<Order>(["statement", view.id, "orders"], (from) =>
    ok(
      api.GET("/v1/programme/statements/{id}/orders", {
        params: { path: { id: view.id }, query: { limit: 50, ...from } },
      }),
    ),
  );
  const columns: Column<Order>[] = [
    { title: t("orders.id"), show: (one) => <Id id={one.task_order_id} /> },
    { title: t("orders.gross"), end: true, show: (one) => <Amount minor={one.gross_minor} currency={view.currency} /> },
    {
      title: t("orders.fee"),
      end: true,
      show: (one) => <Amount minor={one.service_fee_minor} currency={view.currency} />,
    },
    { title: t("orders.net"), end: true, show: (one) => <Amount minor={one.net_minor} currency={view.currency} /> },
    { title: t("orders.settled"), show: (one) => <span className="amount">{time(one.settled_at, zone)}</span> },
  ];
  return (
    <section className="panel">
      <h2>{t("stm.orders.title")}</h2>
      <Records
        query={query}
        columns={columns}
        name={t("stm.orders.title")}
        rowKey={(one) => one.task_order_id}
        none={t("stm.orders.none")}
      />
    </section>
  );
}

export function Statement() {
  const { t, named, language } = useTexts();
  const { id = "" } = useParams();
  const query = useQuery({
    queryKey: ["statement", id],
    queryFn: () => ok(api.GET("/v1/programme/statements/{id}", { params: { path: { id } } })),
  });
  return (
    <>
      <PageHead title={query.data === undefined ? t("stm.one") : t("stm.of", { month: query.data.month })}>
        <Link to="/statements">{t("stm.title")}</Link>
      </PageHead>
      <Loaded query={query} rows={8}>
        {(view) => (
          <>
            <div className="columns">
              <section className="panel">
                <div className="panel-head">
                  <State colour={STATEMENT_STATES[view.state] ?? "grey"}>{named("stm.state", view.state)}</State>
                  <AskAbout subject={view.id} />
                </div>
                <p>{language === "en" ? view.message_en : view.message_zh}</p>
                <Lines view={view} />
              </section>
              <Disputes view={view} />
            </div>
            <Orders view={view} />
          </>
        )}
      </Loaded>
    </>
  );
}
