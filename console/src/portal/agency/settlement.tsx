// One settlement statement, from signing to payment (X16).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Input, Select } from "antd";
import { type FormEvent, useState } from "react";
import { Link, useParams } from "react-router";
import { type Schemas, api, newKey, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { useAsk } from "../../ui/ask";
import { Failure } from "../../ui/failure";
import { SendFiles } from "../../ui/files";
import { Loaded } from "../../ui/loaded";
import { usePages } from "../../ui/pages";
import { Amount, Id, PageHead, Pairs, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { AskAbout } from "../cases/about";
import { every } from "../live";
import { SETTLEMENT_STATES } from "./settlements";

type View = Schemas["SettlementDetail"];
type Item = Schemas["SettlementOrder"];

/** What every step sends: the version as it was read, and a key of its own. */
function useStep<T>(view: View, run: (head: { "Idempotency-Key": string; "If-Match": string }, value: T) => Promise<unknown>) {
  const { t } = useTexts();
  const { message } = App.useApp();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (value: T) => run({ "Idempotency-Key": newKey(), "If-Match": `"${view.version}"` }, value),
    onSuccess: () => message.success(t("settle.step.done")),
    onSettled: () => client.invalidateQueries(),
  });
}

function Sign({ view }: { view: View }) {
  const { t } = useTexts();
  const session = useSession();
  const ask = useAsk();
  const [signatory, setSignatory] = useState("");
  const [reason, setReason] = useState("");
  const path = { id: view.id };
  const sign = useStep(view, (header, name: string) =>
    ok(api.POST("/v1/settlements/{id}/sign", { params: { path, header }, body: { signatory: name } })),
  );
  const cancel = useStep(view, (header) => ok(api.POST("/v1/settlements/{id}/cancel", { params: { path, header } })));
  const dispute = useStep(view, (header, text: string) =>
    ok(api.POST("/v1/settlements/{id}/dispute", { params: { path, header }, body: { reason: text } })),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask(t("settle.sign.ask"), t("settle.sign"), () => sign.mutate(signatory.trim()));
  };
  const failed = [sign, cancel, dispute].find((step) => step.isError);
  return (
    <section className="panel">
      <h2>{t("settle.sign.title")}</h2>
      {failed !== undefined && <Failure error={failed.error} />}
      {session.role === "approve" ? (
        <form className="form" onSubmit={submit}>
          <div className="field">
            <label htmlFor="signatory">{t("settle.signatory")}</label>
            <Input id="signatory" maxLength={100} value={signatory} onChange={(event) => setSignatory(event.target.value)} />
          </div>
          <Button type="primary" htmlType="submit" disabled={signatory.trim() === "" || view.disputed} loading={sign.isPending}>
            {t("settle.sign")}
          </Button>
        </form>
      ) : (
        <p className="soft">{t("settle.sign.role")}</p>
      )}
      <h3>{t("settle.wrong")}</h3>
      {!view.disputed && (
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            if (reason.trim() !== "") dispute.mutate(reason.trim());
          }}
        >
          <div className="field">
            <label htmlFor="settle-reason">{t("stm.dispute.text")}</label>
            <Input.TextArea
              id="settle-reason"
              rows={3}
              maxLength={500}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          </div>
          <Button htmlType="submit" disabled={reason.trim() === ""} loading={dispute.isPending}>
            {t("stm.dispute")}
          </Button>
        </form>
      )}
      <p>
        <Button
          danger
          loading={cancel.isPending}
          onClick={() => ask(t("settle.cancel.ask"), t("settle.cancel"), () => cancel.mutate(undefined))}
        >
          {t("settle.cancel")}
        </Button>
      </p>
    </section>
  );
}

