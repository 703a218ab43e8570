// What one policy changes against another, entry by entry (P4).
import { Link } from "react-router";
import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/money";
import { useTexts } from "../../i18n";
import { State } from "../../ui/parts";

export function Changes({ changes }: { changes: Schemas["PolicyChange"][] }) {
  const { t } = useTexts();
  if (changes.length === 0) return <p className="soft">{t("staff.policy.same")}</p>;
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={t("staff.policy.changes")}>
      <table className="records" aria-label={t("staff.policy.changes")}>
        <thead>
          <tr>
            <th scope="col">{t("staff.policy.key")}</th>
            <th scope="col">{t("staff.policy.from")}</th>
            <th scope="col">{t("staff.policy.before")}</th>
            <th scope="col">{t("staff.policy.after")}</th>
          </tr>
        </thead>
        <tbody>
          {changes.map((change) => (
            <tr key={`${change.key} ${change.effective_from}`}>
              <td>
                <Link to={`/policy/keys/${change.key}`} className="mono">
                  {change.key}
                </Link>{" "}
                {change.notice && <State colour="orange">{t("staff.policy.notice")}</State>}
                <div className="soft" lang="en">
                  {change.about}
                </div>
              </td>
              <td className="amount">{change.effective_from}</td>
              <td className="taken">{change.before ?? NOTHING}</td>
              <td className="added">{change.after ?? NOTHING}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
