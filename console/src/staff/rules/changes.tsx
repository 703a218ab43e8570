// What one policy changes against another, entry by entry (P4).
import { Link } from "react-router";
import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/money";
import { useTexts } from "../../i18n";
import { State } from "../../ui/parts";
import { type Column, Rows } from "../../ui/records";

type Change = Schemas["PolicyChange"];

export function Changes({ changes }: { changes: Change[] }) {
  const { t } = useTexts();
  if (changes.length === 0) return <p className="soft">{t("staff.policy.same")}</p>;
  const columns: Column<Change>[] = [
    {
      title: t("staff.policy.key"),
      show: (change) => (
        <>
          <Link to={`/policy/keys/${change.key}`} className="mono">
            {change.key}
          </Link>{" "}
          {change.notice && <State colour="orange">{t("staff.policy.notice")}</State>}
          <div className="soft" lang="en">
            {change.about}
          </div>
        </>
      ),
    },
    { title: t("staff.policy.from"), show: (change) => <span className="amount">{change.effective_from}</span> },
    { title: t("staff.policy.before"), show: (change) => <span className="taken">{change.before ?? NOTHING}</span> },
    { title: t("staff.policy.after"), show: (change) => <span className="added">{change.after ?? NOTHING}</span> },
  ];
  return (
    <Rows
      rows={changes}
      columns={columns}
      name={t("staff.policy.changes")}
      rowKey={(change) => `${change.key} ${change.effective_from}`}
    />
  );
}
