// The platform's own accounts, and the way to any other (P1, P2).
import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type FormEvent, useState } from "react";
import { Link, useNavigate } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { Amount, PageHead } from "../../ui/parts";
import { type Column, Rows } from "../../ui/records";
import { useStaff } from "../session";
import { At, pageOf } from "../ui/names";

type Account = Schemas["AccountView"];

export function accountName(named: (prefix: string, code: string) => string, account: { kind?: string | null; qualifier?: string | null }): string {
  const kind = account.kind ?? "";
  return account.qualifier ? `${named("staff.account", kind)} ${account.qualifier}` : named("staff.account", kind);
}

function Find() {
  const { t } = useTexts();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const place = /^(acc|tr|wd|pty)_/.test(text.trim()) ? pageOf(text.trim()) : null;
    if (place === null) setWrong(true);
    else void navigate(place);
  };
  return (
    <form className="filters" role="search" onSubmit={submit}>
      <div className="field">
        <label htmlFor="ledger-id">{t("staff.ledger.find")}</label>
        <Input
          id="ledger-id"
          style={{ width: "min(340px, 80vw)" }}
          placeholder="acc_… tr_… wd_… pty_…"
          value={text}
          status={wrong ? "error" : ""}
          onChange={(e) => {
            setText(e.target.value);
            setWrong(false);
          }}
        />
        {wrong && <span className="taken">{t("staff.ledger.find.wrong")}</span>}
      </div>
      <Button type="primary" htmlType="submit">
        {t("common.query")}
      </Button>
    </form>
  );
}

export function Books() {
  const { t, named } = useTexts();
  useStaff();
  const query = useQuery({
    queryKey: ["accounts", "platform"],
    queryFn: () => ok(api.GET("/v1/accounts", { params: { query: { owner: "platform" } } })),
    refetchInterval: 30_000,
  });
  const columns: Column<Account>[] = [
    {
      title: t("staff.ledger.account"),
      show: (account) => (
        <>
          <Link to={`/ledger/accounts/${account.id}`}>{accountName(named, account)}</Link>
          <div className="soft mono">
            {account.kind} {account.qualifier}
          </div>
        </>
      ),
    },
    { title: t("staff.ledger.side"), wideOnly: true, show: (account) => t(account.side === "debit" ? "staff.ledger.debit" : "staff.ledger.credit") },
    { title: t("staff.ledger.posted"), end: true, show: (account) => <Amount minor={account.posted_minor} currency={account.currency} /> },
    { title: t("staff.ledger.heldOut"), end: true, show: (account) => <Amount minor={account.held_out_minor} currency={account.currency} /> },
    { title: t("staff.ledger.available"), end: true, show: (account) => <Amount minor={account.available_minor} currency={account.currency} /> },
    { title: t("staff.ledger.entries"), end: true, wideOnly: true, show: (account) => <span className="amount">{account.entries}</span> },
    { title: t("staff.ledger.last"), show: (account) => <At at={account.last_at} /> },
  ];
  return (
    <>
      <PageHead title={t("staff.nav.ledger")} />
      <section className="panel">
        <Find />
        <Loaded query={query} rows={8}>
          {(found) =>
            found.data.length === 0 ? (
              <p className="soft">{t("staff.ledger.none")}</p>
            ) : (
              <Rows rows={found.data} columns={columns} name={t("staff.ledger.platform")} rowKey={(account) => account.id} />
            )
          }
        </Loaded>
      </section>
    </>
  );
}
