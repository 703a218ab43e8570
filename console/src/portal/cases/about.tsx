// From a record to a case about it, and back (X17).
import { Link } from "react-router";
import { useTexts } from "../../i18n";
import { Id } from "../../ui/parts";

/** Asks the platform about a record: the case carries its reference. */
export function AskAbout({ subject, kind = "help" }: { subject: string; kind?: string }) {
  const { t } = useTexts();
  return (
    <Link to={`/cases/new?${new URLSearchParams({ kind, subject })}`}>
      {t(kind === "fee_dispute" ? "case.ask.fee" : kind === "limit_query" ? "case.ask.limit" : "case.ask")}
    </Link>
  );
}

/** Where the page of a record is, by the beginning of its id; of statements there are two kinds. */
export function pageOf(subject: string, kind = ""): string | null {
  switch (subject.split("_")[0]) {
    case "wd":
      return `/withdrawals/${subject}`;
    case "co":
      return `/shop/orders/${subject}`;
    case "cmp":
      return `/ads/campaigns/${subject}`;
    case "case":
      return `/cases/${subject}`;
    case "st":
      if (kind.startsWith("programme")) return `/statements/${subject}`;
      return kind.startsWith("settlement") ? `/settlements/${subject}` : null;
    default:
      return null;
  }
}

/** A record by its id, with a link to its page where it has one. */
export function Subject({ id }: { id: string }) {
  const { t } = useTexts();
  const page = pageOf(id);
  return (
    <>
      <Id id={id} /> {page !== null && <Link to={page}>{t("common.detail")}</Link>}
    </>
  );
}
