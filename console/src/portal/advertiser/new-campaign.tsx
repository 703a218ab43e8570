// A new campaign: name, daily budget, keywords and what they bid (A9).
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Input } from "antd";
import { type FormEvent, useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, newKey, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { parseAmount } from "../../format/money";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { PageHead } from "../../ui/parts";
import { readKeywords } from "./keywords";

function Form() {
  const { t } = useTexts();
  const { party } = useSession();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [budget, setBudget] = useState("");
  const [words, setWords] = useState("");
  // The campaign's own id: sent again after a lost answer it is the same campaign.
  const [id] = useState(() => `portal-${newKey()}`);
  const keywords = readKeywords(words);
  const wrong = keywords.indexOf(null);
  const amount = parseAmount(budget);
  const ready = name.trim() !== "" && (budget.trim() === "" || amount !== null) && keywords.length > 0 && wrong < 0;
  const make = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/v1/ad-campaigns", {
          body: {
            party_id: party.id,
            external_id: id,
            name: name.trim(),
            keywords: keywords.filter((one) => one !== null),
            ...(amount === null ? {} : { daily_budget_minor: amount }),
          },
        }),
      ),
    onSuccess: async (made) => {
      message.success(t("camp.made.done"));
      await client.invalidateQueries();
      await navigate(`/ads/campaigns/${made.id}`, { replace: true });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) make.mutate();
  };
  return (
    <form className="form" onSubmit={submit}>
      <div className="field">
        <label htmlFor="campaign-name">{t("camp.name")}</label>
        <Input id="campaign-name" maxLength={40} value={name} onChange={(event) => setName(event.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="campaign-budget">{t("camp.budget")}</label>
        <Input
          id="campaign-budget"
          prefix="¥"
          inputMode="decimal"
          value={budget}
          onChange={(event) => setBudget(event.target.value)}
        />
        <div className="soft">{t("camp.budget.what")}</div>
      </div>
      <div className="field">
        <label htmlFor="campaign-words">{t("camp.keywords.enter")}</label>
        <Input.TextArea
          id="campaign-words"
          rows={5}
          value={words}
          placeholder={t("camp.keywords.like")}
          onChange={(event) => setWords(event.target.value)}
        />
        {wrong >= 0 && <div className="error">{t("camp.keywords.bad", { line: wrong + 1 })}</div>}
      </div>
      {make.isError && <Failure error={make.error} />}
      <Button type="primary" htmlType="submit" disabled={!ready} loading={make.isPending}>
        {t("camp.new")}
      </Button>
    </form>
  );
}

export function NewCampaign() {
  const { t } = useTexts();
  const session = useSession();
  return (
    <>
      <PageHead title={t("camp.new")}>
        <Link to="/ads/campaigns">{t("camp.title")}</Link>
      </PageHead>
      <section className="panel">
        {mayRequest(session) ? <Form /> : <Alert type="warning" showIcon title={t("state.forbidden.what")} />}
      </section>
    </>
  );
}
