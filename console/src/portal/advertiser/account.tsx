// The advertising account: how it stands, what stops delivery, what to pay, and every movement (A1, A3–A5, A10).
import { useInfiniteQuery } from "@tanstack/react-query";
import { Alert, Button, Segmented } from "antd";
import { Link, useNavigate, useSearchParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { money } from "../../format/money";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { Amount, PageHead, State, What } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { ACCOUNT_STATES, type Account, useAccount, useResume } from "./api";
import { Resumed } from "./resumed";

/** What is wrong with the account, before anything else, with the way out of it. */
function Standing({ account }: { account: Account }) {
  const { t, language } = useTexts();
  const session = useSession();
  const navigate = useNavigate();
  const may = mayRequest(session);
  const sentence = language === "en" ? account.message_en : account.message_zh;
  if (account.state !== "normal") {
    return (
      <Alert
        type="error"
        showIcon
        role="alert"
        className="gap"
        title={t("ad.arrears.title", { amount: money(account.arrears_minor, account.currency) })}
        description={
          <>
            <div>{sentence}</div>
            <div className="soft">
              {t("ad.arrears.since")} <span className="amount">{time(account.arrears_since, session.zone)}</span>
            </div>
          </>
        }
        action={
          may ? (
            <Button type="primary" onClick={() => void navigate("/ads/top-up")}>
              {t("ad.topup")}
            </Button>
          ) : null
        }
      />
    );
  }
  if (typeof account.stopped_at === "string") {
    return (
      <Alert
        type="warning"
        showIcon
        className="gap"
        title={t("ad.stopped")}
        description={sentence}
        action={
          may ? (
            <Button type="primary" onClick={() => void navigate("/ads/top-up")}>
              {t("ad.topup")}
            </Button>
          ) : null
        }
      />
    );
  }
  return null;
}

/** Campaigns that a top-up has made resumable. */
function Resumable({ account }: { account: Account }) {
  const { t } = useTexts();
  const session = useSession();
  const resume = useResume();
  const waiting = account.campaigns.to_be_resumed;
  if (waiting === 0) return <Resumed resume={resume} />;
  return (
    <>
      <Alert
        type="warning"
        showIcon
        className="gap"
        title={t("ad.resume.title", { count: waiting })}
        description={<Link to="/ads/campaigns?status=to_be_resumed">{t("ad.resume.each")}</Link>}
        action={
          mayRequest(session) && account.state === "normal" && account.balance_minor > 0 ? (
            <Button type="primary" loading={resume.isPending} onClick={() => resume.mutate(null)}>
              {t("ad.resume.all")}
            </Button>
          ) : null
        }
      />
      <Resumed resume={resume} />
    </>
  );
}

function Figure({ name, what, children }: React.PropsWithChildren<{ name: string; what: string }>) {
  return (
    <dl className="figure">
      <dt>
        {name}
        <What of={name}>{what}</What>
      </dt>
      <dd>{children}</dd>
    </dl>
  );
}

function Figures({ account }: { account: Account }) {
  const { t } = useTexts();
  const session = useSession();
  const navigate = useNavigate();
  const { currency } = account;
  const big = (minor: number) => (
    <div className="big">
      <Amount minor={minor} currency={currency} />
    </div>
  );
  return (
    <div className="figures">
      <Figure name={t("ad.balance")} what={t("ad.balance.what")}>
        {big(account.balance_minor)}
        <div className="soft">
          {t("ad.cash")} <Amount minor={account.cash_minor} currency={currency} /> · {t("ad.grants")}{" "}
          <Amount minor={account.grants_minor} currency={currency} />
        </div>
        {mayRequest(session) && (
          <Button type="primary" onClick={() => void navigate("/ads/top-up")}>
            {t("ad.topup")}
          </Button>
        )}
      </Figure>
      <Figure name={t("ad.arrears")} what={t("ad.arrears.what")}>
        {big(account.arrears_minor)}
      </Figure>
      <Figure name={t("ad.today")} what={t("ad.today.what")}>
        {big(account.spent_today_minor)}
        <div className="soft">
          {t("ad.daily")} <Amount minor={account.daily_spend_minor} currency={currency} />
        </div>
      </Figure>
      <Figure name={t("ad.runout")} what={t("ad.runout.what")}>
        <div className="amount" style={{ fontSize: 16, lineHeight: "34px" }}>
          {account.balance_minor > 0 ? time(account.run_out_at, session.zone) : t("ad.runout.now")}
        </div>
      </Figure>
      <Figure name={t("ad.running")} what={t("ad.running.what")}>
        <div className="big">
          {account.campaigns.on} / {account.campaigns.total}
        </div>
        <Link to="/ads/campaigns">{t("common.detail")}</Link>
      </Figure>
    </div>
  );
}

type Line = Schemas["Page_AdLine"]["data"][number];

function Log({ currency }: { currency: string }) {
  const { t, either } = useTexts();
  const { party, zone } = useSession();
  const [params, setParams] = useSearchParams();
  const of = params.get("of") === "arrears" ? "arrears" : "cash";
  const query = useInfiniteQuery({
    queryKey: ["ad-lines", of],
    queryFn: ({ pageParam }) =>
      ok(
        api.GET("/v1/parties/{id}/ad-account/lines", {
          params: {
            path: { id: party.id },
            query: { of, limit: 20, ...(pageParam === "" ? {} : { cursor: pageParam }) },
          },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: 15_000,
  });
  const columns: Column<Line>[] = [
    { title: t("ad.log.at"), show: (line) => <span className="amount">{time(line.at, zone)}</span> },
    { title: t("ad.log.what"), show: (line) => either(line) },
    {
      title: t("ad.log.change"),
      end: true,
      show: (line) => (
        <Amount minor={line.change_minor} currency={currency} signed />
      ),
    },
    { title: t("ad.log.after"), end: true, show: (line) => <Amount minor={line.balance_minor} currency={currency} /> },
  ];
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t("ad.log")}</h2>
        <Segmented
          size="small"
          value={of}
          onChange={(value) => setParams(value === "arrears" ? { of: "arrears" } : {}, { replace: true })}
          options={[
            { value: "cash", label: t("ad.cash") },
            { value: "arrears", label: t("ad.arrears") },
          ]}
        />
      </div>
      <Records query={query} columns={columns} name={t("ad.log")} rowKey={(line) => line.id} none={t("ad.log.none")} />
    </section>
  );
}

function Grants({ account }: { account: Account }) {
  const { t } = useTexts();
  const { zone } = useSession();
  if (account.grants.length === 0) return null;
  return (
    <section className="panel">
      <h2>{t("ad.grants")}</h2>
      <p className="soft">{t("ad.grants.what")}</p>
      <ul className="cards">
        {account.grants.map((grant) => (
          <li key={grant.id}>
            <div className="row" style={{ justifyContent: "space-between" }}>
              <span>{grant.reason}</span>
              <strong>
                <Amount minor={grant.left_minor} currency={account.currency} />
              </strong>
            </div>
            <div className="soft amount">
              {t("ad.grants.until")} {time(grant.expires_at, zone)}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function AdAccount() {
  const { t, named } = useTexts();
  const query = useAccount();
  return (
    <>
      <PageHead title={t("ad.title")}>
        {query.data !== undefined && (
          <State colour={ACCOUNT_STATES[query.data.state] ?? "grey"}>{named("ad.state", query.data.state)}</State>
        )}
      </PageHead>
      <Loaded query={query} rows={8}>
        {(account) => (
          <>
            <Standing account={account} />
            <Resumable account={account} />
            <Figures account={account} />
            <Grants account={account} />
            <Log currency={account.currency} />
          </>
        )}
      </Loaded>
    </>
  );
}
