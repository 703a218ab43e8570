// The phone that gets codes and notices: bound, changed, unbound, lost (P7, X4, X5).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Modal } from "antd";
import { type FormEvent, useState } from "react";
import { Link } from "react-router";
import { api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Loaded } from "../../ui/loaded";
import { Pairs, State } from "../../ui/parts";
import { CodeField, isCode } from "./code";
import { orNone } from "./or-none";

function PhoneForm({ bound, done }: { bound: boolean; done: () => void }) {
  const { t } = useTexts();
  const { party } = useSession();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [phone, setPhone] = useState("");
  const [old, setOld] = useState("");
  const [code, setCode] = useState("");
  const path = { id: party.id };
  const whole = /^\d{11}$/.test(phone);
  const bind = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/v1/parties/{id}/phone", {
          params: { path },
          body: { phone, code, ...(bound ? { old_code: old } : {}) },
        }),
      ),
    onSuccess: async () => {
      message.success(t("settings.phone.bound"));
      await client.invalidateQueries();
      done();
    },
  });
  const ready = whole && isCode(code) && (!bound || isCode(old));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) bind.mutate();
  };
  return (
    <form className="form" onSubmit={submit}>
      {bound && (
        <CodeField
          id="old-code"
          label={t("settings.phone.old")}
          value={old}
          onChange={setOld}
          purpose="unbind"
          send={() => ok(api.POST("/v1/parties/{id}/phone/codes", { params: { path }, body: { purpose: "unbind" } }))}
        />
      )}
      <div className="field">
        <label htmlFor="phone">{t("settings.phone.number")}</label>
        <Input
          id="phone"
          inputMode="tel"
          autoComplete="tel-national"
          maxLength={11}
          value={phone}
          onChange={(event) => setPhone(event.target.value.replace(/\D/g, ""))}
        />
        {phone !== "" && !whole && <div className="soft">{t("settings.phone.bad")}</div>}
      </div>
      <CodeField
        id="new-code"
        label={t("settings.phone.new")}
        value={code}
        onChange={setCode}
        purpose={phone}
        send={
          whole
            ? () =>
                ok(api.POST("/v1/parties/{id}/phone/codes", { params: { path }, body: { purpose: "bind", phone } }))
            : undefined
        }
      />
      {bind.isError && <Failure error={bind.error} />}
      <Button type="primary" htmlType="submit" disabled={!ready} loading={bind.isPending}>
        {t(bound ? "settings.phone.change" : "settings.phone.bind")}
      </Button>
    </form>
  );
}

/** Takes the phone away: the next withdrawal asks for one again (X5). */
function Unbind({ done }: { done: () => void }) {
  const { t } = useTexts();
  const { party } = useSession();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [code, setCode] = useState("");
  const path = { id: party.id };
  const unbind = useMutation({
    mutationFn: () => ok(api.POST("/v1/parties/{id}/phone/unbind", { params: { path }, body: { code } })),
    onSuccess: async () => {
      message.success(t("settings.phone.unbound"));
      await client.resetQueries({ queryKey: ["phone"] });
      await client.invalidateQueries();
      done();
    },
  });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (isCode(code)) unbind.mutate();
      }}
    >
      <p className="soft" style={{ margin: 0 }}>
        {t("settings.phone.unbind.what")}
      </p>
      <CodeField
        id="unbind-code"
        label={t("settings.phone.old")}
        value={code}
        onChange={setCode}
        purpose="unbind"
        send={() => ok(api.POST("/v1/parties/{id}/phone/codes", { params: { path }, body: { purpose: "unbind" } }))}
      />
      {unbind.isError && <Failure error={unbind.error} />}
      <Button danger htmlType="submit" disabled={!isCode(code)} loading={unbind.isPending}>
        {t("settings.phone.unbind")}
      </Button>
    </form>
  );
}

export function Phone() {
  const { t } = useTexts();
  const session = useSession();
  const { party, zone } = session;
  const [open, setOpen] = useState(false);
  const [unbinding, setUnbinding] = useState(false);
  const query = useQuery({
    queryKey: ["phone"],
    queryFn: () => orNone(ok(api.GET("/v1/parties/{id}/phone", { params: { path: { id: party.id } } }))),
  });
  return (
    <section className="panel">
      <h2>{t("settings.phone")}</h2>
      <p className="soft">{t("settings.phone.what")}</p>
      <Loaded query={query}>
        {(phone) => (
          <>
            {phone === null ? (
              <State colour="orange">{t("settings.phone.none")}</State>
            ) : (
              <Pairs pairs={[[t("settings.phone.number"), `${phone.phone}  ${time(phone.bound_at, zone)}`]]} />
            )}
            {mayRequest(session) && (
              <p className="row">
                <Button onClick={() => setOpen(true)}>
                  {t(phone === null ? "settings.phone.bind" : "settings.phone.change")}
                </Button>
                {phone !== null && <Button onClick={() => setUnbinding(true)}>{t("settings.phone.unbind")}</Button>}
                {phone !== null && <Link to="/cases/new?kind=lost_phone">{t("settings.phone.lost")}</Link>}
              </p>
            )}
            <Modal
              open={unbinding}
              onCancel={() => setUnbinding(false)}
              footer={null}
              destroyOnHidden
              title={t("settings.phone.unbind")}
            >
              <Unbind done={() => setUnbinding(false)} />
            </Modal>
            <Modal
              open={open}
              onCancel={() => setOpen(false)}
              footer={null}
              destroyOnHidden
              title={t(phone === null ? "settings.phone.bind" : "settings.phone.change")}
            >
              <PhoneForm bound={phone !== null} done={() => setOpen(false)} />
            </Modal>
          </>
        )}
      </Loaded>
    </section>
  );
}
