// Filters above a list of the back office: whichever a list has. Their state is the address.
import { Button, Input, Select } from "antd";
import { type FormEvent, useEffect, useId, useState } from "react";
import { useSearchParams } from "react-router";
import { useTexts } from "../../i18n";
import { Download } from "./download";

export interface Field {
  name: string;
  label: string;
  /** A list of values; otherwise text, or a day. */
  options?: { value: string; label: string }[];
  /** What the list shows without a choice; everything when absent. */
  any?: string;
  day?: boolean;
  placeholder?: string;
}

export function Filtering({ fields, exportPath }: { fields: Field[]; exportPath?: string }) {
  const { t } = useTexts();
  const [params, setParams] = useSearchParams();
  const [draft, setDraft] = useState<Record<string, string>>({});
  const id = useId();
  const all = params.toString();
  useEffect(() => {
    setDraft(Object.fromEntries(new URLSearchParams(all)));
  }, [all]);
  const set = (name: string, value: string) => setDraft((before) => ({ ...before, [name]: value }));
  const apply = (values: Record<string, string>) =>
    setParams(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "")));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    apply(draft);
  };
  const query = new URLSearchParams(
    Object.entries(Object.fromEntries(params)).filter(([name]) => fields.some((field) => field.name === name)),
  ).toString();
  return (
    <form className="filters" onSubmit={submit} role="search">
      {fields.map((field) => (
        <div className="field" key={field.name}>
          <label htmlFor={`${id}-${field.name}`}>{field.label}</label>
          {field.options !== undefined ? (
            <Select
              id={`${id}-${field.name}`}
              style={{ minWidth: 150 }}
              value={draft[field.name] ?? ""}
              // A choice is meant at once; what is typed waits for its end.
              onChange={(value: string) => apply({ ...draft, [field.name]: value })}
              options={[{ value: "", label: field.any ?? t("common.all") }, ...field.options]}
            />
          ) : field.day ? (
            <input
              type="date"
              id={`${id}-${field.name}`}
              value={draft[field.name] ?? ""}
              onChange={(e) => set(field.name, e.target.value)}
            />
          ) : (
            <Input
              id={`${id}-${field.name}`}
              style={{ width: 200 }}
              placeholder={field.placeholder ?? ""}
              value={draft[field.name] ?? ""}
              maxLength={100}
              onChange={(e) => set(field.name, e.target.value)}
            />
          )}
        </div>
      ))}
      <Button type="primary" htmlType="submit">
        {t("common.query")}
      </Button>
      <Button onClick={() => setParams({})}>{t("common.reset")}</Button>
      {exportPath !== undefined && <Download path={query === "" ? exportPath : `${exportPath}?${query}`} />}
    </form>
  );
}
