// One queue of everything that people settle (P26), worked through by keys.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { type Colour, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { useMay } from "../session";
import { Filtering } from "../ui/filter-bar";
import { KeyHelp, useKeys } from "../ui/keys";
import { rowsOf, useAddress, useList } from "../ui/lists";
import { Actor, At, Ref } from "../ui/names";

type Row = Schemas["CaseView"];

export const CASE_STATES: Record<string, Colour> = {
  open: "blue",
  waiting_for_staff: "orange",
  waiting_for_party: "grey",
  resolved: "green",
  refused: "red",
  withdrawn: "grey",
};
const LIVE = ["open", "waiting_for_staff", "waiting_for_party"];
export const CASE_KINDS = [
  "help",
  "statement_dispute",
  "fee_dispute",
  "appeal",
  "limit_query",
  "limit_appeal",
  "credit_application",
  "review",
  "paperwork",
  "studio_upgrade",
  "lost_phone",
  "reconciliation_break",
  "payee_blocked",
  "payout_overdue",
  "unclaimed_payment",
  "risk_review",
];

export const isLive = (row: Row): boolean => LIVE.includes(row.state);

export function useTake() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (row: Row) =>
      ok(
        api.POST("/v1/cases/{id}/assignment", {
          params: { path: { id: row.id }, header: { "If-Match": `"${row.version}"` } },
          body: { owner: "me" },
        }),
      ),
    onSettled: () => client.invalidateQueries(),
  });
}

/** Where keys are in a list: a row, as long as it is there. */
export function useWalk<T extends { id: string }>(rows: T[]) {
  const [at, setAt] = useState<string | undefined>();
  const index = rows.findIndex((row) => row.id === at);
  const to = (next: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, next))];
    setAt(row?.id);
    if (row !== undefined) document.querySelector(`[data-row="${row.id}"]`)?.scrollIntoView({ block: "nearest" });
  };
  return { row: rows[index], down: () => to(index + 1), up: () => to(index < 0 ? 0 : index - 1) };
}

export function Cases() {
  const { t, named, either } = useTexts();
  const may = useMay();
  const navigate = useNavigate();
  const filters = useAddress(["state", "kind", "owner", "party"]);
  const { overdue } = useAddress(["overdue"]);
  const query = useList<Row>(["cases", filters, overdue], (cursor) =>
    ok(
      api.GET("/v1/cases", {
        params: { query: { limit: 50, ...filters, ...(overdue === "true" ? { overdue: true } : {}), ...cursor } },
      }),
    ),
  );
  const walk = useWalk(rowsOf(query));
  const take = useTake();
  const mayTake = may("cases:write");
  useKeys({
    j: walk.down,
    k: walk.up,
    o: walk.row && (() => void navigate(`/cases/${walk.row?.id}`)),
    t: mayTake && walk.row !== undefined && isLive(walk.row) ? () => walk.row && take.mutate(walk.row) : undefined,
  });
  const columns: Column<Row>[] = [
    {
      title: t("staff.case.summary"),
      show: (row) => (
        <span data-row={row.id}>
          <Link to={`/cases/${row.id}`}>{row.summary}</Link>
          <div className="soft">{named("staff.case.kind", row.kind)}</div>
        </span>
      ),
    },
    {
      title: t("common.status"),
      show: (row) => (
        <>
          <State colour={CASE_STATES[row.state] ?? "grey"}>{named("staff.case.state", row.state)}</State>{" "}
          {row.overdue && <State colour="red">{t("staff.case.late")}</State>}
        </>
      ),
    },
    { title: t("staff.case.party"), show: (row) => <Ref id={row.party_id} /> },
    { title: t("staff.case.subject"), wideOnly: true, show: (row) => <Ref id={row.subject} /> },
    { title: t("staff.case.owner"), show: (row) => <Actor of={row.owner} /> },
    { title: t("staff.case.due"), show: (row) => <At at={row.due_at} /> },
    { title: t("staff.case.opened"), wideOnly: true, show: (row) => <At at={row.opened_at} /> },
  ];
  return (
    <>
      <PageHead title={t("staff.nav.cases")} />
      <section className="panel">
        <Filtering
          fields={[
            {
              name: "state",
              label: t("common.status"),
              options: Object.keys(CASE_STATES).map((value) => ({ value, label: named("staff.case.state", value) })),
            },
            { name: "kind", label: t("staff.case.kind"), options: CASE_KINDS.map((value) => ({ value, label: named("staff.case.kind", value) })) },
            { name: "owner", label: t("staff.case.owner"), options: [{ value: "me", label: t("staff.case.mine") }] },
            { name: "overdue", label: t("staff.case.late"), options: [{ value: "true", label: t("staff.case.late.only") }] },
            { name: "party", label: t("staff.case.party"), placeholder: "pty_…" },
          ]}
        />
        <KeyHelp
          keys={[
            ["j", t("staff.keys.down")],
            ["k", t("staff.keys.up")],
            ["o", t("staff.keys.open")],
            ...(mayTake ? ([["t", t("staff.keys.take")]] as [string, string][]) : []),
          ]}
        />
        {take.isError && <Failure error={take.error} />}
        <Records
          query={query}
          columns={columns}
          name={t("staff.nav.cases")}
          rowKey={(row) => row.id}
          none={t(Object.keys(filters).length > 0 ? "staff.none.filtered" : "staff.case.none")}
          at={walk.row?.id}
        />
        <span className="visually-hidden" aria-live="polite">
          {walk.row !== undefined && `${walk.row.summary}. ${either({ zh: walk.row.state_zh, en: walk.row.state_en })}`}
        </span>
      </section>
    </>
  );
}
