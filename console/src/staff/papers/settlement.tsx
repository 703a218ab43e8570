// One settlement statement: its sums, the invoice beside them, the decision about the papers, its payouts (X16).
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useParams } from "react-router";
import { type Schemas, api, newKey, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { Amount, Id, PageHead, Pairs, State } from "../../ui/parts";
import { useMay } from "../session";
import { Download } from "../ui/download";
import { At, Ref } from "../ui/names";
import { WithReason } from "../ui/reason";
import { SETTLEMENT_STATES } from "./settlements";

type View = Schemas["SettlementView"] & { payments: Schemas["SettlementPayment"][] };

function Acts({ view }: { view: View }) {
  const { t } = useTexts();
  const params = () => ({
    path: { id: view.id },
    header: { "Idempotency-Key": newKey(), "If-Match": `"${view.version}"` },
  });
  const decide = (decision: string) => (reason: string) =>
    ok(
      api.POST("/v1/settlements/{id}/decision", {
        params: params(),
        body: { decision, ...(reason === "" ? {} : { reason }) },
      }),
    );
  return (
    <span className="row">
      {view.state === "submitted" && (
        <>
          <WithReason
            text={t("staff.settlement.accept")}
            title={t("staff.settlement.accept.what")}
            primary
            done={t("staff.saved")}
            act={() => decide("accept")("")}
          />
          <WithReason
            text={t("staff.settlement.reject")}
            title={t("staff.settlement.reject.what")}
            label={t("staff.wd.note")}
            danger
            done={t("staff.saved")}
            act={decide("reject")}
          />
        </>
      )}
      {view.disputed && (
        <WithReason
          text={t("staff.settlement.answer")}
          title={t("staff.settlement.answer.what")}
          label={t("staff.case.answer")}
          done={t("staff.saved")}
          act={(reason) => ok(api.POST("/v1/settlements/{id}/answer", { params: params(), body: { reason } }))}
        />
      )}
      {view.state === "payment_failed" && (
        <WithReason
          text={t("staff.settlement.again")}
          title={t("staff.settlement.again.what")}
          primary
          done={t("staff.saved")}
          act={() => ok(api.POST("/v1/settlements/{id}/pay-again", { params: params(), body: {} }))}
        />
      )}
    </span>
  );
}

function Invoice({ view }: { view: View }) {
  const { t, named } = useTexts();
  const { invoice } = view;
  if (invoice === null || invoice === undefined) return <p className="soft">{t("staff.invoice.none")}</p>;
  const equal = invoice.amount_minor === view.amounts.payable_minor;
  return (
    <>
      <p>
        <State colour={equal ? "green" : "red"}>{t(equal ? "staff.invoice.equal" : "staff.invoice.other")}</State>
      </p>
      <Pairs
        pairs={[
          [t("staff.invoice.number"), <span key="number" className="mono">{invoice.number}</span>],
          [t("staff.invoice.kind"), named("staff.invoice.kind", invoice.kind)],
          [t("staff.invoice.item"), invoice.item_text],
          [t("wd.amount"), <Amount key="amount" minor={invoice.amount_minor} currency={view.currency} />],
          [t("staff.invoice.tax"), <Amount key="tax" minor={invoice.tax_minor} currency={view.currency} />],
          [t("staff.invoice.percent"), `${invoice.tax_percent}%`],
          [t("staff.invoice.submitted"), <At key="submitted" at={invoice.submitted_at} />],
        ]}
      />
    </>
  );
}

export function Settlement() {
  const { t, named, either } = useTexts();
  const { id = "" } = useParams();
  const may = useMay();
  const query = useQuery({
    queryKey: ["settlement", id],
    queryFn: async () => (await ok(api.GET("/v1/settlements/{id}", { params: { path: { id } } }))) as unknown as View,
    refetchInterval: 15_000,
  });
  return (
    <>
      <PageHead title={t("staff.settlement")}>
        <Link to="/settlements">{t("staff.nav.settlements")}</Link>
      </PageHead>
      <Loaded query={query} rows={8}>
        {(view) => (
          <>
            <section className="panel">
              <div className="panel-head">
                <State colour={SETTLEMENT_STATES[view.state] ?? "grey"}>{named("staff.settlement.state", view.state)}</State>
                {may("settlements:write") && <Acts view={view} />}
              </div>
              <p style={{ fontSize: 16, margin: 0 }}>{either(view.explanation)}</p>
            </section>
            <div className="columns">
              <section className="panel">
                <h2>{t("common.detail")}</h2>
                <Pairs
                  pairs={[
                    [t("staff.id"), <Id key="id" id={view.id} />],
                    [t("staff.case.party"), <Ref key="party" id={view.party_id} />],
                    [t("staff.settlement.seller"), `${view.seller_name} ${view.seller_code}`],
                    [t("staff.settlement.period"), `${view.period_from} – ${view.period_to}`],
                    [t("staff.settlement.orders"), view.orders],
                    [t("staff.settlement.task"), <Amount key="task" minor={view.amounts.task_minor} currency={view.currency} />],
                    [t("staff.settlement.fee"), <Amount key="fee" minor={view.amounts.service_fee_minor} currency={view.currency} />],
                    [t("staff.settlement.compensation"), <Amount key="comp" minor={view.amounts.compensation_minor} currency={view.currency} />],
                    [t("staff.settlement.adjustment"), <Amount key="adj" minor={view.amounts.adjustment_minor} currency={view.currency} />],
                    [
                      t("staff.settlement.payable"),
                      <strong key="payable">
                        <Amount minor={view.amounts.payable_minor} currency={view.currency} />
                      </strong>,
                    ],
                    [t("wd.destination"), view.payout_account_masked],
                    [t("staff.settlement.due"), view.due_on],
                    ...([
                      ["staff.settlement.papers", view.papers_case],
                      ["staff.settlement.dispute", view.dispute_case],
                    ] as const)
                      .filter(([, ref]) => typeof ref === "string")
                      .map(([key, ref]) => [t(key), <Ref key={key} id={ref} />] as [string, ReactNode]),
                    ...view.payments.map(
                      (one) =>
                        [
                          t("staff.settlement.payment"),
                          <span key={one.payment}>
                            <Ref id={one.payment} /> {named("wd.state", one.state)} <Amount minor={one.paid_minor} currency={view.currency} />
                          </span>,
                        ] as [string, ReactNode],
                    ),
                  ]}
                />
                <p style={{ marginBottom: 0 }}>
                  <Download path={`/v1/settlements/${id}/orders.csv`} text={t("staff.settlement.csv")} />
                </p>
              </section>
              <section className="panel">
                <h2>{t("staff.invoice")}</h2>
                <Invoice view={view} />
              </section>
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}
