// Ids as links to what they are, actors by their names, times of the business zone.
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, ok } from "../../api/client";
import { NOTHING } from "../../format/money";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Id } from "../../ui/parts";
import { useStaff } from "../session";

const PLACES: Record<string, (id: string) => string> = {
  pty: (id) => `/parties/${id}`,
  wd: (id) => `/withdrawals/${id}`,
  case: (id) => `/cases/${id}`,
  tr: (id) => `/ledger/transfers/${id}`,
  acc: (id) => `/ledger/accounts/${id}`,
  rr: (id) => `/reviews/${id}`,
  cap: (id) => `/applications/${id}`,
  job: (id) => `/jobs/${id}`,
  apr: (id) => `/approvals/${id}`,
  to: (id) => `/records/${id}`,
  co: (id) => `/records/${id}`,
  pmt: (id) => `/records/${id}`,
  po: (id) => `/records/${id}`,
  cmp: (id) => `/records/${id}`,
  st: (id) => `/records/${id}`,
};

/** The page of what an id names, where it has one. */
export function pageOf(id: string): string | null {
  return PLACES[id.slice(0, id.indexOf("_"))]?.(id) ?? null;
}

/** An id that leads to what it names, and can be copied. */
export function Ref({ id }: { id: string | null | undefined }) {
  if (id === null || id === undefined || id === "") return <>{NOTHING}</>;
  if (id.startsWith("stf_")) return <Actor of={id} />;
  const page = pageOf(id);
  return page === null ? <Id id={id} /> : <Id id={id} show={(text) => <Link to={page}>{text}</Link>} />;
}

export function At({ at }: { at: string | null | undefined }) {
  const { zone } = useStaff();
  return <span className="amount">{time(at, zone)}</span>;
}

export function useColleagues() {
  return useQuery({
    queryKey: ["colleagues"],
    queryFn: () => ok(api.GET("/v1/staff/colleagues", { params: { query: { limit: 200 } } })),
    staleTime: 300_000,
  });
}

/** Who did something, as records name them: `staff:stf_…`, `stf_…`, `key:…`, `system`. */
export function Actor({ of }: { of: string | null | undefined }) {
  const { t, named } = useTexts();
  const { staff_id } = useStaff();
  const colleagues = useColleagues();
  if (of === null || of === undefined || of === "") return <>{NOTHING}</>;
  const id = of.replace(/^staff:/, "");
  const known = colleagues.data?.data.find((one) => one.id === id);
  if (id === staff_id) return <>{t("staff.you", { name: known?.login ?? "" })}</>;
  if (known !== undefined) return <>{known.login}</>;
  return ["system", "party", "staff"].includes(of) ? <>{named("staff.actor", of)}</> : <span className="mono">{of}</span>;
}
