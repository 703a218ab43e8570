// One pay-later order: what of it uses the limit, what was paid, and everything that happened (C11, C12).
import { useQuery } from "@tanstack/react-query";
import { Alert } from "antd";
import { Link, useParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { Amount, Id, PageHead, Pairs, State } from "../../ui/parts";
import { AskAbout } from "../cases/about";
import { every } from "../live";
import { ORDER_STATES, type Order } from "./orders";

type Detail = Schemas["CreditOrderDetail"];

/** While people look at it: what helps, and where it is handed in. */
function Review({ review }: { review: NonNullable<Detail["review"]> }) {
  const { t, language } = useTexts();
  const { zone } = useSession();
  const english = language === "en";
  return (
    <Alert
      type="warning"
      showIcon
      className="gap"
      title={english ? review.message_en : review.message_zh}
      description={
        <>
          <p style={{ margin: 0 }}>{english ? review.evidence_en : review.evidence_zh}</p>
          <p style={{ margin: 0 }}>
            {t("co.review.by")} <span className="amount">{time(review.decide_by, zone)}</span>
          </p>
          <Link to={`/cases/${review.case_id}`}>{t("co.review.papers")}</Link>
        </>
      }
    />
  );
}

function Figures({ order }: { order: Order }) {
  const { t } = useTexts();
  const { zone } = useSession();
  const amount = (minor: number) => <Amount key={minor} minor={minor} currency={order.currency} />;
  const amounts: [string, number][] = [
    [t("co.shipped"), order.shipped_minor],
    [t("co.receivable"), order.receivable_minor],
    [t("co.payable"), order.payable_minor],
    [t("co.paid"), order.paid_minor],
    [t("co.reserved"), order.reserved_minor],
    [t("co.held"), order.held_minor],
    [t("co.refunded"), order.refunded_minor],
    [t("co.cancelled"), order.cancelled_minor],
    [t("limit.due"), order.due_minor],
    [t("limit.liability"), order.liability_minor],
    [t("co.lost"), order.lost_minor],
  ];
  return (
    <Pairs
      pairs={[
        [t("co.id"), order.order_id],
        [t("co.number"), <Id key="id" id={order.id} />],
        [t("co.amount"), amount(order.amount_minor)],
        ...amounts.filter(([, minor]) => minor !== 0).map(([name, minor]): [string, React.ReactNode] => [name, amount(minor)]),
        [t("co.authorised"), time(order.authorised_at, zone)],
        [t("co.ends"), time(order.ends_at, zone)],
        [t("co.shipped.at"), time(order.shipped_at, zone)],
        [t("co.due"), order.due_on ?? null],
      ]}
    />
  );
}

function History({ detail }: { detail: Detail }) {
  const { t, named } = useTexts();
  const { zone } = useSession();
  return (
    <section className="panel">
      <h2>{t("co.history")}</h2>
      <ol className="steps">
        {detail.lines.map((line) => (
          <li key={line.event_id}>
            {named("co.event", line.event)}{" "}
            {line.amount_minor !== 0 && <Amount minor={line.amount_minor} currency={detail.order.currency} />}
            <div className="soft amount">{time(line.at, zone)}</div>
          </li>
        ))}
      </ol>
      {typeof detail.next_cursor === "string" && <p className="soft">{t("co.history.more")}</p>}
    </section>
  );
}

export function CreditOrder() {
  const { t, named } = useTexts();
  const { id = "" } = useParams();
  const query = useQuery({
    queryKey: ["credit-order", id],
    queryFn: () => ok(api.GET("/v1/credit-orders/{id}", { params: { path: { id } } })),
    refetchInterval: () => every(30_000),
  });
  return (
    <>
      <PageHead title={query.data === undefined ? t("co.one") : t("co.of", { order: query.data.order.order_id })}>
        <Link to="/shop/orders">{t("co.title")}</Link>
      </PageHead>
      <Loaded query={query} rows={8}>
        {(detail) => (
          <>
            {detail.review !== null && detail.review !== undefined && <Review review={detail.review} />}
            <div className="columns">
              <section className="panel">
                <div className="panel-head">
                  <State colour={ORDER_STATES[detail.order.status] ?? "grey"}>
                    {named("co.state", detail.order.status)}
                  </State>
                  <AskAbout subject={detail.order.id} kind="limit_query" />
                </div>
                <Figures order={detail.order} />
              </section>
              <History detail={detail} />
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}
