// Chooses what is to be paid for and makes the statement of it (X16).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Checkbox, Input, Select } from "antd";
import { type FormEvent, useEffect, useState } from "react";
import { Link, useNavigate } from "react-router";
import { type Schemas, api, newKey, ok } from "../../api/client";
import { useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { usePages } from "../../ui/pages";
import { Amount, Id, PageHead } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";

type Item = Schemas["SettlementOrder"];

/** What the last statement said about the company: it issues the same invoices. */
function useSeller() {
  const { party } = useSession();
  const query = useQuery({
    queryKey: ["settlements", "last"],
    queryFn: () => ok(api.GET("/v1/settlements", { params: { query: { party_id: party.id, limit: 1 } } })),
  });
  return query.data?.data[0];
}

function Seller({
  name,
  code,
  account,
  set,
}: {
  name: string;
  code: string;
  account: string;
  set: (field: "name" | "code" | "account", value: string) => void;
}) {
  const { t } = useTexts();
  const { party } = useSession();
  const accounts = useQuery({
    queryKey: ["payout-accounts"],
    queryFn: () => ok(api.GET("/v1/parties/{id}/payout-accounts", { params: { path: { id: party.id } } })),
  });
  const known = accounts.data?.data ?? [];
  return (
    <>
      <div className="field">
        <label htmlFor="seller-name">{t("settle.seller")}</label>
        <Input id="seller-name" maxLength={100} value={name} onChange={(event) => set("name", event.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="seller-code">{t("settings.identity.code")}</label>
        <Input
          id="seller-code"
          maxLength={18}
          autoComplete="off"
          value={code}
          onChange={(event) => set("code", event.target.value.toUpperCase())}
        />
      </div>
      <div className="field">
        <label htmlFor="seller-account">{t("wd.destination")}</label>
        <Select
          id="seller-account"
          value={account}
          onChange={(value: string) => set("account", value)}
          options={[
            { value: "", label: t("settle.account.default") },
            ...known.map((one) => ({ value: one.id, label: `${one.masked} ${one.bank ?? ""}` })),
          ]}
        />
        {accounts.isSuccess && known.length === 0 && (
          <span className="error">
            {t("new.destination.none")} <Link to="/settings">{t("new.steps.go")}</Link>
          </span>
        )}
      </div>
    </>
  );
}

export function NewSettlement() {
  const { t } = useTexts();
  const { party, zone, currency } = useSession();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const client = useQueryClient();
  const last = useSeller();
  const [seller, setSeller] = useState({ name: "", code: "", account: "" });
  useEffect(() => {
    if (last === undefined) return;
    setSeller((before) => ({
      ...before,
      name: before.name === "" ? last.seller_name : before.name,
      code: before.code === "" ? last.seller_code : before.code,
    }));
  }, [last]);
  const [chosen, setChosen] = useState<Map<string, Item>>(new Map());
  const query = usePages<Item>(["settlement-orders", "open"], (from) =>
    ok(
      api.GET("/v1/parties/{id}/settlement-orders", {
        params: { path: { id: party.id }, query: { open: true, limit: 100, ...from } },
      }),
    ),
  );
  const choose = (items: Item[], on: boolean) => {
    const next = new Map(chosen);
    for (const item of items) {
      if (on) next.set(item.id, item);
      else next.delete(item.id);
    }
    setChosen(next);
  };
  const listed = (query.data?.pages.flatMap((page) => page.data) ?? []).filter((item) => typeof item.month === "string");
  const sum = [...chosen.values()].reduce((total, item) => total + item.amounts.payable_minor, 0);
  const [key, setKey] = useState(newKey);
  const make = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/v1/settlements", {
          params: { header: { "Idempotency-Key": key } },
          body: {
            party_id: party.id,
            orders: [...chosen.keys()],
            seller_name: seller.name.trim(),
            seller_code: seller.code.trim(),
            ...(seller.account === "" ? {} : { payout_account: seller.account }),
          },
        }),
      ),
    onSuccess: async (made) => {
      message.success(t("settle.made.done"));
      await client.invalidateQueries();
      await navigate(`/settlements/${made.id}`, { replace: true });
    },
    // A refusal is an answer: what is changed and sent again is another request.
    onError: () => setKey(newKey()),
  });
  const ready = chosen.size > 0 && seller.name.trim() !== "" && seller.code.trim() !== "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) make.mutate();
  };
  const columns: Column<Item>[] = [
    {
      title: t("camp.choose"),
      show: (item) =>
        typeof item.month === "string" ? (
          <Checkbox
            aria-label={`${t("camp.choose")} ${item.title}`}
            checked={chosen.has(item.id)}
            onChange={(event) => choose([item], event.target.checked)}
          />
        ) : (
          <span className="soft">{t("settle.notListed")}</span>
        ),
    },
    { title: t("stm.month"), show: (item) => item.month ?? "--" },
    {
      title: t("orders.task"),
      show: (item) => (
        <>
          {item.title} {typeof item.order_id === "string" && <Id id={item.order_id} />}
        </>
      ),
    },
    { title: t("orders.gross"), end: true, show: (item) => <Amount minor={item.amounts.task_minor} currency={currency} /> },
    {
      title: t("settle.payable"),
      end: true,
      show: (item) => (
        <strong>
          <Amount minor={item.amounts.payable_minor} currency={currency} />
        </strong>
      ),
    },
    { title: t("settle.booked"), show: (item) => <span className="amount">{time(item.booked_at, zone)}</span> },
  ];
  return (
    <>
      <PageHead title={t("settle.new")}>
        <Link to="/settlements">{t("settle.title")}</Link>
      </PageHead>
      <section className="panel">
        <div className="panel-head">
          <h2>{t("settle.choose")}</h2>
          <span className="row">
            <Button disabled={listed.length === 0} onClick={() => choose(listed, true)}>
              {t("settle.choose.all")}
            </Button>
            <Button disabled={chosen.size === 0} onClick={() => setChosen(new Map())}>
              {t("settle.choose.none")}
            </Button>
          </span>
        </div>
        <Records query={query} columns={columns} name={t("settle.choose")} rowKey={(item) => item.id} none={t("settle.open.none")} />
      </section>
      <section className="panel">
        <form className="form" onSubmit={submit}>
          <p style={{ fontSize: 16, margin: 0 }} aria-live="polite">
            {t("settle.chosen", { count: chosen.size })}{" "}
            <strong>
              <Amount minor={sum} currency={currency} />
            </strong>
          </p>
          <Seller {...seller} set={(field, value) => setSeller((before) => ({ ...before, [field]: value }))} />
          {make.isError && <Failure error={make.error} />}
          <Button type="primary" htmlType="submit" disabled={!ready} loading={make.isPending}>
            {t("settle.make")}
          </Button>
        </form>
      </section>
    </>
  );
}
