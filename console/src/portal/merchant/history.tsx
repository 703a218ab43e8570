// The limit through time: any past day, with what made it then (C9).
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useState } from "react";
import { useSearchParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { Problem } from "../../api/problem";
import { useSession } from "../../app/session";
import { day } from "../../format/time";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Loading } from "../../ui/loaded";
import { Amount, Pairs } from "../../ui/parts";
import { Waterfall } from "./waterfall";

type Then = Schemas["PastCreditLimit"];

/** How far back one slides, days. */
const DAYS = 365;

/** The same time of day, so many days ago: an instant. */
const ago = (now: string, days: number): string => new Date(Date.parse(now) - days * 86_400_000).toISOString();

function isThen(answer: Schemas["LimitAnswer"]): answer is Then {
  return "at" in answer;
}

/** The limit of so many days ago; null where there was none yet. */
function useThen(days: number) {
  const { party, now } = useSession();
  return useQuery({
    queryKey: ["limit-then", days],
    queryFn: async (): Promise<Then | null> => {
      try {
        const at = ago(now, days);
        const answer = await ok(api.GET("/v1/parties/{id}/limit", { params: { path: { id: party.id }, query: { at } } }));
        return isThen(answer) ? answer : null;
      } catch (error) {
        if (error instanceof Problem && error.parts.status === 404) return null;
        throw error;
      }
    },
    // What was does not change.
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before) => before,
  });
}

export function History() {
  const { t } = useTexts();
  const { now, zone, currency } = useSession();
  const id = useId();
  const [params, setParams] = useSearchParams();
  const given = Number(params.get("ago") ?? "0");
  const [days, setDays] = useState(Number.isInteger(given) && given >= 0 && given <= DAYS ? given : 0);
  // One asks when the slider rests, and the address keeps the day.
  const [still, setStill] = useState(days);
  useEffect(() => {
    const timer = setTimeout(() => setStill(days), 250);
    return () => clearTimeout(timer);
  }, [days]);
  useEffect(() => {
    if (still === given) return;
    const next = new URLSearchParams(location.search);
    if (still === 0) next.delete("ago");
    else next.set("ago", String(still));
    setParams(next, { replace: true });
  }, [still, given, setParams]);
  const query = useThen(still);
  const date = day(ago(now, days), zone);
  const then = query.data;
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t("limit.then")}</h2>
        <strong className="amount" aria-live="polite">
          {date}
        </strong>
      </div>
      <label htmlFor={id} className="soft">
        {t("limit.then.what")}
      </label>
      <input
        id={id}
        type="range"
        min={0}
        max={DAYS}
        step={1}
        // To the right is later.
        value={DAYS - days}
        aria-valuetext={date}
        onChange={(event) => setDays(DAYS - Number(event.target.value))}
        style={{ width: "100%" }}
      />
      {query.isError && <Failure error={query.error} again={() => void query.refetch()} />}
      {query.isPending && <Loading rows={4} />}
      {then === null && <p className="soft">{t("limit.then.none")}</p>}
      {then !== null && then !== undefined && (
        <div style={{ opacity: query.isPlaceholderData ? 0.6 : 1 }}>
          <Pairs
            pairs={[
              [t("limit.total"), <Amount key="total" minor={then.total_minor} currency={currency} />],
              [t("limit.used"), <Amount key="used" minor={then.used_minor} currency={currency} />],
              [t("limit.liability"), <Amount key="liability" minor={then.liability_minor} currency={currency} />],
              [t("proceeds.title"), <Amount key="proceeds" minor={then.proceeds_minor} currency={currency} />],
            ]}
          />
          <Waterfall steps={then.evaluation.steps} name={t("limit.then.steps")} />
        </div>
      )}
    </section>
  );
}
