// Parties, by what people know of them (P6).
import { Link } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { type Colour, Id, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { Filtering } from "../ui/filter-bar";
import { useAddress, useList } from "../ui/lists";
import { At } from "../ui/names";

type Row = Schemas["PartyView"];

export const PARTY_STATES: Record<string, Colour> = { active: "green", frozen: "orange", closed: "grey" };
const ROLES = ["creator", "merchant", "advertiser", "agency"];

export function Search() {
  const { t, named } = useTexts();
  const filters = useAddress(["keyword", "role", "status"]);
  const query = useList<Row>(
    ["parties", filters],
    (cursor) => ok(api.GET("/v1/parties", { params: { query: { limit: 50, ...filters, ...cursor } } })),
    false,
  );
  const columns: Column<Row>[] = [
    { title: t("staff.party.name"), show: (row) => <Link to={`/parties/${row.id}`}>{row.display_name}</Link> },
    { title: t("common.status"), show: (row) => <State colour={PARTY_STATES[row.status] ?? "grey"}>{named("staff.party.state", row.status)}</State> },
    { title: t("staff.party.roles"), show: (row) => row.roles.map((role) => named("staff.party.role", role)).join(" · ") },
    { title: t("staff.party.form"), wideOnly: true, show: (row) => named("staff.party.form", row.legal_form) },
    { title: t("staff.party.external"), show: (row) => <span className="mono">{row.external_id}</span> },
    { title: t("staff.id"), show: (row) => <Id id={row.id} /> },
    { title: t("staff.party.created"), wideOnly: true, show: (row) => <At at={row.created_at} /> },
  ];
  return (
    <>
      <PageHead title={t("staff.nav.parties")} />
      <section className="panel">
        <Filtering
          fields={[
            { name: "keyword", label: t("common.keyword"), placeholder: t("staff.party.keyword") },
            { name: "role", label: t("staff.party.roles"), options: ROLES.map((value) => ({ value, label: named("staff.party.role", value) })) },
            {
              name: "status",
              label: t("common.status"),
              options: Object.keys(PARTY_STATES).map((value) => ({ value, label: named("staff.party.state", value) })),
            },
          ]}
        />
        <Records query={query} columns={columns} name={t("staff.nav.parties")} rowKey={(row) => row.id} none={t("staff.party.none")} />
      </section>
    </>
  );
}
