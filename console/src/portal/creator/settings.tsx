// First steps and what can be changed later: phone, real name, payout accounts (P7, P9, X4–X8).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Modal } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { useAsk } from "../../ui/ask";
import { Failure } from "../../ui/failure";
import { Loaded } from "../../ui/loaded";
import { Amount, type Colour, PageHead, Pairs, State } from "../../ui/parts";
import { AddAccount } from "./add-account";
import { CodeField, isCode } from "./code";
import { Phone } from "./phone";
import { orNone } from "./or-none";

const IDENTITY: Record<string, Colour> = { pending: "blue", verified: "green", refused: "red", voided: "orange" };

function IdentityForm() {
  const { t } = useTexts();
  const { party } = useSession();
  const { message } = App.useApp();
  const client = useQueryClient();
  const enterprise = party.legal_form === "enterprise";
  const [name, setName] = useState("");
  const [number, setNumber] = useState("");
  const submit = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/v1/parties/{id}/identity", {
          params: { path: { id: party.id } },
          body: { kind: enterprise ? "enterprise" : "person", name: name.trim(), number: number.trim() },
        }),
      ),
    onSuccess: async () => {
      message.success(t("settings.identity.submitted"));
      await client.invalidateQueries();
    },
  });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        submit.mutate();
      }}
    >
      <div className="field">
        <label htmlFor="real-name">{t(enterprise ? "settings.identity.enterprise" : "settings.identity.name")}</label>
        <Input id="real-name" autoComplete="name" value={name} onChange={(event) => setName(event.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="real-number">{t(enterprise ? "settings.identity.code" : "settings.identity.number")}</label>
        <Input
          id="real-number"
          autoComplete="off"
          maxLength={18}
          value={number}
          onChange={(event) => setNumber(event.target.value.toUpperCase())}
        />
      </div>
      {submit.isError && <Failure error={submit.error} />}
      <Button
        type="primary"
        htmlType="submit"
        disabled={name.trim() === "" || number.trim() === ""}
        loading={submit.isPending}
      >
        {t("settings.identity.submit")}
      </Button>
    </form>
  );
}

function Identity() {
  const { t, named } = useTexts();
  const session = useSession();
  const { party, zone } = session;
  const query = useQuery({
    queryKey: ["identity"],
    queryFn: () => orNone(ok(api.GET("/v1/parties/{id}/identity", { params: { path: { id: party.id } } }))),
    refetchInterval: (found) => (found.state.data?.state === "pending" ? 2_000 : false),
  });
  return (
    <section className="panel">
      <h2>{t("settings.identity")}</h2>
      <p className="soft">{t("settings.identity.what")}</p>
      <Loaded query={query}>
        {(identity) => (
          <>
            {identity === null ? (
              <p>
                <State colour="orange">{t("settings.identity.none")}</State>
              </p>
            ) : (
              <Pairs
                pairs={[
                  [
                    t("common.status"),
                    <State key="state" colour={IDENTITY[identity.state] ?? "grey"}>
                      {named("settings.identity.state", identity.state)}
                    </State>,
                  ],
                  [t("settings.identity.name"), identity.name],
                  [t("settings.identity.number"), identity.number],
                  [t("wd.requested"), time(identity.submitted_at, zone)],
                ]}
              />
            )}
            {mayRequest(session) && (identity === null || ["refused", "voided"].includes(identity.state)) && (
              <IdentityForm />
            )}
          </>
        )}
      </Loaded>
    </section>
  );
}

type Account = Schemas["PayoutAccountView"];
type Change = "default" | "unbind";

/** A change of an account that the bound phone confirms; accounts of the sandbox need no code. */
function AccountChange({ account, change, done }: { account: Account; change: Change; done: () => void }) {
  const { t } = useTexts();
  const { party } = useSession();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [code, setCode] = useState("");
  const needsCode = account.kind !== "sandbox";
  const path = { id: party.id, account: account.id };
  const run = useMutation({
    mutationFn: () => {
      const request = { params: { path }, body: needsCode ? { code } : {} };
      return change === "default"
        ? ok(api.POST("/v1/parties/{id}/payout-accounts/{account}/default", request))
        : ok(api.POST("/v1/parties/{id}/payout-accounts/{account}/unbind", request));
    },
    onSuccess: async () => {
      message.success(t("settings.accounts.changed"));
      await client.invalidateQueries();
      done();
    },
  });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        run.mutate();
      }}
    >
      <div>{account.masked}</div>
      {needsCode && (
        <CodeField
          id="change-code"
          label={t("settings.code")}
          value={code}
          onChange={setCode}
          purpose={`${change} ${account.id}`}
          send={() =>
            ok(
              api.POST("/v1/parties/{id}/payout-accounts/codes", {
                params: { path: { id: party.id } },
                body: { payout_account: account.id, change },
              }),
            )
          }
        />
      )}
      {run.isError && <Failure error={run.error} />}
      <Button type="primary" htmlType="submit" disabled={needsCode && !isCode(code)} loading={run.isPending}>
        {t(change === "default" ? "settings.accounts.makeDefault" : "settings.accounts.unbind")}
      </Button>
    </form>
  );
}

