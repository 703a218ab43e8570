// Working days, year by year, and the import of one that was announced (P5).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input } from "antd";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { api, ok } from "../../api/client";
import { Problem } from "../../api/problem";
import { day } from "../../format/time";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Loading } from "../../ui/loaded";
import { PageHead, State } from "../../ui/parts";
import { useMay, useStaff } from "../session";

const words = (text: string): string[] => text.split(/[\s,，]+/).filter((word) => word !== "");

function Import({ year }: { year: number }) {
  const { t } = useTexts();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [source, setSource] = useState("");
  const [off, setOff] = useState("");
  const [makeUp, setMakeUp] = useState("");
  const send = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/v1/calendar/{year}", {
          params: { path: { year } },
          body: { source: source.trim(), off: words(off), make_up: words(makeUp) },
        }),
      ),
    onSuccess: () => message.success(t("staff.calendar.imported", { year })),
    onSettled: () => client.invalidateQueries(),
  });
  const fields = [
    { id: "source", text: t("staff.calendar.source"), value: source, set: setSource },
    { id: "off", text: t("staff.calendar.off"), value: off, set: setOff },
    { id: "make-up", text: t("staff.calendar.makeUp"), value: makeUp, set: setMakeUp },
  ];
  return (
    <section className="panel">
      <h2>{t("staff.calendar.import", { year })}</h2>
      <p className="soft">{t("staff.calendar.import.what")}</p>
      {send.isError && <Failure error={send.error} />}
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          send.mutate();
        }}
      >
        {fields.map((field) => (
          <div className="field" key={field.id}>
            <label htmlFor={field.id}>{field.text}</label>
            <Input id={field.id} value={field.value} onChange={(e) => field.set(e.target.value)} />
          </div>
        ))}
        <Button type="primary" htmlType="submit" loading={send.isPending} disabled={source.trim() === "" || words(off).length === 0}>
          {t("staff.calendar.send")}
        </Button>
      </form>
    </section>
  );
}

export function Calendar() {
  const { t, named } = useTexts();
  const { now, zone } = useStaff();
  const may = useMay();
  const [params, setParams] = useSearchParams();
  const year = Number(params.get("year") ?? day(now, zone).slice(0, 4));
  const query = useQuery({
    queryKey: ["calendar", year],
    queryFn: () => ok(api.GET("/v1/calendar/{year}", { params: { path: { year } } })),
    retry: false,
  });
  const missing = query.error instanceof Problem && query.error.parts.code === "calendar_missing";
  return (
    <>
      <PageHead title={t("staff.calendar.title", { year })}>
        <span className="row">
          <Button onClick={() => setParams({ year: `${year - 1}` })}>{year - 1}</Button>
          <Button onClick={() => setParams({ year: `${year + 1}` })}>{year + 1}</Button>
        </span>
      </PageHead>
      <section className="panel">
        {query.isPending && <Loading rows={6} />}
        {missing && (
          <p>
            <State colour="orange">{t("staff.calendar.missing")}</State> {t("staff.calendar.missing.what")}
          </p>
        )}
        {query.isError && !missing && <Failure error={query.error} again={() => void query.refetch()} />}
        {query.data !== undefined && (
          <>
            <h2>{t("staff.calendar.working")}</h2>
            <div className="table-scroll" tabIndex={0} role="region" aria-label={t("staff.calendar.working")}>
              <table className="records">
                <thead>
                  <tr>
                    {query.data.working_days.map((_, month) => (
                      <th key={month} scope="col" className="end">
                        {month + 1}
                      </th>
                    ))}
                    <th scope="col" className="end">
                      {t("staff.calendar.sum")}
                    </th>
                  </tr>
                </thead>
                <tbody>
                  <tr>
                    {query.data.working_days.map((days, month) => (
                      <td key={month} className="end amount">
                        {days}
                      </td>
                    ))}
                    <td className="end amount">
                      <strong>{query.data.working_days.reduce((sum, days) => sum + days, 0)}</strong>
                    </td>
                  </tr>
                </tbody>
              </table>
            </div>
            <h2 style={{ marginTop: 16 }}>{t("staff.calendar.special")}</h2>
            <p className="row">
              {query.data.special_days.map((one) => (
                <State key={one.date} colour={one.kind === "holiday" ? "green" : "orange"}>
                  {one.date} {named("staff.calendar.kind", one.kind)}
                </State>
              ))}
            </p>
          </>
        )}
      </section>
      {may("policy:write") && <Import key={year} year={year} />}
    </>
  );
}
