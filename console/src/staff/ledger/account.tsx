// An account: what it is, its lines from the newest on, a day's opening and closing (P2).
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearchParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { day as dayOf } from "../../format/time";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { Amount, Id, PageHead, Pairs, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { useStaff } from "../session";
import { useList } from "../ui/lists";
import { At, Ref } from "../ui/names";
import { accountName } from "./books";

type Row = Schemas["HistoryLine"];

/** Opening + lines = closing, for any day. */
function Day({ id, currency }: { id: string; currency: string }) {
  const { t } = useTexts();
  const { now, zone } = useStaff();
  const [params, setParams] = useSearchParams();
  const date = params.get("day") ?? dayOf(now, zone);
  const query = useQuery({
    queryKey: ["account", id, "day", date],
    queryFn: () => ok(api.GET("/v1/accounts/{id}/days/{date}", { params: { path: { id, date } } })),
  });
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>
          <label htmlFor="account-day">{t("staff.ledger.day")}</label>
        </h2>
        <span className="filters" style={{ margin: 0 }}>
          <input id="account-day" type="date" value={date} onChange={(e) => e.target.value !== "" && setParams({ day: e.target.value })} />
        </span>
      </div>
      <Loaded query={query}>
        {(found) => (
          <Pairs
            pairs={[
              [t("staff.ledger.opening"), <Amount key="opening" minor={found.opening_minor} currency={currency} />],
              [
                t("staff.ledger.change"),
                <Amount key="change" minor={found.closing_minor - found.opening_minor} currency={currency} signed />,
              ],
              [t("staff.ledger.closing"), <Amount key="closing" minor={found.closing_minor} currency={currency} />],
              [t("staff.ledger.entries"), found.entries],
            ]}
          />
        )}
      </Loaded>
    </section>
  );
}

function Lines({ id, currency }: { id: string; currency: string }) {
  const { t, named } = useTexts();
  const query = useList<Row>(["account", id, "lines"], (cursor) =>
    ok(api.GET("/v1/accounts/{id}/lines", { params: { path: { id }, query: { limit: 50, ...cursor } } })),
  );
  const columns: Column<Row>[] = [
    { title: t("staff.ledger.at"), show: (row) => <At at={row.transfer.at} /> },
    {
      title: t("staff.ledger.kind"),
      show: (row) => (
        <>
          {named("staff.transfer", row.transfer.kind)} <span className="soft">{named("staff.transfer.action", row.transfer.action)}</span>
        </>
      ),
    },
    { title: t("wd.amount"), end: true, show: (row) => <Amount minor={row.transfer.amount_minor} currency={currency} /> },
    { title: t("staff.ledger.change"), end: true, show: (row) => <Amount minor={row.change_minor} currency={currency} signed /> },
    { title: t("staff.ledger.balance"), end: true, show: (row) => <Amount minor={row.balance_minor} currency={currency} /> },
    {
      title: t("staff.ledger.other"),
      show: (row) => {
        const other = row.transfer.debit === id ? row.transfer.credit : row.transfer.debit;
        return (
          <Link to={`/ledger/accounts/${other}`}>
            {row.other === null || row.other === undefined ? other : accountName(named, row.other)}
          </Link>
        );
      },
    },
    { title: t("staff.ledger.about"), show: (row) => <Ref id={row.transfer.subject} /> },
    { title: t("staff.ledger.transfer"), show: (row) => <Ref id={row.transfer.id} /> },
  ];
  return (
    <section className="panel">
      <h2>{t("staff.ledger.lines")}</h2>
      <Records query={query} columns={columns} name={t("staff.ledger.lines")} rowKey={(row) => row.transfer.id} none={t("staff.ledger.noLines")} />
    </section>
  );
}

export function Account() {
  const { t, named } = useTexts();
  const { id = "" } = useParams();
  const query = useQuery({
    queryKey: ["account", id],
    queryFn: () => ok(api.GET("/v1/accounts/{id}", { params: { path: { id } } })),
    refetchInterval: 15_000,
  });
  return (
    <Loaded query={query} rows={8}>
      {(account) => (
        <>
          <PageHead title={accountName(named, account)}>
            <Link to="/ledger">{t("staff.nav.ledger")}</Link>
          </PageHead>
          <div className="columns">
            <section className="panel">
              <h2>{t("staff.ledger.account")}</h2>
              <Pairs
                pairs={[
                  [t("staff.id"), <Id key="id" id={account.id} />],
                  [
                    t("staff.ledger.owner"),
                    account.owner === "platform" ? t("staff.ledger.platform.owner") : <Ref key="owner" id={account.owner} />,
                  ],
                  [t("staff.ledger.side"), t(account.side === "debit" ? "staff.ledger.debit" : "staff.ledger.credit")],
                  [t("staff.ledger.posted"), <Amount key="posted" minor={account.posted_minor} currency={account.currency} />],
                  [t("staff.ledger.heldOut"), <Amount key="out" minor={account.held_out_minor} currency={account.currency} />],
                  [t("staff.ledger.heldIn"), <Amount key="in" minor={account.held_in_minor} currency={account.currency} />],
                  [t("staff.ledger.available"), <Amount key="available" minor={account.available_minor} currency={account.currency} />],
                  [t("staff.ledger.entries"), account.entries],
                ]}
              />
              <p className="row" style={{ marginBottom: 0 }}>
                {account.floored && <State colour="blue">{t("staff.ledger.floored")}</State>}
                {account.closed && <State colour="red">{t("staff.ledger.closed")}</State>}
              </p>
            </section>
            <Day id={id} currency={account.currency} />
          </div>
          <Lines id={id} currency={account.currency} />
        </>
      )}
    </Loaded>
  );
}
