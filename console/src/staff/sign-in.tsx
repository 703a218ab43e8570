// The way in: name, password, and a second factor where the server asks for one.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type FormEvent, useState } from "react";
import { type Schemas, api, ok } from "../api/client";
import { Problem } from "../api/problem";
import { SESSION_KEY } from "../app/session";
import { useTexts } from "../i18n";
import { Switches } from "../portal/switches";
import { Failure } from "../ui/failure";
import { PageHead } from "../ui/parts";

type Credentials = Schemas["Credentials"] & { totp?: string };

/** Whether the server said that a code of the second factor is missing or wrong. */
const asksForCode = (error: unknown): boolean => error instanceof Problem && error.parts.code.startsWith("totp");

export function SignIn() {
  const { t } = useTexts();
  const client = useQueryClient();
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [totp, setTotp] = useState("");
  const [asked, setAsked] = useState(false);
  const enter = useMutation({
    mutationFn: (body: Credentials) => ok(api.POST("/v1/staff/sessions", { body })),
    onSuccess: () => client.resetQueries({ queryKey: SESSION_KEY }),
    onError: (error) => setAsked((before) => before || asksForCode(error)),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    enter.mutate({ login, password, cookie: true, ...(asked && totp !== "" ? { totp } : {}) });
  };
  return (
    <main className="center">
      <Switches />
      <PageHead title={t("staff.signin.title")} />
      <section className="panel">
        {enter.isError && !(asksForCode(enter.error) && totp === "") && <Failure error={enter.error} />}
        <form className="form" onSubmit={submit}>
          <div className="field">
            <label htmlFor="login">{t("staff.signin.login")}</label>
            <Input id="login" autoComplete="username" value={login} maxLength={256} onChange={(e) => setLogin(e.target.value)} />
          </div>
          <div className="field">
            <label htmlFor="password">{t("staff.signin.password")}</label>
            <Input.Password
              id="password"
              autoComplete="current-password"
              value={password}
              maxLength={256}
              onChange={(e) => setPassword(e.target.value)}
            />
          </div>
          {asked && (
            <div className="field">
              <label htmlFor="totp">{t("staff.signin.totp")}</label>
              <Input
                id="totp"
                autoFocus
                autoComplete="one-time-code"
                inputMode="numeric"
                value={totp}
                maxLength={32}
                onChange={(e) => setTotp(e.target.value)}
              />
            </div>
          )}
          <Button type="primary" htmlType="submit" loading={enter.isPending} disabled={login === "" || password === ""}>
            {t("staff.signin.enter")}
          </Button>
        </form>
      </section>
    </main>
  );
}

/** Whose password somebody else has set changes it before anything else; anybody may change their own. */
export function OwnPassword({ forced }: { forced: boolean }) {
  const { t } = useTexts();
  const client = useQueryClient();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const change = useMutation({
    mutationFn: () => ok(api.POST("/v1/me/password", { body: { current, new: next } })),
    // A new session came with the answer: whatever was read belongs to the old one.
    onSuccess: () => client.resetQueries(),
  });
  const fields = [
    { id: "current", text: t("staff.password.current"), value: current, set: setCurrent, complete: "current-password" },
    { id: "next", text: t("staff.password.next"), value: next, set: setNext, complete: "new-password" },
  ];
  return (
    <section className="panel">
      <h2>{t("staff.password.title")}</h2>
      <p>{t(forced ? "staff.password.forced" : "staff.password.what")}</p>
      {change.isError && <Failure error={change.error} />}
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        {fields.map((field) => (
          <div className="field" key={field.id}>
            <label htmlFor={field.id}>{field.text}</label>
            <Input.Password
              id={field.id}
              autoComplete={field.complete}
              value={field.value}
              maxLength={256}
              onChange={(e) => field.set(e.target.value)}
            />
          </div>
        ))}
        <Button type="primary" htmlType="submit" loading={change.isPending} disabled={current === "" || next.length < 12}>
          {t("staff.password.change")}
        </Button>
      </form>
    </section>
  );
}
