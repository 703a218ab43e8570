// Campaigns: the true status of each and why, resuming, switching, budgets; several at once (A5, A9).
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Checkbox, Input, Modal, Select, Switch } from "antd";
import { useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { decimal, parseAmount } from "../../format/money";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Amount, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { CAMPAIGN_STATES, type Campaign, useResume } from "./api";
import { Resumed } from "./resumed";

type Change = Schemas["CampaignChange"];

/** Changes several campaigns; what was refused is told one by one. */
function useChange() {
  const { t } = useTexts();
  const { party } = useSession();
  const { message } = App.useApp();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ campaigns, change }: { campaigns: Campaign[]; change: Change }) =>
      ok(
        api.POST("/v1/parties/{id}/ad-campaigns/bulk", {
          params: { path: { id: party.id } },
          body: {
            items: campaigns.map((campaign) => ({ campaign_id: campaign.id, if_version: campaign.version, change })),
          },
        }),
      ),
    onSuccess: ({ taken, refused, items }) => {
      if (refused === 0) {
        message.success(t("camp.changed", { count: taken }));
        return;
      }
      const why = items.find((item) => item.error !== null && item.error !== undefined)?.error?.detail ?? "";
      message.warning(`${t("camp.refused", { count: refused })} ${why}`, 6);
    },
    onSettled: () => client.invalidateQueries(),
  });
}

function Budget({ campaigns, done }: { campaigns: Campaign[]; done: () => void }) {
  const { t } = useTexts();
  const change = useChange();
  const first = campaigns[0]?.daily_budget_minor;
  const [text, setText] = useState(typeof first === "number" ? decimal(first) : "");
  const amount = parseAmount(text);
  const none = text.trim() === "";
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!none && amount === null) return;
        change.mutate({ campaigns, change: { daily_budget_minor: none ? null : amount } }, { onSuccess: done });
      }}
    >
      <div className="field">
        <label htmlFor="budget">{t("camp.budget")}</label>
        <Input
          id="budget"
          prefix="¥"
          inputMode="decimal"
          value={text}
          status={none || amount !== null ? "" : "error"}
          onChange={(event) => setText(event.target.value)}
        />
        <div className="soft">{t("camp.budget.what")}</div>
      </div>
      {change.isError && <Failure error={change.error} />}
      <Button type="primary" htmlType="submit" disabled={!none && amount === null} loading={change.isPending}>
        {t("common.confirm")}
      </Button>
    </form>
  );
}

function Status({ campaign }: { campaign: Campaign }) {
  const { named, either } = useTexts();
  const { status } = campaign;
  const label = named("camp.state", status.state);
  // What the label says already is not said again.
  const shown = status.reasons.filter((reason) => either(reason) !== label);
  return (
    <>
      <State colour={CAMPAIGN_STATES[status.state] ?? "grey"}>{label}</State>
      <div className="soft">
        {shown.map((reason) => (
          <div key={reason.en}>{either(reason)}</div>
        ))}
      </div>
    </>
  );
}

