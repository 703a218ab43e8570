// Asking for a withdrawal. What it would meet is tried at the gate while one types (G): nothing is guessed here.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Input, Select } from "antd";
import { type FormEvent, useEffect, useState } from "react";
import { Link, useNavigate } from "react-router";
import { type Schemas, api, newKey, ok } from "../../api/client";
import { Problem } from "../../api/problem";
import { mayRequest, useSession } from "../../app/session";
import { decimal, money, parseAmount } from "../../format/money";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Loaded, Loading } from "../../ui/loaded";
import { Amount, PageHead, Pairs } from "../../ui/parts";
import { CodeField, isCode } from "./code";
import type { Of } from "./withdrawals";

type Look = Schemas["WithdrawalLook"];
type Account = Schemas["PayoutAccountView"];
type Reason = NonNullable<Look["reasons"]>[number];

/** A value that has kept still for a moment: the gate is not asked at every key. */
function useStill<T>(value: T, milliseconds: number): T {
  const [still, setStill] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setStill(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return still;
}

/** What the gate asks for besides what is tried: a code, which a trial takes none of. */
const CODE_CHECK = 11;

function Reasons({ reasons }: { reasons: Reason[] }) {
  const { t, named, language } = useTexts();
  const { zone } = useSession();
  return (
    <ul style={{ margin: 0, paddingLeft: 18 }}>
      {reasons.map((reason) => (
        <li key={`${reason.check} ${reason.code}`}>
          {language === "en" ? reason.message_en : reason.message_zh}
          <div className="soft">
            {named("actor", reason.who_must_act)} · {named("next", reason.next_step)}
            {typeof reason.until === "string" && (
              <>
                {" "}
                · {t("new.until")} <span className="amount">{time(reason.until, zone)}</span>
              </>
            )}
          </div>
          {reason.missing.length > 0 && (
            <div>
              {t("new.steps")} {reason.missing.map((step) => named("step", step)).join(", ")}{" "}
              <Link to="/settings">{t("new.steps.go")}</Link>
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}

function Outlook({ look, currency }: { look: Look; currency: string }) {
  const { t, either } = useTexts();
  const { zone } = useSession();
  const failed = look.checks.filter((check) => check.result === "failed").map((check) => check.check);
  const reasons = look.reasons ?? [];
  const refusing = reasons.filter((reason) => failed.includes(reason.check));
  const waiting = reasons.filter((reason) => !failed.includes(reason.check));
  return (
    <>
      {refusing.length > 0 && (
        <Alert type="error" showIcon title={t("new.refused")} description={<Reasons reasons={refusing} />} />
      )}
      {waiting.length > 0 && (
        <Alert type="warning" showIcon title={t("new.hints")} description={<Reasons reasons={waiting} />} />
      )}
      {look.refused === null || look.refused === undefined || failed.every((check) => check >= CODE_CHECK) ? (
        <Pairs
          pairs={[
            [
              t("wd.fee"),
              <span key="fee">
                <Amount minor={look.fee_minor} currency={currency} />
                {look.fee !== null && look.fee !== undefined && <span className="soft"> {either(look.fee)}</span>}
              </span>,
            ],
            [
              t("wd.net"),
              <strong key="net">
                <Amount minor={look.net_minor} currency={currency} />
              </strong>,
            ],
            [
              t("new.arrives"),
              typeof look.expected_at === "string" ? time(look.expected_at, zone) : t("wd.expected.unknown"),
            ],
          ]}
        />
      ) : null}
    </>
  );
}

function useLook(source: Of["source"], amount: number | null, destination: string) {
  const { party } = useSession();
  return useQuery({
    queryKey: ["look", source, amount, destination],
    enabled: amount !== null && destination !== "",
    staleTime: 2_000,
    queryFn: async () => {
      const found = await ok(
        api.POST("/v1/withdrawals", {
          params: { query: { dry_run: true }, header: { "Idempotency-Key": newKey() } },
          body: { party_id: party.id, source, amount_minor: amount, destination },
        }),
      );
      return found as Look;
    },
  });
}

function Form({
  source,
  available,
  currency,
  accounts,
}: Of & { available: number; currency: string; accounts: Account[] }) {
  const { t } = useTexts();
  const { party, person } = useSession();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [text, setText] = useState("");
  const [code, setCode] = useState("");
  const [touched, setTouched] = useState(false);
  const first = accounts.find((account) => account.is_default) ?? accounts[0];
  const [destination, setDestination] = useState(first?.id ?? "");
  const amount = parseAmount(text);
  const look = useLook(source, useStill(amount, 350), destination);
  const purpose = `${amount} ${destination}`;
  // One intent, one key: sent again it finds the first answer. Another amount or account is another intent.
  const [key, setKey] = useState(newKey);
  useEffect(() => setKey(newKey()), [purpose]);
  const request = useMutation({
    mutationFn: async () => {
      const found = await ok(
        api.POST("/v1/withdrawals", {
          params: { header: { "Idempotency-Key": key } },
          body: {
            party_id: party.id,
            source,
            amount_minor: amount,
            destination,
            code,
            ...(person === null || person === undefined ? {} : { person_id: person.id }),
          },
        }),
      );
      return found as Schemas["WithdrawalView"];
    },
    onSuccess: async (made) => {
      message.success(t("new.done"));
      await client.invalidateQueries();
      await navigate(`/withdrawals/${made.id}`, { replace: true });
    },
    onError: (error) => {
      // A refusal is remembered under its key: the next try is another intent. A lost answer is not: the same again.
      if (error instanceof Problem && error.parts.status >= 400 && error.parts.status < 500) setKey(newKey());
    },
  });
  const blocked = look.data?.checks.some((check) => check.result === "failed" && check.check < CODE_CHECK) ?? true;
  const ready = amount !== null && destination !== "" && !blocked && isCode(code);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTouched(true);
    if (ready && !request.isPending) request.mutate();
  };
  const send =
    amount === null || destination === "" || blocked
      ? undefined
      : () =>
          ok(
            api.POST("/v1/withdrawals/codes", { body: { party_id: party.id, amount_minor: amount, destination } }),
          );
  return (
    <form className="form" onSubmit={submit} noValidate>
      <div>
        <span className="soft">{t("new.available")}</span>{" "}
        <strong>
          <Amount minor={available} currency={currency} />
        </strong>
      </div>
      <div className="field">
        <label htmlFor="amount">{t("wd.amount")}</label>
        <div className="row">
          <Input
            id="amount"
            className="grow"
            prefix="¥"
            inputMode="decimal"
            autoComplete="off"
            value={text}
            status={touched && amount === null ? "error" : ""}
            aria-invalid={touched && amount === null}
            aria-describedby="amount-error"
            onChange={(event) => setText(event.target.value)}
            onBlur={() => setTouched(true)}
          />
          <Button disabled={available <= 0} onClick={() => setText(decimal(available))}>
            {t("new.all")}
          </Button>
        </div>
        <div className="error" id="amount-error" role="alert">
          {touched && amount === null && text !== "" ? t("new.amount.bad") : ""}
        </div>
      </div>
      <div className="field">
        <label htmlFor="destination">{t("wd.destination")}</label>
        {accounts.length === 0 ? (
          <span>
            {t("new.destination.none")} <Link to="/settings">{t("new.steps.go")}</Link>
          </span>
        ) : (
          <Select
            id="destination"
            value={destination}
            onChange={setDestination}
            options={accounts.map((account) => ({
              value: account.id,
              label: `${account.bank ?? ""} ${account.masked}${account.is_default ? ` (${t("new.destination.default")})` : ""}`.trim(),
            }))}
          />
        )}
      </div>
      <section aria-label={t("new.look")} aria-live="polite" style={{ display: "grid", gap: 12 }}>
        {amount === null && <span className="soft">{t("new.look.wait")}</span>}
        {amount !== null && look.isFetching && look.data === undefined && <Loading rows={2} />}
        {look.isError && <Failure error={look.error} again={() => void look.refetch()} />}
        {amount !== null && look.data !== undefined && <Outlook look={look.data} currency={currency} />}
      </section>
      <CodeField id="code" label={t("new.code")} value={code} onChange={setCode} purpose={purpose} send={send} />
      {request.isError && <Failure error={request.error} />}
      <Button type="primary" htmlType="submit" size="large" disabled={!ready} loading={request.isPending}>
        {request.isPending
          ? t("new.submitting")
          : t("new.submit", { amount: amount === null ? "" : money(amount, currency) })}
      </Button>
    </form>
  );
}

/** What can be withdrawn of this money now. */
async function availableOf({ source }: Of, id: string): Promise<{ available: number; currency: string }> {
  if (source === "proceeds") {
    const found = await ok(api.GET("/v1/parties/{id}/explain", { params: { path: { id } } }));
    return { available: found.proceeds?.available_minor ?? 0, currency: found.currency };
  }
  const found = await ok(api.GET("/v1/parties/{id}/overview", { params: { path: { id } } }));
  return { available: found.withdrawable_minor, currency: found.currency };
}

export function NewWithdrawal({ source }: Of) {
  const { t } = useTexts();
  const session = useSession();
  const { id } = session.party;
  const query = useQuery({
    queryKey: ["new-withdrawal", source],
    queryFn: async () => {
      const [money, accounts] = await Promise.all([
        availableOf({ source }, id),
        ok(api.GET("/v1/parties/{id}/payout-accounts", { params: { path: { id } } })),
      ]);
      return { ...money, accounts: accounts.data };
    },
  });
  return (
    <>
      <PageHead title={t("new.title")}>
        <Link to={source === "proceeds" ? "/shop/withdrawals" : "/withdrawals"}>{t("wd.title")}</Link>
      </PageHead>
      <section className="panel">
        {mayRequest(session) ? (
          <Loaded query={query} rows={8}>
            {(found) => <Form source={source} {...found} />}
          </Loaded>
        ) : (
          <Alert type="warning" showIcon title={t("new.view")} />
        )}
      </section>
    </>
  );
}
