// Keys for whoever works through a queue: single letters, never while something is typed (WCAG 2.1.4: they can be
// turned off).
import { Switch } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTexts } from "../../i18n";

const STORED = "purser.keys";

export const keysOn = (): boolean => localStorage.getItem(STORED) !== "off";

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest("[role=dialog]") !== null)
  );
}

/** Calls what stands under a key when it is pressed alone. */
export function useKeys(actions: Record<string, (() => void) | undefined>): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !keysOn() || typing(event.target)) return;
      const action = latest.current[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}

/** What the keys of a page do, and whether they do it. */
export function KeyHelp({ keys }: { keys: [string, string][] }) {
  const { t } = useTexts();
  const [on, setOn] = useState(keysOn);
  return (
    <p className="soft key-help only-wide">
      <Switch
        size="small"
        checked={on}
        aria-label={t("staff.keys")}
        onChange={(checked) => {
          localStorage.setItem(STORED, checked ? "on" : "off");
          setOn(checked);
        }}
      />{" "}
      {t("staff.keys")}{" "}
      {keys.map(([key, what]) => (
        <span key={key}>
          <kbd>{key}</kbd> {what}{" "}
        </span>
      ))}
    </p>
  );
}
