// What waits for people, and what goes wrong: the page that stays open all day (P12, P16, P22, P26).
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, Suspense, lazy } from "react";
import { Link } from "react-router";
import { type Schemas, api, ok } from "../api/client";
import { useTexts } from "../i18n";
import { Loaded, Loading } from "../ui/loaded";
import { Amount, PageHead, Pairs, State } from "../ui/parts";
import { useMay, useStaff } from "./session";
import { useDesk } from "./shell";
import { At } from "./ui/names";

const Bars = lazy(() => import("../ui/bars"));

type Desk = Schemas["Desk"];
type Rail = Schemas["RailView"];

export function useRails() {
  const may = useMay();
  return useQuery({
    queryKey: ["rails"],
    queryFn: () => ok(api.GET("/v1/rails")),
    enabled: may("ledger:read"),
    refetchInterval: 15_000,
  });
}

/** Rails that matter: connected, switched on with money, or in trouble. */
export const inUse = (rail: Rail): boolean => rail.connected || rail.float_minor !== 0 || rail.held_minor !== 0;

interface Alarm {
  key: string;
  text: string;
  to: string;
  grave: boolean;
}

function useAlarms(desk: Desk | undefined, rails: Rail[]): Alarm[] {
  const { t } = useTexts();
  const alarms: Alarm[] = [];
  for (const rail of rails.filter(inUse)) {
    const say = (key: string, text: string, grave: boolean) => alarms.push({ key: `${rail.rail} ${key}`, text, to: "/rails", grave });
    if (!rail.healthy) say("ill", t("staff.alarm.ill", { rail: rail.rail }), true);
    if (!rail.connected) say("gone", t("staff.alarm.gone", { rail: rail.rail }), true);
    if (rail.marked_short) say("short", t("staff.alarm.short", { rail: rail.rail }), true);
    else if (rail.low) say("low", t("staff.alarm.low", { rail: rail.rail }), false);
    if (!rail.enabled) say("off", t("staff.alarm.off", { rail: rail.rail }), false);
  }
  if (desk !== undefined) {
    const unknown = desk.withdrawals.find((one) => one.state === "unknown");
    if (unknown !== undefined && unknown.count > 0) {
      const text = t("staff.alarm.unknown", { count: unknown.count });
      alarms.push({ key: "unknown", text, to: "/withdrawals?state=unknown", grave: true });
    }
    if (desk.overdue_payouts > 0) {
      const text = t("staff.alarm.overdue", { count: desk.overdue_payouts });
      alarms.push({ key: "overdue", text, to: "/withdrawals?overdue=true", grave: true });
    }
    if (desk.failed_jobs > 0) {
      alarms.push({ key: "jobs", text: t("staff.alarm.jobs", { count: desk.failed_jobs }), to: "/jobs?state=failed", grave: true });
    }
    const late = desk.cases.reduce((sum, kind) => sum + kind.overdue, 0);
    if (late > 0) {
      alarms.push({ key: "cases", text: t("staff.alarm.cases", { count: late }), to: "/cases", grave: false });
    }
    for (const year of desk.calendar_missing) {
      alarms.push({ key: `year ${year}`, text: t("staff.alarm.calendar", { year }), to: `/calendar?year=${year}`, grave: false });
    }
  }
  return alarms;
}

function Alarms({ alarms }: { alarms: Alarm[] }) {
  const { t } = useTexts();
  return (
    <ul className="alerts" aria-label={t("staff.alarms")} aria-live="polite">
      {alarms.length === 0 && (
        <li>
          <State colour="green">{t("staff.alarm.none")}</State>
        </li>
      )}
      {alarms.map((alarm) => (
        <li key={alarm.key}>
          <State colour={alarm.grave ? "red" : "orange"}>{t(alarm.grave ? "staff.alarm.grave" : "staff.alarm.mild")}</State>{" "}
          <Link to={alarm.to}>{alarm.text}</Link>
        </li>
      ))}
    </ul>
  );
}

export function Float({ rail }: { rail: Rail }) {
  const { t } = useTexts();
  const share = rail.float_minor > 0 ? Math.max(0, Math.min(100, (rail.available_minor / rail.float_minor) * 100)) : 0;
  return (
    <dl className="figure">
      <dt>
        {rail.rail}{" "}
        {rail.marked_short ? (
          <State colour="red">{t("staff.rail.short")}</State>
        ) : (
          rail.low && <State colour="orange">{t("staff.rail.low")}</State>
        )}
        {!rail.healthy && <State colour="red">{t("staff.rail.ill")}</State>}
      </dt>
      <dd>
        <div className="big">
          <Amount minor={rail.available_minor} currency={rail.currency} />
        </div>
        <div className="bar" aria-hidden>
          <div style={{ width: `${share}%` }} />
        </div>
        <div className="soft">
          {t("staff.rail.of", { custodian: rail.custodian ?? t("staff.rail.nobody") })} ·{" "}
          <Amount minor={rail.float_minor} currency={rail.currency} /> · {t("staff.rail.held")}{" "}
          <Amount minor={rail.held_minor} currency={rail.currency} />
        </div>
      </dd>
    </dl>
  );
}

function Counted({ name, to, count, more, children }: { name: string; to: string; count: number; more?: boolean; children?: ReactNode }) {
  return (
    <dl className="figure">
      <dt>{name}</dt>
      <dd>
        <div className="big">
          <Link to={to}>
            {count}
            {more === true && "+"}
          </Link>
        </div>
        <div className="soft">{children}</div>
      </dd>
    </dl>
  );
}

