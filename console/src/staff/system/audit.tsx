// Who did what, when and from where (P17).
import { type Schemas, api, ok } from "../../api/client";
import { endOfDay } from "../../format/time";
import { useTexts } from "../../i18n";
import { PageHead } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { useStaff } from "../session";
import { Filtering } from "../ui/filter-bar";
import { useAddress, useList } from "../ui/lists";
import { Facts } from "../ui/facts";
import { Actor, At, Ref } from "../ui/names";

type Row = Schemas["AuditEntry"];

/** The second before a day begins, and the first after it. */
function bounds(from: string | undefined, until: string | undefined, zone: string): { from?: string; until?: string } {
  const before = (day: string): string | null => {
    const date = new Date(`${day}T00:00:00Z`);
    date.setUTCDate(date.getUTCDate() - 1);
    return Number.isNaN(date.getTime()) ? null : endOfDay(date.toISOString().slice(0, 10), zone);
  };
  const next = (at: string | null): string | null => (at === null ? null : new Date(Date.parse(at) + 1000).toISOString());
  const begin = from === undefined ? null : next(before(from));
  const end = until === undefined ? null : next(endOfDay(until, zone));
  return { ...(begin === null ? {} : { from: begin }), ...(end === null ? {} : { until: end }) };
}

export function Audit() {
  const { t } = useTexts();
  const { zone } = useStaff();
  const { from, until, ...filters } = useAddress(["subject", "actor", "action", "from", "until"]);
  const query = useList<Row>(
    ["audit", filters, from, until],
    (cursor) => ok(api.GET("/v1/audit", { params: { query: { limit: 50, ...filters, ...bounds(from, until, zone), ...cursor } } })),
    false,
  );
  const columns: Column<Row>[] = [
    { title: t("staff.ledger.at"), show: (row) => <At at={row.at} /> },
    { title: t("staff.audit.actor"), show: (row) => <Actor of={row.actor} /> },
    { title: t("staff.audit.action"), show: (row) => <span className="mono">{row.action}</span> },
    { title: t("staff.audit.subject"), show: (row) => <Ref id={row.subject} /> },
    { title: t("staff.audit.data"), show: (row) => <Facts data={row.data as Record<string, unknown>} /> },
    {
      title: t("staff.audit.from"),
      wideOnly: true,
      show: (row) => {
        const { address, request_id } = row.data as { address?: string; request_id?: string };
        return (
          <span className="soft mono">
            {address} {request_id}
          </span>
        );
      },
    },
  ];
  return (
    <>
      <PageHead title={t("staff.nav.audit")} />
      <section className="panel">
        <Filtering
          fields={[
            { name: "from", label: t("common.from"), day: true },
            { name: "until", label: t("common.until"), day: true },
            { name: "subject", label: t("staff.audit.subject"), placeholder: "pty_… wd_…" },
            { name: "actor", label: t("staff.audit.actor"), placeholder: "staff:stf_…" },
            { name: "action", label: t("staff.audit.action"), placeholder: "party.freeze" },
          ]}
        />
        <Records query={query} columns={columns} name={t("staff.nav.audit")} rowKey={(row) => row.id} none={t("staff.none.filtered")} />
      </section>
    </>
  );
}
