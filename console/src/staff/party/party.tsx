// One party: who it is, where its money is, what it may do now, what happened (P6, P14).
import { useQuery } from "@tanstack/react-query";
import { Alert, Input, Select } from "antd";
import { type ReactNode, useState } from "react";
import { Link, useParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { isForbidden } from "../../api/problem";
import { useTexts } from "../../i18n";
import { parseAmount } from "../../format/money";
import { Loaded } from "../../ui/loaded";
import { Amount, Id, PageHead, Pairs, State } from "../../ui/parts";
import { WITHDRAWAL_STATES } from "../../portal/creator/states";
import { useMay, useStaff } from "../session";
import { Actor, At, Ref } from "../ui/names";
import { WithReason } from "../ui/reason";
import { Gate } from "./gate";
import { PARTY_STATES } from "./search";
import { Timeline } from "./timeline";

type Detail = Schemas["PartyDetail"];

function Acts({ party }: { party: Detail }) {
  const { t } = useTexts();
  const may = useMay();
  const params = { path: { id: party.id }, header: { "If-Match": `"${party.version}"` } };
  return (
    <span className="row">
      {may("parties:write") && party.status === "active" && (
        <WithReason
          text={t("staff.party.freeze")}
          title={t("staff.party.freeze.what")}
          label={t("staff.reason")}
          danger
          done={t("staff.party.frozen")}
          act={(reason) => ok(api.POST("/v1/parties/{id}/freeze", { params, body: { reason } }))}
        />
      )}
      {may("parties:write") && party.status === "frozen" && (
        <WithReason
          text={t("staff.party.unfreeze")}
          title={t("staff.party.unfreeze.what")}
          label={t("staff.reason.kept")}
          done={t("staff.party.unfrozen")}
          act={async (reason) => {
            // The reason is kept as a note: the change itself carries none.
            if (may("cases:write")) {
              const note = { kind: "note", text: reason };
              await ok(api.POST("/v1/parties/{id}/notes", { params: { path: { id: party.id } }, body: note }));
            }
            return await ok(api.POST("/v1/parties/{id}/unfreeze", { params }));
          }}
        />
      )}
      {may("cases:write") && (
        <WithReason
          text={t("staff.party.note")}
          title={t("staff.party.note.what")}
          label={t("staff.party.note")}
          done={t("staff.saved")}
          act={(text) =>
            ok(api.POST("/v1/parties/{id}/notes", { params: { path: { id: party.id } }, body: { kind: "note", text } }))
          }
        />
      )}
      {may("cases:write") && (
        <WithReason
          text={t("staff.party.flag")}
          title={t("staff.party.flag.what")}
          label={t("staff.party.flag")}
          done={t("staff.saved")}
          act={(text) =>
            ok(api.POST("/v1/parties/{id}/notes", { params: { path: { id: party.id } }, body: { kind: "flag", text } }))
          }
        />
      )}
    </span>
  );
}

function Flags({ party }: { party: Detail }) {
  const { t } = useTexts();
  const may = useMay();
  if (party.risk_flags.length === 0) return null;
  return (
    <section className="panel">
      <h2>{t("staff.party.flags")}</h2>
      <ul className="cards">
        {party.risk_flags.map((flag) => (
          <li key={flag.id}>
            <div className="row" style={{ justifyContent: "space-between" }}>
              <span>
                <State colour="red">{t("staff.party.flag")}</State> {flag.text}
              </span>
              {may("cases:write") && (
                <WithReason
                  text={t("staff.party.flag.clear")}
                  title={t("staff.party.flag.clear.what")}
                  label={t("staff.reason")}
                  done={t("staff.saved")}
                  act={(reason) =>
                    ok(
                      api.POST("/v1/parties/{id}/notes/{note}/clear", {
                        params: { path: { id: party.id, note: flag.id } },
                        body: { reason },
                      }),
                    )
                  }
                />
              )}
            </div>
            <span className="soft">
              <Actor of={flag.written_by} /> · <At at={flag.written_at} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Somebody who is not verified, or has no phone: a 404 is an answer here. */
function useMaybe<T>(key: unknown[], read: () => Promise<T>, on: boolean) {
  return useQuery({ queryKey: key, queryFn: read, enabled: on, retry: false });
}

function Who({ party }: { party: Detail }) {
  const { t, named } = useTexts();
  const may = useMay();
  const params = { path: { id: party.id } };
  const identity = useMaybe(["identity", party.id], () => ok(api.GET("/v1/parties/{id}/identity", { params })), may("identity:read"));
  const phone = useMaybe(["phone", party.id], () => ok(api.GET("/v1/parties/{id}/phone", { params })), may("identity:read"));
  const payouts = useMaybe(
    ["payout-accounts", party.id],
    () => ok(api.GET("/v1/parties/{id}/payout-accounts", { params })),
    may("withdrawals:read"),
  );
  return (
    <section className="panel">
      <h2>{t("staff.party.who")}</h2>
      <Pairs
        pairs={[
          [t("staff.id"), <Id key="id" id={party.id} />],
          [t("staff.party.external"), <span key="ext" className="mono">{party.external_id}</span>],
          [t("staff.party.form"), `${named("staff.party.form", party.legal_form)} · ${named("staff.party.class", party.class)}`],
          [t("staff.party.created"), <At key="at" at={party.created_at} />],
          [
            t("settings.identity"),
            identity.data === undefined ? null : (
              <span key="identity">
                {identity.data.name} {identity.data.number}{" "}
                <State colour={identity.data.state === "verified" ? "green" : "orange"}>
                  {named("settings.identity.state", identity.data.state)}
                </State>
              </span>
            ),
          ],
          [t("settings.phone"), phone.data?.phone],
          ...(payouts.data?.data ?? []).map(
            (account) =>
              [
                named("settings.accounts.kind", account.kind),
                <span key={account.id}>
                  {account.masked} {account.is_default && <State colour="blue">{t("settings.accounts.default")}</State>}
                  {account.locked && <State colour="red">{t("settings.accounts.locked")}</State>}
                </span>,
              ] as [string, ReactNode],
          ),
        ]}
      />
    </section>
  );
}

function Money({ party }: { party: Detail }) {
  const { t, named, either } = useTexts();
  const params = { path: { id: party.id } };
  const explained = useQuery({
    queryKey: ["explain", party.id],
    queryFn: () => ok(api.GET("/v1/parties/{id}/explain", { params })),
    refetchInterval: 15_000,
  });
  return (
    <section className="panel">
      <h2>{t("staff.party.money")}</h2>
      <Loaded query={explained}>
        {(found) => (
          <ul className="where">
            {[...found.items, ...(found.proceeds?.items ?? [])].map((item, index) => (
              <li key={`${item.code} ${index}`}>
                <div className="line">
                  <span>
                    <State colour={item.overdue ? "red" : "blue"}>{named("place", item.place)}</State>{" "}
                    <Amount minor={item.amount_minor} currency={found.currency} />
                  </span>
                  {typeof item.withdrawal_id === "string" && <Ref id={item.withdrawal_id} />}
                </div>
                <div>{either(item)}</div>
                <div className="soft">
                  {named("actor", item.who_must_act)} · {named("next", item.next_step)}
                  {typeof item.next_at === "string" && (
                    <>
                      {" "}
                      · <At at={item.next_at} />
                    </>
                  )}
                </div>
              </li>
            ))}
            {found.items.length === 0 && <li className="soft">{t("overview.where.none")}</li>}
          </ul>
        )}
      </Loaded>
    </section>
  );
}

function Accounts({ party }: { party: string }) {
  const { t, named } = useTexts();
  const accounts = useQuery({
    queryKey: ["accounts", party],
    queryFn: () => ok(api.GET("/v1/accounts", { params: { query: { owner: party } } })),
  });
  return (
    <section className="panel">
      <h2>{t("staff.ledger.accounts")}</h2>
      <Loaded query={accounts}>
        {(found) =>
          found.data.length === 0 ? (
            <p className="soft">{t("staff.ledger.none")}</p>
          ) : (
            <Pairs
              pairs={found.data.map((account) => [
                `${named("staff.account", account.kind ?? "")}${account.qualifier ? ` ${account.qualifier}` : ""}`,
                <Link key={account.id} to={`/ledger/accounts/${account.id}`}>
                  <Amount minor={account.posted_minor} currency={account.currency} />
                </Link>,
              ])}
            />
          )
        }
      </Loaded>
    </section>
  );
}

function Limit({ party }: { party: string }) {
  const { t, either } = useTexts();
  const { currency } = useStaff();
  const limit = useMaybe(["limit", party], () => ok(api.GET("/v1/parties/{id}/limit", { params: { path: { id: party } } })), true);
  const view = limit.data as Schemas["CreditLimit"] | undefined;
  if (view === undefined) return null;
  return (
    <section className="panel">
      <h2>{t("staff.party.limit")}</h2>
      <p>{either({ zh: view.message_zh, en: view.message_en })}</p>
      <Pairs
        pairs={(
          [
            ["limit.used", view.used_minor],
            ["limit.reserved", view.reserved_minor],
            ["limit.frozen", view.frozen_minor],
            ["limit.available", view.available_minor],
          ] as const
        ).map(([key, minor]) => [t(key), <Amount key={key} minor={minor} currency={currency} />])}
      />
    </section>
  );
}

function Ads({ party }: { party: string }) {
  const { t, either } = useTexts();
  const account = useMaybe(
    ["ad-account", party],
    () => ok(api.GET("/v1/parties/{id}/ad-account", { params: { path: { id: party } } })),
    true,
  );
  const view = account.data;
  if (view === undefined) return null;
  return (
    <section className="panel">
      <h2>{t("staff.party.ads")}</h2>
      <p>{either({ zh: view.message_zh, en: view.message_en })}</p>
      <Pairs
        pairs={[
          [t("staff.party.ads.cash"), <Amount key="cash" minor={view.cash_minor} currency={view.currency} />],
          [t("staff.party.ads.grants"), <Amount key="grants" minor={view.grants_minor} currency={view.currency} />],
          [t("staff.party.ads.arrears"), <Amount key="arrears" minor={view.arrears_minor} currency={view.currency} />],
          [t("staff.party.ads.today"), <Amount key="today" minor={view.spent_today_minor} currency={view.currency} />],
        ]}
      />
    </section>
  );
}

function LastWithdrawals({ party }: { party: string }) {
  const { t, named, either } = useTexts();
  const query = useQuery({
    queryKey: ["withdrawals", "party", party],
    queryFn: () => ok(api.GET("/v1/parties/{id}/withdrawals", { params: { path: { id: party }, query: { limit: 10 } } })),
    refetchInterval: 15_000,
  });
  return (
    <section className="panel">
      <h2>{t("staff.party.withdrawals")}</h2>
      <Loaded query={query}>
        {(found) =>
          found.data.length === 0 ? (
            <p className="soft">{t("wd.none")}</p>
          ) : (
            <ul className="cards">
              {found.data.map((row) => (
                <li key={row.id}>
                  <div className="row" style={{ justifyContent: "space-between" }}>
                    <span>
                      <State colour={WITHDRAWAL_STATES[row.state] ?? "grey"}>{named("wd.state", row.state)}</State>{" "}
                      <Amount minor={row.amount_minor} currency={row.currency} />
                    </span>
                    <Ref id={row.id} />
                  </div>
                  <div>{either(row.explanation)}</div>
                  <span className="soft">
                    <At at={row.requested_at} />
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </section>
  );
}

/** What a request for money would meet now. */
function WouldItPass({ party }: { party: Detail }) {
  const { t, named } = useTexts();
  const sources = party.roles.includes("merchant") ? ["earnings", "proceeds"] : ["earnings"];
  const [source, setSource] = useState(sources[sources.length - 1] ?? "earnings");
  const [text, setText] = useState("");
  const amount = parseAmount(text);
  const look = useQuery({
    queryKey: ["gate", party.id, source, amount],
    queryFn: () =>
      ok(
        api.GET("/v1/parties/{id}/gate", {
          params: { path: { id: party.id }, query: { source, ...(amount === null ? {} : { amount_minor: amount }) } },
        }),
      ),
    enabled: text === "" || amount !== null,
  });
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t("staff.gate.now")}</h2>
        <span className="row">
          {sources.length > 1 && (
            <Select
              aria-label={t("staff.gate.source")}
              value={source}
              onChange={setSource}
              options={sources.map((value) => ({ value, label: named("staff.source", value) }))}
            />
          )}
          <Input
            aria-label={t("wd.amount")}
            style={{ width: 130 }}
            placeholder={t("staff.gate.all")}
            value={text}
            status={text !== "" && amount === null ? "error" : ""}
            onChange={(e) => setText(e.target.value)}
          />
        </span>
      </div>
      <Loaded query={look}>{(found) => <Gate look={found} />}</Loaded>
    </section>
  );
}

export function Party() {
  const { t, named } = useTexts();
  const { id = "" } = useParams();
  const may = useMay();
  const query = useQuery({
    queryKey: ["party", id],
    queryFn: async () => (await ok(api.GET("/v1/parties/{id}", { params: { path: { id } } }))) as unknown as Detail,
    retry: (times, error) => !isForbidden(error) && times < 1,
  });
  return (
    <Loaded query={query} rows={10}>
      {(party) => (
        <>
          <PageHead title={party.display_name}>
            <Acts party={party} />
          </PageHead>
          <p className="row">
            <State colour={PARTY_STATES[party.status] ?? "grey"}>{named("staff.party.state", party.status)}</State>
            {party.roles.map((role) => (
              <State key={role} colour="blue">
                {named("staff.party.role", role)}
              </State>
            ))}
          </p>
          {party.status === "frozen" && (
            <Alert type="warning" showIcon className="gap" title={t("staff.party.frozen.why")} description={party.status_reason} />
          )}
          <Flags party={party} />
          <div className="masonry">
            <Who party={party} />
            {may("withdrawals:read") && <Money party={party} />}
            {may("ledger:read") && <Accounts party={party.id} />}
            {may("withdrawals:read") && <LastWithdrawals party={party.id} />}
            {party.roles.includes("merchant") && may("credit:read") && <Limit party={party.id} />}
            {party.roles.includes("advertiser") && may("ads:read") && <Ads party={party.id} />}
            {may("withdrawals:read") && <WouldItPass party={party} />}
          </div>
          <Timeline party={party.id} />
          {may("operations:read") && (
            <p>
              <Link to={`/audit?subject=${party.id}`}>{t("staff.party.audit")}</Link>
            </p>
          )}
        </>
      )}
    </Loaded>
  );
}
