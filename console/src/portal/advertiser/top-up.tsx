// Paying money in: method, amount, confirm, and on to the cashier (A2). What is owed is paid first (A3).
import { useMutation } from "@tanstack/react-query";
import { Alert, Button, Input, Radio } from "antd";
import { type FormEvent, useEffect, useState } from "react";
import { Link } from "react-router";
import { api, newKey, ok } from "../../api/client";
import { Problem } from "../../api/problem";
import { mayRequest, useSession } from "../../app/session";
import { decimal, money, parseAmount } from "../../format/money";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Loaded } from "../../ui/loaded";
import { Amount, PageHead, Pairs } from "../../ui/parts";
import { type Account, useAccount } from "./api";

function Form({ account }: { account: Account }) {
  const { t, named } = useTexts();
  const { party } = useSession();
  const { top_up, currency, arrears_minor } = account;
  const least = top_up.minimum_minor;
  const [method, setMethod] = useState(top_up.methods[0] ?? "");
  const [text, setText] = useState(() => decimal(Math.max(top_up.suggested_minor, least)));
  const amount = parseAmount(text);
  const enough = amount !== null && amount >= least;
  const [key, setKey] = useState(newKey);
  // Another amount or method is another intent.
  useEffect(() => setKey(newKey()), [amount, method]);
  const pay = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/v1/payment-orders", {
          params: { header: { "Idempotency-Key": key } },
          body: {
            party_id: party.id,
            purpose: "ad_top_up",
            method,
            amount_minor: amount ?? 0,
            return_url: `${location.origin}/portal/ads/top-ups`,
          },
        }),
      ),
    onSuccess: (order) => location.assign(order.cashier_url),
    onError: (error) => {
      // A refusal is remembered under its key: the next try is another intent. A lost answer is not: the same again.
      if (error instanceof Problem && error.parts.status >= 400 && error.parts.status < 500) setKey(newKey());
    },
  });
  if (top_up.methods.length === 0) return <Alert type="warning" showIcon title={t("topup.none")} />;
  const settles = Math.min(amount ?? 0, arrears_minor);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (enough) pay.mutate();
  };
  return (
    <form className="form" onSubmit={submit} noValidate>
      <div className="field" role="group" aria-labelledby="method-label">
        <span id="method-label">{t("topup.method")}</span>
        <Radio.Group
          value={method}
          onChange={(event) => setMethod(String(event.target.value))}
          options={top_up.methods.map((value) => ({ value, label: named("topup.method", value) }))}
        />
      </div>
      <div className="field">
        <label htmlFor="top-up-amount">{t("topup.amount")}</label>
        <Input
          id="top-up-amount"
          prefix="¥"
          inputMode="decimal"
          autoComplete="off"
          value={text}
          status={enough ? "" : "error"}
          aria-describedby="top-up-help"
          onChange={(event) => setText(event.target.value)}
        />
        <div id="top-up-help" className={enough ? "soft" : "error"} role="status">
          {t("topup.least", {
            least: money(least, currency),
            suggested: money(top_up.suggested_minor, currency),
          })}
        </div>
      </div>
      <Pairs
        pairs={[
          [t("topup.for"), party.display_name],
          ...(arrears_minor > 0
            ? ([[t("topup.settles"), <Amount key="settles" minor={settles} currency={currency} />]] as [
                string,
                React.ReactNode,
              ][])
            : []),
          [t("topup.becomes"), <Amount key="becomes" minor={(amount ?? 0) - settles} currency={currency} />],
        ]}
      />
      {arrears_minor > 0 && amount !== null && amount < arrears_minor && (
        <Alert type="warning" showIcon title={t("topup.still")} />
      )}
      {pay.isError && <Failure error={pay.error} />}
      <Button type="primary" htmlType="submit" size="large" disabled={!enough} loading={pay.isPending || pay.isSuccess}>
        {t("topup.pay", { amount: enough ? money(amount, currency) : "" })}
      </Button>
    </form>
  );
}

export function TopUp() {
  const { t } = useTexts();
  const session = useSession();
  const query = useAccount();
  return (
    <>
      <PageHead title={t("ad.topup")}>
        <Link to="/ads/top-ups">{t("topups.title")}</Link>
      </PageHead>
      <section className="panel">
        {mayRequest(session) ? (
          <Loaded query={query} rows={6}>
            {(account) => <Form account={account} />}
          </Loaded>
        ) : (
          <Alert type="warning" showIcon title={t("state.forbidden.what")} />
        )}
      </section>
    </>
  );
}
