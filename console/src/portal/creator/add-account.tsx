// Binding a payout account (P9, X8), with help on where the right value is found.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Checkbox, Input, Select } from "antd";
import { type FormEvent, useState } from "react";
import { api, ok } from "../../api/client";
import { Problem } from "../../api/problem";
import { useSession } from "../../app/session";
import { type TextKey, useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Loaded } from "../../ui/loaded";
import { CodeField, isCode } from "./code";

/** Refusals after which a card's number may be confirmed as it is. */
const CONFIRMABLE = "card_check_unconfirmed";

function Field({ id, text, value, onChange }: { id: string; text: TextKey; value: string; onChange: (v: string) => void }) {
  const { t } = useTexts();
  return (
    <div className="field">
      <label htmlFor={id}>{t(text)}</label>
      <Input id={id} autoComplete="off" value={value} onChange={(event) => onChange(event.target.value)} />
    </div>
  );
}

function Form({ kinds, done }: { kinds: { kind: string; zh: string; en: string }[]; done: () => void }) {
  const { t, named, either } = useTexts();
  const { party } = useSession();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [kind, setKind] = useState(kinds[0]?.kind ?? "");
  const [number, setNumber] = useState("");
  const [holder, setHolder] = useState("");
  const [bank, setBank] = useState("");
  const [cnaps, setCnaps] = useState("");
  const [code, setCode] = useState("");
  const [confirmed, setConfirmed] = useState(false);
  const play = kind === "sandbox";
  const corporate = kind === "corporate";
  const path = { id: party.id };
  const bind = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/v1/parties/{id}/payout-accounts", {
          params: { path },
          body: {
            kind,
            number: number.trim(),
            ...(play ? {} : { holder: holder.trim(), code }),
            ...(bank.trim() === "" ? {} : { bank: bank.trim() }),
            ...(corporate ? { cnaps: cnaps.trim() } : {}),
            ...(confirmed ? { confirm_number: true } : {}),
          },
        }),
      ),
    onSuccess: async () => {
      message.success(t("settings.accounts.bound"));
      await client.invalidateQueries();
      done();
    },
  });
  const asksToConfirm = bind.error instanceof Problem && bind.error.parts.code === CONFIRMABLE;
  const help = kinds.find((one) => one.kind === kind);
  const ready = number.trim() !== "" && (play || (holder.trim() !== "" && isCode(code)));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) bind.mutate();
  };
  return (
    <form className="form" onSubmit={submit}>
      <div className="field">
        <label htmlFor="kind">{t("settings.accounts.kind")}</label>
        <Select
          id="kind"
          value={kind}
          onChange={setKind}
          options={kinds.map((one) => ({ value: one.kind, label: named("settings.accounts.kind", one.kind) }))}
        />
        {help !== undefined && <div className="soft">{either(help)}</div>}
      </div>
      <Field id="number" text="settings.accounts.number" value={number} onChange={setNumber} />
      {!play && <Field id="holder" text="settings.accounts.holder" value={holder} onChange={setHolder} />}
      {!play && kind !== "alipay" && <Field id="bank" text="settings.accounts.bank" value={bank} onChange={setBank} />}
      {corporate && <Field id="cnaps" text="settings.accounts.cnaps" value={cnaps} onChange={setCnaps} />}
      {!play && (
        <CodeField
          id="bind-code"
          label={t("settings.code")}
          value={code}
          onChange={setCode}
          purpose={`${kind} ${number}`}
          send={
            number.trim() === ""
              ? undefined
              : () =>
                  ok(
                    api.POST("/v1/parties/{id}/payout-accounts/codes", {
                      params: { path },
                      body: { kind, number: number.trim() },
                    }),
                  )
          }
        />
      )}
      {bind.isError && <Failure error={bind.error} />}
      {(asksToConfirm || confirmed) && (
        <Checkbox checked={confirmed} onChange={(event) => setConfirmed(event.target.checked)}>
          {t("settings.accounts.confirm")}
        </Checkbox>
      )}
      <Button type="primary" htmlType="submit" disabled={!ready} loading={bind.isPending}>
        {t("settings.accounts.add")}
      </Button>
    </form>
  );
}

export function AddAccount({ done }: { done: () => void }) {
  const query = useQuery({ queryKey: ["kinds"], queryFn: () => ok(api.GET("/v1/payout-account-kinds")) });
  return (
    <Loaded query={query}>
      {({ data }) => <Form kinds={data} done={done} />}
    </Loaded>
  );
}
