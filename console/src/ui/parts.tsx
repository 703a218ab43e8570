// Small things that stand on many pages.
import { CheckOutlined, CopyOutlined, QuestionCircleOutlined } from "@ant-design/icons";
import { Button, Tooltip } from "antd";
import { type PropsWithChildren, type ReactNode, useEffect, useState } from "react";
import { NOTHING, money } from "../format/money";
import { useTexts } from "../i18n";

export interface AmountProps {
  minor: number | null | undefined;
  currency?: string;
  /** Says of what is above zero that it was added. */
  signed?: boolean;
}

export function Amount({ minor, currency, signed = false }: AmountProps) {
  const plus = signed && typeof minor === "number" && minor > 0 ? "+" : "";
  return (
    <span className="amount">
      {plus}
      {money(minor, currency)}
    </span>
  );
}

export type Colour = "blue" | "green" | "red" | "orange" | "grey";

export function State({ colour, children }: PropsWithChildren<{ colour: Colour }>) {
  return <span className={`state ${colour}`}>{children}</span>;
}

/** What a figure means, for whoever asks: on hover, on focus, on touch. */
export function What({ of, children }: { of: string; children: string }) {
  const { t } = useTexts();
  return (
    <Tooltip title={children} trigger={["hover", "focus", "click"]}>
      <Button
        type="text"
        size="small"
        icon={<QuestionCircleOutlined />}
        aria-label={`${t("common.what")}: ${of}. ${children}`}
      />
    </Tooltip>
  );
}

/** `wd_01m8gz9mj3e0080060a2nbp425` by the part in which ids that were made one after the other differ. */
function shortened(id: string): string {
  const own = id.indexOf("_") + 1;
  return own > 0 && id.length === own + 26 ? `${id.slice(0, own)}…${id.slice(own + 3, own + 15)}` : id;
}

/** An id of which people see what tells it apart, and copy the whole; `show` makes a link of it, say. */
export function Id({ id, show }: { id: string; show?: (text: string) => ReactNode }) {
  const { t } = useTexts();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <span className="mono" style={{ whiteSpace: "nowrap" }}>
      {show === undefined ? <span title={id}>{shortened(id)}</span> : show(shortened(id))}
      <Button
        type="text"
        size="small"
        icon={copied ? <CheckOutlined /> : <CopyOutlined />}
        aria-label={`${t(copied ? "common.copied" : "common.copy")} ${id}`}
        onClick={() => void navigator.clipboard?.writeText(id).then(() => setCopied(true))}
      />
    </span>
  );
}

export function PageHead({ title, children }: PropsWithChildren<{ title: string }>) {
  const { t } = useTexts();
  useEffect(() => {
    document.title = `${title} - ${t("app.title")}`;
  }, [title, t]);
  return (
    <div className="page-head">
      <h1>{title}</h1>
      {children}
    </div>
  );
}

/** Names and values. */
export function Pairs({ pairs }: { pairs: [string, ReactNode][] }) {
  return (
    <dl className="pairs">
      {pairs.map(([name, value]) => (
        <div key={name} style={{ display: "contents" }}>
          <dt>{name}</dt>
          <dd>{value === null || value === undefined || value === "" ? NOTHING : value}</dd>
        </div>
      ))}
    </dl>
  );
}
