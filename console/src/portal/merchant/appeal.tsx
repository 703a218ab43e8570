// Another look at what holds the limit: with a plan, and papers (C7).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Modal } from "antd";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, ok } from "../../api/client";
import { useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { ChooseFiles, attach } from "../../ui/files";
import { State } from "../../ui/parts";
import { CASE_STATES } from "../cases/states";

function Form({ against, done }: { against: string; done: () => void }) {
  const { t } = useTexts();
  const { party } = useSession();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [plan, setPlan] = useState("");
  const [files, setFiles] = useState<File[]>([]);
  const file = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/v1/parties/{id}/limit/appeals", {
          params: { path: { id: party.id } },
          body: { against, plan: plan.trim() },
        }),
      ),
    onSuccess: async (made) => {
      try {
        await attach(party.id, made.case.id, files);
        message.success(t("appeal.filed"));
      } catch {
        message.warning(t("case.made.files"), 6);
      }
      done();
      await client.invalidateQueries();
      await navigate(`/cases/${made.case.id}`);
    },
  });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (plan.trim() !== "") file.mutate();
      }}
    >
      <div className="field">
        <label htmlFor="appeal-plan">{t("appeal.plan")}</label>
        <Input.TextArea
          id="appeal-plan"
          rows={5}
          maxLength={4000}
          value={plan}
          onChange={(event) => setPlan(event.target.value)}
        />
      </div>
      <div>
        <ChooseFiles label={t("files.add")} onFiles={(more) => setFiles([...files, ...more])} />
        <ul>
          {files.map((one, index) => (
            <li key={`${one.name} ${index}`}>{one.name}</li>
          ))}
        </ul>
      </div>
      {file.isError && <Failure error={file.error} />}
      <Button type="primary" htmlType="submit" disabled={plan.trim() === ""} loading={file.isPending}>
        {t("appeal.file")}
      </Button>
    </form>
  );
}

/** Appeals against one of the things that hold the limit. */
export function Appeal({ against, name }: { against: string; name: string }) {
  const { t } = useTexts();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {t("appeal.file")}
      </Button>
      <Modal open={open} onCancel={() => setOpen(false)} footer={null} destroyOnHidden title={t("appeal.against", { name })}>
        <Form against={against} done={() => setOpen(false)} />
      </Modal>
    </>
  );
}

/** Appeals so far, and where they stand. */
export function Appeals() {
  const { t, named } = useTexts();
  const { party, zone } = useSession();
  const query = useQuery({
    queryKey: ["appeals"],
    queryFn: () => ok(api.GET("/v1/parties/{id}/limit/appeals", { params: { path: { id: party.id } } })),
  });
  const appeals = query.data?.data ?? [];
  if (appeals.length === 0) return null;
  return (
    <section className="panel">
      <h2>{t("appeal.title")}</h2>
      <ul className="cards">
        {appeals.map((one) => (
          <li key={one.against}>
            <div className="row" style={{ justifyContent: "space-between" }}>
              <Link to={`/cases/${one.case.id}`}>{one.case.summary}</Link>
              <State colour={CASE_STATES[one.case.state] ?? "grey"}>{named("case.state", one.case.state)}</State>
            </div>
            <div className="soft amount">{time(one.filed_at, zone)}</div>
            {typeof one.until === "string" && (
              <div className="soft">
                {t("appeal.until")} <span className="amount">{one.until}</span>
              </div>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
