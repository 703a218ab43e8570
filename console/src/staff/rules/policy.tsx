// Every rule as a number or a switch, with what applies (P4).
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { endOfDay } from "../../format/time";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { PageHead, State } from "../../ui/parts";
import { type Column, Rows } from "../../ui/records";
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
  const columns: Column<Schemas["PolicyKeyView"]>[] = [
    {
      title: t("staff.policy.key"),
      show: (one) => (
        <>
          <Link to={`/policy/keys/${one.key}`} className="mono">
            {one.key}
          </Link>{" "}
          {one.notice && <State colour="orange">{t("staff.policy.notice")}</State>}
          <div className="soft" lang="en">
            {one.row} · {one.about}
          </div>
        </>
      ),
    },
    { title: t("staff.policy.value"), show: (one) => <strong>{one.value}</strong> },
    { title: t("staff.policy.from"), show: (one) => <span className="amount">{one.effective_from}</span> },
    { title: t("staff.policy.version"), wideOnly: true, show: (one) => one.version },
    {
      title: t("staff.policy.source"),
      wideOnly: true,
      show: (one) => (
        <span className="soft" lang="en">
          {one.source}
        </span>
      ),
    },
  ];
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
              <Rows rows={rows} columns={columns} name={t("staff.nav.policy")} rowKey={(one) => one.key} />
            );
          }}
        </Loaded>
      </section>
    </>
  );
}
