// Values of an event, an audit entry or a proposal, in words where there are some.
import type { ReactNode } from "react";
import { useTexts } from "../../i18n";
import { Amount, Pairs } from "../../ui/parts";
import { Actor, At, Ref } from "./names";

/** Shown elsewhere, or too long for a line. */
const HIDDEN = new Set(["request_id", "address", "text", "currency", "digest"]);

/** Of a record: stands above it, or says nothing to people. */
const LEFT_OUT = new Set(["id", "version", "currency", "calendar_missing", "cashier_url"]);

function Value({ name, value, currency }: { name: string; value: unknown; currency: string }): ReactNode {
  const { t, named, knows } = useTexts();
  if (typeof value === "boolean") return t(value ? "staff.yes" : "staff.no");
  if (typeof value === "number") return name.endsWith("_minor") ? <Amount minor={value} currency={currency} /> : String(value);
  if (typeof value !== "string") return JSON.stringify(value);
  if (value.startsWith("staff:")) return <Actor of={value} />;
  if (/^[a-z]{2,4}_[0-9a-z]{26}$/.test(value)) return <Ref id={value} />;
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return <At at={value} />;
  if (name === "state" && knows("wd.state", value)) return named("wd.state", value);
  if (name === "kind" && knows("staff.case.kind", value)) return named("staff.case.kind", value);
  if (name === "status" && knows("orders.state", value)) return named("orders.state", value);
  if (name === "task_type" && knows("orders.type", value)) return named("orders.type", value);
  if (name === "role" && knows("staff.role", value)) return named("staff.role", value);
  return value;
}

/** A record as names and values, one below the other; what is itself made of parts stays out. */
export function FactList({ data }: { data: Record<string, unknown> }) {
  const { named, language } = useTexts();
  const other = language === "en" ? "_zh" : "_en";
  const currency = typeof data.currency === "string" ? data.currency : "CNY";
  const plain = Object.entries(data).filter(
    ([name, value]) => !LEFT_OUT.has(name) && !name.endsWith(other) && value !== null && value !== "" && typeof value !== "object",
  );
  return (
    <Pairs
      pairs={plain.map(([name, value]) => [
        named("staff.fact", name.replace(/_(zh|en)$/, "")),
        <Value key={name} name={name} value={value} currency={currency} />,
      ])}
    />
  );
}

export function Facts({ data }: { data: Record<string, unknown> }) {
  const { named, language } = useTexts();
  // Of a sentence that is there in both languages, the reader's.
  const other = language === "en" ? "_zh" : "_en";
  const facts = Object.entries(data).filter(
    ([name, value]) => !HIDDEN.has(name) && !name.endsWith(other) && value !== "" && value !== null,
  );
  const currency = typeof data.currency === "string" ? data.currency : "CNY";
  return (
    <span className="soft">
      {facts.map(([name, value]) => (
        <span key={name} className="fact">
          {named("staff.fact", name.replace(/_(zh|en)$/, ""))} <Value name={name} value={value} currency={currency} />
        </span>
      ))}
    </span>
  );
}