function Invoice({ view }: { view: View }) {
  const { t } = useTexts();
  const [number, setNumber] = useState("");
  const [kind, setKind] = useState("special");
  const [item, setItem] = useState("information_service");
  const [tax, setTax] = useState("6");
  const submitIt = useStep(view, (header, body: Schemas["NewInvoice"]) =>
    ok(api.POST("/v1/settlements/{id}/invoice", { params: { path: { id: view.id }, header }, body })),
  );
  const taxBad = !/^\d{1,2}$/.test(tax);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (number.trim() === "" || taxBad) return;
    submitIt.mutate({
      number: number.trim(),
      kind,
      item,
      tax_percent: Number(tax),
      amount_minor: view.amounts.payable_minor,
      seller_name: view.seller_name,
      seller_code: view.seller_code,
    });
  };
  return (
    <section className="panel">
      <h2>{t("invoice.title")}</h2>
      <p className="soft">{t("invoice.what")}</p>
      <form className="form" onSubmit={submit}>
        <Pairs
          pairs={[
            [t("settle.payable"), <Amount key="amount" minor={view.amounts.payable_minor} currency={view.currency} />],
            [t("settle.seller"), view.seller_name],
            [t("settings.identity.code"), view.seller_code],
          ]}
        />
        <div className="field">
          <label htmlFor="invoice-number">{t("invoice.number")}</label>
          <Input id="invoice-number" maxLength={40} value={number} onChange={(event) => setNumber(event.target.value)} />
        </div>
        <div className="field">
          <label htmlFor="invoice-kind">{t("invoice.kind")}</label>
          <Select
            id="invoice-kind"
            value={kind}
            onChange={setKind}
            options={["special", "ordinary"].map((value) => ({ value, label: t(`invoice.kind.${value as "special"}`) }))}
          />
        </div>
        <div className="field">
          <label htmlFor="invoice-item">{t("invoice.item")}</label>
          <Select
            id="invoice-item"
            value={item}
            onChange={setItem}
            options={["information_service", "video_production"].map((value) => ({
              value,
              label: t(`invoice.item.${value as "video_production"}`),
            }))}
          />
        </div>
        <div className="field">
          <label htmlFor="invoice-tax">{t("invoice.tax")}</label>
          <Input
            id="invoice-tax"
            inputMode="numeric"
            suffix="%"
            style={{ width: 120 }}
            value={tax}
            status={taxBad ? "error" : ""}
            onChange={(event) => setTax(event.target.value)}
          />
        </div>
        {submitIt.isError && <Failure error={submitIt.error} />}
        <Button type="primary" htmlType="submit" disabled={number.trim() === "" || taxBad} loading={submitIt.isPending}>
          {t("invoice.send")}
        </Button>
      </form>
    </section>
  );
}

