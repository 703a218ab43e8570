// Task settlements (X2): what each task brought, line by line.
import { useInfiniteQuery } from "@tanstack/react-query";
import { type Schemas, api, ok } from "../../api/client";
import { useSession } from "../../app/session";
import { percent } from "../../format/money";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { FilterBar, useFilters } from "../../ui/filters";
import { Amount, Id, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { AskAbout } from "../cases/about";
import { ORDER_COLOURS } from "./order-states";

type Order = Schemas["TaskOrderView"];

function useColumns(): Column<Order>[] {
  const { t, named } = useTexts();
  const { zone, party } = useSession();
  return [
    { title: t("orders.id"), show: (order) => <Id id={order.order_id} /> },
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
        <>
          <State colour={ORDER_COLOURS[order.status] ?? "grey"}>{named("orders.state", order.status)}</State>{" "}
          {order.payee_id !== party.id && <State colour="grey">{t("place.agency")}</State>}
        </>
      ),
    },
    {
      title: t("orders.gross"),
      end: true,
      show: (order) => <Amount minor={order.amount_minor} currency={order.currency} />,
    },
    {
      title: t("orders.fee"),
      end: true,
      show: (order) => (
        <>
          <Amount minor={order.service_fee_minor} currency={order.currency} />{" "}
          <span className="soft">{percent(order.fee_ppm)}</span>
        </>
      ),
    },
    {
      title: t("orders.compensation"),
      end: true,
      wideOnly: true,
      show: (order) => <Amount minor={order.compensation_minor} currency={order.currency} />,
    },
    {
      title: t("orders.tax"),
      end: true,
      wideOnly: true,
      show: (order) => <Amount minor={order.tax_minor} currency={order.currency} />,
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
    {
      title: t("orders.accepted"),
      wideOnly: true,
      show: (order) => <span className="amount">{time(order.accepted_at, zone)}</span>,
    },
    {
      title: t("orders.settled"),
      show: (order) => (
        <span className="amount">
          {typeof order.settle_due_at === "string" && typeof order.settled_at !== "string" ? (
            <>
              {t("orders.due")} {time(order.settle_due_at, zone)}
            </>
          ) : (
            time(order.settled_at, zone)
          )}
        </span>
      ),
    },
    { title: t("common.actions"), show: (order) => <AskAbout subject={order.id} /> },
  ];
}

export function Orders() {
  const { t, named } = useTexts();
  const { party } = useSession();
  const filters = useFilters(["from", "until", "status", "keyword"]);
  const query = useInfiniteQuery({
    queryKey: ["orders", filters],
    queryFn: ({ pageParam }) =>
      ok(
        api.GET("/v1/parties/{id}/task-orders", {
          params: {
            path: { id: party.id },
            query: { limit: 50, ...filters, ...(pageParam === "" ? {} : { cursor: pageParam }) },
          },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  return (
    <>
      <PageHead title={t("orders.title")} />
      <section className="panel">
        <FilterBar
          stateName="status"
          states={Object.keys(ORDER_COLOURS).map((value) => ({ value, label: named("orders.state", value) }))}
          keywordLabel={t("orders.keyword")}
          exportPath={`/v1/parties/${party.id}/task-orders/export`}
        />
        <Records
          query={query}
          columns={useColumns()}
          name={t("orders.title")}
          rowKey={(order) => order.id}
          none={t("orders.none")}
        />
      </section>
    </>
  );
}
