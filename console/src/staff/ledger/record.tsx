// What a ledger line is about where that has no page of its own: the record as it stands, with the ways on (P1).
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { Id, PageHead } from "../../ui/parts";
import { FactList } from "../ui/facts";

type Found = Record<string, unknown>;

/** How each kind of record is read. */
const READS: Record<string, (id: string) => Promise<unknown>> = {
  to: (id) => ok(api.GET("/v1/task-orders/{id}", { params: { path: { id } } })),
  co: async (id) => (await ok(api.GET("/v1/credit-orders/{id}", { params: { path: { id } } }))).order,
  pmt: (id) => ok(api.GET("/v1/payments/{id}", { params: { path: { id } } })),
  po: (id) => ok(api.GET("/v1/payment-orders/{id}", { params: { path: { id } } })),
  cmp: (id) => ok(api.GET("/v1/ad-campaigns/{id}", { params: { path: { id } } })),
  st: (id) => ok(api.GET("/v1/programme/statements/{id}", { params: { path: { id } } })),
};

export function Record() {
  const { t, named } = useTexts();
  const { id = "" } = useParams();
  const kind = id.slice(0, id.indexOf("_"));
  const read = READS[kind];
  const query = useQuery({
    queryKey: ["record", id],
    queryFn: async () => (await read?.(id)) as Found,
    enabled: read !== undefined,
  });
  if (read === undefined) {
    return (
      <>
        <PageHead title={t("state.missing")} />
        <p>{t("staff.missing")}</p>
      </>
    );
  }
  return (
    <>
      <PageHead title={named("staff.record", kind)}>
        {kind === "st" && <Link to={`/settlements/${id}`}>{t("staff.settlement")}</Link>}
      </PageHead>
      <section className="panel">
        <p>
          <Id id={id} />
        </p>
        <Loaded query={query} rows={8}>
          {(found) => <FactList data={found} />}
        </Loaded>
      </section>
    </>
  );
}