export function Campaigns() {
  const { t, named } = useTexts();
  const session = useSession();
  const { party, currency } = session;
  const may = mayRequest(session);
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const status = params.get("status") ?? "";
  const [chosen, setChosen] = useState<Map<string, Campaign>>(new Map());
  const [budgets, setBudgets] = useState<Campaign[]>([]);
  const change = useChange();
  const resume = useResume();
  const query = useInfiniteQuery({
    queryKey: ["campaigns", status],
    queryFn: ({ pageParam }) =>
      ok(
        api.GET("/v1/parties/{id}/ad-campaigns", {
          params: {
            path: { id: party.id },
            query: { limit: 50, ...(status === "" ? {} : { status }), ...(pageParam === "" ? {} : { cursor: pageParam }) },
          },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: 10_000,
  });
  const choose = (campaign: Campaign, on: boolean) => {
    const next = new Map(chosen);
    if (on) next.set(campaign.id, campaign);
    else next.delete(campaign.id);
    setChosen(next);
  };
  const forget = { onSettled: () => setChosen(new Map()) };
  const columns: Column<Campaign>[] = [
    ...(may
      ? [
          {
            title: t("camp.choose"),
            show: (campaign: Campaign) => (
              <Checkbox
                aria-label={`${t("camp.choose")} ${campaign.name}`}
                checked={chosen.has(campaign.id)}
                onChange={(event) => choose(campaign, event.target.checked)}
              />
            ),
          },
        ]
      : []),
    { title: t("camp.name"), show: (campaign) => <Link to={`/ads/campaigns/${campaign.id}`}>{campaign.name}</Link> },
    { title: t("common.status"), show: (campaign) => <Status campaign={campaign} /> },
    {
      title: t("camp.on"),
      show: (campaign) => (
        <Switch
          aria-label={`${t("camp.on")} ${campaign.name}`}
          checked={campaign.on}
          disabled={!may}
          loading={change.isPending && change.variables?.campaigns[0]?.id === campaign.id}
          onChange={(on) => change.mutate({ campaigns: [campaign], change: { on } })}
        />
      ),
    },
    {
      title: t("camp.budget"),
      end: true,
      show: (campaign) =>
        typeof campaign.daily_budget_minor === "number" ? (
          <Amount minor={campaign.daily_budget_minor} currency={currency} />
        ) : (
          t("camp.budget.none")
        ),
    },
    {
      title: t("ad.today"),
      end: true,
      show: (campaign) => <Amount minor={campaign.spent_today_minor} currency={currency} />,
    },
    { title: t("camp.keywords"), end: true, show: (campaign) => campaign.keywords_on },
    {
      title: t("common.actions"),
      show: (campaign) =>
        may ? (
          <span className="row">
            {campaign.status.reasons.some((reason) => reason.code === "to_be_resumed") && (
              <Button
                size="small"
                type="primary"
                loading={resume.isPending && resume.variables === campaign.id}
                onClick={() => resume.mutate(campaign.id)}
              >
                {t("camp.resume")}
              </Button>
            )}
            <Button size="small" onClick={() => setBudgets([campaign])}>
              {t("camp.budget.edit")}
            </Button>
          </span>
        ) : null,
    },
  ];
  const many = [...chosen.values()];
  return (
    <>
      <PageHead title={t("camp.title")}>
        {may && (
          <Button type="primary" onClick={() => void navigate("/ads/campaigns/new")}>
            {t("camp.new")}
          </Button>
        )}
      </PageHead>
      <section className="panel">
        <div className="filters">
          <div className="field">
            <label htmlFor="campaign-status">{t("common.status")}</label>
            <Select
              id="campaign-status"
              style={{ minWidth: 190 }}
              value={status}
              onChange={(value: string) => setParams(value === "" ? {} : { status: value })}
              options={[
                { value: "", label: t("common.all") },
                ...Object.keys(CAMPAIGN_STATES).map((value) => ({ value, label: named("camp.state", value) })),
              ]}
            />
          </div>
          {may && (
            <>
              <Button loading={resume.isPending && resume.variables === null} onClick={() => resume.mutate(null)}>
                {t("ad.resume.all")}
              </Button>
              <Button
                disabled={many.length === 0}
                onClick={() => change.mutate({ campaigns: many, change: { on: true } }, forget)}
              >
                {t("camp.turnOn", { count: many.length })}
              </Button>
              <Button
                disabled={many.length === 0}
                onClick={() => change.mutate({ campaigns: many, change: { on: false } }, forget)}
              >
                {t("camp.turnOff", { count: many.length })}
              </Button>
              <Button disabled={many.length === 0} onClick={() => setBudgets(many)}>
                {t("camp.budgets", { count: many.length })}
              </Button>
            </>
          )}
        </div>
        {change.isError && <Failure error={change.error} />}
        <Resumed resume={resume} />
        <Records
          query={query}
          columns={columns}
          name={t("camp.title")}
          rowKey={(campaign) => campaign.id}
          none={t("camp.none")}
        />
      </section>
      <Modal
        open={budgets.length > 0}
        onCancel={() => setBudgets([])}
        footer={null}
        destroyOnHidden
        title={t("camp.budget.edit")}
      >
        <Budget
          campaigns={budgets}
          done={() => {
            setBudgets([]);
            setChosen(new Map());
          }}
        />
      </Modal>
    </>
  );
}
