// Why a value applies on a day and the others do not (P4).
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { api, ok } from "../../api/client";
import { endOfDay } from "../../format/time";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { PageHead, State } from "../../ui/parts";
import { useStaff } from "../session";
import { Filtering } from "../ui/filter-bar";
import { useAddress } from "../ui/lists";

export function Explain() {
  const { t } = useTexts();
  const { key = "" } = useParams();
  const { zone } = useStaff();
  const { at = "" } = useAddress(["at"]);
  const instant = endOfDay(at, zone);
  const query = useQuery({
    queryKey: ["policy", key, at],
    queryFn: () =>
      ok(
        api.GET("/v1/policy/{key}", {
          params: { path: { key }, query: instant === null ? {} : { at: instant } },
        }),
      ),
  });
  return (
    <>
      <PageHead title={key}>
        <Link to="/policy">{t("staff.nav.policy")}</Link>
      </PageHead>
      <section className="panel">
        <Filtering fields={[{ name: "at", label: t("staff.policy.on"), day: true }]} />
        <Loaded query={query}>
          {(found) => (
            <>
              <p lang="en">{found.summary}</p>
              <ul className="cards">
                {found.entries.map((line) => (
                  <li key={`${line.version} ${line.effective_from}`}>
                    <div className="row">
                      <State colour={line.applies ? "green" : "grey"}>{t(line.applies ? "staff.policy.applies" : "staff.policy.not")}</State>
                      <strong>{line.value}</strong>
                      <span className="soft">
                        {t("staff.policy.version")} {line.version} · {t("staff.policy.from")} {line.effective_from}
                      </span>
                    </div>
                    <div lang="en">{line.because}</div>
                    <div className="soft" lang="en">
                      {line.source}
                    </div>
                  </li>
                ))}
              </ul>
            </>
          )}
        </Loaded>
      </section>
    </>
  );
}
