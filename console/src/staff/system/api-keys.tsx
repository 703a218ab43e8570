// Keys of the platform's programs (P18): a token is shown once.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Input, Select } from "antd";
import { useState } from "react";
import { type Schemas, api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { useAsk } from "../../ui/ask";
import { Failure } from "../../ui/failure";
import { Id, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { useStaff } from "../session";
import { useList } from "../ui/lists";
import { Actor, At } from "../ui/names";

type Row = Schemas["ApiKey"];

const DAY_SECONDS = 86_400;

/** The one time that a token is there to be copied. */
function Once({ token, done }: { token: string; done: () => void }) {
  const { t } = useTexts();
  return (
    <Alert
      type="success"
      className="gap"
      title={t("staff.key.once")}
      description={<Id id={token} />}
      action={<Button onClick={done}>{t("staff.key.copied")}</Button>}
    />
  );
}

function Make({ made }: { made: (token: string) => void }) {
  const { t } = useTexts();
  const { scopes } = useStaff();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<string[]>([]);
  const make = useMutation({
    mutationFn: () => ok(api.POST("/v1/api-keys", { body: { name: name.trim(), scopes: chosen } })),
    onSuccess: (answer) => {
      setName("");
      setChosen([]);
      made(answer.token);
    },
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <section className="panel">
      <h2>{t("staff.key.make")}</h2>
      {make.isError && <Failure error={make.error} />}
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <div className="field">
          <label htmlFor="key-name">{t("staff.key.name")}</label>
          <Input id="key-name" maxLength={100} value={name} onChange={(e) => setName(e.target.value)} />
        </div>
        <div className="field">
          <label htmlFor="key-scopes">{t("staff.key.scopes")}</label>
          <Select
            id="key-scopes"
            mode="multiple"
            value={chosen}
            onChange={setChosen}
            options={scopes.map((value) => ({ value, label: value }))}
          />
        </div>
        <Button type="primary" htmlType="submit" loading={make.isPending} disabled={name.trim() === "" || chosen.length === 0}>
          {t("staff.key.make")}
        </Button>
      </form>
    </section>
  );
}

function Acts({ row, rotated }: { row: Row; rotated: (token: string) => void }) {
  const { t } = useTexts();
  const { message } = App.useApp();
  const ask = useAsk();
  const client = useQueryClient();
  const params = { path: { id: row.id }, header: { "If-Match": `"${row.version}"` } };
  const rotate = useMutation({
    mutationFn: () => ok(api.POST("/v1/api-keys/{id}/rotate", { params, body: { grace_seconds: DAY_SECONDS } })),
    onSuccess: (answer) => rotated(answer.token),
    onSettled: () => client.invalidateQueries(),
  });
  const revoke = useMutation({
    mutationFn: () => ok(api.POST("/v1/api-keys/{id}/revoke", { params })),
    onSuccess: () => message.success(t("staff.key.revoked")),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <span className="row">
      <Button size="small" loading={rotate.isPending} onClick={() => ask(t("staff.key.rotate.ask"), t("staff.key.rotate"), () => rotate.mutate())}>
        {t("staff.key.rotate")}
      </Button>
      <Button size="small" danger loading={revoke.isPending} onClick={() => ask(t("staff.key.revoke.ask", { name: row.name }), t("staff.key.revoke"), () => revoke.mutate())}>
        {t("staff.key.revoke")}
      </Button>
      {rotate.isError && <Failure error={rotate.error} />}
      {revoke.isError && <Failure error={revoke.error} />}
    </span>
  );
}

export function ApiKeys() {
  const { t } = useTexts();
  const [token, setToken] = useState("");
  const query = useList<Row>(["api-keys"], (cursor) => ok(api.GET("/v1/api-keys", { params: { query: { limit: 50, ...cursor } } })), false);
  const columns: Column<Row>[] = [
    { title: t("staff.key.name"), show: (row) => row.name },
    {
      title: t("common.status"),
      show: (row) =>
        typeof row.revoked_at === "string" ? (
          <State colour="grey">{t("staff.key.revoked")}</State>
        ) : (
          <State colour="green">{t("staff.key.active")}</State>
        ),
    },
    { title: t("staff.id"), show: (row) => <Id id={row.id} /> },
    { title: t("staff.key.scopes"), wideOnly: true, show: (row) => <span className="mono soft">{row.scopes.join(" ")}</span> },
    {
      title: t("staff.key.created"),
      show: (row) => (
        <>
          <At at={row.created_at} /> <Actor of={row.created_by} />
        </>
      ),
    },
    { title: t("staff.key.expires"), show: (row) => <At at={row.expires_at} /> },
    { title: t("common.actions"), show: (row) => typeof row.revoked_at !== "string" && <Acts row={row} rotated={setToken} /> },
  ];
  return (
    <>
      <PageHead title={t("staff.nav.keys")} />
      {token !== "" && <Once token={token} done={() => setToken("")} />}
      <section className="panel">
        <Records query={query} columns={columns} name={t("staff.nav.keys")} rowKey={(row) => row.id} none={t("staff.key.none")} />
      </section>
      <Make made={setToken} />
    </>
  );
}
