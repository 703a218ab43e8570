// Withdrawals of all parties (X3, X11, X12): by state, by what they stand for, by who carries them.
import { useNavigate } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { NOTHING } from "../../format/money";
import { useTexts } from "../../i18n";
import { WITHDRAWAL_STATES } from "../../portal/creator/states";
import { Amount, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { useWalk } from "../queue/cases";
import { Filtering } from "../ui/filter-bar";
import { KeyHelp, useKeys } from "../ui/keys";
import { rowsOf, useAddress, useList } from "../ui/lists";
import { At, Ref } from "../ui/names";

type Row = Schemas["WithdrawalView"];

/** Why withdrawals wait, are held or came to nothing: the codes that people filter by. */
export const REASONS = [
  "float_short",
  "value_date",
  "rail_stopped",
  "rail_unhealthy",
  "rail_limit",
  "review_large_amount",
  "review_new_destination",
  "review_many_requests",
  "review_after_large",
  "review_consecutive_days",
  "review_risk",
];
const RAILS = ["sandbox", "alipay", "bank-file"];
const SOURCES = ["earnings", "proceeds", "statement"];

export function Withdrawals() {
  const { t, named, either } = useTexts();
  const navigate = useNavigate();
  const { overdue, ...filters } = useAddress(["state", "reason", "rail", "source", "from", "until", "keyword", "overdue"]);
  const query = useList<Row>(["withdrawals", "all", filters, overdue], (cursor) =>
    ok(
      api.GET("/v1/withdrawals", {
        params: { query: { limit: 50, ...filters, ...(overdue === "true" ? { overdue: true } : {}), ...cursor } },
      }),
    ),
  );
  const walk = useWalk(rowsOf(query));
  useKeys({ j: walk.down, k: walk.up, o: walk.row && (() => void navigate(`/withdrawals/${walk.row?.id}`)) });
  const columns: Column<Row>[] = [
    {
      title: t("wd.id"),
      show: (row) => (
        <span data-row={row.id}>
          <Ref id={row.id} />
        </span>
      ),
    },
    {
      title: t("common.status"),
      show: (row) => (
        <>
          <State colour={WITHDRAWAL_STATES[row.state] ?? "grey"}>{named("wd.state", row.state)}</State>{" "}
          {row.explanation.overdue && <State colour="red">{t("wd.overdue")}</State>}
        </>
      ),
    },
    { title: t("staff.case.party"), show: (row) => <Ref id={row.party_id} /> },
    { title: t("wd.amount"), end: true, show: (row) => <Amount minor={row.amount_minor} currency={row.currency} /> },
    { title: t("wd.net"), end: true, wideOnly: true, show: (row) => <Amount minor={row.net_minor} currency={row.currency} /> },
    { title: t("staff.rail"), show: (row) => row.rail },
    { title: t("wd.destination"), wideOnly: true, show: (row) => row.destination_masked ?? NOTHING },
    {
      title: t("wd.reason"),
      show: (row) => (
        <div style={{ minWidth: 180 }}>
          {either(row.explanation)} <span className="mono soft">{row.explanation.code}</span>
        </div>
      ),
    },
    { title: t("wd.requested"), show: (row) => <At at={row.requested_at} /> },
    { title: t("wd.deadline"), wideOnly: true, show: (row) => <At at={row.deadline_at} /> },
  ];
  const options = (values: string[], name: (value: string) => string) => values.map((value) => ({ value, label: name(value) }));
  return (
    <>
      <PageHead title={t("staff.nav.withdrawals")} />
      <section className="panel">
        <Filtering
          fields={[
            { name: "from", label: t("common.from"), day: true },
            { name: "until", label: t("common.until"), day: true },
            { name: "state", label: t("common.status"), options: options(Object.keys(WITHDRAWAL_STATES), (value) => named("wd.state", value)) },
            { name: "reason", label: t("staff.wd.reason"), options: options(REASONS, (value) => named("staff.wd.reason", value)) },
            { name: "overdue", label: t("wd.overdue"), options: [{ value: "true", label: t("staff.wd.overdue.only") }] },
            { name: "rail", label: t("staff.rail"), options: RAILS.map((value) => ({ value, label: value })) },
            { name: "source", label: t("staff.gate.source"), options: options(SOURCES, (value) => named("staff.source", value)) },
            { name: "keyword", label: t("wd.keyword") },
          ]}
          exportPath="/v1/withdrawals/export"
        />
        <KeyHelp keys={[["j", t("staff.keys.down")], ["k", t("staff.keys.up")], ["o", t("staff.keys.open")]]} />
        <Records query={query} columns={columns} name={t("staff.nav.withdrawals")} rowKey={(row) => row.id} none={t("staff.none.filtered")} at={walk.row?.id} />
      </section>
    </>
  );
}
