// What was spent, when and on what, and what it brought (A10).
import { useQuery } from "@tanstack/react-query";
import { Button, Empty, Segmented } from "antd";
import { type FormEvent, Suspense, lazy, useEffect, useState } from "react";
import { useSearchParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useSession } from "../../app/session";
import { NOTHING, percent } from "../../format/money";
import { day, time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Loaded, Loading } from "../../ui/loaded";
import { Amount, PageHead } from "../../ui/parts";

const Bars = lazy(() => import("../../ui/bars"));

type Line = Schemas["Page_ReportLine"]["data"][number];
const BY = ["day", "hour", "campaign"] as const;
type By = (typeof BY)[number];

const rate = (ppm: number | null | undefined): string => (typeof ppm === "number" ? percent(ppm) : NOTHING);

/** So many days before a civil date. */
function before(date: string, days: number): string {
  const at = new Date(`${date}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() - days);
  return at.toISOString().slice(0, 10);
}

function useRange() {
  const { now, zone } = useSession();
  const [params, setParams] = useSearchParams();
  const today = day(now, zone);
  const given = params.get("by");
  const by: By = BY.find((one) => one === given) ?? "day";
  const until = params.get("until") ?? today;
  const from = params.get("from") ?? (by === "hour" ? until : before(until, 6));
  const set = (change: Record<string, string>) => setParams({ by, from, until, ...change });
  return { by, from, until, set };
}

function Table({ lines, by }: { lines: Line[]; by: By }) {
  const { t } = useTexts();
  const { zone, currency } = useSession();
  const head = ["impressions", "clicks", "ctr", "spend", "cpc", "conversions", "rate"] as const;
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={t("report.title")}>
      <table className="records" aria-label={t("report.title")}>
        <thead>
          <tr>
            <th scope="col">{t(`report.by.${by}`)}</th>
            {head.map((name) => (
              <th key={name} scope="col" className="end">
                {t(`report.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.key}>
              <td className={by === "campaign" ? "" : "amount"}>
                {by === "hour" ? time(line.key, zone).slice(0, 16) : (line.name ?? line.key)}
              </td>
              <td className="end amount">{line.impressions}</td>
              <td className="end amount">{line.clicks}</td>
              <td className="end amount">{rate(line.ctr_ppm)}</td>
              <td className="end">
                <Amount minor={line.spend_minor - line.refunded_minor} currency={currency} />
              </td>
              <td className="end">
                <Amount minor={line.cpc_minor} currency={currency} />
              </td>
              <td className="end amount">{line.conversions}</td>
              <td className="end amount">{rate(line.conversion_ppm)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Report() {
  const { t } = useTexts();
  const { party, zone, currency } = useSession();
  const { by, from, until, set } = useRange();
  const [draft, setDraft] = useState({ from, until });
  useEffect(() => setDraft({ from, until }), [from, until]);
  const query = useQuery({
    queryKey: ["ad-report", by, from, until],
    queryFn: () =>
      ok(
        api.GET("/v1/parties/{id}/ad-report", {
          params: { path: { id: party.id }, query: { by, from, until, ...(by === "campaign" ? { limit: 200 } : {}) } },
        }),
      ),
    refetchInterval: 15_000,
  });
  const label = (line: Line) =>
    by === "hour" ? time(line.key, zone).slice(11, 16) : by === "day" ? line.key.slice(5) : (line.name ?? line.key);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set(draft);
  };
  return (
    <>
      <PageHead title={t("report.title")}>
        <Segmented
          value={by}
          onChange={(value) => set({ by: String(value), ...(value === "hour" ? { from: until } : {}) })}
          options={BY.map((value) => ({ value, label: t(`report.by.${value}`) }))}
        />
      </PageHead>
      <section className="panel">
        <form className="filters" onSubmit={submit} role="search">
          {(["from", "until"] as const).map((name) => (
            <div className="field" key={name}>
              <label htmlFor={`report-${name}`}>{t(`common.${name}`)}</label>
              <input
                type="date"
                id={`report-${name}`}
                required
                value={draft[name]}
                onChange={(event) => setDraft({ ...draft, [name]: event.target.value })}
              />
            </div>
          ))}
          <Button type="primary" htmlType="submit">
            {t("common.query")}
          </Button>
        </form>
        <Loaded query={query} rows={8}>
          {({ data }) =>
            data.length === 0 ? (
              <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("report.none")} />
            ) : (
              <>
                <Suspense fallback={<Loading rows={6} />}>
                  <Bars
                    name={t("report.title")}
                    labels={data.map(label)}
                    series={[{ name: t("report.spend"), minor: data.map((line) => line.spend_minor - line.refunded_minor) }]}
                    currency={currency}
                  />
                </Suspense>
                <Table lines={data} by={by} />
              </>
            )
          }
        </Loaded>
      </section>
    </>
  );
}
