// A filter of a list that is a choice of one; its state is the address.
import { Select } from "antd";
import { useId } from "react";
import { useSearchParams } from "react-router";
import { useTexts } from "../i18n";

export function Choose({
  name,
  label,
  options,
}: {
  /** Name of the parameter. */
  name: string;
  label: string;
  options: { value: string; label: string }[];
}) {
  const { t } = useTexts();
  const id = useId();
  const [params, setParams] = useSearchParams();
  const set = (value: string) => {
    const next = new URLSearchParams(params);
    if (value === "") next.delete(name);
    else next.set(name, value);
    setParams(next);
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <Select
        id={id}
        style={{ minWidth: 190 }}
        value={params.get(name) ?? ""}
        onChange={set}
        options={[{ value: "", label: t("common.all") }, ...options]}
      />
    </div>
  );
}