/** The papers that stand behind the invoice, and the payments. */
function Papers({ view }: { view: View }) {
  const { t, named } = useTexts();
  const { party, zone } = useSession();
  const client = useQueryClient();
  const { invoice } = view;
  return (
    <section className="panel">
      <h2>{t("invoice.papers")}</h2>
      {invoice !== null && invoice !== undefined && (
        <Pairs
          pairs={[
            [t("invoice.number"), invoice.number],
            [t("invoice.item"), invoice.item_text],
            [t("invoice.tax"), `${invoice.tax_percent}%`],
            [t("invoice.tax.in"), <Amount key="tax" minor={invoice.tax_minor} currency={view.currency} />],
            [t("invoice.at"), time(invoice.submitted_at, zone)],
          ]}
        />
      )}
      {typeof view.papers_case === "string" && (
        <>
          {["submitted", "papers_rejected"].includes(view.state) && (
            <SendFiles party={party.id} id={view.papers_case} done={() => void client.invalidateQueries()} />
          )}
          <p>
            <Link to={`/cases/${view.papers_case}`}>{t("case.open")}</Link>
          </p>
        </>
      )}
      {view.payments.length > 0 && (
        <>
          <h3>{t("wd.slices")}</h3>
          <ul className="cards">
            {view.payments.map((one) => (
              <li key={one.payment}>
                <div className="row" style={{ justifyContent: "space-between" }}>
                  <span>
                    <Id id={one.payment} /> {named("wd.state", one.state)}
                  </span>
                  <Amount minor={one.amount_minor} currency={view.currency} />
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Standing({ view }: { view: View }) {
  const { t, named, either } = useTexts();
  const { zone } = useSession();
  const { explanation, amounts } = view;
  const amount = (minor: number) => <Amount key={minor} minor={minor} currency={view.currency} />;
  return (
    <section className="panel" aria-live="polite">
      <div className="panel-head">
        <State colour={SETTLEMENT_STATES[view.state] ?? "grey"}>{named("settle.state", view.state)}</State>
        <AskAbout subject={view.id} />
      </div>
      <p style={{ fontSize: 16, margin: "0 0 8px" }}>{either(explanation)}</p>
      {typeof explanation.detail === "string" && <Alert type="warning" showIcon className="gap" title={explanation.detail} />}
      <Pairs
        pairs={[
          [t("overview.where.who"), named("actor", explanation.who_must_act)],
          [t("settle.number"), <Id key="id" id={view.id} />],
          [t("settle.period"), `${view.period_from} – ${view.period_to}`],
          [t("orders.gross"), amount(amounts.task_minor)],
          [t("orders.fee"), amount(-amounts.service_fee_minor)],
          [t("orders.compensation"), amount(amounts.compensation_minor)],
          [t("settle.adjustment"), amount(amounts.adjustment_minor)],
          [
            t("settle.payable"),
            <strong key="payable">
              <Amount minor={amounts.payable_minor} currency={view.currency} />
            </strong>,
          ],
          [t("settle.paid"), amount(view.paid_minor)],
          [t("wd.destination"), view.payout_account_masked],
          [t("settle.signed"), view.signed_by ?? null],
          [t("settle.by"), view.due_on ?? null],
          [t("settle.made"), time(view.generated_at, zone)],
        ]}
      />
      {typeof view.dispute_case === "string" && (
        <p>
          <Link to={`/cases/${view.dispute_case}`}>{t("stm.disputes")}</Link>
        </p>
      )}
    </section>
  );
}

function Orders({ view }: { view: View }) {
  const { t, language } = useTexts();
  const { zone } = useSession();
  const query = usePages<Item>(["settlement", view.id, "orders"], (from) =>
    ok(api.GET("/v1/settlements/{id}/orders", { params: { path: { id: view.id }, query: { limit: 50, ...from } } })),
  );
  const columns: Column<Item>[] = [
    {
      title: t("orders.task"),
      show: (item) => (
        <>
          {item.title} {typeof item.order_id === "string" && <Id id={item.order_id} />}
        </>
      ),
    },
    { title: t("stm.month"), show: (item) => item.month ?? "--" },
    { title: t("orders.gross"), end: true, show: (item) => <Amount minor={item.amounts.task_minor} currency={view.currency} /> },
    {
      title: t("orders.fee"),
      end: true,
      wideOnly: true,
      show: (item) => <Amount minor={-item.amounts.service_fee_minor} currency={view.currency} />,
    },
    {
      title: t("settle.payable"),
      end: true,
      show: (item) => <Amount minor={item.amounts.payable_minor} currency={view.currency} />,
    },
    { title: t("settle.booked"), show: (item) => <span className="amount">{time(item.booked_at, zone)}</span> },
  ];
  const file = `/v1/settlements/${view.id}/orders.csv?lang=${language === "en" ? "en" : "zh"}&bom=true`;
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t("settle.orders")}</h2>
        <a href={file} download>
          {t("common.export")}
        </a>
      </div>
      <Records query={query} columns={columns} name={t("settle.orders")} rowKey={(item) => item.id} none={t("stm.orders.none")} />
    </section>
  );
}

export function Settlement() {
  const { t } = useTexts();
  const session = useSession();
  const { id = "" } = useParams();
  const query = useQuery({
    queryKey: ["settlement", id],
    queryFn: () => ok(api.GET("/v1/settlements/{id}", { params: { path: { id } } })),
    refetchInterval: (found) =>
      ["paid", "cancelled"].includes(found.state.data?.state ?? "") ? false : every(10_000),
  });
  return (
    <>
      <PageHead title={t("settle.one")}>
        <Link to="/settlements">{t("settle.title")}</Link>
      </PageHead>
      <Loaded query={query} rows={8}>
        {(view) => (
          <>
            <div className="columns">
              <Standing view={view} />
              <div>
                {view.state === "generated" && mayRequest(session) && <Sign view={view} />}
                {["signed", "papers_rejected"].includes(view.state) && mayRequest(session) && <Invoice view={view} />}
                {(view.invoice !== null && view.invoice !== undefined) || view.payments.length > 0 ? <Papers view={view} /> : null}
              </div>
            </div>
            <Orders view={view} />
          </>
        )}
      </Loaded>
    </>
  );
}
