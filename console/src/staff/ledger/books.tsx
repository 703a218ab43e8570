// The platform's own accounts, and the way to any other (P1, P2).
import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type FormEvent, useState } from "react";
import { Link, useNavigate } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { Amount, PageHead } from "../../ui/parts";
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
  const row = (account: Account) => (
    <tr key={account.id}>
      <td>
        <Link to={`/ledger/accounts/${account.id}`}>{accountName(named, account)}</Link>
        <div className="soft mono">
          {account.kind} {account.qualifier}
        </div>
      </td>
      <td>{t(account.side === "debit" ? "staff.ledger.debit" : "staff.ledger.credit")}</td>
      <td className="end">
        <Amount minor={account.posted_minor} currency={account.currency} />
      </td>
      <td className="end">
        <Amount minor={account.held_out_minor} currency={account.currency} />
      </td>
      <td className="end">
        <Amount minor={account.available_minor} currency={account.currency} />
      </td>
      <td className="end amount">{account.entries}</td>
      <td>
        <At at={account.last_at} />
      </td>
    </tr>
  );
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
              <div className="table-scroll" tabIndex={0} role="region" aria-label={t("staff.ledger.platform")}>
                <table className="records" aria-label={t("staff.ledger.platform")}>
                  <thead>
                    <tr>
                      <th scope="col">{t("staff.ledger.account")}</th>
                      <th scope="col">{t("staff.ledger.side")}</th>
                      <th scope="col" className="end">
                        {t("staff.ledger.posted")}
                      </th>
                      <th scope="col" className="end">
                        {t("staff.ledger.heldOut")}
                      </th>
                      <th scope="col" className="end">
                        {t("staff.ledger.available")}
                      </th>
                      <th scope="col" className="end">
                        {t("staff.ledger.entries")}
                      </th>
                      <th scope="col">{t("staff.ledger.last")}</th>
                    </tr>
                  </thead>
                  <tbody>{found.data.map(row)}</tbody>
                </table>
              </div>
            )
          }
        </Loaded>
      </section>
    </>
  );
}
