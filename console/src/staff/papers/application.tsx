// One application about the limit: what is asked, what the merchant states, the decision; a large one takes two (C25).
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "react-router";
import { type Schemas, api, newKey, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { Amount, Id, PageHead, Pairs, State } from "../../ui/parts";
import { useMay, useStaff } from "../session";
import { Facts } from "../ui/facts";
import { At, Ref } from "../ui/names";
import { WithReason } from "../ui/reason";
import { APPLICATION_STATES } from "./applications";

type View = Schemas["ApplicationView"];

const LIVE = ["submitted", "more_information"];

function Decide({ view }: { view: View }) {
  const { t } = useTexts();
  const may = useMay();
  const navigate = useNavigate();
  const decide = (grant: boolean) => (reason: string) =>
    ok(
      api.POST("/v1/credit-applications/{id}/decision", {
        params: { path: { id: view.id }, header: { "Idempotency-Key": newKey() } },
        body: { grant, terms: {}, reason },
      }),
    );
  return (
    <>
      <span className="row">
        <WithReason
          text={t("staff.grant")}
          title={t("staff.application.grant.what")}
          label={t("staff.case.outcome")}
          primary
          most={1000}
          done={t("staff.saved")}
          act={decide(true)}
        />
        {may("operations:write") && (
          <WithReason
            text={t("staff.propose")}
            title={t("staff.application.propose.what")}
            label={t("staff.case.outcome")}
            most={1000}
            done={t("staff.proposed")}
            act={async (reason) => {
              const made = await ok(
                api.POST("/v1/approvals", {
                  params: { header: { "Idempotency-Key": newKey() } },
                  body: { credit_application: { application_id: view.id, terms: {}, reason } },
                }),
              );
              await navigate(`/approvals/${made.id}`);
            }}
          />
        )}
        <WithReason
          text={t("staff.refuse")}
          title={t("staff.application.refuse.what")}
          label={t("staff.case.outcome")}
          danger
          most={1000}
          done={t("staff.saved")}
          act={decide(false)}
        />
      </span>
      <p className="soft">{t("staff.application.two")}</p>
    </>
  );
}

export function Application() {
  const { t, either } = useTexts();
  const { id = "" } = useParams();
  const may = useMay();
  const { currency } = useStaff();
  const query = useQuery({
    queryKey: ["application", id],
    queryFn: () => ok(api.GET("/v1/credit-applications/{id}", { params: { path: { id } } })),
    refetchInterval: 15_000,
  });
  return (
    <>
      <PageHead title={t("staff.application")}>
        <Link to="/applications">{t("staff.nav.applications")}</Link>
      </PageHead>
      <Loaded query={query} rows={8}>
        {(view) => (
          <>
            <section className="panel">
              <div className="panel-head">
                <span className="row">
                  <strong>{either({ zh: view.kind_zh, en: view.kind_en })}</strong>
                  <State colour={APPLICATION_STATES[view.state] ?? "grey"}>{either({ zh: view.state_zh, en: view.state_en })}</State>
                </span>
                <Link to={`/cases/${view.case.id}`}>{t("staff.application.case")}</Link>
              </div>
              <Pairs
                pairs={[
                  [t("staff.id"), <Id key="id" id={view.id} />],
                  [t("staff.case.party"), <Ref key="party" id={view.merchant_id} />],
                  [t("wd.amount"), <Amount key="amount" minor={view.amount_minor} currency={currency} />],
                  [t("staff.application.sale"), view.sale],
                  [t("staff.application.partner"), view.partner],
                  [t("staff.application.stated"), <Facts key="stated" data={view.shop as Record<string, unknown>} />],
                  [t("staff.reason"), view.reason],
                  [t("staff.application.at"), <At key="at" at={view.applied_at} />],
                  [t("staff.application.granted"), <Facts key="granted" data={view.granted as Record<string, unknown>} />],
                  [t("staff.case.outcome"), view.decision_reason],
                ]}
              />
            </section>
            {LIVE.includes(view.state) && may("credit:decide") && (
              <section className="panel">
                <h2>{t("staff.case.decide")}</h2>
                <Decide view={view} />
              </section>
            )}
          </>
        )}
      </Loaded>
    </>
  );
}
