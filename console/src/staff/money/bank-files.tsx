// Files of payment orders for the bank, and what the bank says about them (P10).
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useRef } from "react";
import { Link } from "react-router";
import { type Schemas, api, newKey, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { useAsk } from "../../ui/ask";
import { Failure } from "../../ui/failure";
import { Amount, type Colour, Id, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { useMay } from "../session";
import { Download } from "../ui/download";
import { Filtering } from "../ui/filter-bar";
import { useAddress, useList } from "../ui/lists";
import { Actor, At } from "../ui/names";

type File = Schemas["BankFileView"];
type Said = Schemas["BankMessageView"];

const STATES: Record<string, Colour> = { open: "blue", closing: "blue", ready: "orange", sent: "green", void: "grey" };

function Acts({ file }: { file: File }) {
  const { t } = useTexts();
  const { message } = App.useApp();
  const ask = useAsk();
  const client = useQueryClient();
  const params = { path: { id: file.id } };
  const act = useMutation({
    mutationFn: (what: "close" | "sent" | "dissolve") => {
      if (what === "close") return ok<unknown>(api.POST("/v1/rails/bank-file/files/{id}/close", { params }));
      if (what === "sent") return ok<unknown>(api.POST("/v1/rails/bank-file/files/{id}/sent", { params }));
      return ok<unknown>(api.POST("/v1/rails/bank-file/files/{id}/dissolve", { params }));
    },
    onSuccess: () => message.success(t("staff.saved")),
    onSettled: () => client.invalidateQueries(),
  });
  const fixed = typeof file.fixed_at === "string";
  return (
    <span className="row">
      {file.state === "open" && (
        <Button size="small" loading={act.isPending} onClick={() => ask(t("staff.bank.close.ask"), t("staff.bank.close"), () => act.mutate("close"))}>
          {t("staff.bank.close")}
        </Button>
      )}
      {fixed && file.state !== "void" && (
        <Download
          path={`/v1/rails/bank-file/files/${file.id}/content`}
          text={t("staff.file.save")}
          {...(typeof file.name === "string" ? { name: file.name } : {})}
        />
      )}
      {fixed && typeof file.given_at === "string" && typeof file.sent_at !== "string" && (
        <Button size="small" loading={act.isPending} onClick={() => ask(t("staff.bank.sent.ask"), t("staff.bank.sent"), () => act.mutate("sent"))}>
          {t("staff.bank.sent")}
        </Button>
      )}
      {fixed && typeof file.given_at !== "string" && file.state !== "void" && (
        <Button size="small" danger loading={act.isPending} onClick={() => ask(t("staff.bank.dissolve.ask"), t("staff.bank.dissolve"), () => act.mutate("dissolve"))}>
          {t("staff.bank.dissolve")}
        </Button>
      )}
      {act.isError && <Failure error={act.error} />}
    </span>
  );
}

function TakeIn() {
  const { t } = useTexts();
  const { message } = App.useApp();
  const client = useQueryClient();
  const field = useRef<HTMLInputElement>(null);
  const take = useMutation({
    mutationFn: async (file: globalThis.File) => {
      const text = await file.text();
      return await ok(
        api.POST("/v1/rails/bank-file/messages", {
          params: { header: { "Idempotency-Key": newKey() } },
          body: text,
          bodySerializer: (body: string) => body,
          headers: { "Content-Type": "application/xml" },
        }),
      );
    },
    onSuccess: () => message.success(t("staff.bank.taken")),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <>
      <input
        ref={field}
        type="file"
        accept=".xml,application/xml,text/xml"
        hidden
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file !== undefined) take.mutate(file);
          event.target.value = "";
        }}
      />
      <Button type="primary" loading={take.isPending} onClick={() => field.current?.click()}>
        {t("staff.bank.take")}
      </Button>
      {take.isError && <Failure error={take.error} />}
    </>
  );
}

export function BankFiles() {
  const { t, named } = useTexts();
  const may = useMay();
  const filters = useAddress(["state"]);
  const files = useList<File>(["bank-files", filters], (cursor) =>
    ok(api.GET("/v1/rails/bank-file/files", { params: { query: { limit: 50, ...filters, ...cursor } } })),
  );
  const said = useList<Said>(["bank-messages"], (cursor) =>
    ok(api.GET("/v1/rails/bank-file/messages", { params: { query: { limit: 50, ...cursor } } })),
  );
  const columns: Column<File>[] = [
    { title: t("staff.id"), show: (file) => <Id id={file.id} /> },
    { title: t("common.status"), show: (file) => <State colour={STATES[file.state] ?? "green"}>{named("staff.bank.state", file.state)}</State> },
    { title: t("staff.settlement.orders"), end: true, show: (file) => <span className="amount">{file.orders}</span> },
    { title: t("wd.amount"), end: true, show: (file) => <Amount minor={file.amount_minor} currency={file.currency} /> },
    { title: t("staff.bank.closes"), show: (file) => <At at={file.closed_at ?? file.closes_at} /> },
    {
      title: t("staff.bank.sent"),
      show: (file) => (
        <>
          <At at={file.sent_at} /> <Actor of={file.sent_by} />
        </>
      ),
    },
    ...(may("float:write") ? [{ title: t("common.actions"), show: (file: File) => <Acts file={file} /> }] : []),
  ];
  const messages: Column<Said>[] = [
    { title: t("staff.case.kind"), show: (one) => <span className="mono">{one.kind}</span> },
    { title: t("staff.id"), show: (one) => <Id id={one.message_id} /> },
    { title: t("staff.bank.lines"), end: true, show: (one) => one.lines },
    { title: t("staff.bank.matched"), end: true, show: (one) => one.matched },
    { title: t("staff.bank.unmatched"), end: true, show: (one) => (one.unmatched > 0 ? <State colour="orange">{one.unmatched}</State> : 0) },
    { title: t("staff.bank.conflicts"), end: true, show: (one) => (one.conflicts > 0 ? <State colour="red">{one.conflicts}</State> : 0) },
    { title: t("staff.ledger.at"), show: (one) => <At at={one.taken_at} /> },
  ];
  return (
    <>
      <PageHead title={t("staff.bank")}>
        <span className="row">
          <Link to="/rails">{t("staff.nav.rails")}</Link>
          {may("float:write") && <TakeIn />}
        </span>
      </PageHead>
      <section className="panel">
        <Filtering
          fields={[
            { name: "state", label: t("common.status"), options: Object.keys(STATES).map((value) => ({ value, label: named("staff.bank.state", value) })) },
          ]}
        />
        <Records query={files} columns={columns} name={t("staff.bank")} rowKey={(file) => file.id} none={t("staff.bank.none")} />
      </section>
      <section className="panel">
        <h2>{t("staff.bank.said")}</h2>
        <Records query={said} columns={messages} name={t("staff.bank.said")} rowKey={(one) => one.hash} none={t("staff.bank.said.none")} />
      </section>
    </>
  );
}
