// Filters above a list. Their state is the address: it can be kept, sent to somebody, and gone back from.
import { Button, Input, Select } from "antd";
import { type FormEvent, useEffect, useId, useState } from "react";
import { useSearchParams } from "react-router";
import { useTexts } from "../i18n";

export type Filters = Record<string, string>;

/** The filters of the address that are set. */
export function useFilters(names: readonly string[]): Filters {
  const [params] = useSearchParams();
  return Object.fromEntries(
    names.map((name) => [name, params.get(name) ?? ""]).filter(([, value]) => value !== ""),
  ) as Filters;
}

export function FilterBar({
  stateName,
  states,
  keywordLabel,
  exportPath,
  fixed,
}: {
  /** Name of the parameter of states. */
  stateName: string;
  states: { value: string; label: string }[];
  keywordLabel: string;
  exportPath: string;
  /** What the list is always limited to, so that the export is too. */
  fixed?: Filters;
}) {
  const { t } = useTexts();
  const [params, setParams] = useSearchParams();
  const [draft, setDraft] = useState<Filters>({});
  const id = useId();
  const all = params.toString();
  useEffect(() => {
    setDraft(Object.fromEntries(new URLSearchParams(all)));
  }, [all]);
  const set = (name: string, value: string) => setDraft((before) => ({ ...before, [name]: value }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setParams(Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== "")));
  };
  const query = new URLSearchParams({ ...Object.fromEntries(params), ...fixed }).toString();
  const file = query === "" ? exportPath : `${exportPath}?${query}`;
  return (
    <form className="filters" onSubmit={submit} role="search">
      <div className="field">
        <label htmlFor={`${id}-from`}>{t("common.from")}</label>
        <input type="date" id={`${id}-from`} value={draft.from ?? ""} onChange={(e) => set("from", e.target.value)} />
      </div>
      <div className="field">
        <label htmlFor={`${id}-until`}>{t("common.until")}</label>
        <input type="date" id={`${id}-until`} value={draft.until ?? ""} onChange={(e) => set("until", e.target.value)} />
      </div>
      <div className="field">
        <label htmlFor={`${id}-state`}>{t("common.status")}</label>
        <Select
          id={`${id}-state`}
          style={{ minWidth: 150 }}
          value={draft[stateName] ?? ""}
          onChange={(value: string) => set(stateName, value)}
          options={[{ value: "", label: t("common.all") }, ...states]}
        />
      </div>
      <div className="field">
        <label htmlFor={`${id}-keyword`}>{t("common.keyword")}</label>
        <Input
          id={`${id}-keyword`}
          style={{ width: 170 }}
          placeholder={keywordLabel}
          value={draft.keyword ?? ""}
          maxLength={100}
          onChange={(e) => set("keyword", e.target.value)}
        />
      </div>
      <Button type="primary" htmlType="submit">
        {t("common.query")}
      </Button>
      <Button onClick={() => setParams({})}>{t("common.reset")}</Button>
      <Button href={file} download>
        {t("common.export")}
      </Button>
    </form>
  );
}
