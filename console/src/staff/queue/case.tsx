// One case: what it is about, what was said, the files, and what the desk does with it (P26).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Checkbox, Input, Select } from "antd";
import type { TextAreaRef } from "antd/es/input/TextArea";
import { type ReactNode, type RefObject, useRef, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Loaded } from "../../ui/loaded";
import { Id, PageHead, Pairs, State } from "../../ui/parts";
import { useMay, useStaff } from "../session";
import { Download, fetched } from "../ui/download";
import { KeyHelp, useKeys } from "../ui/keys";
import { Actor, At, Ref, useColleagues } from "../ui/names";
import { WithReason } from "../ui/reason";
import { CASE_STATES, isLive, useTake } from "./cases";
import { Appeal, Dispute, ReviewOf, Studio } from "./decide";

type View = Schemas["CaseView"];
type File = Schemas["CaseDetail"]["attachments"][number];

/** Decided with the record that they are about, so that case and record never say different things. */
const WITH_RECORD = new Set(["review", "studio_upgrade", "credit_application", "limit_appeal", "paperwork", "risk_review", "statement_dispute"]);

const BIG = 5 * 1024 * 1024;

/** Shows a picture where it stands; anything else is saved. */
function Attached({ id, file }: { id: string; file: File }) {
  const { t } = useTexts();
  const [wanted, setWanted] = useState(false);
  const path = `/v1/cases/${id}/attachments/${file.n}`;
  const shows = /^image\/(png|jpeg|webp|gif)$/.test(file.media_type) && file.size <= BIG;
  const picture = useQuery({
    queryKey: ["attachment", id, file.n],
    // As data: what the policy of the pages lets an image be.
    queryFn: async () => {
      const { blob } = await fetched(path);
      return await new Promise<string>((done, failed) => {
        const reader = new FileReader();
        reader.onload = () => done(String(reader.result));
        reader.onerror = () => failed(reader.error);
        reader.readAsDataURL(blob);
      });
    },
    enabled: wanted,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <li>
      <div className="row" style={{ justifyContent: "space-between" }}>
        <span>
          {file.name}{" "}
          <span className="soft">
            {file.media_type} · {Math.ceil(file.size / 1024)} kB · <At at={file.at} />
          </span>{" "}
          {file.internal && <State colour="orange">{t("staff.case.internal")}</State>}
        </span>
        <span className="row">
          {shows && <Button onClick={() => setWanted(!wanted)}>{t(wanted ? "staff.file.hide" : "staff.file.show")}</Button>}
          <Download path={path} name={file.name} text={t("staff.file.save")} />
        </span>
      </div>
      {wanted && picture.isError && <Failure error={picture.error} />}
      {wanted && picture.data !== undefined && <img className="picture" src={picture.data} alt={file.name} />}
    </li>
  );
}

function Say({ view, field }: { view: View; field: RefObject<TextAreaRef | null> }) {
  const { t } = useTexts();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [text, setText] = useState("");
  const [internal, setInternal] = useState(false);
  const [asks, setAsks] = useState(false);
  const say = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/v1/cases/{id}/messages", {
          params: { path: { id: view.id }, header: { "If-Match": `"${view.version}"` } },
          body: { text: text.trim(), internal, asks: asks && !internal },
        }),
      ),
    onSuccess: () => {
      setText("");
      void message.success(t("staff.saved"));
    },
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <form
      className="form"
      style={{ maxWidth: "none" }}
      onSubmit={(event) => {
        event.preventDefault();
        say.mutate();
      }}
    >
      {say.isError && <Failure error={say.error} />}
      <div className="field">
        <label htmlFor="say">{t(internal ? "staff.case.note" : "staff.case.answer")}</label>
        <Input.TextArea
          id="say"
          ref={field}
          rows={4}
          maxLength={4000}
          value={text}
          onChange={(e) => setText(e.target.value)}
        />
      </div>
      <div className="row">
        <Checkbox checked={internal} onChange={(e) => setInternal(e.target.checked)}>
          {t("staff.case.internal")}
        </Checkbox>
        <Checkbox checked={asks && !internal} disabled={internal || view.party_id === null} onChange={(e) => setAsks(e.target.checked)}>
          {t("staff.case.asks")}
        </Checkbox>
        <Button type="primary" htmlType="submit" loading={say.isPending} disabled={text.trim() === ""}>
          {t("staff.case.send")}
        </Button>
      </div>
    </form>
  );
}

