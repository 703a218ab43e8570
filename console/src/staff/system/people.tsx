// Who works here (P18): accounts, roles, first passwords.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Modal, Select } from "antd";
import { useState } from "react";
import { type Schemas, api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { useAsk } from "../../ui/ask";
import { Failure } from "../../ui/failure";
import { PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { useStaff } from "../session";
import { useList } from "../ui/lists";
import { Actor, At } from "../ui/names";

type Row = Schemas["Staff"];
type Patch = Schemas["StaffPatch"];

const ROLES = ["admin", "finance", "risk", "support", "read-only"];

function useRoles() {
  const { named } = useTexts();
  return ROLES.map((value) => ({ value, label: named("staff.role", value) }));
}

function Make() {
  const { t } = useTexts();
  const { message } = App.useApp();
  const roles = useRoles();
  const client = useQueryClient();
  const [login, setLogin] = useState("");
  const [role, setRole] = useState("support");
  const [password, setPassword] = useState("");
  const make = useMutation({
    mutationFn: () => ok(api.POST("/v1/staff", { body: { login: login.trim(), role, password } })),
    onSuccess: () => {
      setLogin("");
      setPassword("");
      void message.success(t("staff.saved"));
    },
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <section className="panel">
      <h2>{t("staff.people.make")}</h2>
      <p className="soft">{t("staff.people.make.what")}</p>
      {make.isError && <Failure error={make.error} />}
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <div className="field">
          <label htmlFor="new-login">{t("staff.signin.login")}</label>
          <Input id="new-login" autoComplete="off" maxLength={64} value={login} onChange={(e) => setLogin(e.target.value)} />
        </div>
        <div className="field">
          <label htmlFor="new-role">{t("staff.people.role")}</label>
          <Select id="new-role" value={role} onChange={setRole} options={roles} />
        </div>
        <div className="field">
          <label htmlFor="new-password">{t("staff.people.first")}</label>
          <Input.Password id="new-password" autoComplete="new-password" maxLength={256} value={password} onChange={(e) => setPassword(e.target.value)} />
        </div>
        <Button type="primary" htmlType="submit" loading={make.isPending} disabled={login.trim() === "" || password.length < 12}>
          {t("staff.people.make")}
        </Button>
      </form>
    </section>
  );
}

function Acts({ row }: { row: Row }) {
  const { t } = useTexts();
  const { message } = App.useApp();
  const { staff_id } = useStaff();
  const roles = useRoles();
  const ask = useAsk();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [password, setPassword] = useState("");
  const change = useMutation({
    mutationFn: (body: Patch) =>
      ok(api.PATCH("/v1/staff/{id}", { params: { path: { id: row.id }, header: { "If-Match": `"${row.version}"` } }, body })),
    onSuccess: () => {
      setOpen(false);
      setPassword("");
      void message.success(t("staff.saved"));
    },
    onSettled: () => client.invalidateQueries(),
  });
  if (typeof row.disabled_at === "string") return null;
  return (
    <span className="row">
      <Select
        size="small"
        aria-label={`${t("staff.people.role")} ${row.login}`}
        style={{ minWidth: 110 }}
        value={row.role}
        options={roles}
        disabled={row.id === staff_id || change.isPending}
        onChange={(role: string) => ask(t("staff.people.role.ask", { login: row.login }), t("common.confirm"), () => change.mutate({ role }))}
      />
      <Button size="small" onClick={() => setOpen(true)}>
        {t("staff.people.password")}
      </Button>
      {row.id !== staff_id && (
        <Button
          size="small"
          danger
          loading={change.isPending}
          onClick={() => ask(t("staff.people.disable.ask", { login: row.login }), t("staff.people.disable"), () => change.mutate({ disabled: true }))}
        >
          {t("staff.people.disable")}
        </Button>
      )}
      {change.isError && !open && <Failure error={change.error} />}
      <Modal
        open={open}
        title={t("staff.people.password.what", { login: row.login })}
        okText={t("staff.people.password")}
        cancelText={t("common.back")}
        okButtonProps={{ loading: change.isPending, disabled: password.length < 12 }}
        onOk={() => change.mutate({ password })}
        onCancel={() => setOpen(false)}
        destroyOnHidden
      >
        {change.isError && <Failure error={change.error} />}
        <div className="form">
          <div className="field">
            <label htmlFor={`password-${row.id}`}>{t("staff.people.first")}</label>
            <Input.Password id={`password-${row.id}`} autoComplete="new-password" maxLength={256} value={password} onChange={(e) => setPassword(e.target.value)} />
          </div>
        </div>
      </Modal>
    </span>
  );
}

export function People() {
  const { t, named } = useTexts();
  const query = useList<Row>(["people"], (cursor) => ok(api.GET("/v1/staff", { params: { query: { limit: 50, ...cursor } } })), false);
  const columns: Column<Row>[] = [
    { title: t("staff.signin.login"), show: (row) => row.login },
    { title: t("staff.people.role"), show: (row) => named("staff.role", row.role) },
    {
      title: t("common.status"),
      show: (row) => (
        <>
          {typeof row.disabled_at === "string" ? (
            <State colour="grey">{t("staff.people.disabled")}</State>
          ) : (
            <State colour="green">{t("staff.key.active")}</State>
          )}{" "}
          {typeof row.locked_until === "string" && (
            <State colour="red">
              {t("staff.people.locked")} <At at={row.locked_until} />
            </State>
          )}
          {typeof row.password_by === "string" && <State colour="orange">{t("staff.people.fresh")}</State>}
        </>
      ),
    },
    { title: t("staff.id"), wideOnly: true, show: (row) => <Actor of={row.id} /> },
    { title: t("staff.key.created"), show: (row) => <At at={row.created_at} /> },
    { title: t("common.actions"), show: (row) => <Acts row={row} /> },
  ];
  return (
    <>
      <PageHead title={t("staff.nav.people")} />
      <section className="panel">
        <Records query={query} columns={columns} name={t("staff.nav.people")} rowKey={(row) => row.id} none={t("staff.people.none")} />
      </section>
      <Make />
    </>
  );
}
