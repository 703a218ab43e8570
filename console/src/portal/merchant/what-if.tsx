// What other figures of the shop would do to the limit: tried by the server, by the rules in force; nothing is written
// (C8, C10).
import { useMutation } from "@tanstack/react-query";
import { Button, Checkbox, Input } from "antd";
import { type FormEvent, useState } from "react";
import { api, ok } from "../../api/client";
import { useSession } from "../../app/session";
import { parsePercent } from "../../format/money";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Amount } from "../../ui/parts";
import { Waterfall } from "./waterfall";

export function WhatIf() {
  const { t } = useTexts();
  const { party, currency } = useSession();
  const [level, setLevel] = useState("");
  const [rate, setRate] = useState("");
  const [training, setTraining] = useState(false);
  const levelBad = level !== "" && !/^[1-9]\d{0,2}$/.test(level);
  const ppm = parsePercent(rate);
  const rateBad = rate !== "" && ppm === null;
  const look = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/v1/parties/{id}/limit/what-if", {
          params: { path: { id: party.id } },
          body: {
            training,
            months: [],
            components: [],
            restrict: [],
            lift: [],
            ...(level === "" ? {} : { level: Number(level) }),
            ...(ppm === null ? {} : { return_rate_ppm: ppm }),
          },
        }),
      ),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!levelBad && !rateBad) look.mutate();
  };
  return (
    <section className="panel">
      <h2>{t("limit.if")}</h2>
      <p className="soft">{t("limit.if.what")}</p>
      <form className="filters" onSubmit={submit}>
        <div className="field">
          <label htmlFor="if-level">{t("limit.if.level")}</label>
          <Input
            id="if-level"
            inputMode="numeric"
            style={{ width: 120 }}
            value={level}
            status={levelBad ? "error" : ""}
            onChange={(event) => setLevel(event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor="if-rate">{t("limit.if.rate")}</label>
          <Input
            id="if-rate"
            inputMode="decimal"
            suffix="%"
            style={{ width: 140 }}
            value={rate}
            status={rateBad ? "error" : ""}
            onChange={(event) => setRate(event.target.value)}
          />
        </div>
        <Checkbox checked={training} onChange={(event) => setTraining(event.target.checked)}>
          {t("limit.if.training")}
        </Checkbox>
        <Button htmlType="submit" loading={look.isPending} disabled={levelBad || rateBad}>
          {t("limit.if.try")}
        </Button>
      </form>
      {look.isError && <Failure error={look.error} />}
      {look.data !== undefined && (
        <div aria-live="polite">
          <p style={{ fontSize: 16 }}>
            {t("limit.total")} <Amount minor={look.data.total_minor} currency={currency} /> → {t("limit.if.would")}{" "}
            <strong>
              <Amount minor={look.data.would_be_minor} currency={currency} />
            </strong>
          </p>
          <Waterfall steps={look.data.steps} name={t("limit.if")} />
        </div>
      )}
    </section>
  );
}
