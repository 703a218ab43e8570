// What is decided with its record: the studio upgrade (X9) and appeals about a limit (C7).
import { useQuery } from "@tanstack/react-query";
import { Input, Select } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { type Schemas, api, newKey, ok } from "../../api/client";
import { parseAmount } from "../../format/money";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { Amount, Pairs, State } from "../../ui/parts";
import { useMay, useStaff } from "../session";
import { At, Ref } from "../ui/names";
import { WithReason } from "../ui/reason";

/** A studio's papers beside what they are compared with. */
export function Studio({ party }: { party: string }) {
  const { t } = useTexts();
  const { currency } = useStaff();
  const query = useQuery({
    queryKey: ["studio", party],
    queryFn: () => ok(api.GET("/v1/parties/{id}/studio", { params: { path: { id: party } } })),
  });
  const decide = (grant: boolean) => (reason: string) =>
    ok(api.POST("/v1/parties/{id}/studio/decision", { params: { path: { id: party } }, body: { grant, reason } }));
  return (
    <Loaded query={query}>
      {(view) => (
        <>
          <Pairs
            pairs={[
              [t("staff.studio.name"), view.application?.name],
              [
                t("staff.studio.code"),
                view.application === null || view.application === undefined ? null : (
                  <span key="code" className="mono">
                    {view.application.credit_code}{" "}
                    {view.application.code_vouched && <State colour="orange">{t("staff.studio.vouched")}</State>}
                  </span>
                ),
              ],
              [t("staff.studio.until"), view.application?.valid_until ?? t("staff.studio.endless")],
              [t("staff.studio.rolling"), <Amount key="rolling" minor={view.rolling_minor} currency={currency} />],
              [t("staff.studio.threshold"), <Amount key="threshold" minor={view.threshold_minor} currency={currency} />],
            ]}
          />
          <p className="row" style={{ marginBottom: 0 }}>
            <WithReason
              text={t("staff.grant")}
              title={t("staff.studio.grant.what")}
              label={t("staff.case.outcome")}
              primary
              most={1000}
              done={t("staff.saved")}
              act={decide(true)}
            />
            <WithReason
              text={t("staff.refuse")}
              title={t("staff.studio.refuse.what")}
              label={t("staff.case.outcome")}
              danger
              most={1000}
              done={t("staff.saved")}
              act={decide(false)}
            />
          </p>
        </>
      )}
    </Loaded>
  );
}

