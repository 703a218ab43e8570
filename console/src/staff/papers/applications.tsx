// Applications about the pay-later limit (C25).
import { Link } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { Amount, type Colour, Id, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { useStaff } from "../session";
import { Filtering } from "../ui/filter-bar";
import { useAddress, useList } from "../ui/lists";
import { Actor, At, Ref } from "../ui/names";

type Row = Schemas["ApplicationView"];

export const APPLICATION_STATES: Record<string, Colour> = {
  submitted: "orange",
  more_information: "blue",
  approved: "green",
  refused: "red",
  withdrawn: "grey",
};
const KINDS = ["open", "raise", "promotion", "partner", "close"];

export function Applications() {
  const { t, named, either } = useTexts();
  const { currency } = useStaff();
  const filters = useAddress(["state", "kind"]);
  const query = useList<Row>(["applications", filters], (cursor) =>
    ok(api.GET("/v1/credit-applications", { params: { query: { limit: 50, ...filters, ...cursor } } })),
  );
  const columns: Column<Row>[] = [
    { title: t("staff.id"), show: (row) => <Id id={row.id} show={(text) => <Link to={`/applications/${row.id}`}>{text}</Link>} /> },
    { title: t("staff.case.kind"), show: (row) => either({ zh: row.kind_zh, en: row.kind_en }) },
    {
      title: t("common.status"),
      show: (row) => <State colour={APPLICATION_STATES[row.state] ?? "grey"}>{either({ zh: row.state_zh, en: row.state_en })}</State>,
    },
    { title: t("staff.case.party"), show: (row) => <Ref id={row.merchant_id} /> },
    { title: t("wd.amount"), end: true, show: (row) => <Amount minor={row.amount_minor} currency={currency} /> },
    { title: t("staff.case.owner"), wideOnly: true, show: (row) => <Actor of={row.case.owner} /> },
    { title: t("staff.case.due"), show: (row) => <At at={row.case.due_at} /> },
    { title: t("staff.application.at"), wideOnly: true, show: (row) => <At at={row.applied_at} /> },
  ];
  return (
    <>
      <PageHead title={t("staff.nav.applications")} />
      <section className="panel">
        <Filtering
          fields={[
            {
              name: "state",
              label: t("common.status"),
              options: Object.keys(APPLICATION_STATES).map((value) => ({ value, label: named("staff.application.state", value) })),
            },
            { name: "kind", label: t("staff.case.kind"), options: KINDS.map((value) => ({ value, label: named("staff.application.kind", value) })) },
          ]}
        />
        <Records query={query} columns={columns} name={t("staff.nav.applications")} rowKey={(row) => row.id} none={t("staff.application.none")} />
      </section>
    </>
  );
}
