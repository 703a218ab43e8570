// What runs by itself (P22): when it is due, when it last ran, why it fails, and trying it again.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { Link, useParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Loaded } from "../../ui/loaded";
import { type Colour, Id, PageHead, Pairs, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { useMay } from "../session";
import { Filtering } from "../ui/filter-bar";
import { useAddress, useList } from "../ui/lists";
import { At, Ref } from "../ui/names";

type Row = Schemas["JobView"];

const STATES: Record<string, Colour> = { ready: "blue", done: "green", failed: "red" };

function Again({ row }: { row: Row }) {
  const { t, language } = useTexts();
  const { message } = App.useApp();
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: () => ok(api.POST("/v1/jobs/{id}/retry", { params: { path: { id: row.id } } })),
    onSuccess: () => message.success(t("staff.job.due")),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <>
      <Button size="small" loading={again.isPending} onClick={() => again.mutate()}>
        {t("staff.job.again")}
      </Button>
      {again.isError && <Failure error={again.error} key={language} />}
    </>
  );
}

/** Whether trying again would do anything: given up, or waiting after a failure. */
const mayAgain = (row: Row): boolean => row.state === "failed" || (row.state === "ready" && typeof row.last_error === "string");

export function Jobs() {
  const { t, named } = useTexts();
  const may = useMay();
  const filters = useAddress(["state"]);
  const query = useList<Row>(["jobs", filters], (cursor) =>
    ok(api.GET("/v1/jobs", { params: { query: { limit: 50, ...filters, ...cursor } } })),
  );
  const columns: Column<Row>[] = [
    { title: t("staff.job.kind"), show: (row) => <Link to={`/jobs/${row.id}`} className="mono">{row.kind}</Link> },
    { title: t("common.status"), show: (row) => <State colour={STATES[row.state] ?? "grey"}>{named("staff.job.state", row.state)}</State> },
    { title: t("staff.case.subject"), show: (row) => <Ref id={row.subject} /> },
    { title: t("staff.job.next"), show: (row) => <At at={row.due_at} /> },
    { title: t("staff.job.last"), show: (row) => <At at={row.last_run_at} /> },
    { title: t("staff.job.attempts"), end: true, show: (row) => <span className="amount">{row.attempts}</span> },
    { title: t("staff.job.error"), show: (row) => <span className="mono soft">{row.last_error}</span> },
    ...(may("operations:write") ? [{ title: t("common.actions"), show: (row: Row) => mayAgain(row) && <Again row={row} /> }] : []),
  ];
  return (
    <>
      <PageHead title={t("staff.nav.jobs")} />
      <section className="panel">
        <Filtering
          fields={[
            { name: "state", label: t("common.status"), options: Object.keys(STATES).map((value) => ({ value, label: named("staff.job.state", value) })) },
          ]}
        />
        <Records query={query} columns={columns} name={t("staff.nav.jobs")} rowKey={(row) => row.id} none={t("staff.job.none")} />
      </section>
    </>
  );
}

export function Job() {
  const { t, named } = useTexts();
  const { id = "" } = useParams();
  const may = useMay();
  const query = useQuery({
    queryKey: ["job", id],
    queryFn: () => ok(api.GET("/v1/jobs/{id}", { params: { path: { id } } })),
    refetchInterval: 10_000,
  });
  return (
    <Loaded query={query}>
      {(row) => (
        <>
          <PageHead title={row.kind}>
            <Link to="/jobs">{t("staff.nav.jobs")}</Link>
          </PageHead>
          <section className="panel">
            <div className="panel-head">
              <State colour={STATES[row.state] ?? "grey"}>{named("staff.job.state", row.state)}</State>
              {may("operations:write") && mayAgain(row) && <Again row={row} />}
            </div>
            <Pairs
              pairs={[
                [t("staff.id"), <Id key="id" id={row.id} />],
                [t("staff.case.subject"), <Ref key="subject" id={row.subject} />],
                [t("staff.job.next"), <At key="next" at={row.due_at} />],
                [t("staff.job.last"), <At key="last" at={row.last_run_at} />],
                [t("staff.job.attempts"), row.attempts],
                [t("staff.job.error"), <span key="error" className="mono">{row.last_error}</span>],
              ]}
            />
          </section>
        </>
      )}
    </Loaded>
  );
}
