// Rails and the platform's own money at them (P10, P12): state, top-up, float in the ledger, what nobody knows yet.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Modal } from "antd";
import { type FormEvent, type ReactNode, useState } from "react";
import { Link } from "react-router";
import { type Schemas, api, newKey, ok } from "../../api/client";
import { money, parseAmount } from "../../format/money";
import { useTexts } from "../../i18n";
import { useAsk } from "../../ui/ask";
import { Failure } from "../../ui/failure";
import { Loaded } from "../../ui/loaded";
import { Amount, PageHead, Pairs, State } from "../../ui/parts";
import { Float, inUse, useRails } from "../home";
import { useMay, useStaff } from "../session";
import { useDesk } from "../shell";
import { WithReason } from "../ui/reason";

type Rail = Schemas["RailView"];

/** Books what the platform has paid in: the reference says which payment, so that it is booked once. */
function TopUp({ rail }: { rail: Rail }) {
  const { t } = useTexts();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [reference, setReference] = useState("");
  const [key, setKey] = useState(newKey);
  const amount = parseAmount(text);
  const book = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/v1/rails/{rail}/float-top-ups", {
          params: { path: { rail: rail.rail }, header: { "Idempotency-Key": key } },
          body: { amount_minor: amount ?? 0, reference: reference.trim() },
        }),
      ),
    onSuccess: (done) => {
      setOpen(false);
      setText("");
      setReference("");
      setKey(newKey());
      void message.success(t(done.new ? "staff.rail.booked" : "staff.rail.known", { amount: money(done.float_minor, rail.currency) }));
    },
    onSettled: () => client.invalidateQueries(),
  });
  const change = (set: (value: string) => void) => (value: string) => {
    set(value);
    // Another payment, another intent.
    setKey(newKey());
    book.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (amount !== null && reference.trim() !== "") book.mutate();
  };
  return (
    <>
      <Button type="primary" onClick={() => setOpen(true)}>
        {t("staff.rail.topup")}
      </Button>
      <Modal
        open={open}
        title={t("staff.rail.topup.what", { rail: rail.rail })}
        okText={amount === null ? t("staff.rail.book") : t("staff.rail.book.amount", { amount: money(amount, rail.currency) })}
        cancelText={t("common.back")}
        okButtonProps={{ loading: book.isPending, disabled: amount === null || reference.trim() === "" }}
        onOk={() => book.mutate()}
        onCancel={() => setOpen(false)}
        destroyOnHidden
      >
        {book.isError && <Failure error={book.error} />}
        <form className="form" onSubmit={submit}>
          <div className="field">
            <label htmlFor="topup-amount">{t("wd.amount")}</label>
            <Input id="topup-amount" inputMode="decimal" value={text} onChange={(e) => change(setText)(e.target.value)} autoFocus />
            {text !== "" && amount === null && <span className="error">{t("new.amount.bad")}</span>}
          </div>
          <div className="field">
            <label htmlFor="topup-reference">{t("staff.rail.reference")}</label>
            <Input id="topup-reference" maxLength={140} value={reference} onChange={(e) => change(setReference)(e.target.value)} />
            <span className="soft">{t("staff.rail.reference.what")}</span>
          </div>
        </form>
      </Modal>
    </>
  );
}

function Correction({ rail }: { rail: Rail }) {
  const { t } = useTexts();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [reason, setReason] = useState("");
  const minus = text.trim().startsWith("-");
  const size = parseAmount(text.replace("-", ""));
  const propose = useMutation({
    mutationFn: (key: string) =>
      ok(
        api.POST("/v1/approvals", {
          params: { header: { "Idempotency-Key": key } },
          body: { float_adjustment: { rail: rail.rail, amount_minor: (minus ? -1 : 1) * (size ?? 0), reason: reason.trim() } },
        }),
      ),
    onSuccess: () => {
      setOpen(false);
      setText("");
      setReason("");
      void message.success(t("staff.proposed"));
    },
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t("staff.rail.correct")}</Button>
      <Modal
        open={open}
        title={t("staff.rail.correct.what", { rail: rail.rail })}
        okText={t("staff.propose")}
        cancelText={t("common.back")}
        okButtonProps={{ loading: propose.isPending, disabled: size === null || reason.trim() === "" }}
        onOk={() => propose.mutate(newKey())}
        onCancel={() => setOpen(false)}
        destroyOnHidden
      >
        {propose.isError && <Failure error={propose.error} />}
        <div className="form">
          <div className="field">
            <label htmlFor="correct-amount">{t("staff.rail.correct.amount")}</label>
            <Input id="correct-amount" value={text} onChange={(e) => setText(e.target.value)} autoFocus />
          </div>
          <div className="field">
            <label htmlFor="correct-reason">{t("staff.reason")}</label>
            <Input.TextArea id="correct-reason" rows={3} maxLength={500} value={reason} onChange={(e) => setReason(e.target.value)} />
          </div>
        </div>
      </Modal>
    </>
  );
}