function Give({ view }: { view: View }) {
  const { t, named } = useTexts();
  const client = useQueryClient();
  const colleagues = useColleagues();
  const give = useMutation({
    mutationFn: (owner: string) =>
      ok(
        api.POST("/v1/cases/{id}/assignment", {
          params: { path: { id: view.id }, header: { "If-Match": `"${view.version}"` } },
          body: { owner },
        }),
      ),
    onSettled: () => client.invalidateQueries(),
  });
  const people = (colleagues.data?.data ?? []).filter((one) => one.active && one.role !== "read-only");
  return (
    <>
      <Select
        aria-label={t("staff.case.give")}
        placeholder={t("staff.case.give")}
        style={{ minWidth: 180 }}
        value={null}
        loading={give.isPending}
        onChange={(owner: string | null) => {
          if (owner !== null) give.mutate(owner);
        }}
        options={people.map((one) => ({ value: one.id, label: `${one.login} · ${named("staff.role", one.role)}` }))}
      />
      {give.isError && <Failure error={give.error} />}
    </>
  );
}

/** Where a case that belongs to a record is decided. */
function Elsewhere({ view }: { view: View }) {
  const { t } = useTexts();
  const subject = view.subject ?? "";
  const place = view.kind === "paperwork" && subject.startsWith("st_") ? `/settlements/${subject}` : null;
  if (view.kind === "risk_review" && typeof view.party_id === "string") return <ReviewOf party={view.party_id} of={view.id} />;
  return (
    <Alert
      type="info"
      showIcon
      className="gap"
      title={t("staff.case.elsewhere")}
      description={place === null ? <Ref id={subject} /> : <Link to={place}>{t("staff.settlement")}</Link>}
    />
  );
}

function Decide({ view, open, setOpen }: { view: View; open: string; setOpen: (what: string) => void }) {
  const { t } = useTexts();
  if (view.kind === "studio_upgrade" && typeof view.party_id === "string") return <Studio party={view.party_id} />;
  if (view.kind === "limit_appeal" && typeof view.party_id === "string") return <Appeal party={view.party_id} of={view.id} />;
  if (view.kind === "statement_dispute" && typeof view.subject === "string") return <Dispute statement={view.subject} />;
  if (WITH_RECORD.has(view.kind)) return <Elsewhere view={view} />;
  const decide = (decision: string) => (reason: string) =>
    ok(
      api.POST("/v1/cases/{id}/decision", {
        params: { path: { id: view.id }, header: { "If-Match": `"${view.version}"` } },
        body: { decision, reason },
      }),
    );
  const trigger = (what: string) => ({ open: open === what, set: (now: boolean) => setOpen(now ? what : "") });
  return (
    <span className="row">
      <WithReason
        text={t("staff.case.resolve")}
        title={t("staff.case.resolve.what")}
        label={t("staff.case.outcome")}
        primary
        most={1000}
        done={t("staff.saved")}
        act={decide("resolve")}
        trigger={trigger("resolve")}
      />
      <WithReason
        text={t("staff.case.refuse")}
        title={t("staff.case.refuse.what")}
        label={t("staff.case.outcome")}
        danger
        most={1000}
        done={t("staff.saved")}
        act={decide("refuse")}
        trigger={trigger("refuse")}
      />
    </span>
  );
}

