// One matter: what was said, what was handed in, how it ended (P26, X17).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input } from "antd";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { useAsk } from "../../ui/ask";
import { Failure } from "../../ui/failure";
import { FileList, SendFiles } from "../../ui/files";
import { Loaded } from "../../ui/loaded";
import { PageHead, Pairs, State } from "../../ui/parts";
import { every } from "../live";
import { Subject } from "./about";
import { CASE_STATES, isClosed } from "./states";

type Detail = Schemas["CaseDetail"];

/** Says something, in an open matter or to open a closed one again. */
function Say({ found }: { found: Detail["case"] }) {
  const { t } = useTexts();
  const { party } = useSession();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [text, setText] = useState("");
  const closed = isClosed(found.state);
  const path = { id: party.id, case: found.id };
  const say = useMutation({
    mutationFn: () => {
      const request = { params: { path }, body: { text: text.trim() } };
      return closed
        ? ok(api.POST("/v1/parties/{id}/cases/{case}/reopen", request))
        : ok(api.POST("/v1/parties/{id}/cases/{case}/messages", request));
    },
    onSuccess: () => {
      setText("");
      message.success(t(closed ? "case.reopened" : "case.said"));
    },
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== "") say.mutate();
      }}
    >
      <div className="field">
        <label htmlFor="case-text">{t(closed ? "case.reopen.text" : "case.text")}</label>
        <Input.TextArea
          id="case-text"
          rows={4}
          maxLength={4000}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      {say.isError && <Failure error={say.error} />}
      <Button type="primary" htmlType="submit" disabled={text.trim() === ""} loading={say.isPending}>
        {t(closed ? "case.reopen" : "case.say")}
      </Button>
    </form>
  );
}

function Withdraw({ id }: { id: string }) {
  const { t } = useTexts();
  const { party } = useSession();
  const ask = useAsk();
  const client = useQueryClient();
  const withdraw = useMutation({
    mutationFn: () =>
      ok(api.POST("/v1/parties/{id}/cases/{case}/withdraw", { params: { path: { id: party.id, case: id } } })),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <>
      <Button
        danger
        loading={withdraw.isPending}
        onClick={() => ask(t("case.withdraw.ask"), t("case.withdraw"), () => withdraw.mutate())}
      >
        {t("case.withdraw")}
      </Button>
      {withdraw.isError && <Failure error={withdraw.error} />}
    </>
  );
}

function Standing({ found }: { found: Detail["case"] }) {
  const { t, named, language } = useTexts();
  const session = useSession();
  const { zone } = session;
  return (
    <section className="panel">
      <div className="panel-head">
        <span className="row">
          <State colour={CASE_STATES[found.state] ?? "grey"}>{named("case.state", found.state)}</State>
          <span>{language === "en" ? found.state_en : found.state_zh}</span>
        </span>
        {!isClosed(found.state) && mayRequest(session) && <Withdraw id={found.id} />}
      </div>
      <Pairs
        pairs={[
          [t("case.kind"), named("case.kind", found.kind)],
          [t("case.subject"), typeof found.subject === "string" ? <Subject key="subject" id={found.subject} /> : null],
          [t("case.opened"), time(found.opened_at, zone)],
          [t("case.due"), time(found.due_at, zone)],
          ...(typeof found.outcome_reason === "string"
            ? ([[t("case.outcome"), found.outcome_reason]] as [string, string][])
            : []),
        ]}
      />
    </section>
  );
}

function Talk({ messages }: { messages: Detail["messages"] }) {
  const { t, named } = useTexts();
  const { zone } = useSession();
  if (messages.length === 0) return <p className="soft">{t("case.quiet")}</p>;
  return (
    <ol className="talk" aria-label={t("case.talk")}>
      {messages.map((one) => (
        <li key={one.n} className={one.from === "party" ? "own" : ""}>
          <div className="soft">
            {named("case.from", one.from)} · <span className="amount">{time(one.at, zone)}</span>{" "}
            {one.asks && <State colour="orange">{t("case.asks")}</State>}
          </div>
          <div className="said">{one.text}</div>
        </li>
      ))}
    </ol>
  );
}

export function Case() {
  const { t } = useTexts();
  const session = useSession();
  const { party } = session;
  const client = useQueryClient();
  const { id = "" } = useParams();
  const query = useQuery({
    queryKey: ["case", id],
    queryFn: () => ok(api.GET("/v1/parties/{id}/cases/{case}", { params: { path: { id: party.id, case: id } } })),
    refetchInterval: (found) =>
      found.state.data !== undefined && isClosed(found.state.data.case.state) ? false : every(15_000),
  });
  const may = mayRequest(session);
  return (
    <>
      <PageHead title={query.data?.case.summary ?? t("case.one")}>
        <Link to="/cases">{t("case.title")}</Link>
      </PageHead>
      <Loaded query={query} rows={8}>
        {(found) => (
          <>
            <Standing found={found.case} />
            <div className="columns">
              <section className="panel" aria-live="polite">
                <h2>{t("case.talk")}</h2>
                <Talk messages={found.messages} />
                {may && <Say found={found.case} />}
              </section>
              <section className="panel">
                <h2>{t("files.title")}</h2>
                <FileList party={party.id} id={id} files={found.attachments} />
                {may && !isClosed(found.case.state) && (
                  <SendFiles party={party.id} id={id} done={() => void client.invalidateQueries({ queryKey: ["case", id] })} />
                )}
              </section>
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}