function Reopen({ rail }: { rail: Rail }) {
  const { t } = useTexts();
  const ask = useAsk();
  const client = useQueryClient();
  const reopen = useMutation({
    mutationFn: () => ok(api.POST("/v1/rails/{rail}/reopen", { params: { path: { rail: rail.rail } } })),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <>
      <Button loading={reopen.isPending} onClick={() => ask(t("staff.rail.reopen.ask"), t("staff.rail.reopen"), () => reopen.mutate())}>
        {t("staff.rail.reopen")}
      </Button>
      {reopen.isError && <Failure error={reopen.error} />}
    </>
  );
}

function One({ rail, account, unknown }: { rail: Rail; account: string | undefined; unknown: boolean }) {
  const { t } = useTexts();
  const may = useMay();
  return (
    <section className="panel" data-rail={rail.rail}>
      <div className="panel-head">
        <h2>{rail.rail}</h2>
        <span className="row">
          <State colour={rail.healthy ? "green" : "red"}>{t(rail.healthy ? "staff.rail.well" : "staff.rail.ill")}</State>
          <State colour={rail.connected ? "green" : "grey"}>{t(rail.connected ? "staff.rail.connected" : "staff.rail.gone")}</State>
          <State colour={rail.enabled ? "green" : "orange"}>{t(rail.enabled ? "staff.rail.on" : "staff.rail.off")}</State>
        </span>
      </div>
      <Float rail={rail} />
      <Pairs
        pairs={[
          [t("staff.rail.lowAt"), <Amount key="low" minor={rail.low_float_minor} currency={rail.currency} />],
          [t("staff.rail.single"), <Amount key="single" minor={rail.single_limit_minor} currency={rail.currency} />],
          [
            t("staff.rail.ledger"),
            account === undefined ? (
              t("staff.ledger.none")
            ) : (
              <Link key="ledger" to={`/ledger/accounts/${account}`}>
                {t("staff.rail.lines")}
              </Link>
            ),
          ],
          ...(rail.rail === "bank-file"
            ? ([[t("staff.bank"), <Link key="files" to="/rails/bank-file">{t("staff.bank.said")}</Link>]] as [string, ReactNode][])
            : []),
          [
            t("staff.rail.open"),
            <span key="open" className="row">
              <Link to={`/withdrawals?state=waiting_for_funds&rail=${rail.rail}`}>{t("wd.state.waiting_for_funds")}</Link>
              {unknown && <Link to={`/withdrawals?state=unknown&rail=${rail.rail}`}>{t("wd.state.unknown")}</Link>}
            </span>,
          ],
        ]}
      />
      {may("float:write") && (
        <p className="row" style={{ marginBottom: 0 }}>
          <TopUp rail={rail} />
          <WithReason
            text={t("staff.rail.custodian")}
            title={t("staff.rail.custodian.what")}
            label={t("staff.rail.custodian")}
            most={100}
            done={t("staff.saved")}
            act={(custodian) => ok(api.POST("/v1/rails/{rail}/custodian", { params: { path: { rail: rail.rail } }, body: { custodian } }))}
          />
          {may("operations:write") && <Correction rail={rail} />}
          {!rail.healthy && <Reopen rail={rail} />}
        </p>
      )}
    </section>
  );
}

export function Rails() {
  const { t } = useTexts();
  useStaff();
  const rails = useRails();
  const desk = useDesk();
  const accounts = useQuery({
    queryKey: ["accounts", "platform"],
    queryFn: () => ok(api.GET("/v1/accounts", { params: { query: { owner: "platform" } } })),
  });
  const account = (rail: string) => accounts.data?.data.find((one) => one.kind === "rail.float" && one.qualifier === rail)?.id;
  const unknown = (desk.data?.withdrawals.find((one) => one.state === "unknown")?.count ?? 0) > 0;
  return (
    <>
      <PageHead title={t("staff.nav.rails")} />
      <Loaded query={rails} rows={8}>
        {(found) => (
          <div className="columns">
            {[...found.data].sort((a, b) => Number(inUse(b)) - Number(inUse(a))).map((rail) => (
              <One key={rail.rail} rail={rail} account={account(rail.rail)} unknown={unknown} />
            ))}
          </div>
        )}
      </Loaded>
    </>
  );
}
