// One review of an order or a withdrawal: the signs, the papers, the decision; a large release takes two (C21).
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useParams } from "react-router";
import { type Schemas, api, newKey, ok } from "../../api/client";
import { percent } from "../../format/money";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { Amount, Id, PageHead, Pairs, State } from "../../ui/parts";
import { useMay, useStaff } from "../session";
import { Actor, At, Ref } from "../ui/names";
import { WithReason } from "../ui/reason";
import { REVIEW_STATES } from "./reviews";

type View = Schemas["RiskReview"];

function Decide({ view }: { view: View }) {
  const { t } = useTexts();
  const { staff_id } = useStaff();
  const agreed = view.approvals.some((one) => one.by === staff_id);
  const decide = (decision: string) => (note: string) =>
    ok(
      api.POST("/v1/risk-reviews/{id}/decision", {
        params: { path: { id: view.id }, header: { "Idempotency-Key": newKey(), "If-Match": `"${view.version}"` } },
        body: { decision, note, ...(decision === "release" ? { held_minor: view.held_minor ?? 0 } : {}) },
      }),
    );
  if (view.subject.startsWith("wd_")) {
    return (
      <p>
        {t("staff.review.withdrawal")} <Ref id={view.subject} />
      </p>
    );
  }
  return (
    <>
      {agreed && <p className="soft">{t("staff.review.agreed")}</p>}
      <span className="row">
        {!agreed && (
          <WithReason
            text={t("staff.review.release")}
            title={t("staff.review.release.what")}
            label={t("staff.reason.kept")}
            primary
            done={t("staff.saved")}
            act={decide("release")}
          />
        )}
        <WithReason
          text={t("staff.review.confirm")}
          title={t("staff.review.confirm.what")}
          label={t("staff.reason.kept")}
          danger
          done={t("staff.saved")}
          act={decide("confirm")}
        />
      </span>
    </>
  );
}

export function Review() {
  const { t, named, either } = useTexts();
  const { id = "" } = useParams();
  const may = useMay();
  const { currency } = useStaff();
  const query = useQuery({
    queryKey: ["review", id],
    queryFn: () => ok(api.GET("/v1/risk-reviews/{id}", { params: { path: { id } } })),
    refetchInterval: 15_000,
  });
  return (
    <>
      <PageHead title={t("staff.review")}>
        <Link to="/reviews">{t("staff.nav.reviews")}</Link>
      </PageHead>
      <Loaded query={query} rows={8}>
        {(view) => (
          <>
            <div className="columns">
              <section className="panel">
                <div className="panel-head">
                  <State colour={REVIEW_STATES[view.state] ?? "grey"}>{named("staff.review.state", view.state)}</State>
                  <Ref id={view.case_id} />
                </div>
                <Pairs
                  pairs={[
                    [t("staff.id"), <Id key="id" id={view.id} />],
                    [t("staff.case.party"), <Ref key="party" id={view.merchant_id} />],
                    [t("staff.case.subject"), <Ref key="subject" id={view.subject} />],
                    [t("wd.amount"), <Amount key="amount" minor={view.amount_minor} currency={currency} />],
                    [t("staff.review.held"), <Amount key="held" minor={view.held_minor} currency={currency} />],
                    [t("staff.case.opened"), <At key="opened" at={view.opened_at} />],
                    [t("staff.case.due"), <At key="due" at={view.due_at} />],
                    [t("staff.policy.version"), view.policy_version],
                    ...view.approvals.map(
                      (one) =>
                        [
                          t("staff.review.agreement"),
                          <span key={one.by}>
                            <Actor of={one.by} /> · <Amount minor={one.held_minor} currency={currency} />
                          </span>,
                        ] as [string, ReactNode],
                    ),
                    [t("staff.approval.decided"), <Actor key="by" of={view.decided_by} />],
                    [t("staff.reason"), view.note],
                  ]}
                />
              </section>
              <section className="panel">
                <h2>
                  {t("staff.review.score")} {view.score}
                </h2>
                <ul className="cards">
                  {view.reasons.map((reason, index) => (
                    <li key={`${reason.signal} ${index}`}>
                      <div className="row" style={{ justifyContent: "space-between" }}>
                        <span>{either(reason)}</span>
                        <strong className="amount">+{reason.points}</strong>
                      </div>
                      <span className="soft">
                        <span className="mono">{reason.signal}</span>{" "}
                        {typeof reason.measured_ppm === "number" && percent(reason.measured_ppm)}
                        {typeof reason.bound_ppm === "number" && ` / ${percent(reason.bound_ppm)}`}
                      </span>
                    </li>
                  ))}
                </ul>
              </section>
            </div>
            {view.state === "open" && may("credit:decide") && (
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
