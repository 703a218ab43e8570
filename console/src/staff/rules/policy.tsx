// Every rule as a number or a switch, with what applies (P4).
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, ok } from "../../api/client";
import { endOfDay } from "../../format/time";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { PageHead, State } from "../../ui/parts";
import { useStaff } from "../session";
import { Filtering } from "../ui/filter-bar";
import { useAddress } from "../ui/lists";

export function Policy() {
  const { t } = useTexts();
  const { zone } = useStaff();
  const { keyword = "", at = "" } = useAddress(["keyword", "at"]);
  const instant = endOfDay(at, zone);
  const query = useQuery({
    queryKey: ["policy", at],
    queryFn: () => ok(api.GET("/v1/policy", { params: { query: instant === null ? {} : { at: instant } } })),
  });
  const word = keyword.toLowerCase();
  return (
    <>
      <PageHead title={t("staff.nav.policy")}>
        <Link to="/policy/versions">{t("staff.policy.versions")}</Link>
      </PageHead>
      <section className="panel">
        <Filtering
          fields={[
            { name: "keyword", label: t("common.keyword"), placeholder: t("staff.policy.keyword") },
            { name: "at", label: t("staff.policy.on"), day: true },
          ]}
        />
        <Loaded query={query} rows={10}>
          {(found) => {
            const rows = found.data.filter((one) => `${one.key} ${one.row} ${one.about}`.toLowerCase().includes(word));
            return rows.length === 0 ? (
              <p className="soft">{t("staff.none.filtered")}</p>
            ) : (
              <div className="table-scroll" tabIndex={0} role="region" aria-label={t("staff.nav.policy")}>
                <table className="records" aria-label={t("staff.nav.policy")}>
                  <thead>
                    <tr>
                      <th scope="col">{t("staff.policy.key")}</th>
                      <th scope="col">{t("staff.policy.value")}</th>
                      <th scope="col">{t("staff.policy.from")}</th>
                      <th scope="col">{t("staff.policy.version")}</th>
                      <th scope="col">{t("staff.policy.source")}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((one) => (
                      <tr key={one.key}>
                        <td>
                          <Link to={`/policy/keys/${one.key}`} className="mono">
                            {one.key}
                          </Link>{" "}
                          {one.notice && <State colour="orange">{t("staff.policy.notice")}</State>}
                          <div className="soft" lang="en">
                            {one.row} · {one.about}
                          </div>
                        </td>
                        <td>
                          <strong>{one.value}</strong>
                        </td>
                        <td className="amount">{one.effective_from}</td>
                        <td>{one.version}</td>
                        <td className="soft" lang="en">
                          {one.source}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            );
          }}
        </Loaded>
      </section>
    </>
  );
}
