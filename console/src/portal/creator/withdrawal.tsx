// One withdrawal: where it stands, why, who must act, and what comes next (P14, X12).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button } from "antd";
import { Link, useParams } from "react-router";
import { type Schemas, api, newKey, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { useAsk } from "../../ui/ask";
import { Failure } from "../../ui/failure";
import { Loaded } from "../../ui/loaded";
import { Amount, type Colour, Id, PageHead, Pairs, State } from "../../ui/parts";
import { AskAbout } from "../cases/about";
import { WITHDRAWAL_STATES, cameBack, isOver, lookAgain, mayCancel } from "./states";
import { type Of, newPath } from "./withdrawals";

type View = Schemas["WithdrawalView"];
type Explained = Schemas["WithdrawalExplained"];

/** Which money it is of. */
const ofView = (view: View): Of => ({ source: view.source === "proceeds" ? "proceeds" : "earnings" });

function Cancel({ view }: { view: View }) {
  const { t } = useTexts();
  const { message } = App.useApp();
  const ask = useAsk();
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: (key: string) =>
      ok(
        api.POST("/v1/withdrawals/{id}/cancel", {
          params: { path: { id: view.id }, header: { "Idempotency-Key": key } },
        }),
      ),
    onSuccess: () => message.success(t("wd.cancelled")),
    // Whatever came of it: the page shows what is true now.
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <>
      <Button
        danger
        loading={cancel.isPending}
        onClick={() => ask(t("wd.cancel.ask"), t("wd.cancel"), () => cancel.mutate(newKey()))}
      >
        {t("wd.cancel")}
      </Button>
      {cancel.isError && <Failure error={cancel.error} />}
    </>
  );
}

function Standing({ view }: { view: View }) {
  const { t, named, either, language } = useTexts();
  const session = useSession();
  const { explanation } = view;
  const late = language === "en" ? explanation.overdue_en : explanation.overdue_zh;
  return (
    <section className="panel" aria-live="polite">
      <div className="panel-head">
        <span className="row">
          <State colour={WITHDRAWAL_STATES[view.state] ?? "grey"}>{named("wd.state", view.state)}</State>
          {explanation.overdue && <State colour="orange">{t("wd.overdue")}</State>}
          {!isOver(view.state) && <span className="soft">{t("common.refreshing")}</span>}
        </span>
        <span className="row">
          {cameBack(view.state) && mayRequest(session) && <Link to={newPath(ofView(view))}>{t("wd.again")}</Link>}
          {mayCancel(view.state) && mayRequest(session) && <Cancel view={view} />}
        </span>
      </div>
      <p style={{ fontSize: 16, margin: "0 0 8px" }}>{either(explanation)}</p>
      {typeof late === "string" && <Alert type="warning" showIcon title={late} className="gap" />}
      {typeof explanation.detail === "string" && <p className="soft">{explanation.detail}</p>}
      {typeof view.review_case_id === "string" && (
        <p>
          <Link to={`/cases/${view.review_case_id}`}>
            {t(view.state === "in_review" ? "wd.review.papers" : "case.open")}
          </Link>
        </p>
      )}
      <Pairs
        pairs={[
          [t("overview.where.who"), named("actor", explanation.who_must_act)],
          [t("wd.reason"), named("next", explanation.next_step)],
          ...(typeof explanation.next_at === "string"
            ? ([[t("overview.where.next"), time(explanation.next_at, session.zone)]] as [string, string][])
            : []),
        ]}
      />
    </section>
  );
}

const SLICES: Record<string, Colour> = {
  sending: "blue",
  unknown: "blue",
  funds_short: "orange",
  paid: "green",
  failed: "red",
  bounced: "red",
};

function Way({ found }: { found: Explained }) {
  const { t, named, either } = useTexts();
  const { zone } = useSession();
  return (
    <>
      <section className="panel">
        <h2>{t("wd.steps")}</h2>
        <ol className="steps">
          {found.steps.map((step, index) => (
            <li key={`${step.code} ${index}`}>
              {either(step)}{" "}
              {typeof step.amount_minor === "number" && <Amount minor={step.amount_minor} currency={found.currency} />}
              {typeof step.at === "string" && <div className="soft amount">{time(step.at, zone)}</div>}
            </li>
          ))}
        </ol>
      </section>
      {found.slices.length > 0 && (
        <section className="panel">
          <h2>{t("wd.slices")}</h2>
          <ul className="cards">
            {found.slices.map((slice) => (
              <li key={slice.number}>
                <div className="row" style={{ justifyContent: "space-between" }}>
                  <span>
                    {t("wd.slice", { number: slice.number })}{" "}
                    <State colour={SLICES[slice.state] ?? "grey"}>{named("wd.slice.state", slice.state)}</State>
                  </span>
                  <Amount minor={slice.amount_minor} currency={found.currency} />
                </div>
                <div className="soft">
                  {t("wd.slice.reference")} <Id id={slice.reference} />
                  {typeof slice.failure === "string" && <span className="mono">{slice.failure}</span>}
                </div>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

export function Withdrawal() {
  const { t } = useTexts();
  const { zone } = useSession();
  const { id = "" } = useParams();
  const view = useQuery({
    queryKey: ["withdrawal", id],
    queryFn: () => ok(api.GET("/v1/withdrawals/{id}", { params: { path: { id } } })),
    refetchInterval: (query) => lookAgain(query.state.data?.state ?? ""),
  });
  const state = view.data?.state ?? "";
  const way = useQuery({
    // The way is read again whenever the state is another one.
    queryKey: ["withdrawal", id, "explain", state],
    queryFn: () => ok(api.GET("/v1/withdrawals/{id}/explain", { params: { path: { id } } })),
    enabled: view.isSuccess,
    placeholderData: (before) => before,
  });
  return (
    <>
      <PageHead title={t("wd.id")}>
        <span className="row">
          <AskAbout subject={id} />
          {(view.data?.fee_minor ?? 0) > 0 && <AskAbout subject={id} kind="fee_dispute" />}
          <Link to={view.data?.source === "proceeds" ? "/shop/withdrawals" : "/withdrawals"}>{t("wd.title")}</Link>
        </span>
      </PageHead>
      <Loaded query={view} rows={8}>
        {(found) => (
          <>
            <Standing view={found} />
            <div className="columns">
              <section className="panel">
                <h2>{t("common.detail")}</h2>
                <Pairs
                  pairs={[
                    [t("wd.id"), <Id key="id" id={found.id} />],
                    [t("wd.amount"), <Amount key="amount" minor={found.amount_minor} currency={found.currency} />],
                    [t("wd.fee"), <Amount key="fee" minor={found.fee_minor} currency={found.currency} />],
                    [t("wd.net"), <Amount key="net" minor={found.net_minor} currency={found.currency} />],
                    [t("wd.destination"), found.destination_masked],
                    [t("wd.requested"), time(found.requested_at, zone)],
                    [
                      t("wd.expected"),
                      isOver(found.state) || typeof found.expected_at === "string"
                        ? time(found.expected_at, zone)
                        : t("wd.expected.unknown"),
                    ],
                    [t("wd.deadline"), time(found.deadline_at, zone)],
                    [t("wd.finished"), time(found.finished_at, zone)],
                  ]}
                />
              </section>
              <div>
                <Loaded query={way}>{(explained) => <Way found={explained} />}</Loaded>
              </div>
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}
