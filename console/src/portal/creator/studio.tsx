// The studio upgrade: how far it is, what changes, the application and its progress (X9, X10).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Input } from "antd";
import { type FormEvent, useState } from "react";
import { Link } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { ChooseFiles, FileList, SendFiles, attach } from "../../ui/files";
import { Loaded } from "../../ui/loaded";
import { Amount, PageHead, Pairs, State } from "../../ui/parts";
import { CASE_STATES, isClosed } from "../cases/states";
import { every } from "../live";

type View = Schemas["StudioView"];
type Application = Schemas["StudioApplication"];

function Progress({ view }: { view: View }) {
  const { t } = useTexts();
  const { currency } = useSession();
  const share = Math.min(100, (view.rolling_minor / Math.max(1, view.threshold_minor)) * 100);
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t("studio.far")}</h2>
        {view.upgraded ? (
          <State colour="green">{t("studio.is")}</State>
        ) : (
          view.required && <State colour="red">{t("studio.required")}</State>
        )}
      </div>
      {view.required && !view.upgraded && <Alert type="warning" showIcon className="gap" title={t("studio.required.what")} />}
      <div
        aria-hidden
        style={{ height: 14, borderRadius: 7, overflow: "hidden", background: "var(--line)", marginBottom: 16 }}
      >
        <div style={{ width: `${share}%`, height: 14, background: "#1668dc" }} />
      </div>
      <Pairs
        pairs={[
          [t("studio.rolling", { months: view.window_months }), <Amount key="r" minor={view.rolling_minor} currency={currency} />],
          [t("studio.threshold"), <Amount key="t" minor={view.threshold_minor} currency={currency} />],
          [t("studio.cap"), <Amount key="c" minor={view.daily_cap_minor} currency={currency} />],
          [t("studio.fee"), <Amount key="f" minor={view.fee_minor} currency={currency} />],
        ]}
      />
    </section>
  );
}

function Changes({ view }: { view: View }) {
  const { t, either, language } = useTexts();
  return (
    <section className="panel">
      <h2>{t("studio.changes")}</h2>
      <ul>
        {view.changes.map((one) => (
          <li key={one.en}>{either(one)}</li>
        ))}
      </ul>
      {view.links.map((link) => (
        <p key={link.url}>
          <a href={link.url} target="_blank" rel="noreferrer">
            {language === "en" ? link.title_en : link.title_zh}
          </a>
        </p>
      ))}
    </section>
  );
}

/** The steps of an application, and which of them are done. */
function Steps({ application, upgraded }: { application: Application; upgraded: boolean }) {
  const { t, named } = useTexts();
  const { party, zone } = useSession();
  const client = useQueryClient();
  const { case: matter } = application;
  const query = useQuery({
    queryKey: ["case", matter.id],
    queryFn: () =>
      ok(api.GET("/v1/parties/{id}/cases/{case}", { params: { path: { id: party.id, case: matter.id } } })),
    refetchInterval: () => every(15_000),
  });
  const files = query.data?.attachments ?? [];
  const steps: [string, boolean][] = [
    [t("studio.step.applied"), true],
    [t("studio.step.licence"), files.length > 0],
    [t("studio.step.decided"), isClosed(matter.state)],
    [t("studio.step.studio"), upgraded],
  ];
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t("studio.application")}</h2>
        <State colour={CASE_STATES[matter.state] ?? "grey"}>{named("case.state", matter.state)}</State>
      </div>
      <ol className="steps" aria-label={t("studio.application")}>
        {steps.map(([name, done]) => (
          <li key={name} aria-current={done ? undefined : "step"}>
            {name} <State colour={done ? "green" : "grey"}>{t(done ? "studio.done" : "studio.todo")}</State>
          </li>
        ))}
      </ol>
      <Pairs
        pairs={[
          [t("studio.name"), application.name],
          [t("studio.code"), application.credit_code],
          [t("studio.valid"), application.valid_until ?? t("studio.valid.always")],
          [t("studio.step.applied"), time(application.applied_at, zone)],
          [t("case.due"), time(matter.due_at, zone)],
          ...(typeof matter.outcome_reason === "string"
            ? ([[t("case.outcome"), matter.outcome_reason]] as [string, string][])
            : []),
        ]}
      />
      <h3>{t("studio.licence")}</h3>
      <FileList party={party.id} id={matter.id} files={files} />
      {!isClosed(matter.state) && (
        <SendFiles party={party.id} id={matter.id} done={() => void client.invalidateQueries({ queryKey: ["case", matter.id] })} />
      )}
      <p>
        <Link to={`/cases/${matter.id}`}>{t("case.open")}</Link>
      </p>
    </section>
  );
}

