// Settlement statements of a company, and what is still in none (X16).
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { Link, useNavigate } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Choose } from "../../ui/choose";
import { useFilters } from "../../ui/filters";
import { Loaded } from "../../ui/loaded";
import { usePages } from "../../ui/pages";
import { Amount, type Colour, PageHead, Pairs, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { every } from "../live";

export type Settlement = Schemas["SettlementView"];

export const SETTLEMENT_STATES: Record<string, Colour> = {
  generated: "orange",
  signed: "orange",
  submitted: "blue",
  papers_rejected: "red",
  paying: "blue",
  payment_failed: "red",
  paid: "green",
  cancelled: "grey",
};

/** Months that were listed: what each is worth. */
function Months() {
  const { t } = useTexts();
  const { party, currency, zone } = useSession();
  const query = useQuery({
    queryKey: ["settlement-orders", "months"],
    queryFn: () => ok(api.GET("/v1/parties/{id}/settlement-months", { params: { path: { id: party.id } } })),
  });
  return (
    <section className="panel">
      <h2>{t("settle.months")}</h2>
      <p className="soft">{t("settle.months.what")}</p>
      <Loaded query={query}>
        {({ data }) =>
          data.length === 0 ? (
            <p className="soft">{t("settle.months.none")}</p>
          ) : (
            <div className="table-scroll" tabIndex={0} role="region" aria-label={t("settle.months")}>
              <table className="records" aria-label={t("settle.months")}>
                <thead>
                  <tr>
                    <th scope="col">{t("stm.month")}</th>
                    <th scope="col" className="end">
                      {t("stm.orders")}
                    </th>
                    <th scope="col" className="end">
                      {t("settle.net")}
                    </th>
                    <th scope="col">{t("settle.listed")}</th>
                  </tr>
                </thead>
                <tbody>
                  {data.slice(0, 12).map((row) => (
                    <tr key={row.month}>
                      <td>{row.month}</td>
                      <td className="end">{row.orders}</td>
                      <td className="end">
                        <Amount minor={row.net_minor} currency={currency} />
                      </td>
                      <td className="amount">{time(row.listed_at, zone)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </section>
  );
}

/** What is booked and in no statement, what is on its way, what was paid. */
function Balance() {
  const { t } = useTexts();
  const { party } = useSession();
  const query = useQuery({
    queryKey: ["overview"],
    queryFn: () => ok(api.GET("/v1/parties/{id}/overview", { params: { path: { id: party.id } } })),
    refetchInterval: () => every(15_000),
  });
  return (
    <section className="panel">
      <h2>{t("settle.balance")}</h2>
      <Loaded query={query}>
        {({ currency, withdrawable_minor, in_transit_minor, frozen_minor, totals }) => (
          <Pairs
            pairs={[
              [t("settle.balance.open"), <Amount key="open" minor={withdrawable_minor} currency={currency} />],
              [t("settle.balance.transit"), <Amount key="transit" minor={in_transit_minor} currency={currency} />],
              [t("overview.frozen"), <Amount key="frozen" minor={frozen_minor} currency={currency} />],
              [t("settle.balance.paid"), <Amount key="paid" minor={totals.withdrawn_minor} currency={currency} />],
            ]}
          />
        )}
      </Loaded>
    </section>
  );
}

export function Settlements() {
  const { t, named, either } = useTexts();
  const session = useSession();
  const { party, zone } = session;
  const navigate = useNavigate();
  const filters = useFilters(["state"]);
  const query = usePages<Settlement>(
    ["settlements", filters],
    (from) =>
      ok(api.GET("/v1/settlements", { params: { query: { party_id: party.id, limit: 50, ...filters, ...from } } })),
    () => every(15_000),
  );
  const columns: Column<Settlement>[] = [
    {
      title: t("settle.period"),
      show: (one) => (
        <Link to={`/settlements/${one.id}`}>
          {one.period_from === one.period_to ? one.period_from : `${one.period_from} – ${one.period_to}`}
        </Link>
      ),
    },
    {
      title: t("common.status"),
      show: (one) => (
        <>
          <State colour={SETTLEMENT_STATES[one.state] ?? "grey"}>{named("settle.state", one.state)}</State>{" "}
          {one.disputed && <State colour="orange">{t("stm.disputed")}</State>}{" "}
          {one.explanation.overdue && <State colour="red">{t("wd.overdue")}</State>}
        </>
      ),
    },
    { title: t("stm.orders"), end: true, show: (one) => one.orders },
    {
      title: t("settle.payable"),
      end: true,
      show: (one) => (
        <strong>
          <Amount minor={one.amounts.payable_minor} currency={one.currency} />
        </strong>
      ),
    },
    { title: t("wd.reason"), show: (one) => <div style={{ minWidth: 160 }}>{either(one.explanation)}</div> },
    { title: t("settle.by"), show: (one) => <span className="amount">{one.due_on ?? "--"}</span> },
    {
      title: t("settle.made"),
      wideOnly: true,
      show: (one) => <span className="amount">{time(one.generated_at, zone)}</span>,
    },
  ];
  return (
    <>
      <PageHead title={t("settle.title")}>
        {mayRequest(session) && (
          <Button type="primary" onClick={() => void navigate("/settlements/new")}>
            {t("settle.new")}
          </Button>
        )}
      </PageHead>
      <section className="panel">
        <div className="filters">
          <Choose
            name="state"
            label={t("common.status")}
            options={Object.keys(SETTLEMENT_STATES).map((value) => ({ value, label: named("settle.state", value) }))}
          />
        </div>
        <Records query={query} columns={columns} name={t("settle.title")} rowKey={(one) => one.id} none={t("settle.none")} />
      </section>
      <div className="columns">
        <Balance />
        <Months />
      </div>
    </>
  );
}
