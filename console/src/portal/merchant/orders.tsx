// A shop's pay-later orders: what is advanced, what is open, until when (C11, C26).
import { Link } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { FilterBar, useFilters } from "../../ui/filters";
import { usePages } from "../../ui/pages";
import { Amount, type Colour, Id, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { every } from "../live";

export type Order = Schemas["CreditOrderView"];

export const ORDER_STATES: Record<string, Colour> = {
  authorised: "blue",
  under_review: "orange",
  partly_shipped: "blue",
  shipped: "blue",
  due: "red",
  cancelled: "grey",
  expired: "grey",
  closed: "green",
};

export function CreditOrders() {
  const { t, named } = useTexts();
  const { party, zone } = useSession();
  const filters = useFilters(["from", "until", "status", "keyword"]);
  const query = usePages<Order>(
    ["credit-orders", filters],
    (from) =>
      ok(
        api.GET("/v1/parties/{id}/credit-orders", {
          params: { path: { id: party.id }, query: { limit: 50, ...filters, ...from } },
        }),
      ),
    () => every(30_000),
  );
  const columns: Column<Order>[] = [
    {
      title: t("co.id"),
      show: (one) => (
        <>
          <Link to={`/shop/orders/${one.id}`}>{one.order_id}</Link> <Id id={one.id} />
        </>
      ),
    },
    {
      title: t("common.status"),
      show: (one) => <State colour={ORDER_STATES[one.status] ?? "grey"}>{named("co.state", one.status)}</State>,
    },
    { title: t("co.amount"), end: true, show: (one) => <Amount minor={one.amount_minor} currency={one.currency} /> },
    {
      title: t("co.receivable"),
      end: true,
      show: (one) => (
        <strong>
          <Amount minor={one.receivable_minor} currency={one.currency} />
        </strong>
      ),
    },
    {
      title: t("co.reserved"),
      end: true,
      wideOnly: true,
      show: (one) => <Amount minor={one.reserved_minor} currency={one.currency} />,
    },
    { title: t("co.paid"), end: true, show: (one) => <Amount minor={one.paid_minor} currency={one.currency} /> },
    {
      title: t("co.owed"),
      end: true,
      wideOnly: true,
      show: (one) => <Amount minor={one.due_minor + one.liability_minor} currency={one.currency} />,
    },
    { title: t("co.authorised"), show: (one) => <span className="amount">{time(one.authorised_at, zone)}</span> },
    { title: t("co.due"), show: (one) => <span className="amount">{one.due_on ?? "--"}</span> },
  ];
  return (
    <>
      <PageHead title={t("co.title")} />
      <section className="panel">
        <FilterBar
          stateName="status"
          states={Object.keys(ORDER_STATES).map((value) => ({ value, label: named("co.state", value) }))}
          keywordLabel={t("co.id")}
          exportPath={`/v1/parties/${party.id}/bill-lines/export`}
        />
        <Records query={query} columns={columns} name={t("co.title")} rowKey={(one) => one.id} none={t("co.none")} />
      </section>
    </>
  );
}