function Found({ detail }: { detail: Schemas["CaseDetail"] }) {
  const { t, named, either } = useTexts();
  const may = useMay();
  const me = useStaff().staff_id;
  const navigate = useNavigate();
  const field = useRef<TextAreaRef>(null);
  const [deciding, setDeciding] = useState("");
  const take = useTake();
  const { case: view, messages, attachments } = detail;
  const works = may("cases:write") && isLive(view);
  const decides = works && !WITH_RECORD.has(view.kind);
  useKeys({
    u: () => void navigate("/cases"),
    t: works ? () => take.mutate(view) : undefined,
    a: works ? () => field.current?.focus() : undefined,
    r: decides ? () => setDeciding("resolve") : undefined,
    x: decides ? () => setDeciding("refuse") : undefined,
  });
  return (
    <>
      <PageHead title={view.summary}>
        <Link to="/cases">{t("staff.nav.cases")}</Link>
      </PageHead>
      <KeyHelp
        keys={[
          ["u", t("staff.keys.back")],
          ...(works ? ([["t", t("staff.keys.take")], ["a", t("staff.keys.answer")]] as [string, string][]) : []),
          ...(decides ? ([["r", t("staff.case.resolve")], ["x", t("staff.case.refuse")]] as [string, string][]) : []),
        ]}
      />
      {take.isError && <Failure error={take.error} />}
      <div className="columns">
        <section className="panel">
          <div className="panel-head">
            <span className="row">
              <State colour={CASE_STATES[view.state] ?? "grey"}>{named("staff.case.state", view.state)}</State>
              {view.overdue && <State colour="red">{t("staff.case.late")}</State>}
            </span>
            {works && (
              <span className="row">
                {view.owner !== me && (
                  <Button loading={take.isPending} onClick={() => take.mutate(view)}>
                    {t("staff.case.take")}
                  </Button>
                )}
                <Give view={view} />
              </span>
            )}
          </div>
          <p>{either({ zh: view.state_zh, en: view.state_en })}</p>
          <Pairs
            pairs={[
              [t("staff.id"), <Id key="id" id={view.id} />],
              [t("staff.case.kind"), named("staff.case.kind", view.kind)],
              [t("staff.case.party"), <Ref key="party" id={view.party_id} />],
              [t("staff.case.subject"), <Ref key="subject" id={view.subject} />],
              [t("staff.case.owner"), <Actor key="owner" of={view.owner} />],
              [t("staff.case.opened"), <At key="opened" at={view.opened_at} />],
              [t("staff.case.due"), view.calendar_missing ? t("wd.expected.unknown") : <At key="due" at={view.due_at} />],
              ...(view.closed_at === null || view.closed_at === undefined
                ? []
                : ([
                    [t("staff.case.closed"), <At key="closed" at={view.closed_at} />],
                    [t("staff.case.closedBy"), <Actor key="by" of={view.closed_by} />],
                    [t("staff.case.outcome"), view.outcome_reason],
                  ] as [string, ReactNode][])),
            ]}
          />
        </section>
        <section className="panel">
          <h2>{t("staff.case.files")}</h2>
          {attachments.length === 0 ? (
            <p className="soft">{t("staff.case.files.none")}</p>
          ) : (
            <ul className="cards">
              {attachments.map((file) => (
                <Attached key={file.n} id={view.id} file={file} />
              ))}
            </ul>
          )}
        </section>
      </div>
      {works && (
        <section className="panel">
          <h2>{t("staff.case.decide")}</h2>
          <Decide view={view} open={deciding} setOpen={setDeciding} />
        </section>
      )}
      <section className="panel">
        <h2>{t("staff.case.talk")}</h2>
        {messages.length === 0 && <p className="soft">{t("staff.case.talk.none")}</p>}
        <ol className="talk">
          {messages.map((one) => (
            <li key={one.n} className={one.internal ? "internal" : ""}>
              <div className="soft">
                <Actor of={one.author ?? one.from} /> · <At at={one.at} />{" "}
                {one.internal && <State colour="orange">{t("staff.case.internal")}</State>}
                {one.asks && <State colour="blue">{t("staff.case.asked")}</State>}
              </div>
              {one.text}
            </li>
          ))}
        </ol>
        {works && <Say view={view} field={field} />}
        {may("cases:write") && !isLive(view) && (
          <WithReason
            text={t("staff.case.reopen")}
            title={t("staff.case.reopen.what")}
            label={t("staff.case.answer")}
            most={4000}
            done={t("staff.saved")}
            act={(text) =>
              ok(
                api.POST("/v1/cases/{id}/reopen", {
                  params: { path: { id: view.id }, header: { "If-Match": `"${view.version}"` } },
                  body: { text },
                }),
              )
            }
          />
        )}
      </section>
    </>
  );
}

export function Case() {
  const { id = "" } = useParams();
  const query = useQuery({
    queryKey: ["case", id],
    queryFn: () => ok(api.GET("/v1/cases/{id}", { params: { path: { id } } })),
    refetchInterval: 15_000,
  });
  return (
    <Loaded query={query} rows={10}>
      {(detail) => <Found detail={detail} />}
    </Loaded>
  );
}
