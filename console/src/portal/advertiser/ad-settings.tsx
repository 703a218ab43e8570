// What an advertiser sets: alerts, how campaigns come back, automatic top-ups (A5, A10, A11).
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Checkbox, Input, Radio } from "antd";
import { type FormEvent, useState } from "react";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { decimal, parseAmount } from "../../format/money";
import { time } from "../../format/time";
import { type TextKey, useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Loaded } from "../../ui/loaded";
import { PageHead } from "../../ui/parts";
import { useAccount } from "./api";

type Settings = Schemas["AdSettings"];

const shown = (minor: number | null | undefined): string => (typeof minor === "number" ? decimal(minor) : "");

function AmountField({
  id,
  text,
  value,
  onChange,
  optional = false,
}: {
  id: string;
  text: TextKey;
  value: string;
  onChange: (value: string) => void;
  optional?: boolean;
}) {
  const { t } = useTexts();
  const fine = (optional && value.trim() === "") || parseAmount(value) !== null;
  return (
    <div className="field">
      <label htmlFor={id}>{t(text)}</label>
      <Input
        id={id}
        prefix="¥"
        inputMode="decimal"
        value={value}
        status={fine ? "" : "error"}
        aria-invalid={!fine}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}

function Form({ settings, methods }: { settings: Settings; methods: string[] }) {
  const { t, named } = useTexts();
  const session = useSession();
  const { message } = App.useApp();
  const client = useQueryClient();
  const auto = settings.auto_top_up ?? null;
  const [alert, setAlert] = useState(shown(settings.alert_below_minor));
  const [resume, setResume] = useState(settings.resume ?? "policy");
  const [on, setOn] = useState(auto !== null);
  const earns = session.party.roles.includes("creator");
  const sources = [...(earns || auto?.source === "earnings" ? ["earnings"] : []), ...methods];
  const [source, setSource] = useState(auto?.source ?? sources[0] ?? "");
  const [otherwise, setOtherwise] = useState(auto?.otherwise ?? "");
  const [threshold, setThreshold] = useState(shown(auto?.threshold_minor));
  const [amount, setAmount] = useState(shown(auto?.amount_minor));
  const [cap, setCap] = useState(shown(auto?.daily_cap_minor));
  const read = { alert: parseAmount(alert), threshold: parseAmount(threshold), amount: parseAmount(amount), cap: parseAmount(cap) };
  const ready =
    (alert.trim() === "" || read.alert !== null) &&
    (!on || (read.threshold !== null && read.amount !== null && (cap.trim() === "" || read.cap !== null)));
  const save = useMutation({
    mutationFn: () =>
      ok(
        api.PATCH("/v1/parties/{id}/ad-account", {
          params: { path: { id: session.party.id }, header: { "If-Match": `"${settings.version}"` } },
          body: {
            alert_below_minor: read.alert,
            resume: resume === "policy" ? null : resume,
            auto_top_up: on
              ? {
                  source,
                  otherwise: source === "earnings" && otherwise !== "" ? otherwise : null,
                  threshold_minor: read.threshold ?? 0,
                  amount_minor: read.amount ?? 0,
                  daily_cap_minor: read.cap,
                }
              : null,
          },
        }),
      ),
    onSuccess: () => message.success(t("settings.accounts.changed")),
    onSettled: () => client.invalidateQueries(),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) save.mutate();
  };
  // Whoever earns nothing here, where nobody takes money either, is not asked.
  const possible = sources.length > 0 || auto !== null;
  const name = (one: string) => (one === "earnings" ? t("adset.auto.earnings") : named("topup.method", one));
  return (
    <form className="form" onSubmit={submit}>
      <AmountField id="alert" text="adset.alert" value={alert} onChange={setAlert} optional />
      <div className="field" role="group" aria-labelledby="resume-label">
        <span id="resume-label">{t("adset.resume")}</span>
        <Radio.Group
          value={resume}
          onChange={(event) => setResume(String(event.target.value))}
          options={[
            { value: "policy", label: t("adset.resume.policy") },
            { value: "manual", label: t("adset.resume.manual") },
            { value: "auto", label: t("adset.resume.auto") },
          ]}
        />
      </div>
      {possible && (
        <>
          <Checkbox checked={on} onChange={(event) => setOn(event.target.checked)}>
            {t("adset.auto")}
          </Checkbox>
          {on && (
            <>
              <div className="field" role="group" aria-labelledby="source-label">
                <span id="source-label">{t("adset.auto.source")}</span>
                <Radio.Group
                  value={source}
                  onChange={(event) => setSource(String(event.target.value))}
                  options={sources.map((one) => ({ value: one, label: name(one) }))}
                />
              </div>
              {source === "earnings" && methods.length > 0 && (
                <div className="field" role="group" aria-labelledby="otherwise-label">
                  <span id="otherwise-label">{t("adset.auto.otherwise")}</span>
                  <Radio.Group
                    value={otherwise}
                    onChange={(event) => setOtherwise(String(event.target.value))}
                    options={[
                      { value: "", label: t("adset.auto.nothing") },
                      ...methods.map((one) => ({ value: one, label: name(one) })),
                    ]}
                  />
                </div>
              )}
              {(source !== "earnings" || otherwise !== "") && <p className="soft">{t("adset.auto.order")}</p>}
              <AmountField id="threshold" text="adset.auto.threshold" value={threshold} onChange={setThreshold} />
              <AmountField id="auto-amount" text="adset.auto.amount" value={amount} onChange={setAmount} />
              <AmountField id="cap" text="adset.auto.cap" value={cap} onChange={setCap} optional />
            </>
          )}
          {typeof settings.auto_retry_at === "string" && (
            <Alert
              type="warning"
              showIcon
              title={t("adset.auto.retry", { at: time(settings.auto_retry_at, session.zone) })}
            />
          )}
        </>
      )}
      {save.isError && <Failure error={save.error} />}
      <Button type="primary" htmlType="submit" disabled={!ready || !mayRequest(session)} loading={save.isPending}>
        {t("adset.save")}
      </Button>
    </form>
  );
}

export function AdSettings() {
  const { t } = useTexts();
  const query = useAccount();
  return (
    <>
      <PageHead title={t("adset.title")} />
      <section className="panel">
        <Loaded query={query} rows={6}>
          {(account) => <Form key={account.settings.version} settings={account.settings} methods={account.top_up.methods} />}
        </Loaded>
      </section>
    </>
  );
}
