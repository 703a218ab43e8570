// Settlement statements of corporate payees (X16): which wait for staff.
import { Link } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { Amount, type Colour, Id, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { Filtering } from "../ui/filter-bar";
import { useAddress, useList } from "../ui/lists";
import { At, Ref } from "../ui/names";

type Row = Schemas["SettlementView"];

export const SETTLEMENT_STATES: Record<string, Colour> = {
  generated: "blue",
  signed: "blue",
  submitted: "orange",
  papers_rejected: "red",
  paying: "blue",
  payment_failed: "red",
  paid: "green",
  cancelled: "grey",
};

export function Settlements() {
  const { t, named, either } = useTexts();
  const filters = useAddress(["state", "party_id"]);
  const query = useList<Row>(["settlements", filters], (cursor) =>
    ok(api.GET("/v1/settlements", { params: { query: { limit: 50, ...filters, ...cursor } } })),
  );
  const columns: Column<Row>[] = [
    { title: t("staff.id"), show: (row) => <Id id={row.id} show={(text) => <Link to={`/settlements/${row.id}`}>{text}</Link>} /> },
    {
      title: t("common.status"),
      show: (row) => (
        <>
          <State colour={SETTLEMENT_STATES[row.state] ?? "grey"}>{named("staff.settlement.state", row.state)}</State>{" "}
          {row.explanation.overdue && <State colour="red">{t("staff.case.late")}</State>}
          {row.disputed && <State colour="orange">{t("staff.settlement.disputed")}</State>}
        </>
      ),
    },
    { title: t("staff.case.party"), show: (row) => <Ref id={row.party_id} /> },
    { title: t("staff.settlement.seller"), show: (row) => row.seller_name },
    { title: t("staff.settlement.payable"), end: true, show: (row) => <Amount minor={row.amounts.payable_minor} currency={row.currency} /> },
    { title: t("wd.reason"), show: (row) => <div style={{ minWidth: 180 }}>{either(row.explanation)}</div> },
    { title: t("staff.settlement.due"), show: (row) => <span className="amount">{row.due_on}</span> },
    { title: t("staff.settlement.generated"), wideOnly: true, show: (row) => <At at={row.generated_at} /> },
  ];
  return (
    <>
      <PageHead title={t("staff.nav.settlements")} />
      <section className="panel">
        <Filtering
          fields={[
            {
              name: "state",
              label: t("common.status"),
              options: Object.keys(SETTLEMENT_STATES).map((value) => ({ value, label: named("staff.settlement.state", value) })),
            },
            { name: "party_id", label: t("staff.case.party"), placeholder: "pty_…" },
          ]}
        />
        <Records query={query} columns={columns} name={t("staff.nav.settlements")} rowKey={(row) => row.id} none={t("staff.settlement.none")} />
      </section>
    </>
  );
}