export function Appeal({ party, of }: { party: string; of: string }) {
  const { t } = useTexts();
  const may = useMay();
  const { currency } = useStaff();
  const query = useQuery({
    queryKey: ["appeals", party],
    queryFn: () => ok(api.GET("/v1/parties/{id}/limit/appeals", { params: { path: { id: party } } })),
  });
  const decide = (appeal: Schemas["AppealView"], grant: boolean) => (reason: string) =>
    ok(
      api.POST("/v1/parties/{id}/limit/appeals/{against}/decision", {
        params: { path: { id: party, against: appeal.against }, header: { "Idempotency-Key": newKey() } },
        body: { grant, reason },
      }),
    );
  return (
    <Loaded query={query}>
      {(found) => {
        const appeal = found.data.find((one) => one.case.id === of);
        if (appeal === undefined) return <p className="soft">{t("state.missing")}</p>;
        return (
          <>
            <Pairs
              pairs={[
                [t("staff.appeal.against"), <span key="against" className="mono">{appeal.against}</span>],
                [t("staff.appeal.total"), <Amount key="total" minor={appeal.total_minor} currency={currency} />],
                [t("staff.case.opened"), <At key="at" at={appeal.filed_at} />],
              ]}
            />
            {may("credit:decide") && (
              <p className="row" style={{ marginBottom: 0 }}>
                <WithReason
                  text={t("staff.grant")}
                  title={t("staff.appeal.grant.what")}
                  label={t("staff.case.outcome")}
                  primary
                  most={1000}
                  done={t("staff.saved")}
                  act={decide(appeal, true)}
                />
                <WithReason
                  text={t("staff.refuse")}
                  title={t("staff.appeal.refuse.what")}
                  label={t("staff.case.outcome")}
                  danger
                  most={1000}
                  done={t("staff.saved")}
                  act={decide(appeal, false)}
                />
              </p>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

/** The review that a case belongs to. */
export function ReviewOf({ party, of }: { party: string; of: string }) {
  const { t } = useTexts();
  const query = useQuery({
    queryKey: ["reviews", "of", party],
    queryFn: () => ok(api.GET("/v1/risk-reviews", { params: { query: { party, limit: 200 } } })),
  });
  return (
    <Loaded query={query}>
      {(found) => {
        const review = found.data.find((one) => one.case_id === of);
        return <p>{review === undefined ? t("state.missing") : <Ref id={review.id} />}</p>;
      }}
    </Loaded>
  );
}

/** The dispute of a programme statement: answered with a reason, or with a correction besides (X15). */
export function Dispute({ statement }: { statement: string }) {
  const { t } = useTexts();
  const may = useMay();
  const query = useQuery({
    queryKey: ["statement", statement],
    queryFn: () => ok(api.GET("/v1/programme/statements/{id}", { params: { path: { id: statement } } })),
    retry: false,
  });
  const { currency } = useStaff();
  const [text, setText] = useState("");
  const [component, setComponent] = useState("operating_fee");
  const size = parseAmount(text.replace("-", ""));
  const minor = size === null ? null : text.trim().startsWith("-") ? -size : size;
  const answer = (adjust: boolean) => (reason: string) =>
    ok(
      api.POST("/v1/programme/statements/{id}/answer", {
        params: { path: { id: statement }, header: { "Idempotency-Key": newKey() } },
        body: { reason, ...(adjust && minor !== null ? { adjustment_minor: minor, component } : {}) },
      }),
    );
  // A corporate statement has a page of its own, with its own answer.
  if (query.isError) return <Link to={`/settlements/${statement}`}>{t("staff.settlement")}</Link>;
  return (
    <Loaded query={query}>
      {(view) => (
        <>
          <Pairs
            pairs={[
              [t("staff.settlement.period"), view.month],
              [t("staff.dispute.income"), <Amount key="income" minor={view.income_minor} currency={currency} />],
              [t("staff.dispute.fee"), <Amount key="fee" minor={view.operating_fee_minor} currency={currency} />],
              [t("staff.dispute.incentive"), <Amount key="incentive" minor={view.incentive_minor} currency={currency} />],
              [t("staff.dispute.result"), <Amount key="result" minor={view.result_minor} currency={currency} />],
            ]}
          />
          {may("programmes:write") && (
            <>
              <p className="row">
                <Input
                  aria-label={t("staff.rail.correct.amount")}
                  placeholder={t("staff.rail.correct.amount")}
                  style={{ width: 240 }}
                  value={text}
                  onChange={(e) => setText(e.target.value)}
                />
                <Select
                  aria-label={t("staff.dispute.component")}
                  value={component}
                  onChange={setComponent}
                  options={[
                    { value: "operating_fee", label: t("staff.dispute.fee") },
                    { value: "incentive", label: t("staff.dispute.incentive") },
                  ]}
                />
              </p>
              <p className="row" style={{ marginBottom: 0 }}>
                {minor !== null && (
                  <WithReason
                    text={t("staff.dispute.adjust")}
                    title={t("staff.dispute.adjust.what")}
                    label={t("staff.case.answer")}
                    primary
                    most={1000}
                    done={t("staff.saved")}
                    act={answer(true)}
                  />
                )}
                {minor === null && text === "" && (
                  <WithReason
                    text={t("staff.dispute.keep")}
                    title={t("staff.dispute.keep.what")}
                    label={t("staff.case.answer")}
                    most={1000}
                    done={t("staff.saved")}
                    act={answer(false)}
                  />
                )}
              </p>
            </>
          )}
        </>
      )}
    </Loaded>
  );
}
