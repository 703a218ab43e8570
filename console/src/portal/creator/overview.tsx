// Is my money right, where is it, when do I get it (X1, P14).
import { useQuery } from "@tanstack/react-query";
import { Button, Segmented } from "antd";
import { Suspense, lazy } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { useTexts } from "../../i18n";
import { Loaded, Loading } from "../../ui/loaded";
import { Amount, PageHead, What } from "../../ui/parts";
import { every } from "../live";
import { Where } from "./where";

const Bars = lazy(() => import("../../ui/bars"));

type View = Schemas["OverviewView"];

interface FigureProps {
  name: string;
  what: string;
  minor: number;
  currency: string;
}

function Figure({ name, what, minor, currency, children }: FigureProps & { children?: React.ReactNode }) {
  return (
    <>
      <dt>
        {name}
        <What of={name}>{what}</What>
      </dt>
      <dd>
        <div className="big">
          <Amount minor={minor} currency={currency} />
        </div>
        {children}
      </dd>
    </>
  );
}

function Figures({ view }: { view: View }) {
  const { t } = useTexts();
  const session = useSession();
  const navigate = useNavigate();
  const { currency, totals } = view;
  return (
    <div className="figures">
      <dl className="figure first">
        <Figure
          name={t("overview.withdrawable")}
          what={t("overview.withdrawable.what")}
          minor={view.withdrawable_minor}
          currency={currency}
        >
          {mayRequest(session) && (
            <Button type="primary" onClick={() => void navigate("/withdrawals/new")}>
              {t("overview.withdraw")}
            </Button>
          )}
        </Figure>
      </dl>
      <dl className="figure">
        <Figure name={t("overview.task")} what={t("overview.task.what")} minor={totals.task_minor} currency={currency}>
          {totals.routed_minor > 0 && (
            <div className="soft">
              {t("overview.routed")} <Amount minor={totals.routed_minor} currency={currency} />
            </div>
          )}
          <Link to="/orders">{t("common.detail")}</Link>
        </Figure>
      </dl>
      <dl className="figure">
        <Figure
          name={t("overview.withdrawn")}
          what={t("overview.withdrawn.what")}
          minor={totals.withdrawn_minor}
          currency={currency}
        >
          <Link to="/withdrawals">{t("common.detail")}</Link>
        </Figure>
      </dl>
      <dl className="figure">
        <Figure
          name={t("overview.frozen")}
          what={t("overview.frozen.what")}
          minor={view.frozen_minor}
          currency={currency}
        />
      </dl>
      <dl className="figure">
        <Figure
          name={t("overview.transit")}
          what={t("overview.transit.what")}
          minor={view.in_transit_minor}
          currency={currency}
        />
      </dl>
      {view.owed_minor > 0 && (
        <dl className="figure">
          <Figure name={t("overview.owed")} what={t("overview.owed.what")} minor={view.owed_minor} currency={currency} />
        </dl>
      )}
    </div>
  );
}

function TrendTable({ view }: { view: View }) {
  const { t } = useTexts();
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={t("overview.trend")}>
      <table className="records" aria-label={t("overview.trend")}>
        <thead>
          <tr>
            <th scope="col">{t("overview.trend.month")}</th>
            <th scope="col" className="end">
              {t("overview.trend.settled")}
            </th>
            <th scope="col" className="end">
              {t("overview.trend.withdrawn")}
            </th>
          </tr>
        </thead>
        <tbody>
          {view.trend.map(({ month, totals }) => (
            <tr key={month}>
              <td>{month}</td>
              <td className="end">
                <Amount minor={totals.settled_net_minor} currency={view.currency} />
              </td>
              <td className="end">
                <Amount minor={totals.withdrawn_minor} currency={view.currency} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Trend({ view }: { view: View }) {
  const { t } = useTexts();
  const [params, setParams] = useSearchParams();
  const table = params.get("trend") === "table";
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t("overview.trend")}</h2>
        <Segmented
          size="small"
          value={table ? "table" : "chart"}
          onChange={(value) => setParams(value === "table" ? { trend: "table" } : {}, { replace: true })}
          options={[
            { value: "chart", label: t("overview.trend.chart") },
            { value: "table", label: t("overview.trend.table") },
          ]}
        />
      </div>
      {table ? (
        <TrendTable view={view} />
      ) : (
        <Suspense fallback={<Loading rows={6} />}>
          <Bars
            name={t("overview.trend")}
            labels={view.trend.map(({ month }) => month.slice(2))}
            series={[
              { name: t("overview.trend.settled"), minor: view.trend.map(({ totals }) => totals.settled_net_minor) },
              { name: t("overview.trend.withdrawn"), minor: view.trend.map(({ totals }) => totals.withdrawn_minor) },
            ]}
            currency={view.currency}
          />
        </Suspense>
      )}
    </section>
  );
}

export function Overview() {
  const { t } = useTexts();
  const { party } = useSession();
  const query = useQuery({
    queryKey: ["overview"],
    queryFn: () => ok(api.GET("/v1/parties/{id}/overview", { params: { path: { id: party.id } } })),
    refetchInterval: () => every(15_000),
  });
  return (
    <>
      <PageHead title={t("overview.title")} />
      <Loaded query={query} rows={8}>
        {(view) => (
          <>
            <Figures view={view} />
            <div className="columns">
              <Where />
              <Trend view={view} />
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}