function Payouts({ desk }: { desk: Desk }) {
  const { t, named } = useTexts();
  const { currency } = useStaff();
  return (
    <>
      <div className="figures">
        {desk.withdrawals.map((one) => (
          <Counted key={one.state} name={named("wd.state", one.state)} to={`/withdrawals?state=${one.state}`} count={one.count} more={one.more}>
            <Amount minor={one.amount_minor} currency={currency} />
          </Counted>
        ))}
        <Counted name={t("wd.overdue")} to="/withdrawals?overdue=true" count={desk.overdue_payouts} more={desk.overdue_payouts >= 1000}>
          {t("staff.home.overdue")}
        </Counted>
        <Counted name={t("staff.home.approvals")} to="/approvals" count={desk.approvals_for_me} more={desk.open_approvals >= 200}>
          {t("staff.home.approvals.open", { count: desk.open_approvals })}
        </Counted>
        <Counted name={t("staff.home.jobs")} to="/jobs?state=failed" count={desk.failed_jobs} more={desk.failed_jobs >= 200}>
          {t("staff.home.jobs.what")}
        </Counted>
      </div>
      {desk.waiting.length > 0 && (
        <section className="panel">
          <h2>{t("staff.home.waiting")}</h2>
          <Pairs
            pairs={desk.waiting.map((one) => [
              one.rail,
              <span key={one.rail}>
                <Link to={`/withdrawals?state=waiting_for_funds&rail=${one.rail}`}>{one.count}</Link>{" "}
                <span className="soft">
                  {t("staff.home.since")} <At at={one.since} />
                </span>
              </span>,
            ])}
          />
        </section>
      )}
    </>
  );
}

function CaseKinds({ desk }: { desk: Desk }) {
  const { t, named } = useTexts();
  return (
    <section className="panel">
      <h2>
        {t("staff.home.cases")}
        {desk.more_cases && "+"}
      </h2>
      {desk.cases.length === 0 ? (
        <p className="soft">{t("staff.home.cases.none")}</p>
      ) : (
        <div className="table-scroll" tabIndex={0} role="region" aria-label={t("staff.home.cases")}>
          <table className="records">
            <thead>
              <tr>
                <th scope="col">{t("staff.case.kind")}</th>
                <th scope="col" className="end">
                  {t("staff.home.open")}
                </th>
                <th scope="col" className="end">
                  {t("staff.case.late")}
                </th>
                <th scope="col" className="end">
                  {t("staff.home.unowned")}
                </th>
                <th scope="col" className="end">
                  {t("staff.home.mine")}
                </th>
              </tr>
            </thead>
            <tbody>
              {desk.cases.map((one) => (
                <tr key={one.kind}>
                  <td>
                    <Link to={`/cases?kind=${one.kind}`}>{named("staff.case.kind", one.kind)}</Link>
                  </td>
                  <td className="end amount">{one.open}</td>
                  <td className="end amount">{one.overdue > 0 ? <State colour="red">{one.overdue}</State> : 0}</td>
                  <td className="end amount">{one.unowned}</td>
                  <td className="end amount">{one.mine}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function TodaysFlow({ desk }: { desk: Desk }) {
  const { t } = useTexts();
  const { currency } = useStaff();
  const { flow } = desk;
  const moved = flow.hours.filter((hour) => hour.in_minor !== 0 || hour.out_minor !== 0);
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t("staff.home.flow", { day: desk.today })}</h2>
        <span className="soft">
          {t("staff.home.in")} <Amount minor={flow.in_minor} currency={currency} /> · {t("staff.home.out")}{" "}
          <Amount minor={flow.out_minor} currency={currency} />
        </span>
      </div>
      {!flow.complete && <p className="soft">{t("staff.home.flow.part")}</p>}
      {moved.length === 0 ? (
        <p className="soft">{t("staff.home.flow.none")}</p>
      ) : (
        <Suspense fallback={<Loading />}>
          <Bars
            name={t("staff.home.flow", { day: desk.today })}
            labels={flow.hours.map((hour) => `${hour.hour}`)}
            currency={currency}
            series={[
              { name: t("staff.home.in"), minor: flow.hours.map((hour) => hour.in_minor) },
              { name: t("staff.home.out"), minor: flow.hours.map((hour) => hour.out_minor) },
            ]}
          />
        </Suspense>
      )}
    </section>
  );
}

export function Home() {
  const { t } = useTexts();
  const desk = useDesk();
  const rails = useRails();
  const found = rails.data?.data ?? [];
  const alarms = useAlarms(desk.data, found);
  return (
    <>
      <PageHead title={t("staff.nav.home")} />
      {desk.data !== undefined && rails.data !== undefined && <Alarms alarms={alarms} />}
      <Loaded query={rails}>
        {() => (
          <div className="figures">
            {found.filter(inUse).map((rail) => (
              <Float key={rail.rail} rail={rail} />
            ))}
            {found.filter(inUse).length === 0 && <p className="soft">{t("staff.rail.none")}</p>}
          </div>
        )}
      </Loaded>
      <Loaded query={desk} rows={8}>
        {(read) => (
          <>
            <Payouts desk={read} />
            <div className="columns">
              <CaseKinds desk={read} />
              <TodaysFlow desk={read} />
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}
