// What takes two people (P16): proposed by one, decided by another, and why one may not.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import type { ReactNode } from "react";
import { Link, useParams } from "react-router";
import { type Schemas, api, newKey, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { useAsk } from "../../ui/ask";
import { Failure } from "../../ui/failure";
import { Loaded } from "../../ui/loaded";
import { type Colour, Id, PageHead, Pairs, State } from "../../ui/parts";
import { useMay, useStaff } from "../session";
import { Changes } from "../rules/changes";
import { Filtering } from "../ui/filter-bar";
import { rowsOf, useAddress, useList } from "../ui/lists";
import { Facts } from "../ui/facts";
import { Actor, At, Ref } from "../ui/names";

type Row = Schemas["Approval"];

const STATES: Record<string, Colour> = { open: "orange", approved: "blue", refused: "red", carried_out: "green" };

/** Why the one signed in may not decide it; `null` when they may. */
function useWhyNot(): (row: Row) => string | null {
  const { t } = useTexts();
  const { staff_id } = useStaff();
  const may = useMay();
  return (row) => {
    if (row.state !== "open") return t("staff.approval.over");
    if (!may("operations:write")) return t("staff.approval.role");
    if (row.proposed_by === `staff:${staff_id}`) return t("staff.approval.own");
    const scope = row.scope;
    return typeof scope === "string" && !may(scope) ? t("staff.approval.scope", { scope }) : null;
  };
}

/** The rows of a policy that is proposed, against the one in force. */
function ProposedPolicy({ text }: { text: string }) {
  const { t } = useTexts();
  const preview = useQuery({
    queryKey: ["policy", "preview", text],
    queryFn: () => ok(api.POST("/v1/policy-versions/preview", { body: { text } })),
    staleTime: 60_000,
  });
  return (
    <Loaded query={preview}>
      {(found) => (
        <>
          <h2>{t("staff.policy.changes")}</h2>
          <Changes changes={found.changes} />
        </>
      )}
    </Loaded>
  );
}

function Decide({ row }: { row: Row }) {
  const { t } = useTexts();
  const { message } = App.useApp();
  const ask = useAsk();
  const client = useQueryClient();
  const decide = useMutation({
    mutationFn: ({ approve, key }: { approve: boolean; key: string }) =>
      ok(
        api.POST("/v1/approvals/{id}/decision", {
          params: { path: { id: row.id }, header: { "Idempotency-Key": key } },
          body: { approve },
        }),
      ),
    onSuccess: (_, { approve }) => message.success(t(approve ? "staff.approval.approved" : "staff.approval.refused")),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <>
      {decide.isError && <Failure error={decide.error} />}
      <span className="row">
        <Button
          type="primary"
          loading={decide.isPending}
          onClick={() => ask(t("staff.approval.approve.ask"), t("staff.approval.approve"), () => decide.mutate({ approve: true, key: newKey() }))}
        >
          {t("staff.approval.approve")}
        </Button>
        <Button
          danger
          loading={decide.isPending}
          onClick={() => ask(t("staff.approval.refuse.ask"), t("staff.approval.refuse"), () => decide.mutate({ approve: false, key: newKey() }))}
        >
          {t("staff.approval.refuse")}
        </Button>
      </span>
    </>
  );
}

function One({ row }: { row: Row }) {
  const { t, named } = useTexts();
  const why = useWhyNot()(row);
  const data = row.data as Record<string, unknown>;
  return (
    <section className="panel" data-approval={row.id}>
      <div className="panel-head">
        <h2>
          {named("staff.approval.action", row.action.replace(/\./g, "_"))}{" "}
          <State colour={STATES[row.state] ?? "grey"}>{named("staff.approval.state", row.state)}</State>
        </h2>
        {why === null && <Decide row={row} />}
      </div>
      <Pairs
        pairs={[
          [t("staff.id"), <Id key="id" id={row.id} />],
          [t("staff.approval.subject"), <Ref key="subject" id={row.subject} />],
          [t("staff.approval.what"), <Facts key="facts" data={data} />],
          [
            t("staff.approval.proposed"),
            <span key="by">
              <Actor of={row.proposed_by} /> · <At at={row.proposed_at} />
            </span>,
          ],
          ...(row.decided_by === null || row.decided_by === undefined
            ? []
            : ([
                [
                  t("staff.approval.decided"),
                  <span key="decided">
                    <Actor of={row.decided_by} /> · <At at={row.decided_at} />
                  </span>,
                ],
              ] as [string, ReactNode][])),
        ]}
      />
      {typeof data.text === "string" && row.state === "open" && <ProposedPolicy text={data.text} />}
      {why !== null && row.state === "open" && <p className="soft">{why}</p>}
    </section>
  );
}

export function Approvals() {
  const { t, named } = useTexts();
  const { id } = useParams();
  const filters = useAddress(["state"]);
  const query = useList<Row>(["approvals", filters], (cursor) =>
    ok(api.GET("/v1/approvals", { params: { query: { limit: 50, ...filters, ...cursor } } })),
  );
  const rows = rowsOf(query).filter((row) => id === undefined || row.id === id);
  return (
    <>
      <PageHead title={t("staff.nav.approvals")}>{id !== undefined && <Link to="/approvals">{t("common.all")}</Link>}</PageHead>
      <Filtering
        fields={[
          {
            name: "state",
            label: t("common.status"),
            // The server lists open ones where nothing is said.
            any: named("staff.approval.state", "open"),
            options: Object.keys(STATES)
              .filter((value) => value !== "open")
              .map((value) => ({ value, label: named("staff.approval.state", value) })),
          },
        ]}
      />
      {query.isError && <Failure error={query.error} again={() => void query.refetch()} />}
      {query.isSuccess && rows.length === 0 && (
        <section className="panel">
          <p className="soft">{t("staff.approval.none")}</p>
        </section>
      )}
      {rows.map((row) => (
        <One key={row.id} row={row} />
      ))}
      {query.hasNextPage && (
        <p style={{ textAlign: "center" }}>
          <Button onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
            {t("state.more")}
          </Button>
        </p>
      )}
    </>
  );
}