function Apply() {
  const { t } = useTexts();
  const { party } = useSession();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [code, setCode] = useState("");
  const [operator, setOperator] = useState("");
  const [until, setUntil] = useState("");
  const [files, setFiles] = useState<File[]>([]);
  const apply = useMutation({
    mutationFn: async () => {
      const made = await ok(
        api.POST("/v1/parties/{id}/studio", {
          params: { path: { id: party.id } },
          body: {
            name: name.trim(),
            credit_code: code.trim(),
            operator_name: operator.trim(),
            code_vouched: false,
            ...(until === "" ? {} : { valid_until: until }),
          },
        }),
      );
      try {
        await attach(party.id, made.case.id, files);
      } catch {
        // It is applied for; the licence can be handed in again, and the page says what is wrong with it.
        message.warning(t("case.made.files"), 6);
      }
    },
    onSuccess: () => message.success(t("studio.applied")),
    onSettled: () => client.invalidateQueries(),
  });
  const ready = [name, code, operator].every((text) => text.trim() !== "") && files.length > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) apply.mutate();
  };
  return (
    <section className="panel">
      <h2>{t("studio.apply")}</h2>
      <form className="form" onSubmit={submit}>
        <div className="field">
          <label htmlFor="studio-name">{t("studio.name")}</label>
          <Input id="studio-name" maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
        </div>
        <div className="field">
          <label htmlFor="studio-code">{t("studio.code")}</label>
          <Input
            id="studio-code"
            maxLength={18}
            autoComplete="off"
            value={code}
            onChange={(event) => setCode(event.target.value.toUpperCase())}
          />
        </div>
        <div className="field">
          <label htmlFor="studio-operator">{t("studio.operator")}</label>
          <Input
            id="studio-operator"
            autoComplete="name"
            value={operator}
            onChange={(event) => setOperator(event.target.value)}
          />
          <span className="soft">{t("studio.operator.what")}</span>
        </div>
        <div className="field">
          <label htmlFor="studio-until">{t("studio.valid")}</label>
          <Input id="studio-until" type="date" value={until} onChange={(event) => setUntil(event.target.value)} />
          <span className="soft">{t("studio.valid.what")}</span>
        </div>
        <div>
          <ChooseFiles label={t("studio.licence.choose")} onFiles={(more) => setFiles([...files, ...more])} />
          <ul>
            {files.map((file, index) => (
              <li key={`${file.name} ${index}`}>
                {file.name}{" "}
                <Button size="small" type="link" onClick={() => setFiles(files.filter((_, at) => at !== index))}>
                  {t("files.remove")}
                </Button>
              </li>
            ))}
          </ul>
        </div>
        {apply.isError && <Failure error={apply.error} />}
        <Button type="primary" htmlType="submit" disabled={!ready} loading={apply.isPending}>
          {t("studio.apply.send")}
        </Button>
      </form>
    </section>
  );
}

export function Studio() {
  const { t } = useTexts();
  const session = useSession();
  const { party } = session;
  const query = useQuery({
    queryKey: ["studio"],
    queryFn: () => ok(api.GET("/v1/parties/{id}/studio", { params: { path: { id: party.id } } })),
    refetchInterval: () => every(15_000),
  });
  return (
    <>
      <PageHead title={t("studio.title")}>
        <Link to="/settings">{t("settings.title")}</Link>
      </PageHead>
      <Loaded query={query} rows={8}>
        {(view) => {
          const application = view.application ?? null;
          const open = application !== null && !isClosed(application.case.state);
          return (
            <>
              <div className="columns">
                <Progress view={view} />
                <Changes view={view} />
              </div>
              {application !== null && <Steps application={application} upgraded={view.upgraded} />}
              {!view.upgraded && !open && mayRequest(session) && <Apply />}
            </>
          );
        }}
      </Loaded>
    </>
  );
}
