// Versions of the policy: what each changed, what a text would change, and how one proposes it (P4, P16).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input } from "antd";
import { useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { type Schemas, api, newKey, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { useAsk } from "../../ui/ask";
import { Failure } from "../../ui/failure";
import { Loaded } from "../../ui/loaded";
import { PageHead, State } from "../../ui/parts";
import { useMay } from "../session";
import { At } from "../ui/names";
import { Changes } from "./changes";

function Version({ number }: { number: number }) {
  const query = useQuery({
    queryKey: ["policy", "version", number],
    queryFn: () => ok(api.GET("/v1/policy-versions/{number}/changes", { params: { path: { number } } })),
  });
  return <Loaded query={query}>{(found) => <Changes changes={found.changes} />}</Loaded>;
}

function Verdict({ found }: { found: Schemas["PolicyPreview"] }) {
  const { t } = useTexts();
  return (
    <>
      {found.issues.length > 0 && (
        <>
          <p>
            <State colour="red">{t("staff.policy.unreadable")}</State>
          </p>
          <ul>
            {found.issues.map((issue) => (
              <li key={`${issue.line} ${issue.message}`}>
                {t("staff.policy.line", { line: issue.line })} <span lang="en">{issue.message}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {found.short_notice.length > 0 && (
        <>
          <p>
            <State colour="red">{t("staff.policy.short", { days: found.notice_days })}</State>
          </p>
          <ul>
            {found.short_notice.map((one) => (
              <li key={one.key}>
                <span className="mono">{one.key}</span> {one.changes_on} → {t("staff.policy.earliest", { day: one.earliest })}
              </li>
            ))}
          </ul>
        </>
      )}
      {found.issues.length === 0 && <Changes changes={found.changes} />}
    </>
  );
}

/** Starts from the text in force, says what a change would do, and only then proposes it. */
function Propose() {
  const { t } = useTexts();
  const { message } = App.useApp();
  const ask = useAsk();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [text, setText] = useState<string | null>(null);
  const start = useQuery({
    queryKey: ["policy", "text"],
    queryFn: () => ok(api.GET("/v1/policy-versions/latest/text")),
  });
  const look = useMutation({ mutationFn: (text: string) => ok(api.POST("/v1/policy-versions/preview", { body: { text } })) });
  const propose = useMutation({
    mutationFn: ({ text, base }: { text: string; base: number }) =>
      ok(
        api.POST("/v1/approvals", {
          params: { header: { "Idempotency-Key": newKey() } },
          body: { policy: { text, base } },
        }),
      ),
    onSuccess: (made) => {
      void message.success(t("staff.proposed"));
      void navigate(`/approvals/${made.id}`);
    },
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <section className="panel">
      <h2>{t("staff.policy.propose")}</h2>
      <p className="soft">{t("staff.policy.propose.what")}</p>
      <Loaded query={start} rows={6}>
        {(file) => {
          const now = text ?? file.text;
          const found = look.data;
          const ready = found !== undefined && found.issues.length === 0 && found.short_notice.length === 0 && found.changes.length > 0;
          return (
            <div className="form" style={{ maxWidth: "none" }}>
              <div className="field">
                <label htmlFor="policy-text">{t("staff.policy.text", { version: file.number })}</label>
                <Input.TextArea
                  id="policy-text"
                  className="mono"
                  rows={14}
                  spellCheck={false}
                  value={now}
                  onChange={(e) => {
                    setText(e.target.value);
                    look.reset();
                  }}
                />
              </div>
              <div className="row">
                <Button loading={look.isPending} onClick={() => look.mutate(now)}>
                  {t("staff.policy.look")}
                </Button>
                <Button
                  type="primary"
                  disabled={!ready}
                  loading={propose.isPending}
                  onClick={() => ask(t("staff.policy.propose.ask"), t("staff.propose"), () => propose.mutate({ text: now, base: file.number }))}
                >
                  {t("staff.propose")}
                </Button>
              </div>
              {look.isError && <Failure error={look.error} />}
              {propose.isError && <Failure error={propose.error} />}
              {found !== undefined && <Verdict found={found} />}
            </div>
          );
        }}
      </Loaded>
    </section>
  );
}

export function Versions() {
  const { t } = useTexts();
  const may = useMay();
  const [params, setParams] = useSearchParams();
  const query = useQuery({
    queryKey: ["policy", "versions"],
    queryFn: () => ok(api.GET("/v1/policy-versions")),
  });
  const open = Number(params.get("version") ?? "");
  return (
    <>
      <PageHead title={t("staff.policy.versions")}>
        <Link to="/policy">{t("staff.nav.policy")}</Link>
      </PageHead>
      <section className="panel">
        <Loaded query={query}>
          {(found) => (
            <ul className="cards">
              {found.data.map((version) => (
                <li key={version.number}>
                  <div className="row" style={{ justifyContent: "space-between" }}>
                    <span>
                      <strong>{version.number}</strong> {version.name} <span className="mono soft">{version.digest}</span>{" "}
                      {typeof version.activated_at === "string" ? <At at={version.activated_at} /> : <span className="soft">{t("staff.policy.first")}</span>}
                    </span>
                    {typeof version.activated_at === "string" && (
                      <Button onClick={() => setParams(open === version.number ? {} : { version: `${version.number}` })}>
                        {t(open === version.number ? "staff.file.hide" : "staff.policy.changes")}
                      </Button>
                    )}
                  </div>
                  {open === version.number && <Version number={version.number} />}
                </li>
              ))}
            </ul>
          )}
        </Loaded>
      </section>
      {may("policy:write") && may("operations:write") && <Propose />}
    </>
  );
}