function Accounts() {
  const { t, named } = useTexts();
  const session = useSession();
  const { party, zone } = session;
  const [adding, setAdding] = useState(false);
  const [changing, setChanging] = useState<{ account: Account; change: Change } | null>(null);
  const query = useQuery({
    queryKey: ["payout-accounts"],
    queryFn: () => ok(api.GET("/v1/parties/{id}/payout-accounts", { params: { path: { id: party.id } } })),
  });
  const may = mayRequest(session);
  const ask = useAsk();
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t("settings.accounts")}</h2>
        {may && <Button onClick={() => setAdding(true)}>{t("settings.accounts.add")}</Button>}
      </div>
      <p className="soft">{t("settings.accounts.what")}</p>
      <Loaded query={query}>
        {({ data }) => (
          <>
            {data.length === 0 && <State colour="orange">{t("settings.accounts.none")}</State>}
            <ul className="cards">
              {data.map((account) => (
                <li key={account.id}>
                  <div className="row" style={{ justifyContent: "space-between" }}>
                    <span>
                      <strong>{account.masked}</strong>{" "}
                      <span className="soft">
                        {named("settings.accounts.kind", account.kind)} {account.bank}
                      </span>
                    </span>
                    <span className="row">
                      {account.is_default && <State colour="green">{t("settings.accounts.default")}</State>}
                      {account.locked && <State colour="red">{t("settings.accounts.locked")}</State>}
                      {may && !account.is_default && (
                        <Button size="small" onClick={() => setChanging({ account, change: "default" })}>
                          {t("settings.accounts.makeDefault")}
                        </Button>
                      )}
                      {may && (
                        <Button
                          size="small"
                          danger
                          onClick={() =>
                            ask(t("settings.accounts.unbind.ask"), t("common.confirm"), () =>
                              setChanging({ account, change: "unbind" }),
                            )
                          }
                        >
                          {t("settings.accounts.unbind")}
                        </Button>
                      )}
                    </span>
                  </div>
                  <div className="soft amount">{time(account.bound_at, zone)}</div>
                </li>
              ))}
            </ul>
          </>
        )}
      </Loaded>
      <Modal
        open={adding}
        onCancel={() => setAdding(false)}
        footer={null}
        destroyOnHidden
        title={t("settings.accounts.add")}
      >
        <AddAccount done={() => setAdding(false)} />
      </Modal>
      <Modal
        open={changing !== null}
        onCancel={() => setChanging(null)}
        footer={null}
        destroyOnHidden
        title={t(changing?.change === "default" ? "settings.accounts.makeDefault" : "settings.accounts.unbind")}
      >
        {changing !== null && <AccountChange {...changing} done={() => setChanging(null)} />}
      </Modal>
    </section>
  );
}

/** How far the studio upgrade is, and where to go on (X9). */
function StudioCard() {
  const { t } = useTexts();
  const { party, currency } = useSession();
  const query = useQuery({
    queryKey: ["studio"],
    queryFn: () => ok(api.GET("/v1/parties/{id}/studio", { params: { path: { id: party.id } } })),
  });
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t("studio.title")}</h2>
        <Link to="/studio">{t("common.detail")}</Link>
      </div>
      <Loaded query={query}>
        {(view) => (
          <p style={{ margin: 0 }}>
            {view.upgraded ? (
              <State colour="green">{t("studio.is")}</State>
            ) : (
              <>
                {t("studio.rolling", { months: view.window_months })}{" "}
                <Amount minor={view.rolling_minor} currency={currency} /> /{" "}
                <Amount minor={view.threshold_minor} currency={currency} />{" "}
                {view.required && <State colour="red">{t("studio.required")}</State>}
              </>
            )}
          </p>
        )}
      </Loaded>
    </section>
  );
}

export function Settings() {
  const { t } = useTexts();
  const { party } = useSession();
  return (
    <>
      <PageHead title={t("settings.title")} />
      <div className="columns">
        <Phone />
        <Identity />
      </div>
      <Accounts />
      {party.roles.includes("creator") && !party.corporate && <StudioCard />}
    </>
  );
}
