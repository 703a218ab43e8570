// One campaign: why it is or is not shown, and what its keywords bid (A5, A9).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Switch } from "antd";
import { type FormEvent, useState } from "react";
import { Link, useParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { decimal, parseAmount } from "../../format/money";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { useAsk } from "../../ui/ask";
import { Failure } from "../../ui/failure";
import { Loaded } from "../../ui/loaded";
import { Amount, PageHead, Pairs, State } from "../../ui/parts";
import { CAMPAIGN_STATES, type Campaign as View, useResume } from "./api";
import { Resumed } from "./resumed";

type Keyword = Schemas["AdKeyword"];
type Item = Schemas["KeywordItem"];

function useKeywords(campaign: string, version: number) {
  const { message } = App.useApp();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (item: Item) =>
      ok(
        api.POST("/v1/ad-campaigns/{id}/keywords", {
          params: { path: { id: campaign }, header: { "If-Match": `"${version}"` } },
          body: { items: [item] },
        }),
      ),
    onSuccess: ({ items }) => {
      const error = items[0]?.error;
      if (error !== null && error !== undefined) message.warning(error.detail, 6);
    },
    onSettled: () => client.invalidateQueries(),
  });
}

/** A bid that is changed where it stands. */
function Bid({ keyword, save }: { keyword: Keyword; save: (item: Item) => void }) {
  const { t } = useTexts();
  const [text, setText] = useState(decimal(keyword.bid_minor));
  const amount = parseAmount(text);
  const changed = amount !== null && amount !== keyword.bid_minor;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (changed) save({ keyword: keyword.keyword, bid_minor: amount, removed: false });
  };
  return (
    <form className="row" onSubmit={submit}>
      <Input
        aria-label={`${t("camp.bid")} ${keyword.keyword}`}
        prefix="¥"
        inputMode="decimal"
        style={{ width: 120 }}
        value={text}
        status={amount === null ? "error" : ""}
        onChange={(event) => setText(event.target.value)}
      />
      <Button size="small" htmlType="submit" disabled={!changed}>
        {t("camp.bid.save")}
      </Button>
    </form>
  );
}

function AddKeyword({ save, pending }: { save: (item: Item) => void; pending: boolean }) {
  const { t } = useTexts();
  const [words, setWords] = useState("");
  const [text, setText] = useState("");
  const amount = parseAmount(text);
  const ready = words.trim() !== "" && amount !== null;
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        if (!ready) return;
        save({ keyword: words.trim(), bid_minor: amount, removed: false });
        setWords("");
        setText("");
      }}
    >
      <Input
        aria-label={t("camp.keyword")}
        placeholder={t("camp.keyword")}
        style={{ width: 200 }}
        maxLength={40}
        value={words}
        onChange={(event) => setWords(event.target.value)}
      />
      <Input
        aria-label={t("camp.bid")}
        placeholder={t("camp.bid")}
        prefix="¥"
        inputMode="decimal"
        style={{ width: 130 }}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button htmlType="submit" disabled={!ready} loading={pending}>
        {t("camp.keyword.add")}
      </Button>
    </form>
  );
}

function Keywords({ campaign }: { campaign: View }) {
  const { t } = useTexts();
  const session = useSession();
  const may = mayRequest(session);
  const ask = useAsk();
  const change = useKeywords(campaign.id, campaign.version);
  const query = useQuery({
    queryKey: ["keywords", campaign.id],
    queryFn: () =>
      ok(api.GET("/v1/ad-campaigns/{id}/keywords", { params: { path: { id: campaign.id }, query: { limit: 200 } } })),
  });
  const save = (item: Item) => change.mutate(item);
  return (
    <section className="panel">
      <h2>{t("camp.keywords")}</h2>
      {change.isError && <Failure error={change.error} />}
      <Loaded query={query}>
        {({ data }) => (
          <ul className="cards">
            {data.map((keyword) => (
              <li key={`${keyword.id} ${keyword.version}`}>
                <div className="row" style={{ justifyContent: "space-between" }}>
                  <strong>{keyword.keyword}</strong>
                  {may ? (
                    <span className="row">
                      <Bid keyword={keyword} save={save} />
                      <Switch
                        aria-label={`${t("camp.on")} ${keyword.keyword}`}
                        checked={keyword.on}
                        onChange={(on) => save({ keyword: keyword.keyword, on, removed: false })}
                      />
                      <Button
                        size="small"
                        danger
                        onClick={() =>
                          ask(t("camp.keyword.remove.ask"), t("common.confirm"), () =>
                            save({ keyword: keyword.keyword, removed: true }),
                          )
                        }
                      >
                        {t("camp.keyword.remove")}
                      </Button>
                    </span>
                  ) : (
                    <Amount minor={keyword.bid_minor} currency={session.currency} />
                  )}
                </div>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {may && <AddKeyword save={save} pending={change.isPending} />}
    </section>
  );
}

function Standing({ campaign }: { campaign: View }) {
  const { t, named, either } = useTexts();
  const session = useSession();
  const resume = useResume();
  const { status } = campaign;
  const waits = status.reasons.some((reason) => reason.code === "to_be_resumed");
  return (
    <section className="panel" aria-live="polite">
      <div className="panel-head">
        <State colour={CAMPAIGN_STATES[status.state] ?? "grey"}>{named("camp.state", status.state)}</State>
        {waits && mayRequest(session) && (
          <Button type="primary" loading={resume.isPending} onClick={() => resume.mutate(campaign.id)}>
            {t("camp.resume")}
          </Button>
        )}
      </div>
      <Resumed resume={resume} campaign={campaign.id} />
      <ul>
        {(status.reasons.length === 0 ? [status] : status.reasons).map((reason) => (
          <li key={reason.en}>{either(reason)}</li>
        ))}
      </ul>
      <Pairs
        pairs={[
          [
            t("camp.budget"),
            typeof campaign.daily_budget_minor === "number" ? (
              <Amount key="budget" minor={campaign.daily_budget_minor} currency={session.currency} />
            ) : (
              t("camp.budget.none")
            ),
          ],
          [t("ad.today"), <Amount key="today" minor={campaign.spent_today_minor} currency={session.currency} />],
          [t("camp.dates"), `${campaign.starts_on ?? "…"} – ${campaign.ends_on ?? "…"}`],
          [t("camp.made"), time(campaign.created_at, session.zone)],
        ]}
      />
    </section>
  );
}

export function Campaign() {
  const { t } = useTexts();
  const { id = "" } = useParams();
  const query = useQuery({
    queryKey: ["campaign", id],
    queryFn: () => ok(api.GET("/v1/ad-campaigns/{id}", { params: { path: { id } } })),
    refetchInterval: 10_000,
  });
  return (
    <>
      <PageHead title={query.data?.name ?? t("camp.title")}>
        <Link to="/ads/campaigns">{t("camp.title")}</Link>
      </PageHead>
      <Loaded query={query} rows={8}>
        {(campaign) => (
          <>
            <Standing campaign={campaign} />
            <Keywords campaign={campaign} />
          </>
        )}
      </Loaded>
    </>
  );
}
