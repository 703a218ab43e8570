// Orders that settle to an agency, month by month of their acceptance (X14).
import { Button, Input } from "antd";
import { type FormEvent, useEffect, useState } from "react";
import { useSearchParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { usePages } from "../../ui/pages";
import { Amount, Id, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { ORDER_COLOURS } from "../creator/order-states";
import { AskAbout } from "../cases/about";
import { useNames } from "./names";

type Order = Schemas["TaskOrderView"];

export function AgencyOrders() {
  const { t, named } = useTexts();
  const { party, zone } = useSession();
  const nameOf = useNames();
  const [params, setParams] = useSearchParams();
  const month = params.get("month") ?? "";
  const [draft, setDraft] = useState(month);
  useEffect(() => setDraft(month), [month]);
  const query = usePages<Order>(["agency-orders", month], (from) =>
    ok(
      api.GET("/v1/agencies/{id}/task-orders", {
        params: { path: { id: party.id }, query: { limit: 50, ...(month === "" ? {} : { month }), ...from } },
      }),
    ),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setParams(draft === "" ? {} : { month: draft });
  };
  const columns: Column<Order>[] = [
    { title: t("orders.id"), show: (order) => <Id id={order.order_id} /> },
    { title: t("member.name"), show: (order) => nameOf(order.creator_id) },
    {
      title: t("orders.task"),
      show: (order) => (
        <>
          {order.title} <span className="soft">{named("orders.type", order.task_type)}</span>
        </>
      ),
    },
    {
      title: t("common.status"),
      show: (order) => (
        <State colour={ORDER_COLOURS[order.status] ?? "grey"}>{named("orders.state", order.status)}</State>
      ),
    },
    { title: t("orders.gross"), end: true, show: (order) => <Amount minor={order.amount_minor} currency={order.currency} /> },
    {
      title: t("orders.fee"),
      end: true,
      wideOnly: true,
      show: (order) => <Amount minor={order.service_fee_minor} currency={order.currency} />,
    },
    {
      title: t("orders.net"),
      end: true,
      show: (order) => (
        <strong>
          <Amount minor={order.net_minor} currency={order.currency} />
        </strong>
      ),
    },
    { title: t("orders.accepted"), show: (order) => <span className="amount">{time(order.accepted_at, zone)}</span> },
    {
      title: t("orders.settled"),
      wideOnly: true,
      show: (order) => <span className="amount">{time(order.settled_at, zone)}</span>,
    },
    { title: t("common.actions"), show: (order) => <AskAbout subject={order.id} /> },
  ];
  return (
    <>
      <PageHead title={t("agency.orders")} />
      <section className="panel">
        <form className="filters" role="search" onSubmit={submit}>
          <div className="field">
            <label htmlFor="agency-month">{t("agency.month")}</label>
            <Input id="agency-month" type="month" value={draft} onChange={(event) => setDraft(event.target.value)} />
          </div>
          <Button type="primary" htmlType="submit">
            {t("common.query")}
          </Button>
          <Button onClick={() => setParams({})}>{t("common.reset")}</Button>
        </form>
        <Records
          query={query}
          columns={columns}
          name={t("agency.orders")}
          rowKey={(order) => order.id}
          none={t("agency.orders.none")}
        />
      </section>
    </>
  );
}
