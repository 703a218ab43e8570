// Months of the programme: what was frozen, what was taken and added, what became withdrawable (X15).
import { Link } from "react-router";
import { api, ok } from "../../api/client";
import { useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { usePages } from "../../ui/pages";
import { Amount, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { STATEMENT_STATES, type Statement, comesTo } from "./months";

export function Statements() {
  const { t, named } = useTexts();
  const { party, zone } = useSession();
  const query = usePages<Statement>(["statements"], (from) =>
    ok(
      api.GET("/v1/parties/{id}/programme-statements", {
        params: { path: { id: party.id }, query: { limit: 50, ...from } },
      }),
    ),
  );
  const columns: Column<Statement>[] = [
    { title: t("stm.month"), show: (one) => <Link to={`/statements/${one.id}`}>{one.month}</Link> },
    {
      title: t("common.status"),
      show: (one) => (
        <>
          <State colour={STATEMENT_STATES[one.state] ?? "grey"}>{named("stm.state", one.state)}</State>{" "}
          {one.dispute_open && <State colour="orange">{t("stm.disputed")}</State>}
        </>
      ),
    },
    { title: t("stm.orders"), end: true, show: (one) => one.orders },
    { title: t("stm.income"), end: true, show: (one) => <Amount minor={one.income_minor} currency={one.currency} /> },
    {
      title: t("stm.fee"),
      end: true,
      wideOnly: true,
      show: (one) => <Amount minor={-one.operating_fee_minor} currency={one.currency} signed />,
    },
    {
      title: t("stm.incentive"),
      end: true,
      wideOnly: true,
      show: (one) => <Amount minor={one.incentive_minor} currency={one.currency} signed />,
    },
    {
      title: t("stm.result"),
      end: true,
      show: (one) =>
        one.state === "open" ? (
          <span className="soft">{t("stm.later")}</span>
        ) : (
          <strong>
            <Amount minor={comesTo(one)} currency={one.currency} />
          </strong>
        ),
    },
    {
      title: t("stm.published"),
      wideOnly: true,
      show: (one) => <span className="amount">{time(one.published_at, zone)}</span>,
    },
  ];
  return (
    <>
      <PageHead title={t("stm.title")} />
      <p className="soft">{t("stm.what")}</p>
      <section className="panel">
        <Records query={query} columns={columns} name={t("stm.title")} rowKey={(one) => one.id} none={t("stm.none")} />
      </section>
    </>
  );
}
