// One withdrawal for the desk: where it stands, what it was held for, who agreed, its way and its ledger lines (G, P14,
// P16, X12).
import { useQuery } from "@tanstack/react-query";
import { Alert } from "antd";
import type { ReactNode } from "react";
import { Link, useParams } from "react-router";
import { type Schemas, api, newKey, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { WITHDRAWAL_STATES, isOver, lookAgain, mayCancel } from "../../portal/creator/states";
import { Loaded } from "../../ui/loaded";
import { Amount, type Colour, Id, PageHead, Pairs, State } from "../../ui/parts";
import { type Column, Rows } from "../../ui/records";
import { useMay, useStaff } from "../session";
import { Actor, At, Ref } from "../ui/names";
import { WithReason } from "../ui/reason";

type View = Schemas["WithdrawalView"];
type Review = Schemas["WithdrawalReview"];

const SLICES: Record<string, Colour> = {
  sending: "blue",
  unknown: "blue",
  funds_short: "orange",
  paid: "green",
  failed: "red",
  bounced: "red",
};

function Decide({ view, review }: { view: View; review: Review | undefined }) {
  const { t } = useTexts();
  const { staff_id } = useStaff();
  const agreed = review?.approvals.includes(staff_id) ?? false;
  const decide = (decision: string) => (note: string) =>
    ok(
      api.POST("/v1/withdrawals/{id}/decision", {
        params: { path: { id: view.id }, header: { "Idempotency-Key": newKey() } },
        body: { decision, ...(decision === "approve" || note === "" ? {} : { note }) },
      }),
    );
  return (
    <span className="row">
      {view.state === "in_review" && !agreed && (
        <WithReason
          text={t("staff.wd.approve")}
          title={t("staff.wd.approve.what")}
          primary
          done={t("staff.wd.approved")}
          act={decide("approve")}
        />
      )}
      {view.state === "in_review" && (
        <WithReason
          text={t("staff.wd.reject")}
          title={t("staff.wd.reject.what")}
          label={t("staff.wd.note")}
          danger
          done={t("staff.wd.rejected")}
          act={decide("reject")}
        />
      )}
      {mayCancel(view.state) && (
        <WithReason
          text={t("staff.wd.cancel")}
          title={t("staff.wd.cancel.what")}
          label={t("staff.wd.note")}
          danger
          needed={false}
          done={t("staff.wd.cancelled")}
          act={decide("cancel")}
        />
      )}
    </span>
  );
}

function Standing({ view, review }: { view: View; review: Review | undefined }) {
  const { t, named, either, language } = useTexts();
  const may = useMay();
  const { explanation } = view;
  const late = language === "en" ? explanation.overdue_en : explanation.overdue_zh;
  return (
    <section className="panel" aria-live="polite">
      <div className="panel-head">
        <span className="row">
          <State colour={WITHDRAWAL_STATES[view.state] ?? "grey"}>{named("wd.state", view.state)}</State>
          {explanation.overdue && <State colour="red">{t("wd.overdue")}</State>}
          {!isOver(view.state) && <span className="soft">{t("common.refreshing")}</span>}
        </span>
        {may("withdrawals:decide") && <Decide view={view} review={review} />}
      </div>
      <p style={{ fontSize: 16, margin: "0 0 8px" }}>{either(explanation)}</p>
      {typeof late === "string" && <Alert type="warning" showIcon title={late} className="gap" />}
      {typeof explanation.detail === "string" && <p className="soft">{explanation.detail}</p>}
      <Pairs
        pairs={[
          [t("staff.code"), <span key="code" className="mono">{explanation.code}</span>],
          [t("overview.where.who"), named("actor", explanation.who_must_act)],
          [t("wd.reason"), named("next", explanation.next_step)],
          [t("overview.where.next"), <At key="next" at={explanation.next_at} />],
        ]}
      />
    </section>
  );
}

function Held({ view, review }: { view: View; review: Review }) {
  const { t, either } = useTexts();
  const { staff_id } = useStaff();
  return (
    <section className="panel">
      <h2>{t("staff.wd.gate")}</h2>
      {review.held_for.length === 0 ? (
        <p>
          <State colour="green">{t("staff.gate.passes")}</State> {t("staff.wd.gate.passed")}
        </p>
      ) : (
        <ul className="cards">
          {review.held_for.map((reason) => (
            <li key={reason.code}>
              <State colour="orange">{t("staff.wd.check", { check: reason.check })}</State>{" "}
              {either({ zh: reason.message_zh, en: reason.message_en })} <span className="mono soft">{reason.code}</span>
            </li>
          ))}
        </ul>
      )}
      <Pairs
        pairs={[
          ...(review.people_needed > 0
            ? ([
                [t("staff.wd.people"), t("staff.wd.people.of", { agreed: review.approvals.length, needed: review.people_needed })],
                ...review.approvals.map((one) => [t("staff.review.agreement"), <Actor key={one} of={one} />]),
              ] as [string, ReactNode][])
            : []),
          ...(typeof view.review_case_id === "string"
            ? ([[t("staff.wd.case"), <Ref key="case" id={view.review_case_id} />]] as [string, ReactNode][])
            : []),
          ...(review.unpaid_minor > 0
            ? ([[t("staff.wd.unpaid"), <Amount key="unpaid" minor={review.unpaid_minor} currency={view.currency} />]] as [string, ReactNode][])
            : []),
          [t("staff.policy.version"), review.policy_version],
        ]}
      />
      {view.state === "in_review" && review.approvals.includes(staff_id) && <p className="soft">{t("staff.wd.yours")}</p>}
    </section>
  );
}

function Way({ id, state }: { id: string; state: string }) {
  const { t, named, either } = useTexts();
  const way = useQuery({
    queryKey: ["withdrawal", id, "explain", state],
    queryFn: () => ok(api.GET("/v1/withdrawals/{id}/explain", { params: { path: { id } } })),
    placeholderData: (before) => before,
  });
  return (
    <Loaded query={way}>
      {(found) => (
        <>
          <section className="panel">
            <h2>{t("wd.steps")}</h2>
            <ol className="steps">
              {found.steps.map((step, index) => (
                <li key={`${step.code} ${index}`}>
                  {either(step)}{" "}
                  {typeof step.amount_minor === "number" && <Amount minor={step.amount_minor} currency={found.currency} />}
                  {typeof step.at === "string" && (
                    <div className="soft">
                      <At at={step.at} />
                    </div>
                  )}
                </li>
              ))}
            </ol>
          </section>
          {found.slices.length > 0 && (
            <section className="panel">
              <h2>{t("wd.slices")}</h2>
              <ul className="cards">
                {found.slices.map((slice) => (
                  <li key={slice.number}>
                    <div className="row" style={{ justifyContent: "space-between" }}>
                      <span>
                        {t("wd.slice", { number: slice.number })}{" "}
                        <State colour={SLICES[slice.state] ?? "grey"}>{named("wd.slice.state", slice.state)}</State>
                      </span>
                      <Amount minor={slice.amount_minor} currency={found.currency} />
                    </div>
                    <div className="soft">
                      {t("wd.slice.reference")} <Id id={slice.reference} /> {t("staff.wd.attempts", { count: slice.attempts })}{" "}
                      {typeof slice.failure === "string" && <span className="mono">{slice.failure}</span>}
                    </div>
                  </li>
                ))}
              </ul>
            </section>
          )}
        </>
      )}
    </Loaded>
  );
}

function Lines({ id, state, currency }: { id: string; state: string; currency: string }) {
  const { t, named } = useTexts();
  const query = useQuery({
    queryKey: ["withdrawal", id, "lines", state],
    queryFn: () => ok(api.GET("/v1/withdrawals/{id}/transfers", { params: { path: { id } } })),
    placeholderData: (before) => before,
  });
  const columns: Column<Schemas["TransferLine"]>[] = [
    { title: t("staff.ledger.at"), show: (line) => <At at={line.at} /> },
    {
      title: t("staff.ledger.kind"),
      show: (line) => (
        <>
          {named("staff.transfer", line.kind)} <span className="soft">{named("staff.transfer.action", line.action)}</span>
        </>
      ),
    },
    { title: t("wd.amount"), end: true, show: (line) => <Amount minor={line.amount_minor} currency={currency} /> },
    { title: t("staff.ledger.transfer"), show: (line) => <Ref id={line.id} /> },
  ];
  return (
    <section className="panel">
      <h2>{t("staff.ledger.lines")}</h2>
      <Loaded query={query}>
        {(found) => (
          <>
            <Rows rows={found.data} columns={columns} name={t("staff.ledger.lines")} rowKey={(line) => line.id} />
            {!found.complete && <p className="soft">{t("staff.ledger.part")}</p>}
          </>
        )}
      </Loaded>
    </section>
  );
}

export function Withdrawal() {
  const { t, named } = useTexts();
  const { id = "" } = useParams();
  const may = useMay();
  const query = useQuery({
    queryKey: ["withdrawal", id],
    queryFn: () => ok(api.GET("/v1/withdrawals/{id}", { params: { path: { id } } })),
    refetchInterval: (found) => lookAgain(found.state.data?.state ?? ""),
  });
  const review = useQuery({
    queryKey: ["withdrawal", id, "review", query.data?.version],
    queryFn: () => ok(api.GET("/v1/withdrawals/{id}/review", { params: { path: { id } } })),
    enabled: query.isSuccess,
    placeholderData: (before) => before,
  });
  return (
    <>
      <PageHead title={t("staff.wd")}>
        <Link to="/withdrawals">{t("staff.nav.withdrawals")}</Link>
      </PageHead>
      <Loaded query={query} rows={8}>
        {(view) => (
          <>
            <Standing view={view} review={review.data} />
            <div className="masonry">
              <section className="panel">
                <h2>{t("common.detail")}</h2>
                <Pairs
                  pairs={[
                    [t("wd.id"), <Id key="id" id={view.id} />],
                    [t("staff.case.party"), <Ref key="party" id={view.party_id} />],
                    ...(typeof view.asked_by_party_id === "string"
                      ? ([[t("staff.wd.askedBy"), <Ref key="asked" id={view.asked_by_party_id} />]] as [string, ReactNode][])
                      : []),
                    [t("staff.gate.source"), named("staff.source", view.source)],
                    [t("wd.amount"), <Amount key="amount" minor={view.amount_minor} currency={view.currency} />],
                    [t("wd.fee"), <Amount key="fee" minor={view.fee_minor} currency={view.currency} />],
                    [t("wd.net"), <Amount key="net" minor={view.net_minor} currency={view.currency} />],
                    [t("staff.rail"), view.rail],
                    [t("wd.destination"), view.destination_masked],
                    [t("wd.requested"), <At key="requested" at={view.requested_at} />],
                    [t("staff.wd.dispatch"), <At key="dispatch" at={view.dispatch_at} />],
                    [t("wd.expected"), <At key="expected" at={view.expected_at} />],
                    [t("wd.deadline"), <At key="deadline" at={view.deadline_at} />],
                    [t("wd.finished"), <At key="finished" at={view.finished_at} />],
                  ]}
                />
              </section>
              <Loaded query={review}>{(held) => <Held view={view} review={held} />}</Loaded>
              <Way id={id} state={view.state} />
            </div>
            {may("ledger:read") && <Lines id={id} state={view.state} currency={view.currency} />}
          </>
        )}
      </Loaded>
    </>
  );
}
