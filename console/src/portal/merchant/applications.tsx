// What a shop applies for about its limit, and what came of it (C25, C5).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Modal, Select } from "antd";
import { type FormEvent, useState } from "react";
import { Link } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { parseAmount, parsePercent, percent } from "../../format/money";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Choose } from "../../ui/choose";
import { Failure } from "../../ui/failure";
import { useFilters } from "../../ui/filters";
import { ChooseFiles, attach } from "../../ui/files";
import { usePages } from "../../ui/pages";
import { Amount, type Colour, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";

type Row = Schemas["ApplicationView"];

const STATES: Record<string, Colour> = {
  submitted: "blue",
  more_information: "orange",
  approved: "green",
  refused: "red",
  withdrawn: "grey",
};

const KINDS = ["raise", "promotion", "partner", "open", "close"] as const;
type Kind = (typeof KINDS)[number];

interface Draft {
  amount: string;
  sale: string;
  partner: string;
  openedOn: string;
  level: string;
  orders: string;
  turnover: string;
  rate: string;
  reason: string;
}

const EMPTY: Draft = {
  amount: "",
  sale: "",
  partner: "",
  openedOn: "",
  level: "",
  orders: "",
  turnover: "",
  rate: "",
  reason: "",
};

/** Which fields a kind asks for. */
const FIELDS: Record<Kind, (keyof Draft)[]> = {
  raise: ["amount", "orders", "turnover", "rate"],
  promotion: ["sale"],
  partner: ["amount", "partner"],
  open: ["openedOn", "level"],
  close: [],
};

/** Fields that may stay empty. */
const OPTIONAL: (keyof Draft)[] = ["rate", "openedOn", "level"];

function bodyOf(kind: Kind, draft: Draft): Schemas["NewApplication"] {
  const asked = (field: keyof Draft) => FIELDS[kind].includes(field) && draft[field].trim() !== "";
  const amount = asked("amount") ? parseAmount(draft.amount) : null;
  const turnover = asked("turnover") ? parseAmount(draft.turnover) : null;
  const rate = asked("rate") ? parsePercent(draft.rate) : null;
  return {
    kind,
    reason: draft.reason.trim(),
    ...(amount === null ? {} : { amount_minor: amount }),
    ...(asked("sale") ? { sale: draft.sale } : {}),
    ...(asked("partner") ? { partner: draft.partner.trim() } : {}),
    shop: {
      ...(asked("openedOn") ? { opened_on: draft.openedOn } : {}),
      ...(asked("level") ? { level: Number(draft.level) } : {}),
      ...(asked("orders") ? { orders: Number(draft.orders) } : {}),
      ...(turnover === null ? {} : { turnover_minor: turnover }),
      ...(rate === null ? {} : { return_rate_ppm: rate }),
    },
  };
}

function Sales({ value, onChange }: { value: string; onChange: (sale: string) => void }) {
  const { t } = useTexts();
  const query = useQuery({ queryKey: ["sales"], queryFn: () => ok(api.GET("/v1/credit-sales")) });
  const sales = query.data?.data ?? [];
  return (
    <div className="field">
      <label htmlFor="apply-sale">{t("apply.sale")}</label>
      <Select
        id="apply-sale"
        value={value === "" ? null : value}
        loading={query.isPending}
        onChange={(sale: string) => onChange(sale)}
        options={sales.map((sale) => ({
          value: sale.sale,
          label: `${sale.sale} · ${sale.from} – ${sale.until} · +${percent(sale.rate_ppm)}`,
        }))}
      />
      {query.isSuccess && sales.length === 0 && <span className="soft">{t("apply.sale.none")}</span>}
    </div>
  );
}

function Apply({ done }: { done: () => void }) {
  const { t, named } = useTexts();
  const { party } = useSession();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [kind, setKind] = useState<Kind>("raise");
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [files, setFiles] = useState<File[]>([]);
  const set = (name: keyof Draft, value: string) => setDraft((before) => ({ ...before, [name]: value }));
  const fields = FIELDS[kind];
  const wrong = (name: keyof Draft): boolean => {
    const text = draft[name].trim();
    if (text === "") return !OPTIONAL.includes(name);
    if (name === "amount" || name === "turnover") return parseAmount(text) === null;
    if (name === "rate") return parsePercent(text) === null;
    if (name === "level" || name === "orders") return !/^\d{1,7}$/.test(text);
    return false;
  };
  const ready = !fields.some(wrong) && draft.reason.trim() !== "";
  const apply = useMutation({
    mutationFn: async () => {
      const made = await ok(
        api.POST("/v1/parties/{id}/credit-applications", {
          params: { path: { id: party.id } },
          body: bodyOf(kind, draft),
        }),
      );
      try {
        await attach(party.id, made.case.id, files);
      } catch {
        message.warning(t("case.made.files"), 6);
      }
    },
    onSuccess: async () => {
      message.success(t("apply.sent"));
      await client.invalidateQueries();
      done();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) apply.mutate();
  };
  const plain = fields.filter((name) => name !== "sale");
  return (
    <form className="form" onSubmit={submit}>
      <div className="field">
        <label htmlFor="apply-kind">{t("apply.kind")}</label>
        <Select
          id="apply-kind"
          value={kind}
          onChange={setKind}
          options={KINDS.map((value) => ({ value, label: named("apply.kind", value) }))}
        />
      </div>
      <p className="soft" style={{ margin: 0 }}>
        {named("apply.what", kind)}
      </p>
      {fields.includes("sale") && <Sales value={draft.sale} onChange={(sale) => set("sale", sale)} />}
      {plain.map((name) => (
        <div className="field" key={name}>
          <label htmlFor={`apply-${name}`}>{named("apply.field", name)}</label>
          <Input
            id={`apply-${name}`}
            type={name === "openedOn" ? "date" : "text"}
            prefix={name === "amount" || name === "turnover" ? "¥" : undefined}
            suffix={name === "rate" ? "%" : undefined}
            maxLength={100}
            value={draft[name]}
            status={draft[name] !== "" && wrong(name) ? "error" : ""}
            onChange={(event) => set(name, event.target.value)}
          />
        </div>
      ))}
      <div className="field">
        <label htmlFor="apply-reason">{t("apply.reason")}</label>
        <Input.TextArea
          id="apply-reason"
          rows={4}
          maxLength={1000}
          value={draft.reason}
          onChange={(event) => set("reason", event.target.value)}
        />
      </div>
      <div>
        <ChooseFiles label={t("files.add")} onFiles={(more) => setFiles([...files, ...more])} />
        <ul>
          {files.map((one, index) => (
            <li key={`${one.name} ${index}`}>{one.name}</li>
          ))}
        </ul>
      </div>
      {apply.isError && <Failure error={apply.error} />}
      <Button type="primary" htmlType="submit" disabled={!ready} loading={apply.isPending}>
        {t("apply.send")}
      </Button>
    </form>
  );
}

export function Applications() {
  const { t, named, language } = useTexts();
  const session = useSession();
  const { party, zone, currency } = session;
  const [open, setOpen] = useState(false);
  const filters = useFilters(["state", "kind"]);
  const query = usePages<Row>(["applications", filters], (from) =>
    ok(
      api.GET("/v1/parties/{id}/credit-applications", {
        params: { path: { id: party.id }, query: { limit: 50, ...filters, ...from } },
      }),
    ),
  );
  const columns: Column<Row>[] = [
    {
      title: t("apply.kind"),
      show: (row) => <Link to={`/cases/${row.case.id}`}>{language === "en" ? row.kind_en : row.kind_zh}</Link>,
    },
    {
      title: t("common.status"),
      show: (row) => <State colour={STATES[row.state] ?? "grey"}>{language === "en" ? row.state_en : row.state_zh}</State>,
    },
    {
      title: t("wd.amount"),
      end: true,
      show: (row) => (typeof row.amount_minor === "number" ? <Amount minor={row.amount_minor} currency={currency} /> : "--"),
    },
    { title: t("apply.reason"), show: (row) => row.reason },
    { title: t("apply.at"), show: (row) => <span className="amount">{time(row.applied_at, zone)}</span> },
    {
      title: t("case.outcome"),
      show: (row) => row.decision_reason ?? "--",
    },
  ];
  return (
    <>
      <PageHead title={t("apply.title")}>
        {mayRequest(session) && (
          <Button type="primary" onClick={() => setOpen(true)}>
            {t("apply.new")}
          </Button>
        )}
      </PageHead>
      <section className="panel">
        <div className="filters">
          <Choose
            name="state"
            label={t("common.status")}
            options={Object.keys(STATES).map((value) => ({ value, label: named("apply.state", value) }))}
          />
          <Choose
            name="kind"
            label={t("apply.kind")}
            options={KINDS.map((value) => ({ value, label: named("apply.kind", value) }))}
          />
        </div>
        <Records query={query} columns={columns} name={t("apply.title")} rowKey={(row) => row.id} none={t("apply.none")} />
      </section>
      <Modal open={open} onCancel={() => setOpen(false)} footer={null} destroyOnHidden title={t("apply.new")}>
        <Apply done={() => setOpen(false)} />
      </Modal>
    </>
  );
}
