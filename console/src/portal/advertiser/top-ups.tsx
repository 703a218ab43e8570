// Payment orders: what was paid, what waits, what can be made anew with one click (A6).
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useNavigate } from "react-router";
import { type Schemas, api, newKey, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Amount, type Colour, Id, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";

type Order = Schemas["PaymentOrderView"];

const STATES: Record<string, Colour> = {
  created: "orange",
  pending: "orange",
  paid: "green",
  paid_late: "green",
  closed: "grey",
  refunded: "grey",
};

const isOpen = (order: Order): boolean => order.state === "created" || order.state === "pending";

function Actions({ order }: { order: Order }) {
  const { t } = useTexts();
  const client = useQueryClient();
  const settled = { onSettled: () => client.invalidateQueries() };
  const path = { id: order.id };
  const again = useMutation({
    mutationFn: (key: string) =>
      ok(api.POST("/v1/payment-orders/{id}/repay", { params: { path, header: { "Idempotency-Key": key } } })),
    onSuccess: (made) => location.assign(made.cashier_url),
    ...settled,
  });
  const close = useMutation({
    mutationFn: () => ok(api.POST("/v1/payment-orders/{id}/close", { params: { path } })),
    ...settled,
  });
  return (
    <span className="row">
      {isOpen(order) && (
        <>
          <Button size="small" type="primary" href={order.cashier_url}>
            {t("topups.pay")}
          </Button>
          <Button size="small" loading={close.isPending} onClick={() => close.mutate()}>
            {t("topups.close")}
          </Button>
        </>
      )}
      {order.can_repay && (
        <Button size="small" loading={again.isPending} onClick={() => again.mutate(newKey())}>
          {t("topups.again")}
        </Button>
      )}
      {again.isError && <Failure error={again.error} />}
      {close.isError && <Failure error={close.error} />}
    </span>
  );
}

export function TopUps() {
  const { t, named } = useTexts();
  const session = useSession();
  const { party, zone } = session;
  const navigate = useNavigate();
  const query = useInfiniteQuery({
    queryKey: ["payment-orders"],
    queryFn: ({ pageParam }) =>
      ok(
        api.GET("/v1/payment-orders", {
          params: { query: { party_id: party.id, limit: 20, ...(pageParam === "" ? {} : { cursor: pageParam }) } },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: 5_000,
  });
  const columns: Column<Order>[] = [
    { title: t("topups.id"), show: (order) => <Id id={order.id} /> },
    {
      title: t("common.status"),
      show: (order) => <State colour={STATES[order.state] ?? "grey"}>{named("topups.state", order.state)}</State>,
    },
    {
      title: t("topup.amount"),
      end: true,
      show: (order) => <Amount minor={order.amount_minor} currency={order.currency} />,
    },
    {
      title: t("topups.received"),
      end: true,
      show: (order) => <Amount minor={order.received_minor} currency={order.currency} />,
    },
    { title: t("topup.method"), show: (order) => named("topup.method", order.method) },
    { title: t("topups.made"), show: (order) => <span className="amount">{time(order.created_at, zone)}</span> },
    {
      title: t("topups.until"),
      show: (order) => (
        <span className="amount">{isOpen(order) ? time(order.expires_at, zone) : time(order.paid_at, zone)}</span>
      ),
    },
    { title: t("common.actions"), show: (order) => (mayRequest(session) ? <Actions order={order} /> : null) },
  ];
  return (
    <>
      <PageHead title={t("topups.title")}>
        {mayRequest(session) && (
          <Button type="primary" onClick={() => void navigate("/ads/top-up")}>
            {t("ad.topup")}
          </Button>
        )}
      </PageHead>
      <section className="panel">
        <Records
          query={query}
          columns={columns}
          name={t("topups.title")}
          rowKey={(order) => order.id}
          none={t("topups.none")}
        />
      </section>
    </>
  );
}
