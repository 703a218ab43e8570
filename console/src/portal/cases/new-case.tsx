// Asks the desk, about a record or about anything (X17, P26).
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Select } from "antd";
import { type FormEvent, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { api, ok } from "../../api/client";
import { useSession } from "../../app/session";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { ChooseFiles, attach } from "../../ui/files";
import { PageHead } from "../../ui/parts";
import { Subject } from "./about";
import { BY_HAND } from "./states";

/** Which kinds make sense for whom. */
function kindsOf(roles: string[], subject: string): string[] {
  return BY_HAND.filter((kind) => {
    if (kind === "fee_dispute") return subject.startsWith("wd_");
    if (kind === "limit_query" || kind === "appeal") return roles.includes("merchant");
    return true;
  });
}

export function NewCase() {
  const { t, named } = useTexts();
  const { party } = useSession();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [params] = useSearchParams();
  const subject = params.get("subject") ?? "";
  const kinds = kindsOf(party.roles, subject);
  const wanted = params.get("kind") ?? "help";
  const [kind, setKind] = useState(kinds.includes(wanted) ? wanted : "help");
  const [summary, setSummary] = useState("");
  const [text, setText] = useState("");
  const [files, setFiles] = useState<File[]>([]);
  const open = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/v1/cases", {
          body: {
            party_id: party.id,
            kind,
            summary: summary.trim(),
            ...(subject === "" ? {} : { subject }),
            ...(text.trim() === "" ? {} : { text: text.trim() }),
          },
        }),
      ),
    onSuccess: async (made) => {
      try {
        await attach(party.id, made.id, files);
        message.success(t("case.made"));
      } catch {
        // The case is there; its page takes the files again and says what is wrong with them.
        message.warning(t("case.made.files"), 6);
      }
      await client.invalidateQueries({ queryKey: ["cases"] });
      await navigate(`/cases/${made.id}`, { replace: true });
    },
  });
  const ready = summary.trim() !== "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) open.mutate();
  };
  return (
    <>
      <PageHead title={t("case.new")}>
        <Link to="/cases">{t("case.title")}</Link>
      </PageHead>
      <section className="panel">
        <form className="form" onSubmit={submit}>
          {subject !== "" && (
            <div>
              <span className="soft">{t("case.subject")}</span> <Subject id={subject} />
            </div>
          )}
          <div className="field">
            <label htmlFor="case-kind">{t("case.kind")}</label>
            <Select
              id="case-kind"
              value={kind}
              onChange={setKind}
              options={kinds.map((value) => ({ value, label: named("case.kind", value) }))}
            />
          </div>
          <div className="field">
            <label htmlFor="case-summary">{t("case.summary")}</label>
            <Input
              id="case-summary"
              maxLength={200}
              value={summary}
              onChange={(event) => setSummary(event.target.value)}
            />
          </div>
          <div className="field">
            <label htmlFor="case-text">{t("case.text.more")}</label>
            <Input.TextArea
              id="case-text"
              rows={6}
              maxLength={4000}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </div>
          <div>
            <ChooseFiles label={t("files.add")} onFiles={(more) => setFiles([...files, ...more])} />
            {files.length > 0 && (
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
            )}
            <p className="soft" style={{ margin: "4px 0 0" }}>
              {t("files.what")}
            </p>
          </div>
          {open.isError && <Failure error={open.error} />}
          <Button type="primary" htmlType="submit" disabled={!ready} loading={open.isPending}>
            {t("case.send")}
          </Button>
        </form>
      </section>
    </>
  );
}
