// Test clock and fault dial (P21): only books that were made a sandbox take them.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Checkbox, Input, InputNumber, Switch } from "antd";
import { useState } from "react";
import { type Schemas, api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Loaded } from "../../ui/loaded";
import { PageHead, Pairs } from "../../ui/parts";
import { useRails } from "../home";
import { At } from "../ui/names";

const STEPS = [
  { seconds: 3_600, text: "staff.clock.hour" },
  { seconds: 86_400, text: "staff.clock.day" },
  { seconds: 7 * 86_400, text: "staff.clock.week" },
  { seconds: 31 * 86_400, text: "staff.clock.month" },
] as const;

const KINDS = [
  "lost_request",
  "lost_reply",
  "late_success",
  "late_failure",
  "throttled",
  "funds_short",
  "funds_failed",
  "fail",
  "blocked",
  "bounce",
  "duplicate_callback",
  "stale_query",
];

function Clock() {
  const { t } = useTexts();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [to, setTo] = useState("");
  const clock = useQuery({ queryKey: ["clock"], queryFn: () => ok(api.GET("/v1/clock")), refetchInterval: 10_000 });
  const move = useMutation({
    mutationFn: (body: Schemas["ClockMove"]) => ok(api.POST("/v1/sandbox/clock", { body })),
    onSuccess: () => message.success(t("staff.clock.moved")),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <section className="panel">
      <h2>{t("staff.clock")}</h2>
      <p className="soft">{t("staff.clock.what")}</p>
      {move.isError && <Failure error={move.error} />}
      <Loaded query={clock}>
        {(found) => (
          <Pairs
            pairs={[
              [t("staff.clock.business"), <At key="business" at={found.business_at} />],
              [t("staff.clock.machine"), <At key="machine" at={found.machine_at} />],
              [t("staff.clock.today"), found.today],
            ]}
          />
        )}
      </Loaded>
      <p className="row">
        {STEPS.map((step) => (
          <Button key={step.seconds} loading={move.isPending} onClick={() => move.mutate({ advance_seconds: step.seconds })}>
            {t(step.text)}
          </Button>
        ))}
      </p>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          move.mutate({ to: to.trim() });
        }}
      >
        <Input aria-label={t("staff.clock.to")} style={{ width: 260 }} placeholder="2026-03-01T10:00:00+08:00" value={to} onChange={(e) => setTo(e.target.value)} />
        <Button htmlType="submit" loading={move.isPending} disabled={to.trim() === ""}>
          {t("staff.clock.to")}
        </Button>
      </form>
    </section>
  );
}

function Dial() {
  const { t, named } = useTexts();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [percent, setPercent] = useState<number | null>(null);
  const [kinds, setKinds] = useState<string[] | null>(null);
  const dial = useQuery({ queryKey: ["faults"], queryFn: () => ok(api.GET("/v1/sandbox/faults")) });
  const turn = useMutation({
    mutationFn: (body: Schemas["Faults"]) => ok(api.POST("/v1/sandbox/faults", { body })),
    onSuccess: () => {
      setPercent(null);
      setKinds(null);
      void message.success(t("staff.saved"));
    },
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <section className="panel">
      <h2>{t("staff.dial")}</h2>
      <p className="soft">{t("staff.dial.what")}</p>
      {turn.isError && <Failure error={turn.error} />}
      <Loaded query={dial}>
        {(found) => {
          const share = percent ?? found.ppm / 10_000;
          const chosen = kinds ?? found.kinds ?? [];
          return (
            <form
              className="form"
              onSubmit={(event) => {
                event.preventDefault();
                turn.mutate({ ppm: Math.round(share * 10_000), kinds: chosen });
              }}
            >
              <div className="field">
                <label htmlFor="share">{t("staff.dial.share")}</label>
                <InputNumber id="share" min={0} max={100} precision={2} value={share} onChange={(value) => setPercent(value ?? 0)} />
              </div>
              <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
                <legend>{t("staff.dial.kinds")}</legend>
                {KINDS.map((kind) => (
                  <Checkbox
                    key={kind}
                    checked={chosen.includes(kind)}
                    onChange={(e) => setKinds(e.target.checked ? [...chosen, kind] : chosen.filter((one) => one !== kind))}
                  >
                    {named("staff.dial.kind", kind)}
                  </Checkbox>
                ))}
              </fieldset>
              <Button type="primary" htmlType="submit" loading={turn.isPending}>
                {t("staff.dial.turn")}
              </Button>
            </form>
          );
        }}
      </Loaded>
    </section>
  );
}

function Break() {
  const { t } = useTexts();
  const client = useQueryClient();
  const rails = useRails();
  const set = useMutation({
    mutationFn: ({ rail, healthy }: { rail: string; healthy: boolean }) =>
      ok(api.POST("/v1/sandbox/rails/{rail}", { params: { path: { rail } }, body: { healthy } })),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <section className="panel">
      <h2>{t("staff.break")}</h2>
      <p className="soft">{t("staff.break.what")}</p>
      {set.isError && <Failure error={set.error} />}
      <Loaded query={rails}>
        {(found) => (
          <Pairs
            pairs={found.data.map((rail) => [
              rail.rail,
              <Switch
                key={rail.rail}
                checked={rail.healthy}
                loading={set.isPending && set.variables.rail === rail.rail}
                aria-label={`${rail.rail} ${t("staff.rail.well")}`}
                onChange={(healthy) => set.mutate({ rail: rail.rail, healthy })}
              />,
            ])}
          />
        )}
      </Loaded>
    </section>
  );
}

export function Sandbox() {
  const { t } = useTexts();
  return (
    <>
      <PageHead title={t("staff.nav.sandbox")} />
      <div className="columns">
        <Clock />
        <Dial />
        <Break />
      </div>
    </>
  );
}
