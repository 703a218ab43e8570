// A ledger line: both accounts, what it is about, the line that it names (P1).
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { Amount, Id, PageHead, Pairs } from "../../ui/parts";
import { At, Ref } from "../ui/names";
import { accountName } from "./books";

function Side({ title, id, after }: { title: string; id: string; after: number }) {
  const { t, named } = useTexts();
  const query = useQuery({
    queryKey: ["account", id],
    queryFn: () => ok(api.GET("/v1/accounts/{id}", { params: { path: { id } } })),
  });
  return (
    <section className="panel">
      <h2>{title}</h2>
      <Loaded query={query}>
        {(account) => (
          <Pairs
            pairs={[
              [t("staff.ledger.account"), <Link key="account" to={`/ledger/accounts/${id}`}>{accountName(named, account)}</Link>],
              [
                t("staff.ledger.owner"),
                account.owner === "platform" ? t("staff.ledger.platform.owner") : <Ref key="owner" id={account.owner} />,
              ],
              [t("staff.ledger.after"), <Amount key="after" minor={after} currency={account.currency} />],
              [t("staff.ledger.now"), <Amount key="now" minor={account.posted_minor} currency={account.currency} />],
            ]}
          />
        )}
      </Loaded>
    </section>
  );
}

export function Transfer() {
  const { t, named } = useTexts();
  const { id = "" } = useParams();
  const query = useQuery({
    queryKey: ["transfer", id],
    queryFn: () => ok(api.GET("/v1/transfers/{id}", { params: { path: { id } } })),
  });
  return (
    <>
      <PageHead title={t("staff.ledger.transfer")}>
        <Link to="/ledger">{t("staff.nav.ledger")}</Link>
      </PageHead>
      <Loaded query={query} rows={8}>
        {(line) => (
          <>
            <section className="panel">
              <Pairs
                pairs={[
                  [t("staff.id"), <Id key="id" id={line.id} />],
                  [t("staff.ledger.at"), <At key="at" at={line.at} />],
                  [t("staff.ledger.kind"), `${named("staff.transfer", line.kind)} · ${named("staff.transfer.action", line.action)}`],
                  [t("wd.amount"), <Amount key="amount" minor={line.amount_minor} />],
                  [t("staff.ledger.about"), <Ref key="about" id={line.subject} />],
                  [t("staff.ledger.of"), <Ref key="of" id={line.of} />],
                ]}
              />
            </section>
            <div className="columns">
              <Side title={t("staff.ledger.debit")} id={line.debit} after={line.debit_after_minor} />
              <Side title={t("staff.ledger.credit")} id={line.credit} after={line.credit_after_minor} />
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}
