// Reviews of what may be cash-out (C21), worked through by keys.
import { Link, useNavigate } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { Amount, type Colour, Id, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { useStaff } from "../session";
import { Filtering } from "../ui/filter-bar";
import { KeyHelp, useKeys } from "../ui/keys";
import { rowsOf, useAddress, useList } from "../ui/lists";
import { At, Ref } from "../ui/names";
import { useWalk } from "./cases";

type Row = Schemas["RiskReview"];

export const REVIEW_STATES: Record<string, Colour> = { open: "orange", released: "green", confirmed: "red", withdrawn: "grey" };

export function Reviews() {
  const { t, named } = useTexts();
  const { currency } = useStaff();
  const navigate = useNavigate();
  const filters = useAddress(["state", "party"]);
  const query = useList<Row>(["reviews", filters], (cursor) =>
    ok(api.GET("/v1/risk-reviews", { params: { query: { limit: 50, ...filters, ...cursor } } })),
  );
  const walk = useWalk(rowsOf(query));
  useKeys({ j: walk.down, k: walk.up, o: walk.row && (() => void navigate(`/reviews/${walk.row?.id}`)) });
  const columns: Column<Row>[] = [
    {
      title: t("staff.id"),
      show: (row) => (
        <span data-row={row.id}>
          <Id id={row.id} show={(text) => <Link to={`/reviews/${row.id}`}>{text}</Link>} />
        </span>
      ),
    },
    { title: t("common.status"), show: (row) => <State colour={REVIEW_STATES[row.state] ?? "grey"}>{named("staff.review.state", row.state)}</State> },
    { title: t("staff.review.score"), end: true, show: (row) => <strong className="amount">{row.score}</strong> },
    { title: t("wd.amount"), end: true, show: (row) => <Amount minor={row.amount_minor} currency={currency} /> },
    { title: t("staff.case.party"), show: (row) => <Ref id={row.merchant_id} /> },
    { title: t("staff.case.subject"), show: (row) => <Ref id={row.subject} /> },
    { title: t("staff.case.due"), show: (row) => <At at={row.due_at} /> },
    { title: t("staff.case.opened"), wideOnly: true, show: (row) => <At at={row.opened_at} /> },
  ];
  return (
    <>
      <PageHead title={t("staff.nav.reviews")} />
      <section className="panel">
        <Filtering
          fields={[
            {
              name: "state",
              label: t("common.status"),
              options: Object.keys(REVIEW_STATES).map((value) => ({ value, label: named("staff.review.state", value) })),
            },
            { name: "party", label: t("staff.case.party"), placeholder: "pty_…" },
          ]}
          exportPath="/v1/risk-reviews/export"
        />
        <KeyHelp keys={[["j", t("staff.keys.down")], ["k", t("staff.keys.up")], ["o", t("staff.keys.open")]]} />
        <Records query={query} columns={columns} name={t("staff.nav.reviews")} rowKey={(row) => row.id} none={t("staff.review.none")} at={walk.row?.id} />
      </section>
    </>
  );
}
