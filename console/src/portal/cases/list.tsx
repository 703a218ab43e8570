// All matters between a party and the platform's desk (P26).
import { Button } from "antd";
import { Link, useNavigate } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Choose } from "../../ui/choose";
import { useFilters } from "../../ui/filters";
import { usePages } from "../../ui/pages";
import { PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { Subject } from "./about";
import { CASE_STATES } from "./states";

type Row = Schemas["CaseView"];

export function Cases() {
  const { t, named } = useTexts();
  const session = useSession();
  const { party, zone } = session;
  const navigate = useNavigate();
  const filters = useFilters(["state", "kind"]);
  const query = usePages<Row>(["cases", filters], (from) =>
    ok(
      api.GET("/v1/parties/{id}/cases", {
        params: { path: { id: party.id }, query: { limit: 50, ...filters, ...from } },
      }),
    ),
  );
  const columns: Column<Row>[] = [
    {
      title: t("case.summary"),
      show: (row) => (
        <>
          <Link to={`/cases/${row.id}`}>{row.summary}</Link>
          <div className="soft">{named("case.kind", row.kind)}</div>
        </>
      ),
    },
    {
      title: t("common.status"),
      show: (row) => <State colour={CASE_STATES[row.state] ?? "grey"}>{named("case.state", row.state)}</State>,
    },
    {
      title: t("case.subject"),
      wideOnly: true,
      show: (row) => (typeof row.subject === "string" ? <Subject id={row.subject} /> : "--"),
    },
    { title: t("case.opened"), show: (row) => <span className="amount">{time(row.opened_at, zone)}</span> },
    { title: t("case.due"), show: (row) => <span className="amount">{time(row.due_at, zone)}</span> },
  ];
  const states = Object.keys(CASE_STATES).map((value) => ({ value, label: named("case.state", value) }));
  return (
    <>
      <PageHead title={t("case.title")}>
        {mayRequest(session) && (
          <Button type="primary" onClick={() => void navigate("/cases/new")}>
            {t("case.new")}
          </Button>
        )}
      </PageHead>
      <section className="panel">
        <div className="filters">
          <Choose name="state" label={t("common.status")} options={states} />
        </div>
        <Records query={query} columns={columns} name={t("case.title")} rowKey={(row) => row.id} none={t("case.none")} />
      </section>
    </>
  );
}
